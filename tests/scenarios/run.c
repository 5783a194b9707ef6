/* run.c - runs scenario files: PASS or FAIL for each case, then a summary.
 *
 *     run_scenarios FILE...
 */
#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (1 << 20)

static char *read_file(const char *path)
{
	char *text = malloc(FILE_BYTES_MAX + 1);
	FILE *file = fopen(path, "r");

	if (!text || !file) {
		fprintf(stderr, "%s: cannot be read\n", path);
		exit(2);
	}
	text[fread(text, 1, FILE_BYTES_MAX, file)] = '\0';
	fclose(file);
	return text;
}

int main(int argc, char **argv)
{
	struct script_tally tally = {0};

	if (argc < 2) {
		fprintf(stderr, "usage: run_scenarios FILE...\n");
		return 2;
	}
	for (int i = 1; i < argc; i++) {
		const char *slash = strrchr(argv[i], '/');
		char *text = read_file(argv[i]);
		script_run(slash ? slash + 1 : argv[i], text, &tally);
		free(text);
	}
	printf("%zu scenarios, %zu failed\n", tally.cases, tally.failed);
	return tally.cases == 0 || tally.failed > 0;
}
