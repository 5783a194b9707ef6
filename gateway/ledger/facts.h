/* facts.h - what a new input changes: facts, folds, and which subjects to judge.
 *
 * The table "which message touches which subject" (DESIGN section 3) is the
 * switch in facts_apply(). Kinds that no check reads yet are journalled only.
 */
#ifndef LEDGER_FACTS_H
#define LEDGER_FACTS_H

#include "ledger/store/journal.h"

/* Dates it first (R18). */
void facts_apply(struct ledger *ledger, struct reading *reading, const struct journal_row *row);

/* It turned out to have happened at another time: what it touched then and what it
 * touches now is judged again, like late data. Folds are the caller's. */
void facts_move(struct ledger *ledger, const struct reading *from, const struct reading *to,
    const struct journal_row *row);

/* The name of a row came with another content (P2); *first is what counts. */
void facts_conflict(
    struct ledger *ledger, const struct reading *first, const struct journal_row *row);

#endif
