/* opening.h - when the clinic is open on a civil day, by its calendar (domain 8.7, section 6).
 *
 * Minutes after midnight are what clocks show that day, whatever its length.
 */
#ifndef CARE_TIME_OPENING_H
#define CARE_TIME_OPENING_H

#include "care/policy.h"

/* [from, until] */
struct span {
	event_ms from;
	event_ms until;
};

#define OPENINGS_MAX 28 /* of a calendar, as the contract says */

/* As they stand there, not in order and perhaps over one another; of a holiday none. */
size_t opening_spans(const struct policy *policy, const Carepace__V1__Calendar *calendar,
    int32_t day, struct span out[OPENINGS_MAX]);

#endif
