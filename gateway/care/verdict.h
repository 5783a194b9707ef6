/* verdict.h - the answer on the chair (R19): worst start-time result not overridden.
 *
 * Pure. Alerts are the session's own, and those around it: open ones about its device,
 * which count, and about its course and its client's cases, which are cited only.
 * Items are what stands of them, worst first, at most VERDICT_ITEMS_MAX
 * (domain 9.2); strings stay borrowed from the alerts.
 */
#ifndef CARE_VERDICT_H
#define CARE_VERDICT_H

#include "care/alert.h"

enum decision {
	DECISION_NONE,
	DECISION_PERMIT,
	DECISION_ADVISE,
	DECISION_REQUIRE_OVERRIDE,
	DECISION_DENY
};

#define VERDICT_ITEMS_MAX 16

struct verdict {
	enum decision decision;
	const struct alert *items[VERDICT_ITEMS_MAX];
	size_t item_count;
};

struct verdict verdict_of(const struct alert *alerts, size_t count);

const char *decision_name(enum decision decision);

#endif
