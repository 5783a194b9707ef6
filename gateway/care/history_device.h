/* history_device.h - what the judges of a device walk.
 *
 * Three units, so that none grows with what comes every day: what lasts for years, one
 * civil day of messages, and what is missing right now.
 */
#ifndef CARE_HISTORY_DEVICE_H
#define CARE_HISTORY_DEVICE_H

#include "care/fact.h"

/* One of many messages of a device, of which no more is needed than this. */
struct moment {
	event_ms at;
	uint32_t boot;
	uint32_t seq;
	int64_t number; /* what it says */
	bool is_test;
};

struct moments {
	const struct moment *items; /* in their order, the first ones */
	size_t count;
	size_t total; /* that there are */
};

/* What lasts: service, faults, hours of use. */
struct device_history {
	int64_t device;
	struct id id;
	struct facts facts;    /* head office's DEVICE, MAINT but for cleans, SELFTEST that
	                        * failed and the first pass after each, the last HELLO */
	struct moments faults; /* that came on */
	struct moments hours;  /* HELLOs; number: seconds of use since manufacture. Only where
	                        * a profile sets a limit */
};

#define MOMENTS_PER_DAY 9 /* of a check that are told apart; more are counted */

/* What a device said on one civil day that is wrong by itself: years of it are never
 * read at once. */
struct device_day {
	int64_t device;
	struct id id;
	int32_t day;
	struct facts hellos; /* with a counter: the last one before that day, then the day's */
	struct moments withheld;
	struct moments conflicts;
};

/* What is missing of it now: an observation, by the gateway's own clock (P4). */
struct presence {
	int64_t device;
	struct id id;
	struct moment beat;    /* its last heartbeat as it came in; seq 0: none yet */
	wall_ms listening;     /* nobody heard anything before */
	wall_ms offline_since; /* it was found silent after that beat; TIME_NEVER: not */
	const struct gap *gaps;
	size_t gap_count;
	uint32_t boot;   /* its newest */
	int64_t skew_ms; /* of its clock then; 0: not worth telling */
	wall_ms skew_since;
};

/* Messages that others of its boot have overtaken. */
struct gap {
	uint32_t boot;
	uint32_t first;
	uint32_t last;
	uint32_t after_boot; /* the name of the last message before */
	uint32_t after_seq;
	wall_ms since;
};

#endif
