/* client_progress.c - how far a course has come (domain 2.2), and whether its
 * outcome may be assessed yet. */
#include "care/judge/client.h"

#include "care/time/zone.h"

/* --- COURSE_COUNT_OVER -------------------------------------------------------------------- */

/* What no phase says is taken for a series: it counts. */
static void judge_count_over(
    const struct client_walk *walk, const struct course *course, const struct session *session)
{
	const struct plan *plan = course_plan(walk, course, session->start);

	if (!plan || !session->has_start || session->phase == PHASE_MAINTENANCE)
		return;
	int32_t most = (int32_t)policy_number(walk->policy, PARAM_COURSE_MOST, session->start);
	int32_t max = band_range_of(walk->policy, plan->band, session->start).max;
	if (max == 0 || max > most)
		max = most;
	int32_t count = course_completed(walk, course->no, session->start) + 1;
	if (count <= max)
		return;
	struct finding *finding =
	    timeline_add_to_session(walk->timeline, CHECK_COURSE_COUNT_OVER, "", session);
	if (!finding)
		return;
	finding->until = session->start; /* a start is a past fact */
	finding->severity = SEVERITY_MEDIUM;
	finding_set_value(finding, count, max);
}

/* --- COURSE_MIN_REACHED, COURSE_COMPLETE ----------------------------------------------------- */

static void add_reached(const struct client_walk *walk, const struct course *course,
    enum check check, const struct session *session, int32_t count)
{
	char onset[NAME_MAX_LEN];

	session_name(session, onset, sizeof(onset));
	struct finding *finding = course_finding(walk, check, course->no, onset);
	if (!finding)
		return;
	finding->from = finding->until = session->end;
	finding->effective_day = zone_day(walk->policy->zone, session->end);
	finding->severity = SEVERITY_INFO;
	finding_set_value(finding, count, count);
	finding_cite(finding, &session->sid);
}

static void judge_reached(
    const struct client_walk *walk, const struct course *course, const struct treatment *treatment)
{
	int32_t count = treatment->place;
	const struct plan *plan = course_plan(walk, course, treatment->end);

	if (!plan || !count)
		return;
	if (count == band_range_of(walk->policy, plan->band, treatment->end).min)
		add_reached(walk, course, CHECK_COURSE_MIN_REACHED, treatment->session, count);
	if (count == plan->planned)
		add_reached(walk, course, CHECK_COURSE_COMPLETE, treatment->session, count);
}

/* --- ASSESS_EARLY ---------------------------------------------------------------------------- */

/* The last exposing clinic session before it; of its course, if it names one. */
static const struct treatment *last_before(
    const struct client_walk *walk, int64_t course, event_ms at)
{
	for (size_t i = walk->count; i-- > 0;) {
		const struct treatment *treatment = &walk->treatments[i];
		if (treatment->start <= at && treatment->is_exposing && is_in_clinic(treatment) &&
		    (!course || treatment->course == course))
			return treatment;
	}
	return NULL;
}

static void judge_assessment(const struct client_walk *walk, const struct fact *fact)
{
	int64_t course = (int64_t)fact->reading.up->assessment->course;
	event_ms at = fact->reading.ts;
	const struct treatment *last = last_before(walk, course, at);
	int64_t min_days = policy_number(walk->policy, PARAM_ASSESS_MIN_DAYS, at);
	int32_t day = zone_day(walk->policy->zone, at);
	char name[NAME_MAX_LEN];

	if (!last || day - last->day >= min_days)
		return;
	fact_name(fact, name);
	struct finding *finding = timeline_add(walk->timeline, CHECK_ASSESS_EARLY, name, "");
	if (!finding)
		return;
	finding->from = finding->until = at;
	finding->effective_day = day;
	finding->client = walk->history->client;
	finding->course = course;
	finding->severity = SEVERITY_INFO;
	finding->earliest_day = last->day + (int32_t)min_days;
	finding_set_value(finding, day - last->day, min_days);
	finding_cite(finding, &last->sid);
}

/* --- all ----------------------------------------------------------------------------------------
 */

void judge_progress(const struct client_walk *walk)
{
	struct facts facts = walk->history->facts;
	struct course course;

	for (size_t i = 0; i < walk->count; i++) {
		const struct session *session = walk->treatments[i].session;
		if (!session || !course_find(walk, session->course, &course))
			continue;
		judge_count_over(walk, &course, session);
		judge_reached(walk, &course, &walk->treatments[i]);
	}
	for (size_t i = 0; i < facts.count; i++)
		if (facts.items[i].reading.kind == READING_ASSESSMENT &&
		    !facts.items[i].reading.is_test)
			judge_assessment(walk, &facts.items[i]);
}
