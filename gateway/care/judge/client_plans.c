/* client_plans.c - what is planned for a client, and whether it makes sense
 * (domain 2.2, 2.3, 8.1). */
#include "care/judge/client.h"

#include "care/time/zone.h"

#include <inttypes.h>
#include <stdio.h>

/* --- courses -------------------------------------------------------------------------- */

bool course_next(const struct client_walk *walk, struct course *course)
{
	const struct plan *end = walk->history->plans + walk->history->plan_count;
	const struct plan *from =
	    course->plans ? course->plans + course->count : walk->history->plans;

	if (from == end)
		return false;
	*course = (struct course){.no = from->course, .plans = from};
	while (from + course->count < end && from[course->count].course == course->no)
		course->count++;
	return true;
}

bool course_find(const struct client_walk *walk, int64_t no, struct course *course)
{
	*course = (struct course){0};
	while (no && course_next(walk, course))
		if (course->no == no)
			return true;
	return false;
}

const struct plan *course_plan(
    const struct client_walk *walk, const struct course *course, event_ms at)
{
	const struct plan *plan = plans_at(course->plans, course->count, at);

	return plan && plan->client == walk->history->client ? plan : NULL;
}

const struct plan *course_active_plan(
    const struct client_walk *walk, const struct course *course, event_ms at)
{
	const struct plan *plan = course_plan(walk, course, at);

	return plan && plan->state == PLAN_ACTIVE ? plan : NULL;
}

event_ms course_next_plan(const struct course *course, event_ms after)
{
	event_ms next = TIME_NEVER;

	for (size_t i = 0; i < course->count; i++) {
		const struct plan *plan = &course->plans[i];
		if (plan->from > after && plan->from < next)
			next = plan->from;
		if (plan->until > after && plan->until < next)
			next = plan->until;
	}
	return next;
}

struct finding *course_finding(
    const struct client_walk *walk, enum check check, int64_t course, const char *onset)
{
	char subject[NAME_MAX_LEN];

	snprintf(subject, sizeof(subject), "%" PRId64, course);
	struct finding *finding = timeline_add(walk->timeline, check, subject, onset);
	if (finding) {
		finding->client = walk->history->client;
		finding->course = course;
	}
	return finding;
}

struct band_range band_range_of(const struct policy *policy, int32_t band, event_ms at)
{
	static const struct {
		enum parameter min;
		enum parameter max;
	} rows[] = {
	    [CAREPACE__V1__BAND__BAND_SINGLE] = {PARAM_SINGLE_MIN, PARAM_SINGLE_MAX},
	    [CAREPACE__V1__BAND__BAND_MILD] = {PARAM_MILD_MIN, PARAM_MILD_MAX},
	    [CAREPACE__V1__BAND__BAND_MOD_SEVERE] = {PARAM_MOD_SEVERE_MIN, PARAM_MOD_SEVERE_MAX},
	    [CAREPACE__V1__BAND__BAND_TRANSFORM] = {PARAM_TRANSFORM_MIN, PARAM_TRANSFORM_MAX},
	};

	if (band <= 0 || (size_t)band >= CP_COUNT(rows))
		return (struct band_range){0};
	return (struct band_range){.min = (int32_t)policy_number(policy, rows[band].min, at),
	    .max = (int32_t)policy_number(policy, rows[band].max, at)};
}

/* --- what holds from one revision on ------------------------------------------------------ */

/* One plan, judged as it was told: true with severity, value and limit filled. */
typedef bool plan_fn(const struct policy *policy, const struct plan *plan, struct finding *out);

/* COURSE_PLAN_RANGE; the nearer end of the band is the limit. */
static bool is_out_of_range(
    const struct policy *policy, const struct plan *plan, struct finding *out)
{
	struct band_range range = band_range_of(policy, plan->band, plan->from);

	if (!range.max || (plan->planned >= range.min && plan->planned <= range.max))
		return false;
	out->severity = SEVERITY_LOW;
	finding_set_value(out, plan->planned, plan->planned < range.min ? range.min : range.max);
	return true;
}

