/* run.c - runs scenario files: PASS or FAIL for each case, then a summary.
 *
 *     run_scenarios FILE...
 */
#include "script.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	struct script_tally tally = {0};

	if (argc < 2) {
		fprintf(stderr, "usage: run_scenarios FILE...\n");
		return 2;
	}
	for (int i = 1; i < argc; i++) {
		char *text = script_read(argv[i]);
		if (!text) {
			fprintf(stderr, "%s: cannot be read\n", argv[i]);
			return 2;
		}
		script_run(argv[i], text, &tally);
		free(text);
	}
	printf("%zu scenarios, %zu failed\n", tally.cases, tally.failed);
	return tally.cases == 0 || tally.failed > 0;
}
