/* truth_text.h - the truth of a clinic's store as one text, to be compared. */
#ifndef TESTS_UNIT_TRUTH_TEXT_H
#define TESTS_UNIT_TRUTH_TEXT_H

#include "ledger_bench.h"

#include "ledger/past/verify.h"

#include <stdlib.h>
#include <string.h>

struct truth_text {
	char *p;
	size_t len;
};

static void add_truth_line(void *ctx, const char *line)
{
	struct truth_text *text = ctx;
	size_t len = strlen(line);

	text->p = realloc(text->p, text->len + len + 2);
	memcpy(text->p + text->len, line, len);
	text->len += len;
	text->p[text->len++] = '\n';
	text->p[text->len] = '\0';
}

/* To be freed. */
static char *truth_of(struct clinic *clinic)
{
	struct truth_text text = {0};

	truth_lines(&clinic->ledger->db, add_truth_line, &text);
	return text.p;
}

#endif
