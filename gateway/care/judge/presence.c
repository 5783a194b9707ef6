/* presence.c - what of a device does not come (domain 8.5): liveness, by the
 * gateway's own clock. Only what holds now; what is over the ledger has cleared. */
#include "care/judge/device.h"

#include "care/time/civil.h"
#include "care/time/clock_trust.h"
#include "care/time/zone.h"

#include <stdio.h>

/* A calendar that does not open for so long never will. */
#define DAYS_AHEAD 400

static struct finding *add(const struct presence *presence, const struct policy *policy,
    struct timeline *timeline, enum check check, const char *onset, wall_ms from)
{
	struct finding *finding =
	    timeline_add_to_device(timeline, check, &presence->id, presence->device, onset);

	if (!finding)
		return NULL;
	finding->from = from;
	finding->effective_day = zone_day(policy->zone, from);
	finding->severity = SEVERITY_LOW;
	return finding;
}

/* --- DEVICE_OFFLINE ---------------------------------------------------------------------- */

static bool is_holiday(const Carepace__V1__Calendar *calendar, int32_t day)
{
	for (size_t i = 0; i < calendar->n_holiday_date; i++)
		if (calendar->holiday_date[i] == civil_to_yyyymmdd(day))
			return true;
	return false;
}

/* The first moment from `at` on at which `span` of one opening has passed. */
static wall_ms end_of_silence(const struct policy *policy, wall_ms at, int64_t span)
{
	const Carepace__V1__Calendar *calendar = policy_calendar(policy, at);
	int32_t first = zone_day(policy->zone, at);
	wall_ms best = TIME_NEVER;

	for (int32_t day = first; calendar && day < first + DAYS_AHEAD && best == TIME_NEVER; day++)
		for (size_t i = 0; i < calendar->n_opening && !is_holiday(calendar, day); i++) {
			const Carepace__V1__OpeningHours *hours = calendar->opening[i];
			if ((int)hours->weekday != (int)civil_weekday(day) + 1)
				continue;
			wall_ms from = zone_time_at(policy->zone, day, (int)hours->open_min);
			wall_ms to = zone_time_at(policy->zone, day, (int)hours->close_min);
			wall_ms end = (from > at ? from : at) + span;
			if (end < to && end < best)
				best = end;
		}
	return best;
}

static void judge_silence(const struct presence *presence, const struct policy *policy, wall_ms now,
    struct timeline *timeline)
{
	int64_t span = MS_PER_SECOND * policy_number(policy, PARAM_OFFLINE_SECONDS, now);
	wall_ms heard =
	    presence->beat.at > presence->listening ? presence->beat.at : presence->listening;
	char onset[FACT_NAME_BYTES];

	if (presence->beat.seq == 0)
		return;
	wall_ms from = presence->offline_since != TIME_NEVER ? presence->offline_since
	                                                     : end_of_silence(policy, heard, span);
	/* Exactly so long is fine. */
	if (from >= now) {
		timeline_wake_at(timeline, from < TIME_NEVER ? from + 1 : from);
		return;
	}
	input_name(&presence->id, presence->beat.boot, presence->beat.seq, onset);
	struct finding *finding =
	    add(presence, policy, timeline, CHECK_DEVICE_OFFLINE, onset, from);
	if (finding)
		finding_set_value(finding, span, span);
}

/* --- SEQ_GAP --------------------------------------------------------------------------------- */

/* A device that comes back fills it from its buffer: it has a while for that. */
static void judge_gaps(const struct presence *presence, const struct policy *policy, wall_ms now,
    struct timeline *timeline)
{
	char onset[FACT_NAME_BYTES];

	for (size_t i = 0; i < presence->gap_count; i++) {
		const struct gap *gap = &presence->gaps[i];
		wall_ms from =
		    gap->since + MS_PER_SECOND * policy_number(policy, PARAM_SEQ_GAP_SECONDS, now);
		if (from > now) {
			timeline_wake_at(timeline, from);
			continue;
		}
		input_name(&presence->id, gap->after_boot, gap->after_seq, onset);
		struct finding *finding =
		    add(presence, policy, timeline, CHECK_SEQ_GAP, onset, from);
		if (finding)
			finding_set_value(finding, (int64_t)gap->last - gap->first + 1, 0);
	}
}

/* --- CLOCK_SKEW ---------------------------------------------------------------------------- */

static void judge_skew(
    const struct presence *presence, const struct policy *policy, struct timeline *timeline)
{
	enum clock_skew skew = clock_skew_of(presence->skew_ms);
	char onset[sizeof("4294967295")];

	if (skew == CLOCK_IS_GOOD)
		return;
	snprintf(onset, sizeof(onset), "%u", (unsigned)presence->boot);
	struct finding *finding =
	    add(presence, policy, timeline, CHECK_CLOCK_SKEW, onset, presence->skew_since);
	if (!finding)
		return;
	finding_set_value(finding, presence->skew_ms < 0 ? -presence->skew_ms : presence->skew_ms,
	    skew == CLOCK_IS_WRONG ? CLOCK_SKEW_MAX_MS : CLOCK_SKEW_LOW_MS);
	if (skew == CLOCK_IS_WRONG)
		finding->severity = SEVERITY_MEDIUM;
}

void judge_presence(const struct presence *presence, const struct policy *policy, wall_ms now,
    struct timeline *timeline)
{
	judge_silence(presence, policy, now, timeline);
	judge_gaps(presence, policy, now, timeline);
	judge_skew(presence, policy, timeline);
}
