/* client_clocks.c - what is due since the last session of a course (domain 8.1).
 *
 * A clock starts with each exposing clinic session of a course and runs to the start of
 * the next one. Plan and progress change while it runs: within a segment they do not. A
 * rule says for each segment how many days may pass. The finding is one per clock (its
 * onset is the session that started it), however often it holds again; it becomes true
 * at 06:00 of its first day (R7), and what held when a segment ended goes on in the next
 * if it is true there, too.
 */
#include "care/judge/client.h"

#include "care/outlook.h"
#include "care/time/zone.h"

#define NO_LIMIT (-1)

/* The course as it stands in a segment. */
struct standing {
	const struct plan *plan; /* active; NULL: there is none */
	bool is_complete;        /* all that were planned are done */
};

struct segment {
	event_ms from; /* to that of the next one */
	struct standing standing;
};

struct clock {
	const struct client_walk *walk;
	const struct course *course;
	const struct treatment *last;
	event_ms end; /* the start of the next one */
	struct segment *segments;
	size_t segment_count; /* up to now, and the one after it */
};

struct clock_rule {
	enum check check;
	/* Days that may pass since the last session; NO_LIMIT: it does not run. */
	int32_t (*limit_days)(const struct clock *clock, const struct standing *standing);
	bool is_on_limit; /* true on that day itself, not only beyond */
	bool is_once;     /* a new plan ends it for good */
	enum severity severity;
	enum severity worse; /* 0: no second step, else so many days later: */
	enum parameter worse_days;
};

/* A rule on its way through a clock's segments. */
struct run {
	const struct clock *clock;
	const struct clock_rule *rule;
	event_ms end;
	struct finding *finding;
	int32_t held_days; /* limit of the segment before if it held to its end, else NO_LIMIT */
	int32_t held_first_day;
};

/* --- limits ----------------------------------------------------------------------------- */

static int32_t number(const struct clock *clock, enum parameter parameter)
{
	return (int32_t)policy_number_for(clock->walk->policy, parameter, clock->last->start,
	    clock->last->modality, clock->last->zones);
}

/* An active series: planned not reached. */
static bool is_series(const struct standing *standing)
{
	return standing->plan && !standing->is_complete;
}

/* Maintenance begins when the series is complete; a band of its own needs no series. */
static bool is_maintenance(const struct standing *standing)
{
	return standing->plan && standing->is_complete &&
	       (standing->plan->planned > 0 ||
	           standing->plan->band == CAREPACE__V1__BAND__BAND_MAINTENANCE);
}

/* The plan's, else the model's, else 42. */
static int32_t overdue_days(const struct clock *clock, const struct standing *standing)
{
	const struct session *session = clock->last->session;

	if (!is_series(standing))
		return NO_LIMIT;
	if (standing->plan->max_days)
		return standing->plan->max_days;
	const Carepace__V1__ModelProfile *profile =
	    session && session->model != MODEL_UNKNOWN
	        ? policy_profile(clock->walk->policy, (uint32_t)session->model, clock->last->start)
	        : NULL;
	return profile && profile->max_days ? (int32_t)profile->max_days
	                                    : number(clock, PARAM_MAX_DAYS);
}

static int32_t lapsed_days(const struct clock *clock, const struct standing *standing)
{
	return is_series(standing) ? number(clock, PARAM_LAPSED_DAYS) : NO_LIMIT;
}

/* Never below what spacing asks for: nobody is called in too early. */
static int32_t at_least_spacing(
    const struct clock *clock, const struct standing *standing, int32_t days)
{
	int32_t min_days = number(clock, PARAM_MIN_DAYS);

	if (standing->plan->min_days > min_days)
		min_days = standing->plan->min_days;
	return days > min_days ? days : min_days;
}

static int32_t maint_due_days(const struct clock *clock, const struct standing *standing)
{
	bool is_rf = clock->last->modality == MODALITY_RF;

	if (!is_maintenance(standing))
		return NO_LIMIT;
	return at_least_spacing(clock, standing,
	    standing->plan->maint_days
	        ? standing->plan->maint_days
	        : number(clock, is_rf ? PARAM_MAINT_DUE_RF_DAYS : PARAM_MAINT_DUE_DAYS));
}

