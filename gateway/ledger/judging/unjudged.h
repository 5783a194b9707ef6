/* unjudged.h - what ended the program twice: set aside, so that the rest goes on.
 *
 * Rows stay in the journal, unapplied; subjects keep the alerts they had. Both
 * are tried again when another version of the program opens the store.
 */
#ifndef LEDGER_JUDGING_UNJUDGED_H
#define LEDGER_JUDGING_UNJUDGED_H

#include "ledger/state.h"

/* At open: what is set aside; by another version: pending again. */
void unjudged_load(struct ledger *ledger);

bool unjudged_has(const struct ledger *ledger, enum subject_kind kind, int64_t no);

/* Inside a transaction. boot and seq are a row's, else 0. */
void unjudged_add(
    struct ledger *ledger, enum subject_kind kind, int64_t no, uint32_t boot, uint32_t seq);

/* Whoever was to be judged again and is set aside: a deadline that nobody heeds would come up
 * without end. */
void unjudged_forget_deadlines(struct ledger *ledger);

#endif
