#include "faults.h"

void faults_check(struct slice faults, const char *file)
{
	size_t file_len = strlen(file);

	CP_CHECK(faults.len > 0 && faults.p[faults.len - 1] == '\n');
	while (faults.len > 0) {
		const uint8_t *end = memchr(faults.p, '\n', faults.len);
		struct slice line = slice_of(faults.p, (size_t)(end - faults.p));

		CP_CHECK(line.len > file_len + 4);
		CP_CHECK(memcmp(line.p, file, file_len) == 0 && line.p[file_len] == ':');
		for (size_t i = 0; i < line.len; i++)
			CP_CHECK(line.p[i] >= ' ' && line.p[i] != 0x7f);
		faults = slice_from(faults, line.len + 1);
	}
}
