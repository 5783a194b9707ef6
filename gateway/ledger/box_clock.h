/* box_clock.h - what this box knew of the time, as inputs of its own (R18).
 *
 * What:    care/time/gateway_clock.h decides whether the clock is believed; here that is kept over
 *          restarts, and what began and ended is recorded (BoxClock), so that a recount dates
 *          everything alike.
 * Stamps:  what comes in doubt is stored with the time that was assumed, and with the number
 *          of the doubt (the seq of its beginning). Rows are never changed: their end tells by
 *          how much all of them are shifted. What was in doubt when the box itself restarted
 *          came at an unknown moment before that.
 * Deadlines do not fire meanwhile; what is judged again at once (a policy) is no deadline.
 */
#ifndef LEDGER_BOX_CLOCK_H
#define LEDGER_BOX_CLOCK_H

#include "care/time/clock_trust.h"
#include "ledger/store/journal.h"

/* Both return the time that counts: in doubt another one than was read. */
wall_ms box_clock_open(struct ledger *ledger, wall_ms now);
wall_ms box_clock_look(struct ledger *ledger, const struct clock_reading *reading, wall_ms now);

/* Inside the transaction, before anything of the batch: records what the look changed. */
void box_clock_settle(struct ledger *ledger);

static inline bool box_clock_in_doubt(const struct ledger *ledger)
{
	return ledger->doubt != 0;
}

/* Of a batch's entry. */
struct stamp box_clock_stamp(const struct ledger *ledger, int64_t recv);

/* In doubt: what came may confirm the clock. */
void box_clock_hear(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row);

/* A BoxClock. Returns the number of its doubt. */
int64_t box_clock_take(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row);

/* When a row came in, as is known now; and as was known before this batch. */
struct arrival box_clock_arrival(struct ledger *ledger, const struct journal_row *row);
struct arrival box_clock_arrival_before(struct ledger *ledger, const struct journal_row *row);

#endif
