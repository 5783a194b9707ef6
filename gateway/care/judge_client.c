/* judge_client.c - spacing (domain 8.1).
 *
 * Sessions in order; each looks back only as far as a required gap or a visit
 * reaches. What grows with the square is a course's own sessions, which are few.
 */
#include "care/judge.h"

#include "care/civil.h"
#include "care/zone.h"

#include <inttypes.h>
#include <stdio.h>

/* --- R13: visits ------------------------------------------------------------- */

/* A session joins the visit of the newest earlier one that is not completed and
 * reaches it. `reach` is how far any earlier one reaches: beyond it nobody looks. */
static void mark_visits(struct session *sessions, size_t count, const struct policy *policy)
{
	event_ms reach = INT64_MIN;

	for (size_t i = 0; i < count; i++) {
		int64_t visit_ms =
		    MS_PER_MINUTE * policy_number(policy, PARAM_VISIT_MINUTES, sessions[i].start);
		sessions[i].visit = sessions[i].no;
		for (size_t j = i; sessions[i].start <= reach && j-- > 0;) {
			if (sessions[j].is_completed ||
			    sessions[i].start > sessions[j].end + visit_ms)
				continue;
			sessions[i].visit = sessions[j].visit;
			break;
		}
		if (!sessions[i].is_completed && sessions[i].end + visit_ms > reach)
			reach = sessions[i].end + visit_ms;
	}
}

/* The zones that a session brings into its visit; all of them if it opens it. */
static uint32_t new_zones(const struct session *sessions, size_t at)
{
	uint32_t zones = sessions[at].zones;

	if (sessions[at].visit == sessions[at].no)
		return zones;
	for (size_t j = at; j-- > 0;)
		if (sessions[j].visit == sessions[at].visit)
			zones &= ~sessions[j].zones;
	return zones;
}

/* --- plans in force ------------------------------------------------------------- */

/* The revision of plans[from..to) in force at a moment: the highest whose event
 * time is not later (domain 9.4). NULL before the first. */
static const struct plan *plan_at(const struct plan *plans, size_t from, size_t to, event_ms at)
{
	const struct plan *best = NULL;

	for (size_t i = from; i < to; i++)
		if (plans[i].from <= at && (!best || plans[i].revision > best->revision))
			best = &plans[i];
	return best;
}

static size_t course_end(const struct client_history *history, size_t from)
{
	size_t to = from;

	while (to < history->plan_count && history->plans[to].course == history->plans[from].course)
		to++;
	return to;
}

static bool is_for(const struct plan *plan, int64_t client)
{
	return plan && plan->client == client;
}

static bool is_active_for(const struct plan *plan, int64_t client)
{
	return is_for(plan, client) && plan->state == PLAN_ACTIVE;
}

/* R15: a plan raises the gap after clinic sessions, never lowers it. The plan is
 * that of the session's course, also while it is paused or closed: that heals no
 * wound. Without a course it is any active one of the client. */
static int32_t required_days(const struct client_history *history, const struct session *session,
    const struct policy *policy)
{
	int32_t days = (int32_t)policy_number(policy, PARAM_MIN_DAYS, session->start);

	for (size_t from = 0, to; from < history->plan_count; from = to) {
		to = course_end(history, from);
		if (session->course && session->course != history->plans[from].course)
			continue;
		const struct plan *plan = plan_at(history->plans, from, to, session->start);
		bool is_counted = session->course ? is_for(plan, history->client)
		                                  : is_active_for(plan, history->client);
		if (is_counted && plan->min_days > days)
			days = plan->min_days;
	}
	return days;
}

/* --- INTERVAL_TOO_SOON ---------------------------------------------------------- */

