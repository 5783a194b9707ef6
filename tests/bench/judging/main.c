/* main.c - what judging costs (DESIGN section 8), for tests/bench/judge.
 *
 *     bench_judge fill STORE VISITS MESSAGES   a clinic's years; of each treatment so
 *                                              many messages of eight samples
 *     bench_judge copy SMALL LARGE SESSIONS    LARGE, a copy of SMALL, grows
 *     bench_judge starts SMALL LARGE VISITS    sessions start in both, in turn
 *     bench_judge recount STORE TIMES          `carepace verify`
 *
 * The last two print JSON.
 */
#include "../fail.h"
#include "../series.h"
#include "copies.h"
#include "cost.h"
#include "ledger/state.h"
#include "ledger/past/verify.h"
#include "story.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (!*text || *end || value > UINT32_MAX)
		fail("%s is no number", text);
	return (unsigned)value;
}

static void fill(const char *path, unsigned visits, unsigned messages)
{
	static struct clinic clinic; /* large */
	struct treatment t;

	story_open(&clinic, path);
	db_exec(&clinic.ledger->db, "PRAGMA synchronous = OFF"); /* nobody counts on it */
	for (t.visit = 0; t.visit < visits; t.visit++) {
		for (t.client = 0; t.client < CLIENTS; t.client++) {
			story_prepare(&clinic, t);
			story_start(&clinic, t);
			story_attach(&clinic, t);
			story_finish(&clinic, t, messages);
		}
	}
	story_close(&clinic);
}

/* --- starts ---------------------------------------------------------------------------- */

/* One message's, over all starts. */
struct costs {
	struct series pure;
	struct series judged;
	struct series batch;
};

struct store {
	struct clinic clinic;
	struct costs start;
	struct costs attach;
};

static void keep(struct costs *costs)
{
	struct cost cost = cost_take();

	series_add(&costs->pure, cost.pure_ns);
	series_add(&costs->judged, cost.judged_ns);
	series_add(&costs->batch, cost.batch_ns);
}

static void treat(struct store *store, struct treatment t)
{
	story_prepare(&store->clinic, t);
	cost_take();
	story_start(&store->clinic, t);
	keep(&store->start);
	story_attach(&store->clinic, t);
	keep(&store->attach);
	story_finish(&store->clinic, t, 1);
}

static void print_costs(const char *name, struct costs *costs, const char *end)
{
	printf("\"%s\": {\"pure\": ", name);
	series_print(&costs->pure, stdout);
	printf(", \"judged\": ");
	series_print(&costs->judged, stdout);
	printf(", \"batch\": ");
	series_print(&costs->batch, stdout);
	printf("}%s", end);
	series_deinit(&costs->pure);
	series_deinit(&costs->judged);
	series_deinit(&costs->batch);
}

static void print_store(const char *name, struct store *store, const char *end)
{
	int64_t sessions =
	    db_value(&store->clinic.ledger->db, 0, "SELECT count(*) FROM session", "");

	printf("\"%s\": {\"sessions\": %" PRId64 ", ", name, sessions);
	print_costs("start", &store->start, ", ");
	print_costs("attach", &store->attach, end);
}

static void starts(const char *const paths[2], unsigned visits)
{
	static struct store stores[2]; /* large */
	struct treatment t;

	for (size_t i = 0; i < 2; i++)
		story_open(&stores[i].clinic, paths[i]);
	unsigned first = (unsigned)db_value(
	    &stores[0].clinic.ledger->db, 0, "SELECT count(*) FROM session WHERE client = 1", "");
	for (t.visit = first; t.visit < first + visits; t.visit++)
		for (t.client = 0; t.client < CLIENTS; t.client++)
			for (size_t i = 0; i < 2; i++)
				treat(&stores[i], t);
	putchar('{');
	print_store("small", &stores[0], "}, ");
	print_store("large", &stores[1], "}}\n");
	for (size_t i = 0; i < 2; i++)
		story_close(&stores[i].clinic);
}

/* --- recount ------------------------------------------------------------------------------ */

static void say_difference(void *ctx, const char *difference)
{
	(void)ctx;
	fail("the recount differs: %s", difference);
}

static void recount(const char *path, unsigned times)
{
	static struct clinic clinic; /* its zone */
	struct verify_result result = {0};
	struct series took = {0};
	char why[256];

	story_open(&clinic, path);
	struct policy policy = policy_default(&clinic.zone);
	policy.site = clinic.ledger->config.site;
	for (unsigned i = 0; i < times; i++) {
		int64_t from = cpu_ns();
		if (verify_store(path, &policy, say_difference, NULL, &result, why))
			fail("%s", why);
		series_add(&took, cpu_ns() - from);
	}
	printf("{\"inputs\": %" PRId64 ", \"sessions\": %" PRId64 ", \"took\": ", result.inputs,
	    result.sessions);
	series_print(&took, stdout);
	puts("}");
	series_deinit(&took);
	story_close(&clinic);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	if (strcmp(what, "fill") == 0 && argc == 5)
		fill(argv[2], number(argv[3]), number(argv[4]));
	else if (strcmp(what, "copy") == 0 && argc == 5)
		copies_make(argv[2], argv[3], number(argv[4]));
	else if (strcmp(what, "starts") == 0 && argc == 5)
		starts((const char *const[]){argv[2], argv[3]}, number(argv[4]));
	else if (strcmp(what, "recount") == 0 && argc == 4)
		recount(argv[2], number(argv[3]));
	else
		fail("usage: bench_judge fill|copy|starts|recount ...");
	return 0;
}
