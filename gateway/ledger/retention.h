/* retention.h - rows of the stream go when they are older than the clinic keeps them (domain
 * section 5).
 *
 * What:    from the oldest on, in the order of arrival, RETENTION_ROWS in a step; before a row
 *          goes, its session and the clock of its boot are sealed (ledger/seals.h). Its name
 *          stays: it is known again if it comes once more (P2).
 * When:    in a batch that brought nothing, a step every RETENTION_PAUSE_MS; where nothing
 *          ever rests, or the disk is full, with any batch that holds nothing urgent. Never in
 *          doubt of the time, never while rows wait for the careful way, never with folds
 *          unwritten. A step is part of its batch's transaction.
 * Age:     by arrival. What came before is as old at least: a row that was stamped with a time
 *          to come goes with those behind it.
 * Kept:    rows that are set aside as unjudged, and those of sessions that are; and those that
 *          are facts of their own: said with a value that cannot be, or twice otherwise.
 * Room:    pages that become free are used again; the file does not shrink.
 */
#ifndef LEDGER_RETENTION_H
#define LEDGER_RETENTION_H

#include "ledger/state.h"

#define RETENTION_ROWS 256
#define RETENTION_SEALS 8 /* in a step: a session's guard may have to be folded again */
#define RETENTION_PAUSE_MS 50

/* Inside the transaction of a batch, when everything else is done. */
void retention_work(struct ledger *ledger);

/* When to be called again; TIME_NEVER: it has nothing to do. */
wall_ms retention_next(const struct ledger *ledger);

#endif