static int32_t maint_overdue_days(const struct clock *clock, const struct standing *standing)
{
	bool is_rf = clock->last->modality == MODALITY_RF;

	if (!is_maintenance(standing))
		return NO_LIMIT;
	if (standing->plan->maint_days)
		return 2 * maint_due_days(clock, standing);
	return at_least_spacing(clock, standing,
	    number(clock, is_rf ? PARAM_MAINT_OVERDUE_RF_DAYS : PARAM_MAINT_OVERDUE_DAYS));
}

/* 0 says nothing. */
static int64_t said_lower(int64_t lowest, int64_t days)
{
	return days && days < lowest ? days : lowest;
}

/* No policy, profile or plan lets a rule ring after fewer days. */
int32_t clocks_shortest_days(const struct client_walk *walk)
{
	static const enum parameter limits[] = {PARAM_MAX_DAYS, PARAM_LAPSED_DAYS,
	    PARAM_MAINT_DUE_DAYS, PARAM_MAINT_DUE_RF_DAYS, PARAM_MAINT_OVERDUE_DAYS,
	    PARAM_MAINT_OVERDUE_RF_DAYS};
	const struct facts *profiles = &walk->policy->profiles;
	int64_t shortest = INT32_MAX;

	for (size_t i = 0; i < CP_COUNT(limits); i++) {
		int64_t days = policy_lowest(walk->policy, limits[i]);
		shortest = days < shortest ? days : shortest;
	}
	for (size_t i = 0; i < profiles->count; i++)
		shortest =
		    said_lower(shortest, profiles->items[i].reading.order->model_profile->max_days);
	for (size_t i = 0; i < walk->history->plan_count; i++) {
		shortest = said_lower(shortest, walk->history->plans[i].max_days);
		shortest = said_lower(shortest, walk->history->plans[i].maint_days);
	}
	return (int32_t)shortest;
}

static const struct clock_rule rules[] = {
    {.check = CHECK_INTERVAL_OVERDUE,
        .limit_days = overdue_days,
        .severity = SEVERITY_LOW,
        .worse = SEVERITY_MEDIUM,
        .worse_days = PARAM_OVERDUE_MEDIUM_AFTER_DAYS},
    {.check = CHECK_COURSE_LAPSED,
        .limit_days = lapsed_days,
        .is_once = true,
        .severity = SEVERITY_LOW},
    {.check = CHECK_MAINT_DUE,
        .limit_days = maint_due_days,
        .is_on_limit = true,
        .severity = SEVERITY_INFO},
    {.check = CHECK_MAINT_OVERDUE, .limit_days = maint_overdue_days, .severity = SEVERITY_LOW},
};

/* --- days ---------------------------------------------------------------------------------- */

static event_ms timer_of(const struct run *run, int32_t day)
{
	return zone_time_at(run->clock->walk->policy->zone, day, TIMER_MINUTE_OF_DAY);
}

/* The first day on which a limit is passed. */
static int32_t day_after(const struct run *run, int32_t limit_days)
{
	return run->clock->last->day + limit_days + (run->rule->is_on_limit ? 0 : 1);
}

/* Its timer is not before a moment, told without asking the zone: none is a day off. */
static bool is_not_before(int32_t day, event_ms moment)
{
	return (day - 1) * MS_PER_DAY >= moment;
}

static event_ms until_of(const struct run *run, event_ms to)
{
	return to <= run->clock->walk->now ? to : TIME_NEVER;
}

/* --- the finding -------------------------------------------------------------------------- */

static struct finding *finding_of(struct run *run)
{
	const struct treatment *last = run->clock->last;
	char onset[NAME_MAX_LEN];

	if (run->finding)
		return run->finding;
	treatment_name(last, onset, sizeof(onset));
	run->finding =
	    course_finding(run->clock->walk, run->rule->check, run->clock->course->no, onset);
	if (run->finding) {
		run->finding->from = TIME_NEVER;
		run->finding->zones = last->zones;
		finding_cite(run->finding, &last->sid);
	}
	return run->finding;
}

