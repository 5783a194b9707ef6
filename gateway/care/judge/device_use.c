/* device_use.c - what use tells of a device: hours and faults (domain 8.5). */
#include "care/judge/device.h"

#include "care/service.h"
#include "care/time/zone.h"

static struct finding *add(
    const struct device_judging *j, enum check check, const char *onset, event_ms from)
{
	struct finding *finding =
	    timeline_add_to_device(j->timeline, check, &j->history->id, j->history->device, onset);

	if (!finding)
		return NULL;
	finding->from = from;
	finding->effective_day = zone_day(j->policy->zone, from);
	return finding;
}

static struct finding *add_of_moment(
    const struct device_judging *j, enum check check, const struct moment *moment)
{
	char onset[FACT_NAME_BYTES];

	input_name(&j->history->id, moment->boot, moment->seq, onset);
	return add(j, check, onset, moment->at);
}

/* --- FAULT_RATE ------------------------------------------------------------------------- */

/* From the fault that made them too many until too few of them are recent. */
static void judge_faults(const struct device_judging *j)
{
	const struct moments *faults = &j->history->faults;
	struct finding *finding = NULL;
	size_t oldest = 0; /* that is recent at faults[i] */

	for (size_t i = 0; i < faults->count; i++) {
		event_ms at = faults->items[i].at;
		event_ms span = MS_PER_HOUR * policy_number(j->policy, PARAM_FAULT_RATE_HOURS, at);
		size_t most = (size_t)policy_number(j->policy, PARAM_FAULT_RATE_FAULTS, at);
		while (at - faults->items[oldest].at > span)
			oldest++;
		size_t recent = i - oldest + 1;
		if (recent < most)
			continue;
		if (!finding || at > finding->until) {
			finding = add_of_moment(j, CHECK_FAULT_RATE, &faults->items[i]);
			if (!finding)
				return;
			finding->severity = SEVERITY_MEDIUM;
			finding_set_value(finding, (int64_t)recent, (int64_t)most);
		}
		if ((int64_t)recent > finding->max)
			finding->max = (int64_t)recent;
		finding->until = faults->items[i + 1 - most].at + span;
	}
	if (!finding || finding->until <= j->now)
		return;
	timeline_wake_at(j->timeline, finding->until);
	finding->until = TIME_NEVER;
}

/* --- HOURS_SERVICE ---------------------------------------------------------------------- */

/* The limit of the model that the device says to be; 0: off. */
static int64_t limit_s_at(const struct device_judging *j, event_ms at)
{
	const struct fact *hello =
	    facts_last(j->history->facts, FACT_TOPIC(READING_HELLO, 0), TIME_NEVER);
	const Carepace__V1__ModelProfile *profile =
	    hello ? policy_profile(j->policy, hello->reading.up->hello->model, at) : NULL;

	return profile ? (int64_t)profile->service_hours * 3600 : 0;
}

/* The maintenance after hours[at - 1] and not after hours[at], if there was one. */
static const struct fact *served_before(const struct device_judging *j, size_t at)
{
	const struct moments *hours = &j->history->hours;
	const struct fact *served = facts_last(j->history->facts,
	    FACT_TOPIC(READING_MAINT, CAREPACE__V1__MAINT_KIND__MAINT_PM), hours->items[at].at);

	if (!served || service_result_of(j->policy, served) == SERVICE_FAILED)
		return NULL;
	return at == 0 || served->reading.ts > hours->items[at - 1].at ? served : NULL;
}

/* Since the last maintenance; the hours that it had then are those last told before. */
static void judge_hours(const struct device_judging *j)
{
	const struct moments *hours = &j->history->hours;
	struct finding *finding = NULL;
	char onset[FACT_NAME_BYTES] = "";
	int64_t served_s = 0;

	for (size_t i = 0; i < hours->count; i++) {
		const struct moment *hello = &hours->items[i];
		const struct fact *served = served_before(j, i);
		if (served) {
			fact_name(served, onset);
			served_s = i > 0 ? hours->items[i - 1].number : 0;
			if (finding)
				finding->until = served->reading.ts;
			finding = NULL;
		}
		int64_t limit_s = limit_s_at(j, hello->at);
		if (finding || !limit_s || hello->number - served_s <= limit_s)
			continue;
		finding = add(j, CHECK_HOURS_SERVICE, onset, hello->at);
		if (!finding)
			return;
		finding->severity = SEVERITY_LOW;
		finding_set_value(
		    finding, (hello->number - served_s) * MS_PER_SECOND, limit_s * MS_PER_SECOND);
	}
	if (!finding)
		return;
	const struct fact *pm = facts_next(j->history->facts,
	    FACT_TOPIC(READING_MAINT, CAREPACE__V1__MAINT_KIND__MAINT_PM), finding->from);
	while (pm && service_result_of(j->policy, pm) == SERVICE_FAILED)
		pm = facts_next(j->history->facts, fact_topic(&pm->reading), pm->reading.ts);
	if (pm)
		finding->until = pm->reading.ts;
}

void judge_use(const struct device_judging *j)
{
	judge_faults(j);
	judge_hours(j);
}
