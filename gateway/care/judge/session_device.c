/* session_device.c - is the device ready for this client? (domain 8.5)
 *
 * Judged by what was known of it when the session began; what clears a finding later is
 * the next fact of the kind.
 */
#include "care/judge/session.h"
#include "care/service.h"
#include "care/stream/guard.h"
#include "care/time/zone.h"

static event_ms time_of(const struct fact *fact)
{
	return fact ? fact->reading.ts : TIME_NEVER;
}

static struct finding *add(
    const struct judging *j, enum check check, enum severity severity, event_ms cleared)
{
	struct finding *finding = timeline_add_to_session(j->timeline, check, "", j->session);

	if (!finding)
		return NULL;
	finding->severity = severity;
	finding_clear_by(finding, j->session, cleared);
	return finding;
}

/* --- CLEANING_MISSING ------------------------------------------------------------------- */

/* A session without client may have been anybody's, and so may a forgotten one's: not the
 * same one, to be safe. */
static bool is_same_client(const struct session *a, const struct session *b)
{
	return session_has_client(a) && a->client == b->client;
}

static void judge_cleaning(const struct judging *j)
{
	static const int64_t clean =
	    FACT_TOPIC(READING_MAINT, CAREPACE__V1__MAINT_KIND__MAINT_CLEAN);
	const struct session *former = &j->scene->former;
	const struct fact *last = facts_last(j->scene->device, clean, j->session->start);

	if (!former->no || is_same_client(former, j->session) ||
	    (last && last->reading.ts > former->end))
		return;
	struct finding *finding = add(j, CHECK_CLEANING_MISSING, SEVERITY_HIGH,
	    time_of(facts_next(j->scene->device, clean, j->session->start)));
	if (finding)
		finding_cite(finding, &former->sid);
}

/* --- SELFTEST_MISSING --------------------------------------------------------------------- */

static void judge_selftest(const struct judging *j)
{
	static const int64_t passed =
	    FACT_TOPIC(READING_SELFTEST, CAREPACE__V1__RESULT__RESULT_PASS);
	const struct fact *last = facts_last(j->scene->device, passed, j->session->start);

	if (last && zone_day(j->policy->zone, last->reading.ts) == j->session->day)
		return;
	add(j, CHECK_SELFTEST_MISSING, SEVERITY_MEDIUM,
	    time_of(facts_next(j->scene->device, passed, j->session->start)));
}

/* --- DEVICE_QUARANTINED_USE ----------------------------------------------------------------- */

static void judge_quarantine(const struct judging *j)
{
	event_ms free_from;

	if (quarantine_at(j->scene->device, j->policy, j->session->start, &free_from))
		add(j, CHECK_DEVICE_QUARANTINED_USE, SEVERITY_CRITICAL, free_from);
}

/* --- about the device, for this session (R9) ------------------------------------------------- */

static struct finding *add_to_device(const struct judging *j, enum check check)
{
	char subject[ID_HEX_LEN + 1];
	char onset[ID_HEX_LEN + 1];
	struct finding *finding = timeline_add(j->timeline, check,
	    id_hex(&j->session->source, subject), id_hex(&j->session->sid, onset));

	if (!finding)
		return NULL;
	finding->from = j->session->start;
	finding->effective_day = j->session->day;
	finding->is_test = j->session->is_test;
	finding->session = j->session->no;
	finding->device = j->session->device;
	return finding;
}

/* --- BATTERY_LOW ------------------------------------------------------------------------------ */

/* At the start: the first value that its samples tell. A charge is seen only while the
 * session runs. */
static void judge_battery(const struct judging *j)
{
	const struct guard *guard = j->history->guard;

	if (!guard)
		return;
	int64_t limit = policy_number(j->policy, PARAM_BATTERY_START_PERCENT, j->session->start);
	bool was_low = guard->first_battery_pct >= 0 && guard->first_battery_pct < limit;
	struct episode e = guard_found(guard, CHECK_BATTERY_LOW);
	struct finding *finding =
	    was_low || e.count > 0 ? add_to_device(j, CHECK_BATTERY_LOW) : NULL;
	if (!finding)
		return;
	finding->severity = e.count > 0 ? SEVERITY_LOW : SEVERITY_INFO;
	finding_set_value(finding, guard->first_battery_pct, limit);
	if (e.count > 0) {
		finding->from = was_low ? finding->from : e.from;
		finding->value = e.value;
		finding->limit = e.limit;
		finding->max = e.max;
		finding->count = e.count;
	}
	finding_clear_by(finding, j->session, e.count > 0 ? e.until : TIME_NEVER);
}

/* --- FIRMWARE_OLD, FIRMWARE_BLOCKED ----------------------------------------------------------- */

typedef bool firmware_fn(const Carepace__V1__FirmwarePolicy *rule, uint32_t fw);

static bool is_old(const Carepace__V1__FirmwarePolicy *rule, uint32_t fw)
{
	return fw < rule->min_fw;
}

static bool is_blocked(const Carepace__V1__FirmwarePolicy *rule, uint32_t fw)
{
	for (size_t i = 0; i < rule->n_blocked_fw; i++)
		if (rule->blocked_fw[i] == fw)
			return true;
	return false;
}

/* When the device first said that it runs another one, of which this is not true. */
static event_ms updated_at(
    const struct judging *j, const Carepace__V1__FirmwarePolicy *rule, firmware_fn *is_bad)
{
	for (size_t i = 0; i < j->scene->device.count; i++) {
		const struct reading *reading = &j->scene->device.items[i].reading;
		if (reading->kind == READING_HELLO && reading->ts > j->session->start &&
		    reading->up->hello->has_fw && !is_bad(rule, reading->up->hello->fw))
			return reading->ts;
	}
	return TIME_NEVER;
}

static void add_firmware(const struct judging *j, const Carepace__V1__FirmwarePolicy *rule,
    enum check check, enum severity severity, firmware_fn *is_bad)
{
	const Carepace__V1__Hello *hello = judging_hello(j);

	if (!hello || !hello->has_fw || !is_bad(rule, hello->fw))
		return;
	struct finding *finding = add_to_device(j, check);
	if (!finding)
		return;
	finding->severity = severity;
	finding_set_value(finding, hello->fw, is_bad == is_old ? rule->min_fw : 0);
	finding_clear_by(finding, j->session, updated_at(j, rule, is_bad));
}

static void judge_firmware(const struct judging *j)
{
	uint32_t model;
	const Carepace__V1__FirmwarePolicy *rule =
	    judging_model(j, &model) ? policy_firmware(j->policy, model, j->session->start) : NULL;

	if (!rule)
		return;
	add_firmware(j, rule, CHECK_FIRMWARE_OLD, SEVERITY_LOW, is_old);
	add_firmware(j, rule, CHECK_FIRMWARE_BLOCKED, SEVERITY_HIGH, is_blocked);
}

/* --- all ----------------------------------------------------------------------------------------
 */

void judge_readiness(const struct judging *j)
{
	if (!j->session->has_start)
		return;
	if (!j->session->is_test) /* R22: nobody's skin was met */
		judge_cleaning(j);
	judge_selftest(j);
	judge_quarantine(j);
	judge_firmware(j);
	judge_battery(j);
}
