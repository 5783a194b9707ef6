/* source_state.h - what is kept in memory of each source (ledger/store/names.h). */
#ifndef LEDGER_STORE_SOURCE_STATE_H
#define LEDGER_STORE_SOURCE_STATE_H

#include "care/report/downtime.h"
#include "care/time/clock_trust.h"

#define BATTERY_UNKNOWN (-1) /* else 0 to 100, or 255: mains */

/* The last heartbeat of a device (ledger/judging/presence.h). */
struct beat {
	wall_ms at; /* when it came in; 0: never */
	uint32_t boot;
	uint32_t seq;
	int16_t battery_pct;
	int8_t state;  /* DeviceState, as it said; 0: not told */
	bool is_heard; /* in this run */
	wall_ms saved_at;
};

/* The boot that a source spoke in last (ledger/clocks.h). */
struct known_boot {
	int64_t no; /* row of `boot`; 0: none yet */
	uint32_t boot;
	struct boot_clock clock; /* as known now */
	struct boot_clock dated; /* by what its readings were dated */
	enum clock_skew skew;    /* of what was said live last */
	bool is_in_doubt;        /* as its row says */
};

/* What is known of a source's names without asking the store. */
struct source_state {
	int64_t no;
	uint32_t boot; /* newest boot seen */
	uint32_t seq;  /* highest of that boot, over journal and stream */
	uint32_t gap_count;
	struct beat beat;
	bool is_park_known;
	int64_t parked_rows;
	int64_t parked_bytes;
	int64_t last_down; /* number of its last message down; 0: not known */
	struct known_boot known_boot;
	struct heard_hour heard; /* the hour of its last beat (ledger/days/heard.h) */
	uint32_t heard_boot;
};

#endif