/* Severity, value and limit of the step that was reached by `reached` (R7). */
static void take_step(struct run *run, int32_t first_day, int32_t limit_days, event_ms reached)
{
	const struct clock_rule *rule = run->rule;
	struct finding *finding = run->finding;
	int32_t worse_days =
	    rule->worse ? limit_days + number(run->clock, rule->worse_days) : limit_days;
	int32_t worse_day = day_after(run, worse_days);

	if (worse_day < first_day)
		worse_day = first_day;
	bool is_worse = rule->worse && timer_of(run, worse_day) <= reached;

	finding->severity = is_worse ? rule->worse : rule->severity;
	finding->effective_day = is_worse ? worse_day : first_day;
	finding_set_value(finding, finding->effective_day - run->clock->last->day,
	    is_worse ? worse_days : limit_days);
	if (rule->worse && !is_worse && finding->until == TIME_NEVER)
		timeline_wake_at(run->clock->walk->timeline, timer_of(run, worse_day));
}

/* --- segments ------------------------------------------------------------------------------- */

static struct standing standing_at(const struct clock *clock, event_ms at)
{
	const struct plan *plan = course_active_plan(clock->walk, clock->course, at);

	return (struct standing){
	    .plan = plan,
	    .is_complete =
	        plan && course_completed(clock->walk, clock->course->no, at) >= plan->planned,
	};
}

/* The first moment after `at` at which plan or completed count may change. */
static event_ms next_break(const struct clock *clock, event_ms at)
{
	const struct course *course = clock->course;
	event_ms next = course_next_completed(clock->walk, course->no, at);

	if (clock->end < next)
		next = clock->end;
	event_ms plan = course_next_plan(course, at);
	return plan < next ? plan : next;
}

/* They are the same for each rule. */
static void cut(struct clock *clock)
{
	event_ms from = clock->last->start;

	clock->segment_count = 0;
	while (from < clock->end) {
		clock->segments[clock->segment_count++] =
		    (struct segment){.from = from, .standing = standing_at(clock, from)};
		if (from > clock->walk->now)
			return;
		from = next_break(clock, from);
	}
}

/* [from, to): the standing is constant. What held before and is still true goes on, also
 * when another limit begins its own step only at 06:00. */
static void run_segment(struct run *run, const struct segment *segment, event_ms to)
{
	const struct client_walk *walk = run->clock->walk;
	event_ms from = segment->from;
	int32_t limit_days = run->rule->limit_days(run->clock, &segment->standing);
	int32_t held_days = run->held_days;

	run->held_days = NO_LIMIT;
	if (limit_days == NO_LIMIT)
		return;
	int32_t first_day = day_after(run, limit_days);
	if (held_days == NO_LIMIT && is_not_before(first_day, to))
		return;
	int32_t today = zone_day(walk->policy->zone, from);
	if (held_days != NO_LIMIT && today >= first_day) {
		run->held_days = held_days;
		run->finding->until = until_of(run, to);
	}
	if (timer_of(run, first_day) < from) /* due before the plan said so */
		first_day = held_days == limit_days ? run->held_first_day : today;
	event_ms first = timer_of(run, first_day);
	if (first >= to)
		return;
	if (first > walk->now) {
		timeline_wake_at(walk->timeline, first);
		return;
	}

	struct finding *finding = finding_of(run);
	if (!finding)
		return;
	if (first < finding->from)
		finding->from = first;
	finding->until = until_of(run, to);
	run->held_days = limit_days;
	run->held_first_day = first_day;
	take_step(run, first_day, limit_days, to <= walk->now ? to - 1 : walk->now);
}

/* The first plan for this client, of any course, that came when the limit had passed. */
static event_ms next_plan(const struct run *run)
{
	const struct client_history *history = run->clock->walk->history;
	const struct plan any = {.planned = 1};
	const struct standing series = {.plan = &any};
	int32_t limit_days = run->rule->limit_days(run->clock, &series);
	int32_t first_day = day_after(run, limit_days);
	event_ms next = run->end;

	if (is_not_before(first_day, run->end))
		return run->end;
	event_ms passed = timer_of(run, first_day);
	for (size_t i = 0; i < history->plan_count; i++) {
		const struct plan *plan = &history->plans[i];
		if (plan->client == history->client && plan->from >= passed && plan->from < next)
			next = plan->from;
	}
	return next;
}

