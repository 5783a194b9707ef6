/* service.h - what a service done on a device says about it (domain sections 3, 8.5).
 *
 * Rule: where the maker's own result and our limit differ, the worse one counts. What
 *       failed is no service: it starts no clock anew.
 */
#ifndef CARE_SERVICE_H
#define CARE_SERVICE_H

#include "care/policy.h"

enum service_result {
	SERVICE_UNKNOWN, /* done, nothing said */
	SERVICE_PASSED,
	SERVICE_FAILED
};

/* A calibration fails by its measured error, too. */
enum service_result service_result_of(const struct policy *policy, const struct fact *maint);

/* Is it a MAINT of that kind? */
bool is_service(const struct fact *fact, Carepace__V1__MaintKind kind);

#endif
