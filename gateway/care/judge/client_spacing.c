/* client_spacing.c - is it too soon to treat again? (domain 2.1, R13 to R15) */
#include "care/judge/client.h"

/* --- the required gap ------------------------------------------------------------------- */

/* A roller at home by the length of its needles; not said, as the longest. */
static enum parameter roller_days(const struct treatment *use)
{
	if (use->needle_um == UNKNOWN_UM || use->needle_um > 500)
		return PARAM_ROLLER_DAYS_LONG;
	return use->needle_um > 250 ? PARAM_ROLLER_DAYS_MIDDLE : PARAM_ROLLER_DAYS_SHORT;
}

static const Carepace__V1__ModelProfile *profile_of(
    const struct client_walk *walk, const struct treatment *treatment, event_ms at)
{
	const struct session *session = treatment->session;

	return session && session->model != MODEL_UNKNOWN
	           ? policy_profile(walk->policy, (uint32_t)session->model, at)
	           : NULL;
}

/* R15: what the skin needs after an earlier treatment, before the plan is asked. */
static int32_t healing_days(
    const struct client_walk *walk, const struct treatment *earlier, event_ms at)
{
	if (!is_in_clinic(earlier))
		return (int32_t)policy_number_for(
		    walk->policy, roller_days(earlier), at, earlier->modality, earlier->zones);
	const Carepace__V1__ModelProfile *profile = profile_of(walk, earlier, at);
	if (profile && profile->min_days)
		return (int32_t)profile->min_days;
	return (int32_t)policy_number_for(
	    walk->policy, PARAM_MIN_DAYS, at, earlier->modality, earlier->zones);
}

/* R15: a plan raises the gap after clinic sessions, never lowers it. The plan is
 * that of the session's course, also while it is paused or closed: that heals no
 * wound. Without a course it is any active one of the client. */
static int32_t planned_days(const struct client_walk *walk, const struct intent *intent)
{
	struct course course = {0};
	int32_t days = 0;

	while (course_next(walk, &course)) {
		if (intent->course && intent->course != course.no)
			continue;
		const struct plan *plan = intent->course
		                              ? course_plan(walk, &course, intent->at)
		                              : course_active_plan(walk, &course, intent->at);
		if (plan && plan->min_days > days)
			days = plan->min_days;
	}
	return days;
}

/* Far enough for every gap that any policy, profile or plan could ask for. */
int32_t spacing_longest_days(const struct client_walk *walk)
{
	static const enum parameter gaps[] = {PARAM_MIN_DAYS, PARAM_ROLLER_DAYS_SHORT,
	    PARAM_ROLLER_DAYS_MIDDLE, PARAM_ROLLER_DAYS_LONG};
	const struct facts *profiles = &walk->policy->profiles;
	int64_t longest = 0;

	for (size_t i = 0; i < CP_COUNT(gaps); i++) {
		int64_t days = policy_highest(walk->policy, gaps[i]);
		longest = days > longest ? days : longest;
	}
	for (size_t i = 0; i < profiles->count; i++)
		if (profiles->items[i].reading.order->model_profile->min_days > longest)
			longest = profiles->items[i].reading.order->model_profile->min_days;
	for (size_t i = 0; i < walk->history->plan_count; i++)
		if (walk->history->plans[i].min_days > longest)
			longest = walk->history->plans[i].min_days;
	return (int32_t)longest;
}

/* --- looking back ------------------------------------------------------------------------- */

bool spacing_look_back(
    const struct client_walk *walk, const struct intent *intent, struct earlier *out)
{
	int32_t planned = planned_days(walk, intent);

	*out = (struct earlier){0};
	for (size_t i = intent->before; i-- > 0;) {
		const struct treatment *earlier = &walk->treatments[i];
		/* Sorted by time, but each dated in its own zone: two days of slack. */
		if (intent->day - earlier->day > walk->longest_days + 2)
			break;
		if (!earlier->is_exposing || earlier->visit == intent->visit ||
		    !zones_overlap(intent->zones, earlier->zones))
			continue;
		int32_t required = healing_days(walk, earlier, intent->at);
		if (is_in_clinic(earlier) && planned > required)
			required = planned;
		if (out->treatment && earlier->day + required <= out->earliest_day)
			continue;
		*out = (struct earlier){.treatment = earlier,
		    .required_days = required,
		    .earliest_day = earlier->day + required};
	}
	if (!out->treatment || intent->day >= out->earliest_day)
		return false;
	uint32_t common = intent->zones & out->treatment->zones;
	out->zones = common ? common : intent->zones | out->treatment->zones;
	return true;
}

void spacing_fill(struct finding *finding, const struct intent *intent, const struct earlier *found)
{
	finding_set_value(finding, intent->day - found->treatment->day, found->required_days);
	finding->zones = found->zones;
	finding->earliest_day = found->earliest_day;
	if (!id_is_zero(&found->treatment->sid))
		finding_cite(finding, &found->treatment->sid);
}

/* The zones that a session brings into its visit; all of them if it opens it. */
static uint32_t new_zones(const struct client_walk *walk, size_t at)
{
	const struct treatment *items = walk->treatments;
	uint32_t zones = items[at].zones;

	for (size_t i = at; items[at].visit != at && i-- > items[at].visit;)
		if (items[i].visit == items[at].visit)
			zones &= ~items[i].zones;
	return zones;
}

static struct intent intent_of(const struct client_walk *walk, size_t at)
{
	const struct treatment *treatment = &walk->treatments[at];

	return (struct intent){
	    .at = treatment->start,
	    .day = treatment->day,
	    .zones = new_zones(walk, at),
	    .course = treatment->course,
	    .before = at,
	    .visit = treatment->visit,
	};
}

/* --- INTERVAL_TOO_SOON ---------------------------------------------------------------------- */

static void judge_session_spacing(const struct client_walk *walk, size_t at)
{
	const struct session *session = walk->treatments[at].session;
	struct intent intent = intent_of(walk, at);
	struct earlier found;

	if (!session->has_start || session_is_undated(session) ||
	    !spacing_look_back(walk, &intent, &found))
		return;
	struct finding *finding =
	    timeline_add_to_session(walk->timeline, CHECK_INTERVAL_TOO_SOON, "", session);
	if (!finding)
		return;
	finding->until = session->start; /* a start is a past fact */
	spacing_fill(finding, &intent, &found);
	finding->severity = 2 * finding->value < finding->limit ? SEVERITY_HIGH : SEVERITY_MEDIUM;
}

/* --- ROLLER_TOO_SOON -------------------------------------------------------------------------- */

static void judge_roller_spacing(const struct client_walk *walk, size_t at)
{
	const struct treatment *use = &walk->treatments[at];
	struct intent intent = intent_of(walk, at);
	struct earlier found;
	char name[NAME_MAX_LEN];

	if (!spacing_look_back(walk, &intent, &found))
		return;
	fact_name(use->event, name);
	struct finding *finding = timeline_add(walk->timeline, CHECK_ROLLER_TOO_SOON, name, "");
	if (!finding)
		return;
	finding->from = finding->until = use->start;
	finding->effective_day = use->day;
	finding->client = walk->history->client;
	finding->severity = SEVERITY_MEDIUM;
	spacing_fill(finding, &intent, &found);
}

void judge_spacing(const struct client_walk *walk)
{
	for (size_t i = 0; i < walk->count; i++) {
		if (walk->treatments[i].session)
			judge_session_spacing(walk, i);
		else if (walk->treatments[i].event)
			judge_roller_spacing(walk, i);
	}
}
