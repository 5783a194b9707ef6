/* states.h - what head office is told, for whoever exports it: sessions, courses, devices
 * and days as they were composed last (ledger/office/states.h), alerts as they are.
 *
 * Tokens:  there is none in these messages (P10): clients and operators are local numbers.
 * Small:   a day of fewer than VIEW_FEW_CLIENTS clients may tell what somebody had done:
 *          whoever lets it leave the chain leaves its numbers out (domain 5).
 * Calls, memory, errors: as in view.h.
 */
#ifndef LEDGER_VIEW_STATES_H
#define LEDGER_VIEW_STATES_H

#include "ledger/subject_kind.h"
#include "ledger/view/list.h"

#include <protobuf-c/protobuf-c.h>

#define VIEW_FEW_CLIENTS 5

struct view_state_row {
	const ProtobufCMessage *body; /* SessionSummary, CourseState, DeviceStatus, AggDay */
	int64_t client;               /* local numbers; 0: none */
	int64_t operator_no;
	bool is_of_few; /* a day */
};

/* One of SUBJECT_SUMMARY, _COURSE_STATE, _DEVICE_STATE, _AGGREGATE, page by page. NULL when
 * there is none. */
struct view_state_row *view_states(struct view *view, struct arena *arena, enum subject_kind kind,
    struct view_page *page, size_t *count);

/* The message that head office is sent of an alert, without tokens; NULL: no room. */
const ProtobufCMessage *view_alert_message(struct arena *arena, const struct view_alert *row);

#endif
