/* year_course.h - clients, what is planned for them, and when they come.
 *
 * What:    a course: its series, its maintenance, its end; and the clients who come too
 *          soon, too late, elsewhere, or treat themselves at home. A client has one course.
 */
#ifndef SIM_YEAR_COURSE_H
#define SIM_YEAR_COURSE_H

#include "year_visit.h"

#define COURSE_VISITS_MAX 24

enum temper {
	TEMPER_ORDINARY,
	TEMPER_HURRIED,     /* one session too soon */
	TEMPER_TARDY,       /* one session too late */
	TEMPER_DROPOUT,     /* comes no more, and nobody closes the course */
	TEMPER_HOPPER,      /* treated elsewhere in between, as the clinic knows in time */
	TEMPER_LATE_HOPPER, /* as it hears afterwards */
	TEMPER_HOME_ROLLER, /* between two sessions */
	TEMPER_OVERTREATED, /* a session of the series more than the band has */
	TEMPER_BAD_PLAN,    /* as many sessions as no band has, until corrected */
	TEMPER_MISMATCHED,  /* a great aim with a pen */
	TEMPER_UNPLANNED,   /* the plan comes after the first session */
	TEMPER_FLAGGED,     /* something speaks against treating */
	TEMPER_COUNT
};

struct trait;

struct client {
	struct id token;
	const struct trait *trait; /* of TEMPER_FLAGGED */
};

struct course {
	const struct client *client;
	enum temper temper;
	const char *persona; /* NULL: ordinary */
	int step;            /* before which visit it shows: 1 is the second one */
	uint64_t no;
	const char *name; /* the number as text */
	int told_day;
	Carepace__V1__Band band;
	uint32_t band_min, planned;
	uint32_t zones;
	Carepace__V1__DeviceKind kind;
	struct visit *visits[COURSE_VISITS_MAX];
	int visit_count;
	int closed_day;              /* -1: it stays open */
	const struct saying *closed; /* the order */
	const struct saying *told;   /* the plan, and */
	const struct saying *corrected;
};

struct courses {
	struct course **items;
	size_t count, cap;
};

/* Clients of a year, and all that they book. */
void courses_plan(struct clinic *clinic, struct courses *courses);
/* Once the sessions are told: what head office says of clients and courses, and what follows. */
void courses_tell(struct clinic *clinic, const struct courses *courses);
/* What a temper makes of it. */
void temper_tell(struct clinic *clinic, struct course *course);

/* One of the things that speak against treating; what follows for a session. */
const struct trait *trait_choose(struct clinic *clinic);
void trait_fill(
    struct clinic *clinic, const struct course *course, Carepace__V1__ClientFlags *flags);
void trait_expect(struct clinic *clinic, const struct course *course, struct visit *visit);
const char *trait_persona(const struct trait *trait);

#endif
