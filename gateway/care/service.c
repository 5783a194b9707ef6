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
