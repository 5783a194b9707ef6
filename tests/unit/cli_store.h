/* cli_store.h - the command line on a store that a clinic's words have filled. */
#ifndef UNIT_CLI_STORE_H
#define UNIT_CLI_STORE_H

#include "cli_run.h"
#include "ledger_bench.h"

#include "ledger/view/view.h"

struct cli_bench {
	struct bench ledger; /* first: the ledger's bench takes it for its own */
	struct cli_run cli;
};

static inline int set_up(void **state)
{
	static const char *const tokens[] = {
	    "6363310", "6363320", "6363330", "6f6f310", "6f6f320", NULL}; /* c1 c2 c3 o1 o2 */
	struct cli_bench *b;

	if (bench_set_up(state))
		return -1;
	b = realloc(*state, sizeof(*b));
	memset(&b->cli, 0, sizeof(b->cli));
	snprintf(b->ledger.path, sizeof(b->ledger.path), "%s/%s", b->ledger.dir, LEDGER_FILE_NAME);
	write_config(&b->cli, b->ledger.dir);
	b->cli.tokens = tokens;
	*state = b;
	return 0;
}

static inline int tear_down(void **state)
{
	struct cli_bench *b = *state;

	unlink(b->cli.config);
	return bench_tear_down(state);
}

static inline struct clinic *open_clinic(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	return clinic;
}

static inline void say_all(struct clinic *clinic, const char *const *lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		say(clinic, lines[i]);
}

#endif
