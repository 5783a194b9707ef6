/* verify.h - counts everything again and compares (P3).
 *
 * What:    reads the inputs of a store, applies them to an empty one in memory,
 *          judges each subject once at the moment at which the store did, and
 *          compares sessions, findings and days.
 * Threads: any; reads the store in one transaction, so it may run beside the
 *          daemon.
 */
#ifndef LEDGER_PAST_VERIFY_H
#define LEDGER_PAST_VERIFY_H

#include "ledger/ledger.h"

struct verify_result {
	int64_t inputs; /* rows of journal and stream that were counted again */
	int64_t sessions;
	int64_t findings;
	int64_t days;        /* of devices, operators and the site */
	int64_t differences; /* 0: the truth equals the recount */
	int64_t unjudged;    /* set aside in the store, left out of the comparison */

	/* Of older rows of the stream their seals were counted (ledger/retention.h). */
	wall_ms
	    streams_since; /* when the oldest row came; 0: none has gone; TIME_NEVER: all have */
	int64_t sealed;    /* sessions */
	int64_t late; /* messages that came after their session's seal, and before its last one */
};

/* Called for each difference, with a sentence. */
typedef void verify_fn(void *ctx, const char *difference);

/* The numbers of the policy are the store's own; of `policy` only the zone and what
 * nobody can change counts. CP_OK also when there are differences. `why` (256 bytes) on an error.
 */
enum cp_err verify_store(const char *path, const struct policy *policy, verify_fn *on_difference,
    void *ctx, struct verify_result *out, char why[256]) CP_MUST_CHECK;

/* The truth of a store as text, one session, finding or day a line, sorted: equal
 * truths are equal texts (P4). For tests and `verify`. */
typedef void truth_fn(void *ctx, const char *line);
struct db;
void truth_lines(struct db *db, truth_fn *on_line, void *ctx);

#endif
