/* answers.h - what people say to an alert: ACK_ALERT and OVERRIDE (R17, R20).
 *
 * An answer names an alert by its id, or by session and check. It is kept as a
 * fact, so that it also finds an alert that is raised later.
 */
#ifndef LEDGER_ANSWERS_H
#define LEDGER_ANSWERS_H

#include "care/alert.h"
#include "ledger/store/journal.h"

/* is_loud: a verdict that changes by it goes to the device (R11). */
void answers_apply(struct ledger *ledger, const struct reading *reading,
    const struct journal_row *row, bool is_loud);

/* Everything that was said about an alert before it was raised. */
void answers_give(struct ledger *ledger, struct alert *alert);

#endif
