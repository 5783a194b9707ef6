/* session_data.c - what is known around a session, and DATA_MISSING (R16). */
#include "care/judge/session.h"

/* --- the device ---------------------------------------------------------------------- */

/* Of a device that had not said or been given anything yet, the first that was. */
static const struct fact *about_device(const struct judging *j, enum reading_kind kind)
{
	int64_t topic = FACT_TOPIC(kind, 0);
	const struct fact *fact = facts_holding(j->scene->device, kind, j->session->start);

	return fact ? fact : facts_next(j->scene->device, topic, j->session->start);
}

const Carepace__V1__Hello *judging_hello(const struct judging *j)
{
	return scene_hello(j->scene, j->session->start);
}

bool judging_model(const struct judging *j, uint32_t *model)
{
	const Carepace__V1__Hello *hello = judging_hello(j);
	const struct fact *device = about_device(j, READING_DEVICE);
	const struct fact *assign = about_device(j, READING_DEVICE_ASSIGN);

	if (hello)
		*model = hello->model;
	else if (device && device->reading.order->device->has_model)
		*model = device->reading.order->device->model;
	else if (assign && assign->reading.order->device_assign->has_model)
		*model = assign->reading.order->device_assign->model;
	else
		return false;
	return true;
}

const Carepace__V1__ModelProfile *judging_profile(const struct judging *j)
{
	uint32_t model;

	return judging_model(j, &model) ? policy_profile(j->policy, model, j->session->start)
	                                : NULL;
}

/* --- the operator ---------------------------------------------------------------------- */

/* RF needs leave of its own (8.7). */
static bool is_for_device(const struct judging *j, const Carepace__V1__Cert *cert, uint32_t model)
{
	if (j->session->modality == MODALITY_RF && !cert->rf_allowed)
		return false;
	for (size_t i = 0; i < cert->n_model; i++)
		if (cert->model[i] == model)
			return true;
	return false;
}

/* The longer it is good for, the better; of equals the deeper. */
static bool is_better(const Carepace__V1__Cert *a, const Carepace__V1__Cert *b)
{
	if (a->valid_through_date != b->valid_through_date)
		return a->valid_through_date > b->valid_through_date;
	return b->has_max_depth_um && (!a->has_max_depth_um || a->max_depth_um > b->max_depth_um);
}

const Carepace__V1__Cert *judging_cert(const struct judging *j, event_ms at)
{
	struct facts facts = j->scene->operator;
	const Carepace__V1__Cert *best = NULL;
	uint32_t model;

	if (!judging_model(j, &model))
		return NULL;
	for (size_t i = 0; i < facts.count; i++) {
		if (facts.items[i].reading.kind != READING_CERT || !fact_holds(&facts.items[i], at))
			continue;
		const Carepace__V1__Cert *cert = facts.items[i].reading.order->cert;
		if (is_for_device(j, cert, model) && (!best || is_better(cert, best)))
			best = cert;
	}
	return best;
}

/* --- the client -------------------------------------------------------------------------- */

const Carepace__V1__ClientFlags *judging_flags(const struct judging *j)
{
	const struct fact *flags =
	    facts_holding(j->scene->client, READING_CLIENT_FLAGS, j->session->start);

	return flags ? flags->reading.order->client_flags : NULL;
}

/* --- what clears ---------------------------------------------------------------------------- */

void judge_clear_by(const struct judging *j, struct finding *finding, event_ms event)
{
	bool is_to_come = event > j->now;

	if (is_to_come)
		timeline_wake_at(j->timeline, event);
	finding_clear_by(finding, j->session, is_to_come ? TIME_NEVER : event);
}

/* --- DATA_MISSING -------------------------------------------------------------------------- */

void judge_missing(const struct judging *j, const char *group)
{
	char subject[NAME_MAX_LEN];

	session_name(j->session, subject, sizeof(subject));
	if (timeline_find(j->timeline, CHECK_DATA_MISSING, subject, group))
		return;
	struct finding *finding =
	    timeline_add_to_session(j->timeline, CHECK_DATA_MISSING, group, j->session);
	if (!finding)
		return;
	finding->severity = SEVERITY_LOW;
	finding->until = finding->from;
}

/* What most checks need; the flags are judge_eligibility's. A test session has no client
 * by R22. */
void judge_data(const struct judging *j)
{
	const struct session *session = j->session;

	if (session->has_odd_end)
		judge_missing(j, MISSING_END);
	if (!session->has_start) {
		judge_missing(j, MISSING_START); /* nothing else is known either (R23) */
		return;
	}
	if (session->ts_source == TS_UNKNOWN) /* else GW_CLOCK says it */
		judge_missing(j, MISSING_CLOCK);
	if (!session->client && !session->is_test)
		judge_missing(j, MISSING_CLIENT);
	if (!session->operator_no)
		judge_missing(j, MISSING_OPERATOR);
	if (!judging_profile(j))
		judge_missing(j, MISSING_PROFILE);
	if (!session->zones)
		judge_missing(j, MISSING_ZONES);
}
