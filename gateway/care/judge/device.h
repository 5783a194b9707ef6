/* device.h - what the files of judge_device share. Not for other rooms. */
#ifndef CARE_JUDGE_DEVICE_H
#define CARE_JUDGE_DEVICE_H

#include "care/judge.h"

struct device_judging {
	const struct device_history *history;
	const struct policy *policy;
	wall_ms now;
	struct timeline *timeline;
};

/* A finding about a device: from the event on, of its civil day. NULL when full. */
struct finding *timeline_add_to_device(struct timeline *timeline, enum check check,
    const struct id *id, int64_t device, const char *onset);

void judge_due(const struct device_judging *j); /* PM, calibration, ... overdue */
void judge_use(const struct device_judging *j); /* HOURS_SERVICE, FAULT_RATE */

#endif
