/* verdicts.h - the answer on the chair: computed again when its inputs changed,
 * given with a revision when it differs (R19). */
#ifndef LEDGER_JUDGING_VERDICTS_H
#define LEDGER_JUDGING_VERDICTS_H

#include "ledger/state.h"

/* All sessions in ledger->touched that somebody still waits for. */
void verdicts_settle(struct ledger *ledger);

/* A duplicate of a START within its validity gets the same revision again. */
void verdicts_repeat(struct ledger *ledger, const struct reading *start);

/* What was decided last: DECISION_NONE when no verdict was given, or it cannot be read. */
int verdicts_decision(struct arena *arena, struct slice packed);
int verdicts_given(struct ledger *ledger, int64_t session);

#endif
