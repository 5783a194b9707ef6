/* guard_rules.h - the streaming checks as a table. Not for other rooms.
 *
 * A moment is one value of the stream: a sample, a pulse, a setting, or what was set at
 * the session's start. A rule looks at it and says on which side of its limit it is.
 */
#ifndef CARE_STREAM_GUARD_RULES_H
#define CARE_STREAM_GUARD_RULES_H

#include "care/stream/guard.h"

enum feed {
	FEED_PRESET = 1 << 0,
	FEED_PARAM = 1 << 1,
	FEED_SAMPLE = 1 << 2,
	FEED_PULSE = 1 << 3
};

#define ABSENT INT32_MIN /* a value that was not said */

struct moment {
	event_ms at;
	enum feed feed;
	uint32_t zone;
	bool is_at_work; /* needles or RF */
	int32_t depth_um;
	int32_t rate_dhz;
	int32_t skin_cdegc;
	int32_t needle_cdegc;
	int32_t freq_khz;
	int32_t energy_uj;
	int32_t power_mw;
	int32_t pulse_us;
	int32_t impedance_ohm;
	int32_t stack_gap_ms; /* since the spot's last pulse */
	int32_t battery_pct;
	bool is_contact_fault;
};

/* Between both limits is neither. Of a window both may hold: too many bad ones in it,
 * and this one is good. */
struct look {
	bool is_judged;
	bool is_beyond;
	bool is_within;
	int32_t value;
	int32_t limit;
};

typedef struct look look_fn(
    const struct guard *guard, const struct limits *limits, const struct moment *moment);

struct guard_rule {
	enum check check;
	enum limit_of debounce;
	unsigned feeds;
	look_fn *look;
	bool is_low_worse;
};

extern const struct guard_rule guard_rules[GUARD_RULES];

/* Enters the pulse into the windows. */
void guard_rules_ring(struct guard *w, const struct limits *l, const struct moment *m);

#endif
