/* limits.h - what the stream of one session is held against.
 *
 * What:    resolved once per session from policy, model profile, zone table (domain 1.4),
 *          the operator's certificate and the client's skin type, as known at the
 *          session's start.
 * Absent:  a limit that nobody gave is LIMIT_NONE: its check is not evaluated. That
 *          the profile is missing is DATA_MISSING's to say (R16).
 * Memory:  plain values, no padding that differs: equal limits are equal bytes
 *          (limits_hash), and a fold under other limits is another fold.
 */
#ifndef CARE_STREAM_LIMITS_H
#define CARE_STREAM_LIMITS_H

#include "care/history.h"
#include "care/policy.h"

#define LIMIT_NONE INT32_MAX
#define LIMIT_ZONES 19    /* enum Zone */
#define LIMIT_ALWAYS (-1) /* of skin_type_energy_uj: no setting is cleared for the type */

/* Streaming checks by what debounces them; of those with one debounce for several
 * meters the rows of guard_rules.c share it. */
enum limit_of {
	LIMIT_DEPTH_ZONE,
	LIMIT_DEPTH_LABEL,
	LIMIT_DEPTH_SCOPE,
	LIMIT_DEPTH_DEVIATION,
	LIMIT_SPEED,
	LIMIT_MISMATCH,
	LIMIT_TEMP_SKIN,
	LIMIT_TEMP_NEEDLE,
	LIMIT_IMPEDANCE,
	LIMIT_COOLING,
	LIMIT_AT_ONCE, /* one value raises, one value clears */
	LIMITS
};

/* R10: so many values in a row, over at least so long from the first to the last. */
struct debounce {
	int32_t raise_count;
	int32_t raise_ms;
	int32_t clear_count;
	int32_t clear_ms;
};

struct limits {
	struct debounce debounce[LIMITS];

	/* What was set at the session's start; -1: not said. */
	event_ms start;
	int32_t preset_depth_um;
	int32_t preset_rate_dhz;
	int32_t preset_energy_uj;
	int32_t preset_zone_depth_um; /* of the planned zones the shallowest */

	int32_t zone_depth_um[LIMIT_ZONES];
	int32_t label_depth_um[LIMIT_ZONES];
	int32_t scope_depth_um;
	int32_t depth_tolerance_um;
	int32_t speed_tolerance_pct;

	int32_t energy_uj[LIMIT_ZONES];
	int32_t power_mw[LIMIT_ZONES];
	int32_t pulse_us[LIMIT_ZONES];
	int32_t skin_type_energy_uj; /* the highest cleared for the client's skin type */
	int32_t pins;                /* 0: not known */
	int32_t mismatch_tolerance_pct;
	int32_t mismatch_pulses;
	int32_t mismatch_window;
	int32_t freq_khz; /* 0: not known */
	int32_t freq_tolerance_pct;
	int32_t min_impedance_ohm; /* 0 and LIMIT_NONE: not known */
	int32_t max_impedance_ohm;
	int32_t impedance_pulses;
	int32_t impedance_window;
	int32_t contact_pct;
	int32_t contact_clear_pct;
	int32_t contact_window;
	int32_t contact_min_pulses;
	int32_t stack_gap_ms; /* 0: none */

	int32_t tip_pulses; /* where the tip tells no limit of its own; 0: not known */
	int32_t tip_low_pct;

	int32_t skin_cdegc;
	int32_t skin_clear_cdegc;
	int32_t needle_cdegc;
	int32_t cooling_ms;
	int32_t silent_ms;
	int32_t battery_pct;
};

/* The session must be derived and its scene loaded. */
void limits_of(
    const struct session_history *history, const struct policy *policy, struct limits *out);

/* The model's profile in force at the session's start; NULL: no model, or none on file. */
const Carepace__V1__ModelProfile *profile_of(
    const struct session_history *history, const struct policy *policy);

/* Fitzpatrick 1 to 6, as the START or else head office says; 0: not known. */
uint32_t skin_type_of(const struct session_history *history);

/* The START that counts; NULL: not yet heard. */
const Carepace__V1__SessionStart *start_of(const struct session_history *history);

#define LIMITS_HASH_BYTES 16
void limits_hash(const struct limits *limits, uint8_t out[LIMITS_HASH_BYTES]);

#endif
