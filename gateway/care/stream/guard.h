/* guard.h - what a session's stream says about dose and safety, as it comes in (R10).
 *
 * What:     a fold of everything that a session's device said of it, in the order of the
 *           names (boot, seq). Each streaming check of domain 8.3 is a row of one table
 *           (guard_rules.c); all rows run on one episode machine: so many values beyond
 *           the limit in a row open an episode, so many within it close it.
 * Order:    guard_fold() takes readings by rising name, each once. A reading that comes
 *           late in that order cannot be folded on: begin again with all of them.
 * Moments:  an episode begins and ends at the value at which its condition, debounce
 *           included, came true.
 * Meters:   values of samples and of pulses are seen by two meters, because their
 *           messages overlap in time; what both see is one episode (guard_found).
 * Memory:   plain values without pointers: a fold may be copied, stored and compared.
 * Bounds:   a session's messages are folded while they are near its first one
 *           (guard_reaches); a spot's last pulse is known for GUARD_SPOTS pulses, a fault
 *           of the cooling for GUARD_FAULTS faults.
 */
#ifndef CARE_STREAM_GUARD_H
#define CARE_STREAM_GUARD_H

#include "care/stream/limits.h"
#include "care/stream/tips.h"

#define GUARD_SEQS_MAX 65536 /* of a boot: 18 hours of a message a second */
#define GUARD_BOOTS_MAX 4
#define GUARD_RULES 23
#define GUARD_SPOTS 64
#define GUARD_FAULTS 8

/* Any change of what these structs mean: what was stored is folded again. */
#define GUARD_VERSION 2

struct episode {
	event_ms from;     /* the first one's begin */
	event_ms until;    /* the last one's end; TIME_NEVER: it goes on */
	event_ms run_from; /* of the values in a row that open or close it */
	uint32_t count;    /* episodes; 0: from and until mean nothing */
	uint32_t run;
	uint32_t zones;
	int32_t value; /* at `from` */
	int32_t limit;
	int32_t max;     /* worst of all episodes */
	int32_t run_max; /* worst of the run that may open one */
};

/* Of the last pulses, the last in bit 0. */
struct pulse_ring {
	uint64_t bits;
	uint32_t count;
};

struct guard_spot {
	event_ms at;
	uint16_t site;
	uint16_t zone;
};

struct guard_fault {
	event_ms on;
	event_ms off; /* TIME_NEVER: still on */
};

struct guard {
	int64_t first; /* names of the first and the last reading folded (care/message_no.h) */
	int64_t last;
	uint32_t rows; /* 0: nothing is folded yet */

	uint32_t zone;        /* as said last */
	int32_t set_depth_um; /* -1: not said */
	int32_t set_rate_dhz;
	int32_t pins;
	int32_t first_battery_pct; /* that was told; -1: not yet */
	bool is_ended;
	uint32_t busy; /* rules that are in an episode or a run */

	struct pulse_ring mismatches;
	struct pulse_ring impedances;
	struct pulse_ring contacts;
	struct guard_spot spots[GUARD_SPOTS];
	uint32_t spot_count; /* ever */
	uint32_t fault_count;
	struct guard_fault faults[GUARD_FAULTS];

	struct tips tips;

	event_ms heard_at; /* newest moment that a message spoke of */
	struct episode silence;
	struct episode episodes[GUARD_RULES];
};

/* What folding changed of what a judge would find. */
enum guard_news {
	GUARD_NOTHING,
	GUARD_MORE, /* a worse value, another episode's zone, more pulses of a tip */
	GUARD_STEP  /* an episode began or ended */
};

/* The session's presets are judged here, at its start. */
void guard_begin(struct guard *guard, const struct limits *limits);

enum guard_news guard_fold(
    struct guard *guard, const struct limits *limits, const struct reading *reading);

/* May it be folded on? */
static inline bool guard_is_next(const struct guard *guard, int64_t name)
{
	return guard->rows == 0 || name > guard->last;
}

/* Is a name near enough to the session's first one? */
bool guard_reaches(int64_t first, int64_t name);

/* All episodes of a check; count 0: none. */
struct episode guard_found(const struct guard *guard, enum check check);

#endif
