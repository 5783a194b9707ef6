/* device_status.h - how a device does, as head office reads it (domain 9.3). Pure; without its
 * site. */
#ifndef CARE_REPORT_DEVICE_STATUS_H
#define CARE_REPORT_DEVICE_STATUS_H

#include "care/outlook.h"

#include "report.pb-c.h"

struct device_status {
	struct id device;
	const Carepace__V1__Hello *hello; /* the last; NULL: none yet */
	int state;                        /* DeviceState of its last heartbeat; 0: not told */
	int battery_pct;                  /* 255: mains; negative: not told */
	bool is_offline;                  /* DEVICE_OFFLINE holds */
	bool is_quarantined;
	wall_ms seen_at;
	struct service_outlook services[SERVICES_MAX];
	size_t service_count;
};

/* Who may not be used is out of use before all else; of who is silent the last word may be
 * long past. */
void device_status_fill(Carepace__V1__DeviceStatus *out, const struct device_status *status);

/* As it is told: a device that runs empty is news ten times. */
static inline int battery_step(int pct)
{
	return pct <= 100 ? pct - pct % 10 : pct;
}

#endif
