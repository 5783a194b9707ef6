/* what_if.h - what a site's own history would have come to under another policy file.
 *
 * What:    a copy of what the judges read, in memory; the file takes the place of the clinic's
 *          own from a moment on; everybody whom that may concern is judged again, as the
 *          ledger does it when a policy changes (ledger/subjects), at the moment up to which
 *          the store is judged. The same code, the same facts, the same now: what differs is
 *          the policy's doing (P3).
 * Not:     what depends on arrival (liveness checks), tests (R22), verdicts as people heard
 *          them: acknowledgements and overrides count on neither side.
 * Cost:    folds of streams are taken over; a stream is folded again only where the limits of
 *          its session are other ones (ledger/guards).
 * Threads: any; reads the store in one transaction, so it may run beside the daemon.
 * Errors:  sticky; what_if_error() says what.
 */
#ifndef LEDGER_PAST_WHAT_IF_H
#define LEDGER_PAST_WHAT_IF_H

#include "care/alert.h"
#include "care/verdict.h"
#include "ledger/past/verify.h"

struct what_if;

/* Of `policy` only the zone counts, as for verify_store(). `now` is what both sides are judged
 * at; 0: the last moment at which the ledger has judged anybody. `why` is one sentence. Close
 * in either case. */
enum cp_err what_if_open(struct what_if **out, const char *path, const struct policy *policy,
    wall_ms now, char why[256]) CP_MUST_CHECK;
void what_if_close(struct what_if *what_if); /* NULL is allowed */
enum cp_err what_if_error(const struct what_if *what_if, const char **text);

wall_ms what_if_now(const struct what_if *what_if);

typedef void what_if_progress_fn(void *ctx, int64_t done, int64_t total);

/* Once. The orders are those of the whole file. */
void what_if_judge(struct what_if *what_if, const struct ledger_own *orders, size_t count,
    wall_ms since, what_if_progress_fn *on_progress, void *ctx);

/* What is true then, as truth_lines() has it, but for days, which are not composed. For tests. */
void what_if_truth(struct what_if *what_if, truth_fn *on_line, void *ctx);

/* --- what is different ----------------------------------------------------------------- */

enum what_if_change {
	WHAT_IF_SAME,
	WHAT_IF_NEW,
	WHAT_IF_GONE,
	WHAT_IF_WORSE, /* a higher severity */
	WHAT_IF_MILDER,
	WHAT_IF_OTHER, /* at another time, or by another limit */
	WHAT_IF_CHANGES
};

/* Of findings that were true since the moment; liveness and tests are left out. */
struct what_if_check {
	const struct check_row *check;
	int64_t before;
	int64_t after;
	int64_t changes[WHAT_IF_CHANGES];
};

typedef void what_if_check_fn(void *ctx, const struct what_if_check *check);
void what_if_each_check(struct what_if *what_if, what_if_check_fn *take, void *ctx);

/* A finding as it would be; of one that is gone, as it is. */
struct what_if_example {
	struct finding finding;
	enum severity before; /* SEVERITY_NONE: there was none */
};

/* The newest, at most `max`; they lie in the arena. */
size_t what_if_examples(struct what_if *what_if, struct arena *arena, enum check check,
    enum what_if_change change, struct what_if_example *out, size_t max);

/* Sessions since the moment whose answer at the start would be another one. */
struct what_if_verdict {
	int64_t client; /* local number; 0: nobody's */
	event_ms start;
	enum decision before;
	enum decision after;
};

typedef void what_if_verdict_fn(void *ctx, const struct what_if_verdict *verdict);
void what_if_each_verdict(struct what_if *what_if, what_if_verdict_fn *take, void *ctx);

#endif
