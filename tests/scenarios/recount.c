#include "recount.h"

#include "ledger/past/verify.h"
#include "ledger/past/what_if.h"
#include "ledger/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void recount_open(struct recount *recount, struct clinic *clinic, const char *zone_name)
{
	snprintf(recount->folder, sizeof(recount->folder), "%s/scenario-XXXXXX", clinic_place());
	CP_CHECK(mkdtemp(recount->folder));
	snprintf(recount->path, sizeof(recount->path), "%s/store", recount->folder);
	clinic_open_store(clinic, zone_name, recount->path, "1", 0);
	clinic->next_wake = TIME_NEVER;
}

static void say_difference(void *ctx, const char *difference)
{
	clinic_fail(ctx, "the recount differs: %s", difference);
}

/* What the ledger keeps of its topics is what stands in the table. */
static void check_topics(struct clinic *clinic)
{
	struct ledger *ledger = clinic->ledger;
	struct db_rows rows = db_query(
	    &ledger->db, "SELECT kind, subject, topic, max(ts) FROM fact GROUP BY 1, 2, 3", "");

	while (db_next(&rows)) {
		event_ms last = topics_last(ledger, (enum subject_kind)db_int(&rows, 0),
		    db_int(&rows, 1), db_int(&rows, 2));
		if (last != TIME_NEVER && last != db_int(&rows, 3))
			clinic_fail(clinic,
			    "topic %" PRIx64 " of subject %" PRId64 " is not known as it is",
			    db_int(&rows, 2), db_int(&rows, 1));
	}
}

static void say_change(void *ctx, const struct what_if_check *check)
{
	for (size_t i = WHAT_IF_NEW; i < WHAT_IF_CHANGES; i++)
		if (check->changes[i])
			clinic_fail(ctx, "what if nothing were changed: %s is (%zu)",
			    check->check->name, i);
}

/* A clinic without a file of its own, and the same without one. */
static void suppose_nothing(
    const struct recount *recount, struct clinic *clinic, const struct policy *policy)
{
	struct what_if *what_if;
	const char *text;
	char why[256];

	if (what_if_open(&what_if, recount->path, policy, 0, why)) {
		clinic_fail(clinic, "what if: %s", why);
	} else {
		what_if_judge(what_if, NULL, 0, 0, NULL, NULL);
		what_if_each_check(what_if, say_change, clinic);
		if (what_if_error(what_if, &text))
			clinic_fail(clinic, "what if: %s", text);
	}
	what_if_close(what_if);
}

/* One story in so many: random worlds do it, too (tests/property/other_policy.c). */
#define STORIES_SUPPOSED 4

/* --- once more, from the seals ---------------------------------------------------------- */

/* The truth can be counted from what is left when the streams have gone. Random worlds let
 * theirs go, too (tests/property). */
#define STORIES_SWEPT 2

static void let_streams_go(
    const struct recount *recount, struct clinic *clinic, const struct policy *policy)
{
	struct ledger *ledger = clinic->ledger;
	struct batch *batch = batch_new();
	struct verify_result result;
	char why[256];
	int64_t gone = -1;

	CP_CHECK(batch);
	ledger->config.stream_kept_ms = 1;
	for (int64_t before = -2; gone != before && !clinic_failed(clinic);) {
		before = gone;
		ledger->sweep_at = 0;
		batch_reset(batch);
		if (ledger_apply(ledger, batch, ledger->now))
			clinic_fail(clinic, "its streams: %s", ledger_error(ledger));
		gone = db_value(
		    &ledger->db, 0, "SELECT value FROM meta WHERE name = 'stream_gone'", "");
	}
	batch_free(batch);
	if (verify_store(recount->path, policy, say_difference, clinic, &result, why))
		clinic_fail(clinic, "the recount of seals: %s", why);
}

void recount_check(const struct recount *recount, struct clinic *clinic)
{
	static unsigned stories;
	struct policy policy = policy_default(&clinic->zone);
	struct verify_result result;
	char why[256];

	check_topics(clinic);
	policy.site = clinic->ledger->config.site;
	if (++stories % STORIES_SUPPOSED == 0)
		suppose_nothing(recount, clinic, &policy);
	if (verify_store(recount->path, &policy, say_difference, clinic, &result, why))
		clinic_fail(clinic, "the recount: %s", why);
	if (stories % STORIES_SWEPT == 0)
		let_streams_go(recount, clinic, &policy);
}

void recount_close(struct recount *recount, struct clinic *clinic)
{
	static const char *const ends[] = {"", "-wal", "-shm"};

	clinic_close(clinic);
	for (size_t i = 0; i < CP_COUNT(ends); i++) {
		char path[sizeof(recount->path) + 8];
		snprintf(path, sizeof(path), "%s%s", recount->path, ends[i]);
		unlink(path);
	}
	rmdir(recount->folder);
}
