/* policy.h - the numbers that checks judge by, as in force at a clinic.
 *
 * What:   one plain struct, filled from the configuration; every default names
 *         its source. Units are in the names.
 * Memory: `zone` is borrowed and outlives every judge call.
 */
#ifndef CARE_POLICY_H
#define CARE_POLICY_H

#include "base/time.h"

#include <stddef.h>
#include <stdint.h>

struct zone;

/* What a clinic can change. */
struct policy_numbers {
	int32_t min_days;
	int32_t max_days;
	int32_t overdue_medium_after_days;
};

/* Numbers that were in force until a moment. */
struct policy_past {
	event_ms until;
	struct policy_numbers numbers;
};

struct policy {
	const struct zone *zone;           /* the clinic's time zone (R1) */
	int32_t min_days;                  /* between clinic sessions, domain 2.1 [SEED] */
	int32_t max_days;                  /* in a series, domain 2.1 [SEED] */
	int32_t overdue_medium_after_days; /* beyond max_days, INTERVAL_OVERDUE [E] */
	int64_t visit_ms;                  /* continuation of a visit, R13 [E] */
	int64_t lost_after_ms;             /* silence that closes a session, SESSION_ORPHAN [E] */
	const struct policy_past *past;    /* borrowed; by `until`, oldest first */
	size_t past_count;
};

/* What was in force when the judged event happened (DESIGN section 3): a change of
 * policy does not judge the past anew. */
static inline struct policy_numbers policy_at(const struct policy *policy, event_ms at)
{
	for (size_t i = 0; i < policy->past_count; i++)
		if (at < policy->past[i].until)
			return policy->past[i].numbers;
	return (struct policy_numbers){
	    .min_days = policy->min_days,
	    .max_days = policy->max_days,
	    .overdue_medium_after_days = policy->overdue_medium_after_days,
	};
}

#define POLICY_MIN_DAYS 28
#define POLICY_MAX_DAYS 42
#define POLICY_OVERDUE_MEDIUM_AFTER_DAYS 14
#define POLICY_VISIT_MS (120 * MS_PER_MINUTE)
#define POLICY_LOST_AFTER_MS (4 * MS_PER_HOUR)

/* Everything at its default. */
static inline struct policy policy_default(const struct zone *zone)
{
	return (struct policy){
	    .zone = zone,
	    .min_days = POLICY_MIN_DAYS,
	    .max_days = POLICY_MAX_DAYS,
	    .overdue_medium_after_days = POLICY_OVERDUE_MEDIUM_AFTER_DAYS,
	    .visit_ms = POLICY_VISIT_MS,
	    .lost_after_ms = POLICY_LOST_AFTER_MS,
	};
}

/* Timers of civil-day conditions run at 06:00 clinic-local (R7). */
#define TIMER_MINUTE_OF_DAY (6 * 60)

/* Later than this after its event, news is late: no device command (R11). */
#define LATE_AFTER_MS (5 * MS_PER_MINUTE)

/* A verdict is worth this long to a device that was away (R19, P12). */
#define VERDICT_VALID_MS 2000

#endif
