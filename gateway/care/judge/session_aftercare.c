/* session_aftercare.c - what the skin must wait for after a treatment (domain 2.6).
 *
 * Waits run from the session's end in elapsed time (R4): summer time does not move them.
 */
#include "care/judge.h"
#include "care/judge/session.h"

#include "care/time/zone.h"

static enum parameter hours_of(Carepace__V1__CareKind kind, enum modality modality)
{
	static const enum parameter rows[] = {
	    [CAREPACE__V1__CARE_KIND__CARE_MOISTURIZER] = PARAM_CARE_MOISTURIZER_HOURS,
	    [CAREPACE__V1__CARE_KIND__CARE_HYDROGEL_DRESSING] = PARAM_CARE_HYDROGEL_HOURS,
	    [CAREPACE__V1__CARE_KIND__CARE_SUNSCREEN] = PARAM_CARE_SUNSCREEN_HOURS,
	    [CAREPACE__V1__CARE_KIND__CARE_MAKEUP] = PARAM_CARE_MAKEUP_HOURS,
	    [CAREPACE__V1__CARE_KIND__CARE_ACTIVES] = PARAM_CARE_ACTIVES_HOURS,
	    [CAREPACE__V1__CARE_KIND__CARE_EXERCISE] = PARAM_CARE_EXERCISE_HOURS,
	    [CAREPACE__V1__CARE_KIND__CARE_SUN] = PARAM_CARE_SUN_HOURS,
	    [CAREPACE__V1__CARE_KIND__CARE_HEAT] = PARAM_CARE_HEAT_HOURS,
	    [CAREPACE__V1__CARE_KIND__CARE_SWIM] = PARAM_CARE_SWIM_HOURS,
	    [CAREPACE__V1__CARE_KIND__CARE_BOTULINUM] = PARAM_CARE_BOTULINUM_HOURS,
	    [CAREPACE__V1__CARE_KIND__CARE_FILLER] = PARAM_CARE_FILLER_HOURS,
	};

	if (kind == CAREPACE__V1__CARE_KIND__CARE_MAKEUP && modality == MODALITY_RF)
		return PARAM_CARE_MAKEUP_RF_HOURS;
	return (size_t)kind < CP_COUNT(rows) ? rows[kind] : PARAMETERS;
}

static int64_t wait_of(const struct judging *j, Carepace__V1__CareKind kind, event_ms at)
{
	enum parameter hours = hours_of(kind, j->session->modality);

	if (hours == PARAMETERS || kind == CAREPACE__V1__CARE_KIND__CARE_UNSPECIFIED)
		return 0;
	return MS_PER_HOUR *
	       policy_number_for(j->policy, hours, at, j->session->modality, j->session->zones);
}

/* --- AFTERCARE_EARLY ------------------------------------------------------------------ */

/* Before the end of the session is as early as can be. */
static void judge_early(
    const struct judging *j, const struct fact *fact, const Carepace__V1__Aftercare *care)
{
	const struct session *session = j->session;
	event_ms at = fact->reading.ts;
	int64_t wait_ms = wait_of(j, care->kind, at);
	int64_t elapsed_ms = at > session->end ? at - session->end : 0;
	char name[FACT_NAME_BYTES];

	if (at < session->start || elapsed_ms >= wait_ms)
		return;
	fact_name(fact, name);
	struct finding *finding = timeline_add(j->timeline, CHECK_AFTERCARE_EARLY, name, "");
	if (!finding)
		return;
	finding->from = at;
	finding->until = session->end + wait_ms;
	if (finding->until > j->now) {
		timeline_wake_at(j->timeline, finding->until);
		finding->until = TIME_NEVER;
	}
	finding->severity = SEVERITY_LOW;
	finding_set_value(finding, elapsed_ms, wait_ms);
	finding->effective_day = zone_day(j->policy->zone, at);
	finding->session = session->no;
	finding->client = session->client;
	finding->course = session->course;
	finding->zones = session->zones;
	finding->is_test = session->is_test || fact->reading.is_test;
	finding_cite(finding, &session->sid);
}

/* --- AFTERCARE_OPEN ------------------------------------------------------------------- */

static void judge_open(const struct judging *j)
{
	const struct session *session = j->session;
	int64_t wait_ms = wait_of(j, CAREPACE__V1__CARE_KIND__CARE_MOISTURIZER, session->end);
	event_ms open_at = session->end + wait_ms;

	if (open_at > j->now) {
		timeline_wake_at(j->timeline, open_at);
		return;
	}
	struct finding *finding =
	    timeline_add_to_session(j->timeline, CHECK_AFTERCARE_OPEN, "", session);
	if (!finding)
		return;
	finding->from = finding->until = open_at;
	finding->severity = SEVERITY_INFO;
	finding_set_value(finding, wait_ms, wait_ms);
}

int64_t aftercare_longest_ms(const struct policy *policy)
{
	int64_t longest_hours = 0;

	for (enum parameter row = 0; row < PARAMETERS; row++)
		if (parameters[row].check == CHECK_AFTERCARE_EARLY &&
		    policy_highest(policy, row) > longest_hours)
			longest_hours = policy_highest(policy, row);
	return longest_hours * MS_PER_HOUR;
}

/* --- all ---------------------------------------------------------------------------------- */

void judge_aftercare(const struct judging *j)
{
	struct facts facts = j->scene->tablet;

	if (session_is_open(j->session) || !j->session->is_exposing)
		return;
	judge_open(j);
	for (size_t i = 0; i < facts.count; i++) {
		const struct fact *fact = &facts.items[i];
		if (fact->reading.kind == READING_AFTERCARE)
			judge_early(j, fact, fact->reading.up->aftercare);
		else if (fact->reading.kind == READING_HQ_AFTERCARE && fact_holds(fact, TIME_NEVER))
			judge_early(j, fact, fact->reading.order->aftercare);
	}
}
