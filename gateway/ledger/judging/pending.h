/* pending.h - one poison reading must not stop a clinic (DESIGN section 2).
 *
 * After an abnormal exit a batch is journalled, committed and acknowledged first.
 * Then its rows, and the subjects that they touch, are applied from `pending`:
 *
 *     attempts + 1, commit  ->  apply, forget the items, commit
 *
 * What was never tried goes in groups, so that the careful way keeps up with a
 * busy clinic. If a group ended the program, its items are suspects: they are
 * tried one by one, after everything else, so that who is innocent waits for
 * nobody. A suspect that ended the program twice alone is set aside as unjudged.
 */
#ifndef LEDGER_JUDGING_PENDING_H
#define LEDGER_JUDGING_PENDING_H

#include "ledger/store/journal.h"

#define PENDING_ATTEMPTS_MAX 3

void pending_add_row(struct ledger *ledger, const struct journal_row *row);

/* At open: rows of the stream whose folds were not written (ledger/store/sessions.h). */
void pending_add_tail(struct ledger *ledger);

/* What the sets of touched subjects and verdicts hold goes to the table; the sets
 * are emptied. */
void pending_add_touched(struct ledger *ledger);

/* A good part of it, in its own transactions; none may be open. Bounded, because the
 * next batch waits for it: call again while anything is left. */
void pending_work(struct ledger *ledger);

#endif
