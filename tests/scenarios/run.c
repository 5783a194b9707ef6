/* run.c - runs scenario files: PASS or FAIL for each case, then a summary.
 *
 *     run_scenarios FILE[:LINE]...    LINE: only the case that begins there
 */
#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct script_tally tally = {0};

	if (argc < 2) {
		fprintf(stderr, "usage: run_scenarios FILE[:LINE]...\n");
		return 2;
	}
	for (int i = 1; i < argc; i++) {
		char *line = strchr(argv[i], ':');
		if (line)
			*line++ = '\0';
		char *text = script_read(argv[i]);
		if (!text) {
			fprintf(stderr, "%s: cannot be read\n", argv[i]);
			return 2;
		}
		script_run(argv[i], line ? strtoul(line, NULL, 10) : 0, text, &tally);
		free(text);
	}
	printf("%zu scenarios, %zu failed\n", tally.cases, tally.failed);
	return tally.cases == 0 || tally.failed > 0;
}