static void run_rule(const struct clock *clock, const struct clock_rule *rule)
{
	struct run run = {.clock = clock, .rule = rule, .end = clock->end, .held_days = NO_LIMIT};
	const struct client_walk *walk = clock->walk;

	if (rule->is_once)
		run.end = next_plan(&run);
	for (size_t i = 0; i < clock->segment_count; i++) {
		const struct segment *segment = &clock->segments[i];
		event_ms to = i + 1 < clock->segment_count ? segment[1].from : clock->end;
		if (segment->from >= run.end)
			return;
		if (segment->from > walk->now) {
			timeline_wake_at(walk->timeline, segment->from);
			return;
		}
		if (to > run.end)
			to = run.end;
		run_segment(&run, segment, to);
		if (to > walk->now && to != TIME_NEVER)
			timeline_wake_at(walk->timeline, to);
	}
}

static bool starts_clock(const struct treatment *treatment, const struct course *course)
{
	return treatment->course == course->no && treatment->is_exposing && is_in_clinic(treatment);
}

/* The next session came before any rule could ring, which is the way of most. */
static bool is_stopped_in_time(const struct clock *clock)
{
	const struct client_walk *walk = clock->walk;

	return clock->end <= walk->now &&
	       is_not_before(clock->last->day + walk->shortest_days, clock->end);
}

void judge_clocks(const struct client_walk *walk, const struct course *course)
{
	struct clock clock = {.walk = walk, .course = course};

	/* Beginning or end of each plan and each treatment end one at most. */
	clock.segments = arena_alloc(
	    walk->timeline->arena, (2 * course->count + walk->count + 1) * sizeof(*clock.segments));
	if (!clock.segments) {
		walk->timeline->is_full = true;
		return;
	}
	for (size_t i = 0; i <= walk->count; i++) {
		const struct treatment *treatment = i < walk->count ? &walk->treatments[i] : NULL;
		if (treatment && !starts_clock(treatment, course))
			continue;
		clock.end = treatment ? treatment->start : TIME_NEVER;
		if (clock.last && !is_stopped_in_time(&clock)) {
			cut(&clock);
			for (size_t k = 0; k < CP_COUNT(rules); k++)
				run_rule(&clock, &rules[k]);
		}
		clock.last = treatment;
	}
}

/* --- as it stands, for people ---------------------------------------------------------------- */

static const struct treatment *last_started(
    const struct client_walk *walk, const struct course *course)
{
	for (size_t i = walk->count; i-- > 0;)
		if (walk->treatments[i].start <= walk->now &&
		    starts_clock(&walk->treatments[i], course))
			return &walk->treatments[i];
	return NULL;
}

/* The session that was the last one planned completes the course, what follows maintains. */
static enum course_phase phase_of(const struct clock *clock, const struct standing *standing)
{
	if (is_series(standing))
		return COURSE_SERIES;
	bool is_past = standing->plan->band == CAREPACE__V1__BAND__BAND_MAINTENANCE ||
	               (clock->last && clock->last->place != standing->plan->planned);
	return is_maintenance(standing) && is_past ? COURSE_MAINTENANCE : COURSE_COMPLETE;
}

void clocks_outlook(
    const struct client_walk *walk, const struct course *course, struct course_outlook *out)
{
	const struct treatment *last = last_started(walk, course);
	const struct clock clock = {.walk = walk, .course = course, .last = last};
	const struct standing standing = standing_at(&clock, walk->now);

	out->has_last = last != NULL;
	out->last_day = last ? last->day : 0;
	out->phase = !standing.plan ? out->plan.state == PLAN_PAUSED ? COURSE_PAUSED : COURSE_CLOSED
	                            : phase_of(&clock, &standing);
	out->has_window = last && (is_series(&standing) || is_maintenance(&standing));
	if (!out->has_window)
		return;
	if (is_series(&standing))
		out->window = (struct course_window){
		    .from_day = last->day,
		    .through_day = last->day + overdue_days(&clock, &standing),
		};
	else
		out->window = (struct course_window){
		    .from_day = last->day + maint_due_days(&clock, &standing),
		    .through_day = last->day + maint_overdue_days(&clock, &standing),
		};
}
