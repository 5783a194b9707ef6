/* zone_rule.h - the yearly rule that ends a TZif file.
 *
 * What:    "CET-1CEST,M3.5.0,M10.5.0/3": the POSIX TZ string with the extension
 *          of RFC 8536 3.3.1 (times of change from -167 to 167 hours).
 * Not:     the names of the zone: they are checked and skipped.
 * Memory:  none.
 */
#ifndef CARE_TIME_ZONE_RULE_H
#define CARE_TIME_ZONE_RULE_H

#include "base/slice.h"

enum zone_date_kind {
	ZONE_DATE_JULIAN, /* Jn: 1 to 365, 29 February is never counted */
	ZONE_DATE_DAY,    /* n: 0 to 365, 29 February is counted */
	ZONE_DATE_WEEKDAY /* Mm.w.d: w-th weekday of the month, 5 = last */
};

struct zone_date {
	enum zone_date_kind kind;
	int day; /* by kind; for a weekday 0 = Sunday */
	int month;
	int week;
	int32_t time_s; /* local time of the change, may be negative */
};

struct zone_rule {
	int32_t standard_s; /* seconds east of Greenwich */
	int32_t summer_s;
	bool has_summer;
	struct zone_date start; /* of summer time, told in standard time */
	struct zone_date end;   /* told in summer time */
};

/* False, with *rule undefined, on anything that is not exactly one rule. A
 * summer time without dates is refused: the format demands them. */
bool zone_rule_parse(struct zone_rule *rule, struct slice text);

/* utc_s must lie within the years 1 to 9999, give or take a day. */
int32_t zone_rule_offset_s(const struct zone_rule *rule, int64_t utc_s);

#endif
