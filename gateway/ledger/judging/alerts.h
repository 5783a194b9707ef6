/* alerts.h - a timeline against the alerts that were stored.
 *
 * A finding that is not stored is raised; one that is, amended; a stored alert
 * of the unit that the timeline no longer contains is retracted. Each change
 * takes a new revision to the outbox.
 */
#ifndef LEDGER_JUDGING_ALERTS_H
#define LEDGER_JUDGING_ALERTS_H

#include "care/alert.h"
#include "ledger/state.h"

void alerts_reconcile(struct ledger *ledger, enum subject_kind kind, int64_t unit,
    const struct timeline *timeline, bool is_loud);

/* A change of one: its row, the outbox, and who is touched by it: verdicts, days, cases. */
void alerts_save(struct ledger *ledger, const struct alert *alert, bool is_loud);

/* What head office is told of the session with each of its alerts has changed. */
void alerts_tell_again(struct ledger *ledger, int64_t session);

#endif
