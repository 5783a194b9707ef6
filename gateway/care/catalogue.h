/* catalogue.h - one row per check: what it is, who acts, what clears it.
 *
 * What:   the single description of the checks of domain section 8.
 *         `carepace checks`, the sentences and the verdict rule read it.
 *         The condition itself is a static function in judge_<subject>.c.
 * Names:  the numbers are the wire contract's (enum Check in telemetry.proto).
 */
#ifndef CARE_CATALOGUE_H
#define CARE_CATALOGUE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum severity {
	SEVERITY_NONE,
	SEVERITY_INFO,
	SEVERITY_LOW,
	SEVERITY_MEDIUM,
	SEVERITY_HIGH,
	SEVERITY_CRITICAL
};

enum check {
	CHECK_INTERVAL_TOO_SOON = 101,
	CHECK_INTERVAL_OVERDUE = 103,
	CHECK_CART_REUSE = 401,
};

/* When a check is judged (domain section 8, column When). */
enum check_when {
	WHEN_START,
	WHEN_DURING,
	WHEN_END,
	WHEN_TIMER,
	WHEN_EVENT
};

/* What closes its alert (column Clears, R20). */
enum check_clears {
	CLEARS_BY_ACK,       /* latched: an acknowledgement, once the condition is over */
	CLEARS_BY_CONDITION, /* live: the condition goes */
};

/* Who acts (column Who), as a set. */
enum {
	WHO_OPERATOR = 1 << 0,
	WHO_CLINICIAN = 1 << 1,
	WHO_MANAGER = 1 << 2,
	WHO_SERVICE = 1 << 3,
	WHO_HEAD_OFFICE = 1 << 4,
};

struct check_row {
	enum check check;
	const char *name;
	const char *subject; /* what the finding speaks about */
	enum check_when when;
	enum check_clears clears;
	unsigned who;
	const char *unit;      /* of value and limit */
	const char *condition; /* for people, with the default and its source */
	const char *cleared_by;
};

/* All rows, ordered by number. */
extern const struct check_row catalogue[];
extern const size_t catalogue_count;

/* NULL for a number that is not in the catalogue. */
const struct check_row *catalogue_find(enum check check);
const struct check_row *catalogue_find_name(const char *name);

/* "MEDIUM"; and for a set of WHO_ bits "OP, CL" into `out`. */
const char *severity_name(enum severity severity);
const char *who_names(unsigned who, char out[24]);

#endif
