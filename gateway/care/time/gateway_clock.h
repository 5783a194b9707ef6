/* gateway_clock.h - does this box know what time it is? (R18)
 *
 * What:    the wall clock is believed once something outside has confirmed it since the box
 *          started: the kernel's synchronisation, head office's time, or three devices that
 *          agree with it. After that it is held against the clock that counts from the start
 *          of the box, so weeks without NTP, or a restart of this program alone, are no
 *          doubt; a step is.
 * Offset:  wall time less milliseconds since the start. In doubt the box goes on counting
 *          from what it knew last; that is never later than the truth, because nobody
 *          counts while the box is off.
 * Time:    every reading is an argument. Pure.
 */
#ifndef CARE_TIME_GATEWAY_CLOCK_H
#define CARE_TIME_GATEWAY_CLOCK_H

#include "base/id.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>

#define CLOCK_STEP_MAX_MS (5 * MS_PER_MINUTE) /* domain R18; exactly so much is fine */
#define CLOCK_AGREES_MS (60 * MS_PER_SECOND)
#define CLOCK_WITNESSES 3

/* All clocks at one moment (io/clock). */
struct clock_reading {
	bool is_taken;      /* else there is no other clock: what is said is believed */
	mono_ms since_boot; /* counts time asleep, too */
	wall_ms wall;
	bool is_synced; /* the kernel says that something keeps the clock right */
};

/* Stored: numbers never change. */
enum clock_doubt {
	CLOCK_TRUSTED = 0,
	CLOCK_BEFORE_KNOWN = 1, /* earlier than what was known, or than the program itself */
	CLOCK_STEPPED = 2,
	CLOCK_UNCONFIRMED = 3,
};

/* What the store has of an earlier run. */
struct clock_known {
	struct id boot;    /* of the box: a random number */
	int64_t offset;    /* that times counted from */
	int64_t confirmed; /* TIME_NEVER: none was in that boot */
	wall_ms last;      /* the latest trusted time, or what was counted on from it */
};

struct gateway_clock {
	struct id boot;
	enum clock_doubt doubt;
	int64_t offset;    /* that times count from */
	int64_t shown;     /* by the clock when it was read last */
	int64_t confirmed; /* TIME_NEVER: nothing has since the start of the box */
	wall_ms floor;     /* no wall clock is right that shows less */
	bool has_news;     /* evidence came after it was read last */
	struct id witnesses[CLOCK_WITNESSES];
	size_t witness_count;
	int64_t witnessed; /* the offset that they agree with */
};

/* What a run begins with. */
struct clock_start {
	struct id boot;   /* zero: not known, so another one than any before */
	wall_ms built_at; /* the program */
	struct clock_reading reading;
};

/* `known` is NULL for a new store. */
void gateway_clock_open(
    struct gateway_clock *clock, const struct clock_known *known, const struct clock_start *start);

bool clock_is_same_boot(const struct clock_known *known, const struct clock_start *start);

/* Whether the clock is believed from here on: sets doubt and offset. */
void gateway_clock_look(struct gateway_clock *clock, const struct clock_reading *reading);

/* In doubt: head office's time, or what a device's own clock shows, as heard at a moment
 * since the start. True when that, alone or with what was heard before, confirms it. */
bool gateway_clock_hear_office(struct gateway_clock *clock, wall_ms told, mono_ms heard);
bool gateway_clock_hear_device(
    struct gateway_clock *clock, const struct id *device, wall_ms told, mono_ms heard);

/* For people. */
const char *clock_doubt_text(enum clock_doubt doubt);

#endif
