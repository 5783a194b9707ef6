/* subjects.h - judges every touched subject once, in the order of the units:
 * sessions, clients, cartridges, then the verdicts of running sessions. */
#ifndef LEDGER_JUDGING_SUBJECTS_H
#define LEDGER_JUDGING_SUBJECTS_H

#include "ledger/state.h"

/* The deadline of what a change of policy concerns: at once, before all others. */
#define SUBJECTS_JUDGE_AGAIN INT64_C(-1)

/* Adds the subjects whose next change has come (R7): "judge again then". */
void subjects_touch_due(struct ledger *ledger, wall_ms until);

/* All touched subjects, one transaction. */
void subjects_judge(struct ledger *ledger);

/* One of them; what it touches in turn is added to the sets. */
void subjects_judge_one(struct ledger *ledger, enum subject_kind kind, struct touch touch);

/* For a recount: what a session is, so that its neighbours can be judged. */
void subjects_derive_session(struct ledger *ledger, int64_t no);

/* For a recount, before the first message of its stream is applied (ledger/judging/guards.h). */
struct open_session;
void subjects_begin_guard(struct ledger *ledger, struct open_session *open);

struct guard;
struct limits;

/* What its stream says so far, and under which limits. False: it is unjudged, or the store
 * failed. */
bool subjects_guard(struct ledger *ledger, int64_t no, struct session *session, struct guard *guard,
    struct limits *limits);

/* The next deadline, TIME_NEVER if there is none. */
wall_ms subjects_next_change(struct ledger *ledger);

/* Sessions that had a cartridge, or one of a lot. Those of a lot that are over may
 * be many: they follow, paced and quiet. */
void subjects_touch_users(struct ledger *ledger, int64_t cart);
void subjects_touch_users_of_lot(struct ledger *ledger, const char *gtin, const char *lot);

/* One of many whom something new may concern: soon, without device commands. */
void subjects_judge_later(struct ledger *ledger, enum subject_kind kind, int64_t no);

/* Everybody whom something new about the site may concern that holds since a moment:
 * sessions that ended later or run, and all other subjects. Paced, without device
 * commands. */
void subjects_judge_again(struct ledger *ledger, event_ms since);

/* The same for sessions only. */
void subjects_judge_sessions_again(struct ledger *ledger, event_ms since);

#endif
