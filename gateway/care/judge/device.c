/* device.c - a device through the years (domain 8.5).
 *
 * Service clocks are in judge/device_due.c, what use tells in judge/device_use.c.
 */
#include "care/judge/device.h"

#include "care/service.h"
#include "care/time/zone.h"

struct finding *timeline_add_to_device(struct timeline *timeline, enum check check,
    const struct id *id, int64_t device, const char *onset)
{
	char subject[ID_HEX_LEN + 1];
	struct finding *finding = timeline_add(timeline, check, id_hex(id, subject), onset);

	if (finding)
		finding->device = device;
	return finding;
}

/* --- what failed, until it passes --------------------------------------------------- */

static struct finding *add_failure(
    const struct device_judging *j, enum check check, const struct fact *failed, event_ms passed)
{
	char onset[FACT_NAME_BYTES];

	fact_name(failed, onset);
	struct finding *finding =
	    timeline_add_to_device(j->timeline, check, &j->history->id, j->history->device, onset);
	if (!finding)
		return NULL;
	finding->from = failed->reading.ts;
	finding->until = passed;
	finding->effective_day = zone_day(j->policy->zone, finding->from);
	finding->severity = SEVERITY_HIGH;
	return finding;
}

/* --- CALIB_FAIL ------------------------------------------------------------------------ */

static event_ms next_good_calibration(const struct device_judging *j, size_t after)
{
	for (size_t i = after + 1; i < j->history->facts.count; i++) {
		const struct fact *fact = &j->history->facts.items[i];
		if (is_service(fact, CAREPACE__V1__MAINT_KIND__MAINT_CALIBRATION) &&
		    service_result_of(j->policy, fact) == SERVICE_PASSED)
			return fact->reading.ts;
	}
	return TIME_NEVER;
}

static void judge_calibration(const struct device_judging *j, size_t at)
{
	const struct fact *fact = &j->history->facts.items[at];

	if (!is_service(fact, CAREPACE__V1__MAINT_KIND__MAINT_CALIBRATION) ||
	    service_result_of(j->policy, fact) != SERVICE_FAILED)
		return;
	struct finding *finding =
	    add_failure(j, CHECK_CALIB_FAIL, fact, next_good_calibration(j, at));
	if (finding)
		finding_set_value(finding, fact->reading.up->maint->measured_error_permille,
		    policy_number(j->policy, PARAM_CALIBRATION_ERROR_PERMILLE, finding->from));
}

/* --- SELFTEST_FAIL ------------------------------------------------------------------------ */

static void judge_selftest(const struct device_judging *j, size_t at)
{
	static const int64_t passed =
	    FACT_TOPIC(READING_SELFTEST, CAREPACE__V1__RESULT__RESULT_PASS);
	const struct fact *fact = &j->history->facts.items[at];

	if (fact_topic(&fact->reading) !=
	    FACT_TOPIC(READING_SELFTEST, CAREPACE__V1__RESULT__RESULT_FAIL))
		return;
	const struct fact *pass = facts_next(j->history->facts, passed, fact->reading.ts);
	add_failure(j, CHECK_SELFTEST_FAIL, fact, pass ? pass->reading.ts : TIME_NEVER);
}

/* --- all ------------------------------------------------------------------------------------ */

void judge_device(const struct device_history *history, const struct policy *policy, wall_ms now,
    struct timeline *timeline)
{
	const struct device_judging judging = {
	    .history = history, .policy = policy, .now = now, .timeline = timeline};

	judge_due(&judging);
	judge_use(&judging);
	for (size_t i = 0; i < history->facts.count; i++) {
		judge_calibration(&judging, i);
		judge_selftest(&judging, i);
	}
}
