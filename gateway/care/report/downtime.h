/* downtime.h - minutes of a civil day in which a device was of no use while the clinic was open
 * (domain section 6): FAULT, QUARANTINED or OFFLINE. Pure.
 *
 * Beats: count by their event times, whenever they came in; a minute is one in which the
 *        device was heard, or in which it said that it was out of use, which holds until it
 *        says otherwise.
 * Rule:  from the minute of a beat on the device is there for as long as DEVICE_OFFLINE
 *        allows, in whole minutes.
 */
#ifndef CARE_REPORT_DOWNTIME_H
#define CARE_REPORT_DOWNTIME_H

#include "care/report/aggregate.h"

/* Minutes of an hour since 1970, a bit each. */
struct heard_hour {
	int64_t hour;
	uint64_t heard;
	uint64_t out_of_use; /* of those heard: it said FAULT or QUARANTINED */
};

struct downtime_input {
	const struct policy *policy;
	int32_t day;
	event_ms since; /* nobody expected the device before */
	const struct heard_hour
	    *hours; /* from downtime_from() on, by hour; several of one are one */
	size_t hour_count;
	struct facts service; /* as quarantine_at() asks for, of the whole day */
};

/* Beats from then on matter to the day. */
event_ms downtime_from(const struct policy *policy, int32_t day);

/* Not known where nobody told the opening hours. */
struct known_count downtime_of_day(const struct downtime_input *input);

/* Did any beat fall into the day? */
bool downtime_is_heard(const struct downtime_input *input);

#endif
