#include "x509_input.h"

#include <string.h>

uint8_t *fuzz_file(struct slice bytes)
{
	uint8_t *file = malloc(bytes.len + 1);

	CP_CHECK(file);
	if (bytes.len)
		memcpy(file, bytes.p, bytes.len);
	file[bytes.len] = '\0';
	return file;
}

void fuzz_mark_answer(int answer)
{
	fuzz_mark((unsigned)-answer);
}

void fuzz_check_refused(enum cp_err err, const struct pki_error *error)
{
	CP_CHECK(err == CP_CONFIG);
	CP_CHECK(strncmp(error->text, FUZZ_PATH ": ", sizeof(FUZZ_PATH ": ") - 1) == 0);
	for (const char *c = error->text; *c; c++)
		CP_CHECK(*c >= ' ' && *c != 0x7f);
}
