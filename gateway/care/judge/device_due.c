/* device_due.c - service that is due by the calendar (domain 8.5).
 *
 * One clock per kind of service: it starts with the last one done, told by the device,
 * a tablet or head office, else with the day on which the device went into service, and
 * runs until another day takes its place. Each run is a finding of its own, named by the
 * input that started it (R9). With neither day there is no clock.
 */
#include "care/judge/device.h"

#include "care/outlook.h"
#include "care/service.h"
#include "care/time/civil.h"
#include "care/time/zone.h"

#include <stdio.h>

#define NO_DAY INT32_MIN

struct clock_row {
	enum check overdue;
	enum severity severity;
	Carepace__V1__MaintKind kind;
	enum parameter days;
	size_t last_date; /* in head office's DEVICE */
};

static const struct clock_row clocks[SERVICES_MAX] = {
    {CHECK_PM_OVERDUE, SEVERITY_MEDIUM, CAREPACE__V1__MAINT_KIND__MAINT_PM, PARAM_PM_DAYS,
        offsetof(Carepace__V1__Device, last_pm_date)},
    {CHECK_CALIB_OVERDUE, SEVERITY_MEDIUM, CAREPACE__V1__MAINT_KIND__MAINT_CALIBRATION,
        PARAM_CALIBRATION_DAYS, offsetof(Carepace__V1__Device, last_calibration_date)},
    {CHECK_ELEC_SAFETY_OVERDUE, SEVERITY_MEDIUM, CAREPACE__V1__MAINT_KIND__MAINT_ELEC_SAFETY,
        PARAM_ELEC_SAFETY_DAYS, offsetof(Carepace__V1__Device, last_elec_safety_date)},
    {CHECK_INSPECTION_OVERDUE, SEVERITY_LOW, CAREPACE__V1__MAINT_KIND__MAINT_INSPECTION,
        PARAM_INSPECTION_DAYS, offsetof(Carepace__V1__Device, last_inspection_date)},
};

/* One run of a clock. */
struct run {
	const struct device_judging *j;
	const struct clock_row *row;
	const struct fact *input; /* that started it, or */
	bool is_after_input;      /* that began to speak of another device */
	int32_t day;              /* from which it counts */
	event_ms from;
	event_ms to; /* TIME_NEVER: it runs */
};

static event_ms timer_of(const struct run *run, int32_t day)
{
	return zone_time_at(run->j->policy->zone, day, TIMER_MINUTE_OF_DAY);
}

/* The days of `value > limit`, as dates. */
static void set_step(
    struct finding *finding, enum severity severity, int32_t day, int32_t limit_day)
{
	finding->severity = severity;
	finding->effective_day = day;
	finding_set_value(finding, civil_to_yyyymmdd(day), civil_to_yyyymmdd(limit_day));
}

/* A condition that is true from 06:00 of a day on; what was due before anybody said so,
 * from the day on which it was said. NULL: not (yet) in this run. */
static struct finding *add(
    const struct run *run, enum check check, enum severity severity, int32_t first, int32_t limit)
{
	const struct device_judging *j = run->j;
	char name[FACT_NAME_BYTES];
	char onset[FACT_NAME_BYTES + 6];

	if (timer_of(run, first) < run->from)
		first = zone_day(j->policy->zone, run->from);
	event_ms from = timer_of(run, first);
	if (from >= run->to)
		return NULL;
	if (from > j->now) {
		timeline_wake_at(j->timeline, from);
		return NULL;
	}
	snprintf(onset, sizeof(onset), "%s%s", fact_name(run->input, name),
	    run->is_after_input ? "/until" : "");
	struct finding *finding =
	    timeline_add_to_device(j->timeline, check, &j->history->id, j->history->device, onset);
	if (!finding)
		return NULL;
	finding->from = from;
	finding->until = run->to <= j->now ? run->to : TIME_NEVER;
	set_step(finding, severity, first, limit);
	return finding;
}

/* Preventive maintenance that nobody did for long is worse. */
static void raise_to_high(const struct run *run, struct finding *finding, int32_t due)
{
	const struct device_judging *j = run->j;
	int32_t limit =
	    due + (int32_t)policy_number(j->policy, PARAM_PM_HIGH_AFTER_DAYS, run->from);
	int32_t day = limit + 1 > finding->effective_day ? limit + 1 : finding->effective_day;
	event_ms at = timer_of(run, day);

	if (at >= run->to)
		return;
	if (at <= j->now)
		set_step(finding, SEVERITY_HIGH, day, limit);
	else
		timeline_wake_at(j->timeline, at);
}

static int32_t due_of(const struct run *run)
{
	return run->day + (int32_t)policy_number(run->j->policy, run->row->days, run->from);
}

