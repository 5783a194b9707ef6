/* policy.h - what is in force at a clinic, and when it was.
 *
 * What:   the site's own facts: numbers of the checks (POLICY), model profiles,
 *         calendar, role, firmware rules, recalled lots. All are judged as in force
 *         when the judged event happened (DESIGN section 3).
 * Levels: the clinic's own policy file goes before head office's POLICY, that
 *         before the default in care/parameter.h.
 * Memory: everything is borrowed and outlives every judge call.
 */
#ifndef CARE_POLICY_H
#define CARE_POLICY_H

#include "care/fact.h"
#include "care/parameter.h"

struct zone;

struct policy {
	const struct zone *zone; /* the clinic's time zone (R1) */
	const char *site;        /* the clinic's own name in orders; NULL: not known */
	int64_t box;             /* local number of the box as a source, 0: it said nothing */

	/* Orders about the site, the box's own among them, by kind. */
	struct facts policies;
	struct facts profiles;
	struct facts firmware;
	struct facts calendars;
	struct facts roles;
	struct facts recalls;
};

/* Does an order that names a site, or none (NULL), speak of this one? */
bool policy_is_here(const struct policy *policy, const char *site);

/* Those of a kind that a clinic's own policy file may say, too. */
const struct facts *policy_orders(const struct policy *policy, enum reading_kind kind);

/* Everything at its default. */
static inline struct policy policy_default(const struct zone *zone)
{
	return (struct policy){.zone = zone};
}

/* The number in force at a moment. */
int64_t policy_number(const struct policy *policy, enum parameter parameter, event_ms at);

/* The same where it may differ by what treats (enum modality, 0 any) and where (a set
 * of zone bits, 0 any): the narrowest setting that covers it counts. */
int64_t policy_number_for(const struct policy *policy, enum parameter parameter, event_ms at,
    unsigned modality, uint32_t zones);

/* The lowest and the highest that any setting, past or coming, gives it. */
int64_t policy_lowest(const struct policy *policy, enum parameter parameter);
int64_t policy_highest(const struct policy *policy, enum parameter parameter);

/* Switched off by the clinic or by head office. */
bool policy_is_off(const struct policy *policy, enum check check, event_ms at);

/* Takes out of a timeline what was off when it began. */
struct timeline;
void policy_filter(const struct policy *policy, struct timeline *timeline);

/* Each NULL when nothing is on file for that moment. */
const Carepace__V1__ModelProfile *policy_profile(
    const struct policy *policy, uint32_t model, event_ms at);
const Carepace__V1__FirmwarePolicy *policy_firmware(
    const struct policy *policy, uint32_t model, event_ms at);
const Carepace__V1__Calendar *policy_calendar(const struct policy *policy, event_ms at);
const Carepace__V1__ClinicRole *policy_role(const struct policy *policy, event_ms at);

/* Timers of civil-day conditions run at 06:00 clinic-local (R7). */
#define TIMER_MINUTE_OF_DAY (6 * 60)

/* Later than this after its event, news is late: no device command (R11). */
#define LATE_AFTER_MS (5 * MS_PER_MINUTE)

/* A verdict is worth this long to a device that was away (R19, P12). */
#define VERDICT_VALID_MS 2000

#endif
