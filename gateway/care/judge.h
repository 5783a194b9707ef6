/* judge.h - the pure functions that decide.
 *
 * What:    a judge walks one history once and answers what holds, since when
 *          and until when, and the next moment at which time alone changes the
 *          answer. Late data, timers, restart, verify and `why` are this one
 *          call (DESIGN section 3); there is no second path.
 * Rules:   domain section 7 (R1 to R23), section 8; the numbers stand beside
 *          the code that obeys them.
 * Time:    `now` is an argument. Two calls with equal histories and no
 *          next_change between their `now` give the same timeline (P4).
 * Threads: none; no state is kept (P9).
 */
#ifndef CARE_JUDGE_H
#define CARE_JUDGE_H

#include "care/history.h"
#include "care/policy.h"
#include "care/timeline.h"

/* Derives the session and its cartridge uses from its messages (R12, R13, R23). */
void judge_session(struct session_history *history, const struct policy *policy, wall_ms now);

/* INTERVAL_TOO_SOON, INTERVAL_OVERDUE; sets `visit` of every session (R13). */
void judge_client(struct client_history *history, const struct policy *policy, wall_ms now,
    struct timeline *timeline);

/* CART_REUSE. */
void judge_cartridge(const struct cartridge_history *history, const struct policy *policy,
    wall_ms now, struct timeline *timeline);

#endif
