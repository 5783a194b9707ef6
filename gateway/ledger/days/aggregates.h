/* aggregates.h - what a day adds up to, of each device and operator and of the site, for head
 * office (ledger/office/states.h, care/report/aggregate.h).
 *
 * What:    a day is composed at 06:00 of the next one, and again when something changes
 *          what it counts: within ten minutes, as another revision.
 * Truth:   sessions, times, pulses, stops are counted again by a recount (P3, P4). Alerts,
 *          overrides and what came late were observed: kept beside it, never recounted.
 */
#ifndef LEDGER_DAYS_AGGREGATES_H
#define LEDGER_DAYS_AGGREGATES_H

#include "care/alert.h"
#include "care/session.h"
#include "ledger/state.h"

/* Whose day it is; stored in its number. */
enum aggregate_of {
	AGGREGATE_OF_SITE = 0,
	AGGREGATE_OF_DEVICE = 1,
	AGGREGATE_OF_OPERATOR = 2
};

/* The judge unit: its number holds all three. */
struct aggregate_key {
	enum aggregate_of of;
	int64_t who; /* local number; of the site 0 */
	int32_t day;
};

struct aggregate_key aggregates_key(int64_t no);

/* A session as it was or as it is. One that runs counts once it is over. */
void aggregates_touch_session(struct ledger *ledger, const struct session *session);

/* Something of a device at a moment, in a session or not. */
void aggregates_touch_device(struct ledger *ledger, int64_t device, event_ms at);

void aggregates_touch_alert(struct ledger *ledger, const struct alert *alert);

/* The site's day; those of its days that are or will be composed. */
void aggregates_touch_site(struct ledger *ledger, int32_t day);
void aggregates_touch_site_within(struct ledger *ledger, int32_t first, int32_t last);

/* All that are composed, from the day of a moment on. */
void aggregates_touch_since(struct ledger *ledger, event_ms since);

/* The day that has begun is told when it is over, whether anything happens or not. */
void aggregates_expect_today(struct ledger *ledger);

void aggregates_compose(struct ledger *ledger, struct touch touch);

#endif