static void judge_too_soon(const struct client_history *history, size_t at,
    const struct policy *policy, struct timeline *timeline)
{
	const struct session *sessions = history->sessions;
	const struct session *session = &sessions[at];
	const struct session *latest = NULL; /* the one that allows latest (R15) */
	uint32_t zones = new_zones(sessions, at);
	int32_t required = required_days(history, session, policy);

	for (size_t j = at; j-- > 0;) {
		const struct session *earlier = &sessions[j];
		/* Sorted by time, but each dated in its own zone: one day of slack. */
		if (session->day - earlier->day > required + 1)
			break;
		if (!earlier->is_exposing || earlier->visit == session->visit ||
		    !zones_overlap(zones, earlier->zones))
			continue;
		if (!latest || earlier->day > latest->day)
			latest = earlier;
	}
	if (!latest)
		return;

	int32_t gap = session->day - latest->day;
	if (gap >= required)
		return;

	struct finding *finding =
	    timeline_add_to_session(timeline, CHECK_INTERVAL_TOO_SOON, "", session);
	if (!finding)
		return;
	finding->until = session->start; /* a start is a past fact */
	finding->severity = 2 * gap < required ? SEVERITY_HIGH : SEVERITY_MEDIUM;
	finding_set_value(finding, gap, required);
	finding->zones = zones & latest->zones ? zones & latest->zones : zones | latest->zones;
	finding->earliest_day = latest->day + required;
	finding_cite(finding, &latest->sid);
}

/* --- INTERVAL_OVERDUE ----------------------------------------------------------- */

/* What is known of one course while its clock runs: from `last` (the last
 * exposing session) to `end` (the start of the next one). */
struct overdue {
	const struct client_history *history;
	const struct policy *policy;
	size_t plan_from;
	size_t plan_to;
	const struct session *last;
	event_ms end;
	wall_ms now;
	struct timeline *timeline;
	struct finding *finding; /* one per onset, however often it holds again */
	int32_t held_max_days;   /* limit of the segment before if it held to its end, else 0 */
	int32_t held_first_day;
};

static event_ms timer_of(const struct overdue *o, int32_t day)
{
	return zone_time_at(o->policy->zone, day, TIMER_MINUTE_OF_DAY);
}

/* Completed sessions of the course that had ended at a moment. */
static int32_t completed_at(const struct overdue *o, event_ms at)
{
	int32_t completed = 0;

	for (size_t i = 0; i < o->history->session_count; i++) {
		const struct session *session = &o->history->sessions[i];
		if (session->course == o->last->course && session->is_completed &&
		    session->end <= at)
			completed++;
	}
	return completed;
}

/* The first moment after `at` at which plan or completed count may change. */
static event_ms next_break(const struct overdue *o, event_ms at)
{
	event_ms next = o->end;

	for (size_t i = o->plan_from; i < o->plan_to; i++)
		if (o->history->plans[i].from > at && o->history->plans[i].from < next)
			next = o->history->plans[i].from;
	for (size_t i = 0; i < o->history->session_count; i++) {
		const struct session *session = &o->history->sessions[i];
		if (session->course == o->last->course && session->is_completed &&
		    session->end > at && session->end < next)
			next = session->end;
	}
	return next;
}

static struct finding *overdue_finding(struct overdue *o)
{
	char subject[NAME_MAX_LEN];
	char onset[NAME_MAX_LEN];

	if (o->finding)
		return o->finding;
	snprintf(subject, sizeof(subject), "%" PRId64, o->last->course);
	session_name(o->last, onset, sizeof(onset));
	o->finding = timeline_add(o->timeline, CHECK_INTERVAL_OVERDUE, subject, onset);
	if (o->finding) {
		o->finding->from = TIME_NEVER;
		o->finding->client = o->history->client;
		o->finding->course = o->last->course;
		o->finding->zones = o->last->zones;
		finding_cite(o->finding, &o->last->sid);
	}
	return o->finding;
}