static void judge_run(const struct run *run)
{
	const struct device_judging *j = run->j;
	int32_t due = due_of(run);

	if (run->from > j->now) { /* said of a day to come */
		timeline_wake_at(j->timeline, run->from);
		return;
	}
	if (run->to > j->now && run->to != TIME_NEVER)
		timeline_wake_at(j->timeline, run->to);
	struct finding *finding = add(run, run->row->overdue, run->row->severity, due + 1, due);
	if (run->row->overdue != CHECK_PM_OVERDUE)
		return;
	if (finding)
		raise_to_high(run, finding, due);
	int32_t soon = due - (int32_t)policy_number(j->policy, PARAM_PM_DUE_SOON_DAYS, run->from);
	add(run, CHECK_PM_DUE_SOON, SEVERITY_LOW, soon, soon);
}

/* --- what started the clock ------------------------------------------------------------ */

static int32_t day_of_date(uint32_t yyyymmdd)
{
	int32_t day = NO_DAY;

	return civil_parse_yyyymmdd(yyyymmdd, &day) ? day : NO_DAY;
}

static int32_t day_of(const struct clock_row *row, int32_t served, const Carepace__V1__Order *held)
{
	int32_t told = NO_DAY;

	if (held)
		told = day_of_date(
		    *(const uint32_t *)((const uint8_t *)held->device + row->last_date));
	if (told < served)
		told = served;
	return told == NO_DAY && held ? day_of_date(held->device->in_service_date) : told;
}

struct clock_walk {
	struct run run; /* its day NO_DAY: nothing ever started the clock */
	void (*ended)(const struct run *run);
	const struct fact *held; /* what head office says of the device; of several keys the last */
	int32_t served;
};

/* Does the clock count from another day now? */
static void step(struct clock_walk *walk, event_ms at, const struct fact *input)
{
	struct run *run = &walk->run;
	const struct fact *held = walk->held;
	int32_t day = day_of(run->row, walk->served, held ? held->reading.order : NULL);

	if (day == run->day)
		return;
	run->to = at;
	if (run->day != NO_DAY)
		walk->ended(run);
	run->day = day;
	run->from = at;
	run->input = input;
	run->is_after_input = input->reading.ts != at;
}

/* Its key speaks of another device then, if not of this one anew. */
static void end_held(struct clock_walk *walk, event_ms until)
{
	struct facts facts = walk->run.j->history->facts;

	while (walk->held && walk->held->until != TIME_NEVER && walk->held->until <= until) {
		const struct fact *ended = walk->held;
		walk->held = facts_holding(facts, READING_DEVICE, ended->until);
		bool is_said = walk->held && walk->held->reading.ts == ended->until;
		step(walk, ended->until, is_said ? walk->held : ended);
	}
}

static void take(struct clock_walk *walk, const struct fact *fact)
{
	const struct run *run = &walk->run;
	int32_t done = zone_day(run->j->policy->zone, fact->reading.ts);

	if (is_service(fact, run->row->kind) &&
	    service_result_of(run->j->policy, fact) != SERVICE_FAILED && done > walk->served)
		walk->served = done;
	if (fact->reading.kind == READING_DEVICE && fact_holds(fact, fact->reading.ts))
		walk->held = fact;
	step(walk, fact->reading.ts, fact);
}

/* Each run that has ended by a moment goes to `ended`; the one that runs then is returned. */
static struct run walk_clock(const struct device_judging *j, const struct clock_row *row,
    event_ms until, void (*ended)(const struct run *run))
{
	struct facts facts = j->history->facts;
	struct clock_walk walk = {
	    .run = {.j = j, .row = row, .day = NO_DAY}, .ended = ended, .served = NO_DAY};

	for (size_t i = 0; i < facts.count && facts.items[i].reading.ts <= until; i++) {
		end_held(&walk, facts.items[i].reading.ts);
		take(&walk, &facts.items[i]);
	}
	end_held(&walk, until);
	walk.run.to = TIME_NEVER;
	return walk.run;
}

void judge_due(const struct device_judging *j)
{
	for (size_t i = 0; i < CP_COUNT(clocks); i++) {
		struct run run = walk_clock(j, &clocks[i], TIME_NEVER, judge_run);
		if (run.day != NO_DAY)
			judge_run(&run);
	}
}

/* --- what comes next, for people -------------------------------------------------------- */

static void pass_over(const struct run *run)
{
	(void)run;
}

size_t outlook_of_services(const struct device_history *history, const struct policy *policy,
    wall_ms now, struct service_outlook out[SERVICES_MAX])
{
	const struct device_judging judging = {.history = history, .policy = policy};
	size_t count = 0;

	for (size_t i = 0; i < CP_COUNT(clocks); i++) {
		struct run run = walk_clock(&judging, &clocks[i], now, pass_over);
		if (run.day != NO_DAY)
			out[count++] = (struct service_outlook){
			    .kind = clocks[i].kind, .due_day = due_of(&run)};
	}
	return count;
}

bool outlook_of_service(const struct device_history *history, const struct policy *policy,
    wall_ms now, struct service_outlook *out)
{
	struct service_outlook all[SERVICES_MAX];
	size_t count = outlook_of_services(history, policy, now, all);

	for (size_t i = 0; i < count; i++)
		if (i == 0 || all[i].due_day < out->due_day)
			*out = all[i];
	return count > 0;
}
