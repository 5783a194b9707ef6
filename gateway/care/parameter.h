/* parameter.h - every number that a check judges by and a clinic may change.
 *
 * What:   one table: which check, the name in policy files, default, range, unit,
 *         source of the default. care/policy.h says what is in force when.
 * Order:  by check; the enum and the table side by side (parameter.c proves it).
 */
#ifndef CARE_PARAMETER_H
#define CARE_PARAMETER_H

#include "care/catalogue.h"

#include <stdint.h>

enum parameter {
	/* 8.1 spacing and course */
	PARAM_MIN_DAYS,
	PARAM_MAX_DAYS,
	PARAM_OVERDUE_MEDIUM_AFTER_DAYS,
	PARAM_VISIT_MINUTES,

	/* 8.2 eligibility */

	/* 8.3 dose and safety */
	PARAM_LOST_AFTER_MINUTES,

	/* 8.4 consumables */

	/* 8.5 device and maintenance */

	/* 8.6 adverse events */

	/* 8.7 people and authorisation */

	/* 8.8 the gateway itself */

	PARAMETERS
};

struct parameter_row {
	enum parameter parameter;
	enum check check;
	const char *name; /* [a-z0-9_]{1,32}, one of its check */
	int64_t value;    /* the default, in `unit` */
	int64_t min;
	int64_t max;
	const char *unit;
	const char *source; /* of the default: domain section and evidence tag */
};

extern const struct parameter_row parameters[PARAMETERS];

/* NULL: the check has no such parameter. */
const struct parameter_row *parameter_find(enum check check, const char *name);

#endif
