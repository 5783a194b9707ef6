/* zone.h - the clinic's time zone, from the bytes of a TZif file.
 *
 * What:    which civil day an instant has here (R2), and when a wall-clock time
 *          of a day happens (R7). RFC 8536 versions 1 to 4: the 64-bit data and
 *          the rule in the footer, or the 32-bit data of an old file.
 * Not:     reading the file (io), and never TZ or tzset(): R1.
 * Memory:  zone_parse() allocates the transitions, zone_deinit() frees them; the
 *          bytes given are not kept. At most ZONE_MAX_CHANGES transitions.
 * Time:    instants beyond the years 1 to 9999 are taken as the nearest end.
 * Errors:  CP_INVALID with the reason in `bad` for every malformed file, and for
 *          one that counts leap seconds; CP_NOMEM.
 */
#ifndef CARE_TIME_ZONE_H
#define CARE_TIME_ZONE_H

#include "base/err.h"
#include "base/slice.h"
#include "base/time.h"
#include "care/time/zone_rule.h"

/* The largest system file has 236; a compiler that lists every year to 2400
 * stays below 1,100. */
#define ZONE_MAX_CHANGES 2048

struct zone_change {
	int64_t at_s; /* UTC seconds since 1970; ascending */
	int32_t offset_s;
};

struct zone {
	struct zone_change *changes;
	size_t count;
	int32_t first_offset_s; /* before the first change */
	bool has_rule;
	struct zone_rule rule; /* from the last change on */
	const char *bad;       /* why zone_parse() said CP_INVALID; static text */
};

/* On an error the zone is empty: deinit is allowed, use is not. */
enum cp_err zone_parse(struct zone *zone, struct slice tzif) CP_MUST_CHECK;
void zone_deinit(struct zone *zone); /* safe on a zeroed struct */

/* Seconds east of Greenwich at that instant. */
int32_t zone_offset_s(const struct zone *zone, int64_t utc_ms);

/* The civil day (care/civil) of an instant. */
int32_t zone_day(const struct zone *zone, event_ms at);

/* The first instant at which the clocks of `day` show `minutes` after midnight
 * or later: of a time that comes twice the first, of a time that is skipped the
 * end of the gap. 06:00 comes exactly once on every day that exists (R7). */
event_ms zone_time_at(const struct zone *zone, int32_t day, int minutes);

#endif
