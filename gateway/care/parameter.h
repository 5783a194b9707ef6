/* parameter.h - every number that a check judges by and a clinic may change.
 *
 * What:   one table: which check, the name in policy files, default, range, unit,
 *         source of the default. care/policy.h says what is in force when.
 * Rows:   care/parameters.def, for the enum and for the table.
 */
#ifndef CARE_PARAMETER_H
#define CARE_PARAMETER_H

#include "care/catalogue.h"

#include <stdint.h>

enum parameter {
#define ROW(id, ...) PARAM_##id
#include "care/parameters.def"
#undef ROW
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
