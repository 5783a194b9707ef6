/* judge_device_due.c - service that is due by the calendar (domain 8.5).
 *
 * One clock per kind of service: it starts with the last one done, told by the device,
 * a tablet or head office, else with the day on which the device went into service, and
 * runs until another day takes its place. Each run is a finding of its own, named by the
 * input that started it (R9). With neither day there is no clock.
 */
#include "care/judge_device.h"

#include "care/civil.h"
#include "care/outlook.h"
#include "care/service.h"
#include "care/zone.h"

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
	const struct fact *input; /* that started it */
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
	char onset[FACT_NAME_BYTES];

	if (timer_of(run, first) < run->from)
		first = zone_day(j->policy->zone, run->from);
	event_ms from = timer_of(run, first);
	if (from >= run->to)
		return NULL;
	if (from > j->now) {
		timeline_wake_at(j->timeline, from);
		return NULL;
	}
	fact_name(run->input, onset);
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

/* Highest revision so far, as the facts come in order; of several keys the last. */
static const Carepace__V1__Order *newer(
    const Carepace__V1__Order *held, const Carepace__V1__Order *order)
{
	bool is_older =
	    held && strcmp(held->key, order->key) == 0 && order->revision < held->revision;

	return is_older ? held : order;
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

/* Each run that has ended goes to `ended`; the one that runs is returned, its day NO_DAY if
 * nothing ever started the clock. */
static struct run walk_clock(const struct device_judging *j, const struct clock_row *row,
    void (*ended)(const struct run *run))
{
	struct run run = {.j = j, .row = row, .day = NO_DAY};
	const Carepace__V1__Order *held = NULL;
	int32_t served = NO_DAY;

	for (size_t i = 0; i < j->history->facts.count; i++) {
		const struct fact *fact = &j->history->facts.items[i];
		int32_t done = zone_day(j->policy->zone, fact->reading.ts);
		if (fact->reading.kind == READING_DEVICE)
			held = newer(held, fact->reading.order);
		else if (is_service(fact, row->kind) &&
		         service_result_of(j->policy, fact) != SERVICE_FAILED && done > served)
			served = done;
		int32_t day = day_of(row, served, held);
		if (day == run.day)
			continue;
		run.to = fact->reading.ts;
		if (run.day != NO_DAY)
			ended(&run);
		run.day = day;
		run.from = fact->reading.ts;
		run.input = fact;
	}
	run.to = TIME_NEVER;
	return run;
}

void judge_due(const struct device_judging *j)
{
	for (size_t i = 0; i < CP_COUNT(clocks); i++) {
		struct run run = walk_clock(j, &clocks[i], judge_run);
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
	struct device_history past = *history;
	const struct device_judging judging = {.history = &past, .policy = policy};
	size_t count = 0;

	while (past.facts.count > 0 && past.facts.items[past.facts.count - 1].reading.ts > now)
		past.facts.count--;

	for (size_t i = 0; i < CP_COUNT(clocks); i++) {
		struct run run = walk_clock(&judging, &clocks[i], pass_over);
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
