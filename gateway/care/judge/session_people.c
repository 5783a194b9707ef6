/* session_people.c - who treats, where and when (domain 8.7). */
#include "care/judge/session.h"

#include "care/time/civil.h"
#include "care/time/opening.h"
#include "care/time/zone.h"

#include <stdlib.h>
#include <string.h>

static struct finding *add(const struct judging *j, enum check check, enum severity severity)
{
	struct finding *finding = timeline_add_to_session(j->timeline, check, "", j->session);

	if (finding)
		finding->severity = severity;
	return finding;
}

/* --- OPERATOR_UNCERTIFIED, CERT_EXPIRED ------------------------------------------------ */

/* Good until midnight of its last day (R6). */
static bool is_valid(const Carepace__V1__Cert *cert, int32_t day)
{
	return cert && civil_to_yyyymmdd(day) <= cert->valid_through_date;
}

static event_ms certified_at(const struct judging *j)
{
	struct facts facts = j->scene->operator;

	for (size_t i = 0; i < facts.count; i++) {
		event_ms at = facts.items[i].reading.ts;
		if (facts.items[i].reading.kind == READING_CERT && at > j->session->start &&
		    is_valid(judging_cert(j, at), zone_day(j->policy->zone, at)))
			return at;
	}
	return TIME_NEVER;
}

/* One that has run out is CERT_EXPIRED only. */
static void judge_certificate(const struct judging *j)
{
	uint32_t model;

	if (!j->session->operator_no)
		return;
	if (!judging_model(j, &model)) {
		judge_missing(j, MISSING_PROFILE);
		return;
	}
	const Carepace__V1__Cert *cert = judging_cert(j, j->session->start);
	if (is_valid(cert, j->session->day) || (cert && session_is_undated(j->session)))
		return;
	struct finding *finding =
	    add(j, cert ? CHECK_CERT_EXPIRED : CHECK_OPERATOR_UNCERTIFIED, SEVERITY_HIGH);
	if (!finding)
		return;
	if (cert)
		finding_set_value(
		    finding, civil_to_yyyymmdd(j->session->day), cert->valid_through_date);
	judge_clear_by(j, finding, certified_at(j));
}

/* --- UNAUTHORISED_USE --------------------------------------------------------------------- */

/* A booking of the client here, at most so long before or after the start, as known at
 * a moment. */
static bool is_booked(const struct judging *j, const struct fact *fact, event_ms at)
{
	int64_t reach_ms =
	    MS_PER_MINUTE * policy_number(j->policy, PARAM_BOOKING_MINUTES, j->session->start);

	if (fact->reading.kind != READING_BOOKING)
		return false;
	const Carepace__V1__Booking *booking = fact->reading.order->booking;
	return llabs(booking->start_ts_ms - j->session->start) <= reach_ms &&
	       booking->state == CAREPACE__V1__BOOKING_STATE__BOOKING_BOOKED &&
	       policy_is_here(j->policy, booking->site) && fact_holds(fact, at);
}

/* When the booking was known: the start if it was by then. */
static event_ms booked_at(const struct judging *j)
{
	struct facts facts = j->scene->client;

	for (size_t i = 0; i < facts.count; i++)
		if (is_booked(j, &facts.items[i], j->session->start))
			return j->session->start;
	for (size_t i = 0; i < facts.count; i++)
		if (facts.items[i].reading.ts > j->session->start &&
		    is_booked(j, &facts.items[i], facts.items[i].reading.ts))
			return facts.items[i].reading.ts;
	return TIME_NEVER;
}

/* R22: a test has no client. Whether a forgotten one had booked is not asked. */
static void judge_authorisation(const struct judging *j)
{
	const struct session *session = j->session;
	bool is_named = session->client && session->operator_no;
	event_ms linked = is_named ? booked_at(j) : TIME_NEVER;

	if (session->is_test || linked == session->start ||
	    (is_named && !session_has_client(session)))
		return;
	struct finding *finding = add(j, CHECK_UNAUTHORISED_USE, SEVERITY_MEDIUM);
	if (finding)
		judge_clear_by(j, finding, linked);
}

/* --- OUT_OF_HOURS ---------------------------------------------------------------------------- */

static bool is_open(const struct judging *j, const Carepace__V1__Calendar *calendar, int32_t day)
{
	event_ms start = j->session->start;
	int64_t slack_ms =
	    MS_PER_MINUTE * policy_number(j->policy, PARAM_HOURS_SLACK_MINUTES, start);
	struct span spans[OPENINGS_MAX];
	size_t count = opening_spans(j->policy, calendar, day, spans);

	for (size_t i = 0; i < count; i++)
		if (start >= spans[i].from - slack_ms && start <= spans[i].until + slack_ms)
			return true;
	return false;
}

/* The slack reaches over midnight. */
static void judge_hours(const struct judging *j)
{
	const Carepace__V1__Calendar *calendar = policy_calendar(j->policy, j->session->start);
	int32_t day = j->session->day;

	if (!calendar || is_open(j, calendar, day) || is_open(j, calendar, day - 1) ||
	    is_open(j, calendar, day + 1))
		return;
	struct finding *finding = add(j, CHECK_OUT_OF_HOURS, SEVERITY_LOW);
	if (finding)
		finding->until = finding->from; /* the start is past */
}

/* --- WRONG_SITE ---------------------------------------------------------------------------------
 */

/* Where a fact about the device says that it belongs; NULL: nowhere. */
static const char *site_of(const struct fact *fact)
{
	const struct reading *reading = &fact->reading;

	return reading->kind == READING_DEVICE_ASSIGN ? reading->order->device_assign->site
	       : reading->kind == READING_DEVICE      ? reading->order->device->site
	                                              : NULL;
}

static void judge_site(const struct judging *j)
{
	struct facts facts = j->scene->device;
	const char *site = NULL;
	event_ms back = TIME_NEVER;

	for (size_t i = 0; i < facts.count; i++) {
		const struct fact *fact = &facts.items[i];
		const char *said = site_of(fact);
		if (!said)
			continue;
		if (fact_holds(fact, j->session->start))
			site = said;
		else if (fact->reading.ts > j->session->start && policy_is_here(j->policy, said) &&
		         back == TIME_NEVER && fact_holds(fact, fact->reading.ts))
			back = fact->reading.ts;
	}
	if (policy_is_here(j->policy, site))
		return;
	struct finding *finding = add(j, CHECK_WRONG_SITE, SEVERITY_MEDIUM);
	if (finding)
		judge_clear_by(j, finding, back);
}

/* --- HOME_RF
 * --------------------------------------------------------------------------------------- */

static void judge_home(const struct judging *j)
{
	const Carepace__V1__Hello *hello = judging_hello(j);

	if (!hello || hello->context != CAREPACE__V1__CONTEXT__CONTEXT_HOME ||
	    (j->session->modality != MODALITY_RF &&
	        hello->kind != CAREPACE__V1__DEVICE_KIND__DEVICE_RF))
		return;
	struct finding *finding = add(j, CHECK_HOME_RF, SEVERITY_CRITICAL);
	if (finding && !session_is_open(j->session))
		finding->until = j->session->end;
}

/* --- all
 * --------------------------------------------------------------------------------------------- */

void judge_people(const struct judging *j)
{
	if (!j->session->has_start)
		return;
	judge_certificate(j);
	if (!session_is_undated(j->session)) { /* R18 */
		judge_authorisation(j);
		judge_hours(j);
	}
	judge_site(j);
	judge_home(j);
}
