/* operator.c - certificates that run out soon (domain 8.7). One that has run out
 * matters when its holder treats somebody: judge/session_people.c. */
#include "care/judge.h"

#include "care/outlook.h"
#include "care/time/civil.h"
#include "care/time/zone.h"

/* --- what replaces a certificate --------------------------------------------------------- */

static bool has_model(const Carepace__V1__Cert *cert, uint32_t model)
{
	for (size_t i = 0; i < cert->n_model; i++)
		if (cert->model[i] == model)
			return true;
	return false;
}

static bool is_good_for_all_of(const Carepace__V1__Cert *cert, const Carepace__V1__Cert *former)
{
	if (cert->valid_through_date <= former->valid_through_date ||
	    (former->rf_allowed && !cert->rf_allowed))
		return false;
	for (size_t i = 0; i < former->n_model; i++)
		if (!has_model(cert, former->model[i]))
			return false;
	return true;
}

event_ms cert_replaced_at(struct facts certs, const struct fact *cert)
{
	event_ms at = fact_until(cert);

	for (size_t i = 0; i < certs.count; i++) {
		event_ms ts = certs.items[i].reading.ts;
		if (ts < at && fact_until(&certs.items[i]) > ts &&
		    is_good_for_all_of(
		        certs.items[i].reading.order->cert, cert->reading.order->cert))
			at = ts;
	}
	return at;
}

/* --- CERT_EXPIRING ------------------------------------------------------------------------ */

static void judge_expiring(const struct subject_history *history, const struct fact *fact,
    const struct policy *policy, wall_ms now, struct timeline *timeline)
{
	uint32_t date = fact->reading.order->cert->valid_through_date;
	int64_t days = policy_number(policy, PARAM_CERT_EXPIRING_DAYS, fact->reading.ts);
	event_ms until = cert_replaced_at(history->facts, fact);
	char onset[FACT_NAME_BYTES];
	int32_t last_day;

	if (!civil_parse_yyyymmdd(date, &last_day) || until <= fact->reading.ts)
		return;
	int32_t known_day = zone_day(policy->zone, fact->reading.ts);
	int32_t first_day = last_day - (int32_t)days;
	if (first_day < known_day)
		first_day = known_day;
	event_ms from = zone_time_at(policy->zone, first_day, TIMER_MINUTE_OF_DAY);
	event_ms over = zone_time_at(policy->zone, last_day + 1, 0);
	if (over < until)
		until = over;
	if (from >= until)
		return;
	event_ms known = from > fact->reading.ts ? from : fact->reading.ts;
	timeline_wake_at(timeline, known > now ? known : until > now ? until : TIME_NEVER);
	if (known > now)
		return;

	struct finding *finding = timeline_add(
	    timeline, CHECK_CERT_EXPIRING, fact->reading.order->key, fact_name(fact, onset));
	if (!finding)
		return;
	finding->severity = SEVERITY_LOW;
	finding->from = from;
	finding->until = until > now ? TIME_NEVER : until;
	finding->effective_day = first_day;
	finding->operator_no = history->no;
	finding_set_value(finding, civil_to_yyyymmdd(first_day), date);
}

void judge_operator(const struct subject_history *history, const struct policy *policy, wall_ms now,
    struct timeline *timeline)
{
	for (size_t i = 0; i < history->facts.count; i++)
		judge_expiring(history, &history->facts.items[i], policy, now, timeline);
}
