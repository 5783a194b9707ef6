/* subjects.h - judges every touched subject once, in the order of the units:
 * sessions, clients, cartridges, then the verdicts of running sessions. */
#ifndef LEDGER_SUBJECTS_H
#define LEDGER_SUBJECTS_H

#include "ledger/state.h"

/* Adds the subjects whose next change has come (R7): "judge again then". */
void subjects_touch_due(struct ledger *ledger);

/* All touched subjects, one transaction. */
void subjects_judge(struct ledger *ledger);

/* One of them; what it touches in turn is added to the sets. */
void subjects_judge_one(struct ledger *ledger, enum subject_kind kind, struct touch touch);

/* The next deadline, TIME_NEVER if there is none. */
wall_ms subjects_next_change(struct ledger *ledger);

/* Everybody whom something new about the site may concern that holds since a moment:
 * sessions that ended later or run, and all other subjects. Paced, without device
 * commands. */
void subjects_judge_again(struct ledger *ledger, event_ms since);

#endif
