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
enum service_result service_result_of(const struct policy *policy, const struct fact *fact);

/* Is it a MAINT of that kind? */
bool is_service(const struct fact *fact, Carepace__V1__MaintKind kind);

/* Why a device was out of use at a moment: as a set, 0 if it was free. */
enum {
	QUARANTINED_BY_HAND = 1 << 0,        /* until a release */
	QUARANTINED_BY_CALIBRATION = 1 << 1, /* until one that passes, or a release */
	QUARANTINED_BY_STOP = 1 << 2         /* until a self-test passes */
};

/* Facts of the device: all calibrations; of QUARANTINE, RELEASE, ESTOP and the self-tests
 * that passed, the last at or before the moment and the first after it. *free_from: when
 * the last of these reasons went, TIME_NEVER if not yet. */
unsigned quarantine_at(
    struct facts facts, const struct policy *policy, event_ms at, event_ms *free_from);

/* What a device is told as the reason. */
enum check quarantine_reason(unsigned reasons);

#endif
