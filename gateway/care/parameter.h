/* parameter.h - every number that a check judges by and a clinic may change.
 *
 * What:   one table: which check, the name in policy files, default, range, unit,
 *         source of the default. care/policy.h says what is in force when.
 * Order:  by check; the enum (parameter_list.h) and the table side by side (parameter.c proves it).
 */
#ifndef CARE_PARAMETER_H
#define CARE_PARAMETER_H

#include "care/catalogue.h"
#include "care/parameter_list.h"

#include <stdint.h>

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
