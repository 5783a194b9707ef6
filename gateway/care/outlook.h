/* outlook.h - what comes next, for people who plan: by the judges' own rules, without a
 * finding.
 *
 * Pure. What is in the histories after `now` is not asked.
 */
#ifndef CARE_OUTLOOK_H
#define CARE_OUTLOOK_H

#include "care/adverse.h"
#include "care/history.h"
#include "care/history_device.h"
#include "care/history_events.h"
#include "care/policy.h"

struct service_outlook {
	Carepace__V1__MaintKind kind;
	int32_t due_day; /* the last good day; may have passed */
};

#define SERVICES_MAX 4 /* kinds of service that have a calendar */

/* Of the facts only those about service count. Nothing of a kind that was never told of, where
 * nor the day is known on which the device went into service. Returns how many. */
size_t outlook_of_services(const struct device_history *history, const struct policy *policy,
    wall_ms now, struct service_outlook out[SERVICES_MAX]);

/* The one that is due first. False: none is. */
bool outlook_of_service(const struct device_history *history, const struct policy *policy,
    wall_ms now, struct service_outlook *out);

/* From when on a certificate is replaced, of all of its operator: by its next revision, or by
 * another that lasts longer. */
event_ms cert_replaced_at(struct facts certs, const struct fact *cert);

/* Where a course stands. It is complete when all that was planned is done, and in
 * maintenance from the next session on. */
enum course_phase {
	COURSE_SERIES = 1,
	COURSE_COMPLETE,
	COURSE_MAINTENANCE,
	COURSE_PAUSED,
	COURSE_CLOSED
};

/* When the next session is due, from and through: INTERVAL_OVERDUE or MAINT_OVERDUE holds from
 * the day after on. In a series from the first day that is not too soon, in maintenance from
 * that of MAINT_DUE. Two rules may ask for a first day after the last one. */
struct course_window {
	int32_t from_day;
	int32_t through_day;
};

/* A course as its plan in force has it. */
struct course_outlook {
	struct plan plan;
	enum course_phase phase;
	int32_t completed; /* sessions that count, here and in other clinics */
	int32_t last_day;  /* of the last session in a clinic; with has_last */
	bool has_last;
	bool has_window; /* else nothing is due: no session yet, paused, closed */
	struct course_window window;
	int32_t earliest_day; /* first day on which its zones may be treated again; 0: today */
};

#define OUTLOOK_COURSES_MAX 16

struct client_outlook {
	struct course_outlook courses[OUTLOOK_COURSES_MAX]; /* that are not closed */
	size_t course_count;
	int32_t earliest_day; /* anywhere on the skin; 0: today */
};

/* Zones that may be treated again from the same day on. */
struct zones_outlook {
	uint32_t zones;
	int32_t earliest_day; /* today: they may at once */
};

#define OUTLOOK_ZONES_MAX 32 /* bits of a set of zones */

/* Of a set of zones, by day, for the next session of a course (0: of none). Nobody can say
 * for an empty set (R16). Treatments are merged in the arena; 0, too, when it is full. */
size_t outlook_of_zones(struct client_history *history, const struct policy *policy, wall_ms now,
    uint32_t zones, int64_t course, struct arena *arena,
    struct zones_outlook out[OUTLOOK_ZONES_MAX]);

/* One course of the client, closed or not. False: its plan in force is not the client's, or
 * the arena is full. */
bool outlook_of_course(struct client_history *history, const struct policy *policy, wall_ms now,
    int64_t no, struct arena *arena, struct course_outlook *out);

/* Treatments are merged in the arena; false when it is full. */
bool outlook_of_client(struct client_history *history, const struct policy *policy, wall_ms now,
    struct arena *arena, struct client_outlook *out);

/* A case of an adverse event, and whether a report of it must still be filed. */
struct case_outlook {
	struct id id;
	struct adverse_case told;
	Carepace__V1__MdrRole role; /* of the clinic; 0: nobody said */
	bool has_duty;              /* until it is filed */
	int32_t deadline_day;       /* AE_REPORT_OVERDUE holds from the day after on */
};

/* False for a test (R22). */
bool outlook_of_case(
    const struct case_history *history, const struct policy *policy, struct case_outlook *out);

#endif
