/* devices.h - the devices of a clinic, as the store knows them.
 *
 * Whether one is connected only the running gateway knows. Calls, memory, errors: as in
 * view.h.
 */
#ifndef LEDGER_VIEW_DEVICES_H
#define LEDGER_VIEW_DEVICES_H

#include "care/outlook.h"
#include "care/time/clock_trust.h"
#include "ledger/view/list.h"

#define BATTERY_UNKNOWN (-1)
#define BATTERY_MAINS 255

struct view_device {
	int64_t no;
	struct id id;
	unsigned kind;      /* Carepace__V1__DeviceKind; 0: no HELLO yet, and no word of: */
	const char *serial; /* "" */
	uint32_t model;
	uint32_t fw;     /* as Hello.fw; 0: not told */
	wall_ms seen_at; /* the last heartbeat, HELLO, or message of note; 0: never */
	int battery_pct; /* or BATTERY_... */

	bool has_clock;  /* its newest start was seen live; with it: */
	int64_t skew_ms; /* while it is worth telling, else 0; above 0: fast */
	enum clock_skew skew;

	enum check quarantine; /* why it is out of use; 0: it is not */
	bool has_service;
	struct service_outlook service;

	int64_t open_alerts; /* about itself */
	enum severity worst; /* of them */
};

/* By their local numbers: in the order in which they were first heard of. NULL when there
 * is none. */
struct view_device *view_devices(struct view *view, struct arena *arena,
    const struct policy *policy, wall_ms now, struct view_page *page, size_t *count);

#endif
