/* judge_session_eligibility.c - may this client be treated? (domain 8.2) */
#include "care/judge_session.h"

/* --- AGE_LIMIT -------------------------------------------------------------------- */

static void judge_age(const struct judging *j, const Carepace__V1__ClientFlags *flags)
{
	bool is_minor = flags->has_age_ok_18 && !flags->age_ok_18;
	bool is_young = flags->has_age_ok_22 && !flags->age_ok_22;

	if (!is_minor && !is_young)
		return;
	struct finding *finding =
	    timeline_add_to_session(j->timeline, CHECK_AGE_LIMIT, "", j->session);
	if (!finding)
		return;
	finding->severity = is_minor ? SEVERITY_CRITICAL : SEVERITY_LOW;
	finding_clear_by(finding, j->session, TIME_NEVER);
}

/* --- all --------------------------------------------------------------------------- */

void judge_eligibility(const struct judging *j)
{
	const struct fact *flags =
	    facts_holding(j->scene->client, READING_CLIENT_FLAGS, j->session->start);

	if (!j->session->has_start || !flags)
		return;
	judge_age(j, flags->reading.order->client_flags);
}
