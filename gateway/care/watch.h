/* watch.h - what the box notices of itself (domain 8.8). Pure.
 *
 * What:   a look is what can be measured now; a rule says of it whether a condition holds, by
 *         the parameters in force. ledger/watch.c records when one begins and ends, as inputs
 *         of the box, and judge/gateway.c judges those.
 * Not:    whether the clock is in doubt (care/time/gateway_clock.h); only for how long nothing
 *         has kept it.
 *         PRIVACY_REJECT: an event, no condition.
 */
#ifndef CARE_WATCH_H
#define CARE_WATCH_H

#include "care/policy.h"

struct watch_look {
	bool is_taken;

	/* By the shell. */
	bool has_head_office;     /* one is configured; without it nothing of it is judged */
	int64_t down_ms;          /* since the connection was lost; 0: it stands */
	wall_ms crl_next_update;  /* of the revocation list imported last; 0: none was */
	int64_t disk_used_bytes;  /* where the store lies */
	int64_t disk_total_bytes; /* 0: cannot be known */

	/* By the ledger. */
	int64_t queue_rows;
	wall_ms queue_oldest_at; /* TIME_NEVER: nothing waits */
	wall_ms last_order_at;
	int64_t parked;
	int64_t unjudged;
	wall_ms synced_at; /* the kernel said so last */
};

struct watch_answer {
	bool holds;
	int64_t value; /* in the unit of the check */
	int64_t limit;
};

/* The conditions, in this order. */
#define WATCH_CONDITIONS 8
extern const enum check watch_checks[WATCH_CONDITIONS];

/* Of watch_checks[i]. */
struct watch_answer watch_ask(
    size_t i, const struct watch_look *look, const struct policy *policy, wall_ms now);

/* A condition that comes and goes begins once in so long: no storm fills the journal. */
#define WATCH_PAUSE_MS MS_PER_MINUTE

static inline bool watch_is_paused(wall_ms since, wall_ms now)
{
	return now >= since && now - since < WATCH_PAUSE_MS; /* clocks are set back, too */
}

#endif
