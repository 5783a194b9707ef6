/* alert.h - a finding plus what happened to it here.
 *
 * The finding is the truth and may be recounted; the rest is the observation:
 * raised, acknowledged, overridden, retracted, written once (P4).
 *
 *     RAISED ---ack---> ACKED ---condition over---> CLEARED
 *        |  \--override--> OVERRIDDEN                  ^
 *        |-- live and over, or latched, over and acked-+
 *        +-- no longer in the timeline --> RETRACTED (and back, if it returns)
 *
 * An acknowledgement or override covers the severity it was given for; a rise
 * opens the alert again (R9). CRITICAL cannot be overridden (R17).
 * Pure; strings of the finding are borrowed.
 */
#ifndef CARE_ALERT_H
#define CARE_ALERT_H

#include "care/timeline.h"

enum alert_state {
	ALERT_RAISED = 1,
	ALERT_ACKED,
	ALERT_CLEARED,
	ALERT_OVERRIDDEN,
	ALERT_RETRACTED
};

/* Given by a person, for the severity that the alert had then. */
struct alert_answer {
	wall_ms at; /* 0: never */
	int64_t by; /* local number of the operator */
	enum severity covers;
	uint32_t reason;
};

struct alert {
	struct id id;
	struct finding finding;
	enum alert_state state;
	wall_ms raised_at;
	wall_ms cleared_at; /* 0: not */
	bool is_late;       /* R11 */
	struct alert_answer ack;
	struct alert_answer override;
	uint64_t revision; /* rises with every change (P5) */
};

struct alert alert_raise(const struct finding *finding, wall_ms now);

/* The three changes; true when something changed (and the revision rose). */
bool alert_amend(struct alert *alert, const struct finding *finding, wall_ms now);
bool alert_retract(struct alert *alert, wall_ms now);
bool alert_ack(struct alert *alert, const struct alert_answer *answer, wall_ms now);

/* False for CRITICAL too. */
bool alert_override(struct alert *alert, const struct alert_answer *answer, wall_ms now);

/* R17: is the override good for the severity that the alert has now? */
bool alert_is_overridden(const struct alert *alert);

const char *alert_state_name(enum alert_state state);

#endif
