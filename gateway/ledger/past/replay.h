/* replay.h - a log, judged in virtual time as if it arrived now.
 *
 * What:    entries go through the gate and in batches into a ledger, as the daemon does it;
 *          between them the ledger's deadlines fire at their own moments.
 * Time:    is the log's. A batch leaves when it is full, a deadline is due, something urgent
 *          came, or it has collected for REPLAY_SPAN_MS: by so much an alert of a log is
 *          raised later than it would have been. What is true does not depend on it (P4).
 * Order:   entries come in the order of their times (wire/log_file holds that).
 * Errors:  final; replay_error() says what. What was applied before is kept.
 */
#ifndef LEDGER_PAST_REPLAY_H
#define LEDGER_PAST_REPLAY_H

#include "ledger/ledger.h"
#include "wire/log_file.h"

#define REPLAY_SPAN_MS 1000

struct replay_counts {
	int64_t entries;
	int64_t readings; /* in the journal now */
	int64_t duplicates;
	int64_t conflicts;
	int64_t parked;
	int64_t foreign; /* refused; these two */
	int64_t privacy;
	int64_t receipts;     /* of head office, for another store's reports */
	int64_t own;          /* left out: the configuration has a policy file of its own */
	int64_t out_of_range; /* of the readings: with a value that was withheld */
};

struct replay {
	struct ledger *ledger;
	struct batch *batch;
	bool has_own;     /* a policy file: what the log says of another one does not count */
	wall_ms began_at; /* of the batch in hand */
	wall_ms now;
	wall_ms next_wake; /* of the ledger */
	struct replay_counts counts;
};

/* The configuration's clock is not used: time begins with `now`. On an error `why` is one
 * sentence. Close in either case. */
enum cp_err replay_open(struct replay *replay, const struct ledger_config *config, wall_ms now,
    char why[256]) CP_MUST_CHECK;
void replay_close(struct replay *replay); /* safe on a zeroed struct */

enum cp_err replay_take(struct replay *replay, const struct log_entry *entry) CP_MUST_CHECK;

/* No entry follows: what was collected is applied, and time goes on until then. */
enum cp_err replay_finish(struct replay *replay, wall_ms until) CP_MUST_CHECK;

const char *replay_error(const struct replay *replay);

/* What the log came to: alerts that hold or held, and of them the open ones, by check. */
typedef void replay_check_fn(void *ctx, unsigned check, int64_t alerts, int64_t open);
void replay_each_check(struct replay *replay, replay_check_fn *take, void *ctx);

#endif