/* Severity, value and limit of the step that was reached by `reached` (R7). */
static void overdue_step(struct overdue *o, int32_t first_day, int32_t max_days, event_ms reached)
{
	struct finding *finding = o->finding;
	int32_t medium_limit = max_days + (int32_t)policy_number(o->policy,
	                                      PARAM_OVERDUE_MEDIUM_AFTER_DAYS, o->last->start);
	int32_t medium_day = o->last->day + medium_limit + 1;

	if (medium_day < first_day)
		medium_day = first_day;
	bool is_medium = timer_of(o, medium_day) <= reached;

	finding->severity = is_medium ? SEVERITY_MEDIUM : SEVERITY_LOW;
	finding->effective_day = is_medium ? medium_day : first_day;
	finding_set_value(
	    finding, finding->effective_day - o->last->day, is_medium ? medium_limit : max_days);
	if (!is_medium && finding->until == TIME_NEVER)
		timeline_wake_at(o->timeline, timer_of(o, medium_day));
}

static event_ms until_of(const struct overdue *o, event_ms to)
{
	return to <= o->now ? to : TIME_NEVER;
}

/* [from, to): plan and completed count are constant. What held before and is still
 * true goes on, also when another limit begins its own step only at 06:00. */
static void overdue_segment(struct overdue *o, event_ms from, event_ms to)
{
	const struct plan *plan = plan_at(o->history->plans, o->plan_from, o->plan_to, from);
	int32_t held_max_days = o->held_max_days;

	o->held_max_days = 0;
	if (!is_active_for(plan, o->history->client) || completed_at(o, from) >= plan->planned)
		return;

	int32_t max_days = plan->max_days
	                       ? plan->max_days
	                       : (int32_t)policy_number(o->policy, PARAM_MAX_DAYS, o->last->start);
	int32_t first_day = o->last->day + max_days + 1;
	int32_t today = zone_day(o->policy->zone, from);
	if (held_max_days && today >= first_day) {
		o->held_max_days = held_max_days;
		o->finding->until = until_of(o, to);
	}
	if (timer_of(o, first_day) < from) /* due before the plan said so */
		first_day = held_max_days == max_days ? o->held_first_day : today;
	event_ms first = timer_of(o, first_day);
	if (first >= to)
		return;
	if (first > o->now) {
		timeline_wake_at(o->timeline, first);
		return;
	}

	struct finding *finding = overdue_finding(o);
	if (!finding)
		return;
	if (first < finding->from)
		finding->from = first;
	finding->until = until_of(o, to);
	o->held_max_days = max_days;
	o->held_first_day = first_day;
	overdue_step(o, first_day, max_days, to <= o->now ? to - 1 : o->now);
}

static void judge_overdue(struct overdue *o)
{
	for (event_ms from = o->last->start; from < o->end;) {
		if (from > o->now) {
			timeline_wake_at(o->timeline, from);
			return;
		}
		event_ms to = next_break(o, from);
		overdue_segment(o, from, to);
		if (to > o->now && to != TIME_NEVER)
			timeline_wake_at(o->timeline, to);
		from = to;
	}
}

/* Every exposing session of the course starts the clock anew. */
static void judge_course(const struct client_history *history, size_t plan_from, size_t plan_to,
    const struct policy *policy, wall_ms now, struct timeline *timeline)
{
	int64_t course = history->plans[plan_from].course;
	struct overdue o = {
	    .history = history,
	    .policy = policy,
	    .plan_from = plan_from,
	    .plan_to = plan_to,
	    .now = now,
	    .timeline = timeline,
	};

	for (size_t i = 0; i <= history->session_count; i++) {
		const struct session *session =
		    i < history->session_count ? &history->sessions[i] : NULL;
		if (session && (session->course != course || !session->is_exposing))
			continue;
		if (o.last) {
			o.end = session ? session->start : TIME_NEVER;
			o.finding = NULL;
			o.held_max_days = 0;
			judge_overdue(&o);
		}
		o.last = session;
	}
}

void judge_client(struct client_history *history, const struct policy *policy, wall_ms now,
    struct timeline *timeline)
{
	mark_visits(history->sessions, history->session_count, policy);
	for (size_t i = 0; i < history->session_count; i++)
		if (history->sessions[i].has_start)
			judge_too_soon(history, i, policy, timeline);
	for (size_t from = 0, to; from < history->plan_count; from = to) {
		to = course_end(history, from);
		judge_course(history, from, to, policy, now, timeline);
	}
}