/* MODALITY_MISMATCH: traditional or home rollers alone for what RF is suited to (2.3). */
static bool is_mismatch(const struct policy *policy, const struct plan *plan, struct finding *out)
{
	const uint32_t traditional =
	    1U << MODALITY_PEN | 1U << MODALITY_STAMP | 1U << MODALITY_ROLLER;
	const uint32_t at_home = 1U << MODALITY_HOME_ROLLER;
	bool is_demanding = plan->band == CAREPACE__V1__BAND__BAND_MOD_SEVERE ||
	                    plan->band == CAREPACE__V1__BAND__BAND_TRANSFORM;

	(void)policy;
	if (!is_demanding || !plan->modalities ||
	    (plan->modalities & ~traditional && plan->modalities & ~at_home))
		return false;
	out->severity = SEVERITY_INFO;
	return true;
}

/* From the revision that brought it to the one that ends it: one finding, however many
 * say the same in between. A closed course is nobody's plan. */
static void judge_revisions(
    const struct client_walk *walk, const struct course *course, enum check check, plan_fn *holds)
{
	struct finding *finding = NULL;

	for (event_ms at = course_next_plan(course, INT64_MIN); at != TIME_NEVER;
	     at = course_next_plan(course, at)) {
		if (at > walk->now) { /* announced for later */
			timeline_wake_at(walk->timeline, at);
			return;
		}
		const struct plan *plan = course_plan(walk, course, at);
		struct finding now = {0};
		bool is_held =
		    plan && plan->state != PLAN_CLOSED && holds(walk->policy, plan, &now);

		if (finding && !is_held) {
			finding->until = at;
			finding = NULL;
		} else if (is_held && !finding) {
			char onset[NAME_MAX_LEN];
			fact_name(plan->said, onset);
			finding = course_finding(walk, check, course->no, onset);
			if (!finding)
				return;
			finding->from = at;
			finding->effective_day = zone_day(walk->policy->zone, at);
		}
		if (finding) {
			finding->severity = now.severity;
			finding_set_value(finding, now.value, now.limit);
		}
	}
}

/* --- NO_PLAN --------------------------------------------------------------------------------- */

static bool has_active_plan(const struct client_walk *walk, event_ms at)
{
	struct course course = {0};

	while (course_next(walk, &course))
		if (course_active_plan(walk, &course, at))
			return true;
	return false;
}

static event_ms next_active_plan(const struct client_walk *walk, event_ms after)
{
	event_ms first = TIME_NEVER;

	for (size_t i = 0; i < walk->history->plan_count; i++) {
		event_ms from = walk->history->plans[i].from;
		if (from > after && from < first && has_active_plan(walk, from))
			first = from;
	}
	return first;
}

static void judge_no_plan(const struct client_walk *walk, const struct session *session)
{
	if (!session->has_start || has_active_plan(walk, session->start))
		return;
	struct finding *finding =
	    timeline_add_to_session(walk->timeline, CHECK_NO_PLAN, "", session);
	if (!finding)
		return;
	finding->severity = SEVERITY_INFO;
	event_ms came = next_active_plan(walk, session->start);
	if (came > walk->now)
		timeline_wake_at(walk->timeline, came);
	finding_clear_by(finding, session, came > walk->now ? TIME_NEVER : came);
}

/* --- all -----------------------------------------------------------------------------------------
 */

void judge_plans(const struct client_walk *walk)
{
	struct course course = {0};

	for (size_t i = 0; i < walk->history->session_count; i++)
		judge_no_plan(walk, &walk->history->sessions[i]);
	while (course_next(walk, &course)) {
		judge_revisions(walk, &course, CHECK_COURSE_PLAN_RANGE, is_out_of_range);
		judge_revisions(walk, &course, CHECK_MODALITY_MISMATCH, is_mismatch);
	}
}
