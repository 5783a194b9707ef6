#include "care/service.h"

bool is_service(const struct fact *fact, Carepace__V1__MaintKind kind)
{
	return fact->reading.kind == READING_MAINT && fact->reading.up->maint->kind == kind;
}

enum service_result service_result_of(const struct policy *policy, const struct fact *fact)
{
	const Carepace__V1__Maint *maint = fact->reading.up->maint;
	bool is_measured = is_service(fact, CAREPACE__V1__MAINT_KIND__MAINT_CALIBRATION) &&
	                   maint->has_measured_error_permille;

	if (maint->has_result && maint->result == CAREPACE__V1__RESULT__RESULT_FAIL)
		return SERVICE_FAILED;
	if (is_measured &&
	    maint->measured_error_permille >
	        policy_number(policy, PARAM_CALIBRATION_ERROR_PERMILLE, fact->reading.ts))
		return SERVICE_FAILED;
	if (is_measured ||
	    (maint->has_result && maint->result == CAREPACE__V1__RESULT__RESULT_PASS))
		return SERVICE_PASSED;
	return SERVICE_UNKNOWN;
}

/* --- out of use --------------------------------------------------------------------------- */

#define TOPIC_OF_MAINT(kind) FACT_TOPIC(READING_MAINT, CAREPACE__V1__MAINT_KIND__MAINT_##kind)
#define TOPIC_PASSED FACT_TOPIC(READING_SELFTEST, CAREPACE__V1__RESULT__RESULT_PASS)

static event_ms time_of(const struct fact *fact, event_ms otherwise)
{
	return fact ? fact->reading.ts : otherwise;
}

/* What one topic begins and another ends; of both at one moment it is out of use. */
static bool is_out(struct facts facts, int64_t begins, int64_t ends, event_ms at)
{
	const struct fact *began = facts_last(facts, begins, at);

	return began && began->reading.ts >= time_of(facts_last(facts, ends, at), INT64_MIN);
}

/* The last calibration that said whether it passed. */
static const struct fact *last_calibration(
    struct facts facts, const struct policy *policy, event_ms at)
{
	for (size_t i = facts.count; i-- > 0;) {
		const struct fact *fact = &facts.items[i];
		if (fact->reading.ts <= at &&
		    is_service(fact, CAREPACE__V1__MAINT_KIND__MAINT_CALIBRATION) &&
		    service_result_of(policy, fact) != SERVICE_UNKNOWN)
			return fact;
	}
	return NULL;
}

static event_ms next_good_calibration(
    struct facts facts, const struct policy *policy, event_ms after)
{
	for (size_t i = 0; i < facts.count; i++) {
		const struct fact *fact = &facts.items[i];
		if (fact->reading.ts > after &&
		    is_service(fact, CAREPACE__V1__MAINT_KIND__MAINT_CALIBRATION) &&
		    service_result_of(policy, fact) == SERVICE_PASSED)
			return fact->reading.ts;
	}
	return TIME_NEVER;
}

static unsigned reasons_at(struct facts facts, const struct policy *policy, event_ms at)
{
	const struct fact *calibration = last_calibration(facts, policy, at);
	event_ms released = time_of(facts_last(facts, TOPIC_OF_MAINT(RELEASE), at), INT64_MIN);
	unsigned reasons = 0;

	if (is_out(facts, TOPIC_OF_MAINT(QUARANTINE), TOPIC_OF_MAINT(RELEASE), at))
		reasons |= QUARANTINED_BY_HAND;
	if (calibration && service_result_of(policy, calibration) == SERVICE_FAILED &&
	    calibration->reading.ts >= released)
		reasons |= QUARANTINED_BY_CALIBRATION;
	if (is_out(facts, FACT_TOPIC(READING_ESTOP, 0), TOPIC_PASSED, at))
		reasons |= QUARANTINED_BY_STOP;
	return reasons;
}

static event_ms later(event_ms a, event_ms b)
{
	return a > b ? a : b;
}

unsigned quarantine_at(
    struct facts facts, const struct policy *policy, event_ms at, event_ms *free_from)
{
	unsigned reasons = reasons_at(facts, policy, at);
	event_ms release = time_of(facts_next(facts, TOPIC_OF_MAINT(RELEASE), at), TIME_NEVER);
	event_ms pass = time_of(facts_next(facts, TOPIC_PASSED, at), TIME_NEVER);
	event_ms good = next_good_calibration(facts, policy, at);

	*free_from = at;
	if (reasons & QUARANTINED_BY_HAND)
		*free_from = later(*free_from, release);
	if (reasons & QUARANTINED_BY_CALIBRATION)
		*free_from = later(*free_from, release < good ? release : good);
	if (reasons & QUARANTINED_BY_STOP)
		*free_from = later(*free_from, pass);
	return reasons;
}

enum check quarantine_reason(unsigned reasons)
{
	if (reasons & QUARANTINED_BY_STOP)
		return CHECK_EMERGENCY_STOP;
	return reasons & QUARANTINED_BY_CALIBRATION ? CHECK_CALIB_FAIL
	                                            : CHECK_DEVICE_QUARANTINED_USE;
}
