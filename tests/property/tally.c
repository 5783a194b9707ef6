#include "tally.h"

#include "care/catalogue.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CHECKS_MAX 1000

static uint64_t findings[CHECKS_MAX];

void tally_line(struct slice line)
{
	static const char start[] = "finding ";
	size_t len = sizeof(start) - 1;

	if (line.len <= len || memcmp(line.p, start, len) != 0)
		return;
	unsigned long check = strtoul((const char *)line.p + len, NULL, 10);
	CP_CHECK(check < CHECKS_MAX);
	findings[check]++;
}

void tally_print(FILE *out)
{
	unsigned never = 0;

	fputs("findings by check:\n", out);
	for (const struct check_row *row = NULL; (row = catalogue_next(row));) {
		if (row->is_liveness)
			continue;
		never += findings[row->check] == 0;
		fprintf(out, "%9" PRIu64 " %s\n", findings[row->check], row->name);
	}
	fprintf(out, "%u checks never\n", never);
}
