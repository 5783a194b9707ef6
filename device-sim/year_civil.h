/* year_civil.h - where the clinics of a year stand, and their civil time.
 *
 * What: dates as day numbers since 1970, and the UTC moment of a clock on a clinic's wall.
 *       The rules of summer time are written down here as the law says them, on purpose
 *       not read from TZif: the gateway's reader is among what is scored.
 * Pure.
 */
#ifndef SIM_YEAR_CIVIL_H
#define SIM_YEAR_CIVIL_H

#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum summer_time {
	SUMMER_NONE,
	SUMMER_EU, /* directive 2000/84/EC: last Sundays of March and October, 01:00 UTC */
	SUMMER_US, /* Energy Policy Act of 2005: second Sunday of March, first of November, 02:00 */
};

struct town {
	const char *site;
	const char *zone; /* its IANA name */
	int standard_min; /* east of UTC */
	enum summer_time summer;
};

/* The n-th clinic of a chain; from the fourth on they repeat under other names. */
#define TOWN_SITE_BYTES 33
struct town town_of(size_t n, char site[TOWN_SITE_BYTES]);

int32_t civil_of(int year, int month, int day);
uint32_t civil_date(int32_t day);     /* YYYYMMDD */
unsigned civil_week_day(int32_t day); /* 1 = Monday .. 7 = Sunday */

/* Minutes may go beyond the day. The hour that summer time skips or repeats is never asked. */
event_ms town_moment(const struct town *town, int32_t day, int minute);
int32_t town_day(const struct town *town, event_ms at);

#endif
