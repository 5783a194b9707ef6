/* clock_trust.h - when did it happen? (R18)
 *
 * What:    a device says when something happened by its own clock (ts) and how long
 *          after its boot (mono). What is received live shows when that boot was:
 *          delay is not skew, so the smallest (receive - mono) of all live messages
 *          is the boot's anchor, and anchor + mono the estimate that ts is held
 *          against. A boot that nobody saw live is held against what happened
 *          before it and when its messages came.
 * Promise: P4. What is known of a boot is minima and maxima: any order of its
 *          messages gives the same. They are kept to the second, so that the
 *          drift of two clocks against each other moves them now and then only.
 * Pure:    no clock is read, no memory owned.
 */
#ifndef CARE_TIME_CLOCK_TRUST_H
#define CARE_TIME_CLOCK_TRUST_H

#include "care/reading.h"

#define CLOCK_SKEW_LOW_MS (120 * MS_PER_SECOND) /* domain R18 */
#define CLOCK_SKEW_MAX_MS (300 * MS_PER_SECOND)

/* 2020-01-01 UTC: no device of this contract is older [E]. The floor of a device's
 * first boot. */
#define CLOCK_OLDEST INT64_C(1577836800000)

/* When a message came in. */
struct arrival {
	wall_ms at;
	enum {
		ARRIVED_AT,
		ARRIVED_BEFORE,  /* nobody knows when, but not later */
		ARRIVED_IN_DOUBT /* this box did not know the time; `at` is its guess */
	} kind;
};

/* What is known of one boot of a device. */
struct boot_clock {
	event_ms anchor;    /* TIME_NEVER: never seen live */
	event_ms floor;     /* when the boot before said its last word; not of a live one */
	event_ms ts_min;    /* earliest claim */
	bool is_ahead;      /* something claims to be later than it came */
	int64_t offset_min; /* of ts - mono */
	int64_t offset_max;
};

#define BOOT_CLOCK_EMPTY                                                                           \
	((struct boot_clock){.anchor = TIME_NEVER,                                                 \
	    .floor = CLOCK_OLDEST,                                                                 \
	    .ts_min = TIME_NEVER,                                                                  \
	    .offset_min = INT64_MAX,                                                               \
	    .offset_max = INT64_MIN})

/* HELLO and HEARTBEAT are never buffered, whatever they say. */
bool clock_is_live(const struct reading *reading);

/* True when the clock is known better now. */
bool clock_learn(struct boot_clock *clock, const struct reading *reading, struct arrival arrival);

/* The same of everything that another was learned from; its floor does not count. */
void clock_join(struct boot_clock *clock, const struct boot_clock *more);

/* Sets ts and ts_source from `claimed`. */
void clock_date(const struct boot_clock *clock, struct reading *reading, struct arrival arrival);

/* What the device's clock is ahead by; 0 of a boot that was never seen live. */
int64_t clock_skew_ms(const struct boot_clock *clock, const struct reading *reading);

enum clock_skew {
	CLOCK_IS_GOOD,
	CLOCK_IS_OFF,  /* told, and set right */
	CLOCK_IS_WRONG /* not believed either */
};
enum clock_skew clock_skew_of(int64_t skew_ms);

/* Whether everything that both were learned from has the same date by either. */
bool clock_dates_alike(const struct boot_clock *a, const struct boot_clock *b);

#endif
