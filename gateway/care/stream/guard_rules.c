/* guard_rules.c - domain 8.3, the checks that need the stream: one look a check, one row
 * a meter. Limits are in struct limits; comparisons are strict, in wire units (R8). */
#include "care/stream/guard_rules.h"

static int32_t distance(int32_t a, int32_t b)
{
	return a > b ? a - b : b - a;
}

/* An upper limit that also clears. */
static struct look over(int32_t value, int32_t limit)
{
	return (struct look){
	    .is_judged = value != ABSENT && limit != LIMIT_NONE,
	    .is_beyond = value > limit,
	    .is_within = value <= limit,
	    .value = value,
	    .limit = limit,
	};
}

static const struct look unjudged = {.is_judged = false};

/* --- depth and speed ------------------------------------------------------------------ */

static struct look depth_zone(const struct guard *w, const struct limits *l, const struct moment *m)
{
	(void)w;
	return over(m->depth_um,
	    m->feed == FEED_PRESET ? l->preset_zone_depth_um : l->zone_depth_um[m->zone]);
}

static struct look depth_label(
    const struct guard *w, const struct limits *l, const struct moment *m)
{
	(void)w;
	return over(m->depth_um, l->label_depth_um[m->zone]);
}

static struct look depth_scope(
    const struct guard *w, const struct limits *l, const struct moment *m)
{
	(void)w;
	return over(m->depth_um, l->scope_depth_um);
}

/* A device at rest measures no depth and no speed worth a comparison. */
static struct look depth_deviation(
    const struct guard *w, const struct limits *l, const struct moment *m)
{
	if (!m->is_at_work || m->depth_um == ABSENT || w->set_depth_um < 0)
		return unjudged;
	return over(distance(m->depth_um, w->set_depth_um), l->depth_tolerance_um);
}

/* |diff| * 100 > pct * set, in whole numbers: |diff| > floor(pct * set / 100). */
static struct look speed_deviation(
    const struct guard *w, const struct limits *l, const struct moment *m)
{
	if (!m->is_at_work || m->rate_dhz == ABSENT || w->set_rate_dhz < 0)
		return unjudged;
	return over(
	    distance(m->rate_dhz, w->set_rate_dhz), w->set_rate_dhz * l->speed_tolerance_pct / 100);
}

/* --- pulses ----------------------------------------------------------------------------- */

static struct look energy(const struct guard *w, const struct limits *l, const struct moment *m)
{
	(void)w;
	return over(m->energy_uj, l->energy_uj[m->zone]);
}

static struct look power(const struct guard *w, const struct limits *l, const struct moment *m)
{
	(void)w;
	return over(m->power_mw, l->power_mw[m->zone]);
}

static struct look pulse(const struct guard *w, const struct limits *l, const struct moment *m)
{
	(void)w;
	return over(m->pulse_us, l->pulse_us[m->zone]);
}

/* Where no energy is cleared for the type, the treatment as such is beyond. */
static struct look skin_type(const struct guard *w, const struct limits *l, const struct moment *m)
{
	(void)w;
	if (l->skin_type_energy_uj != LIMIT_ALWAYS)
		return over(m->energy_uj, l->skin_type_energy_uj);
	return (struct look){.is_judged = m->feed == FEED_PRESET, .is_beyond = true};
}

static struct look stacking(const struct guard *w, const struct limits *l, const struct moment *m)
{
	(void)w;
	return (struct look){
	    .is_judged = m->stack_gap_ms != ABSENT && l->stack_gap_ms > 0,
	    .is_beyond = m->stack_gap_ms < l->stack_gap_ms,
	    .value = m->stack_gap_ms,
	    .limit = l->stack_gap_ms,
	};
}

static struct look frequency(const struct guard *w, const struct limits *l, const struct moment *m)
{
	(void)w;
	if (m->freq_khz == ABSENT || l->freq_khz == 0)
		return unjudged;
	return over(distance(m->freq_khz, l->freq_khz), l->freq_khz * l->freq_tolerance_pct / 100);
}

/* --- windows over the last pulses --------------------------------------------------------- */

static void ring_push(struct pulse_ring *ring, bool is_bad, int32_t window)
{
	uint64_t mask = window >= 64 ? UINT64_MAX : (UINT64_C(1) << window) - 1;

	ring->bits = (ring->bits << 1 | is_bad) & mask;
	if (ring->count < (uint32_t)window)
		ring->count++;
}

static int32_t ring_bad(const struct pulse_ring *ring)
{
	return __builtin_popcountll(ring->bits);
}

/* |1000 E pins - P t| * 100 > pct * P t, in nJ. */
static bool is_mismatch(const struct guard *w, const struct limits *l, const struct moment *m)
{
	int64_t given = 1000 * (int64_t)m->energy_uj * w->pins;
	int64_t drawn = (int64_t)m->power_mw * m->pulse_us;
	int64_t diff = given > drawn ? given - drawn : drawn - given;

	return diff * 100 > l->mismatch_tolerance_pct * drawn;
}

static bool has_mismatch_inputs(const struct guard *w, const struct moment *m)
{
	return w->pins > 0 && m->energy_uj != ABSENT && m->power_mw != ABSENT &&
	       m->pulse_us != ABSENT;
}

static bool has_impedance_inputs(const struct limits *l, const struct moment *m)
{
	return m->impedance_ohm != ABSENT &&
	       (l->min_impedance_ohm > 0 || l->max_impedance_ohm != LIMIT_NONE);
}

void guard_rules_ring(struct guard *w, const struct limits *l, const struct moment *m)
{
	if (has_mismatch_inputs(w, m))
		ring_push(&w->mismatches, is_mismatch(w, l, m), l->mismatch_window);
	if (has_impedance_inputs(l, m))
		ring_push(&w->impedances,
		    m->impedance_ohm < l->min_impedance_ohm ||
		        m->impedance_ohm > l->max_impedance_ohm,
		    l->impedance_window);
	ring_push(&w->contacts, m->is_contact_fault, l->contact_window);
}

/* Beyond from so many bad ones in the window on; within while each is good. */
static struct look bad_pulses(const struct pulse_ring *ring, int32_t limit)
{
	return (struct look){
	    .is_judged = true,
	    .is_beyond = ring_bad(ring) >= limit,
	    .is_within = !(ring->bits & 1),
	    .value = ring_bad(ring),
	    .limit = limit,
	};
}

static struct look mismatch(const struct guard *w, const struct limits *l, const struct moment *m)
{
	return has_mismatch_inputs(w, m) ? bad_pulses(&w->mismatches, l->mismatch_pulses)
	                                 : unjudged;
}

static struct look impedance(const struct guard *w, const struct limits *l, const struct moment *m)
{
	return has_impedance_inputs(l, m) ? bad_pulses(&w->impedances, l->impedance_pulses)
	                                  : unjudged;
}

/* Shares of the pulses in the window; in 0.1 % for people. */
static struct look contact(const struct guard *w, const struct limits *l, const struct moment *m)
{
	int32_t bad = ring_bad(&w->contacts);
	int32_t count = (int32_t)w->contacts.count;

	(void)m;
	return (struct look){
	    .is_judged = true,
	    .is_beyond = count >= l->contact_min_pulses && bad * 100 > l->contact_pct * count,
	    .is_within = count == l->contact_window && bad * 100 <= l->contact_clear_pct * count,
	    .value = bad * 1000 / count,
	    .limit = l->contact_pct * 10,
	};
}

/* --- temperature ---------------------------------------------------------------------------- */

static struct look skin(const struct guard *w, const struct limits *l, const struct moment *m)
{
	struct look look = over(m->skin_cdegc, l->skin_cdegc);

	(void)w;
	look.is_within = m->skin_cdegc <= l->skin_clear_cdegc;
	return look;
}

static struct look needle(const struct guard *w, const struct limits *l, const struct moment *m)
{
	(void)w;
	return over(m->needle_cdegc, l->needle_cdegc);
}

static const struct guard_fault *fault_at(const struct guard *w, event_ms at)
{
	size_t count = w->fault_count < GUARD_FAULTS ? w->fault_count : GUARD_FAULTS;

	for (size_t i = 0; i < count; i++)
		if (w->faults[i].on <= at && at < w->faults[i].off)
			return &w->faults[i];
	return NULL;
}

static struct look cooling(const struct guard *w, const struct limits *l, const struct moment *m)
{
	const struct guard_fault *fault = fault_at(w, m->at);
	int64_t lasted_ms = fault ? m->at - fault->on : 0;

	if (lasted_ms > INT32_MAX)
		lasted_ms = INT32_MAX;
	return (struct look){
	    .is_judged = true,
	    .is_beyond = m->is_at_work && lasted_ms > l->cooling_ms,
	    .is_within = !fault,
	    .value = (int32_t)lasted_ms,
	    .limit = l->cooling_ms,
	};
}

/* --- battery ---------------------------------------------------------------------------------- */

/* On mains it says 255. */
static struct look battery(const struct guard *w, const struct limits *l, const struct moment *m)
{
	(void)w;
	return (struct look){
	    .is_judged = m->battery_pct != ABSENT,
	    .is_beyond = m->battery_pct < l->battery_pct,
	    .is_within = m->battery_pct >= l->battery_pct,
	    .value = m->battery_pct,
	    .limit = l->battery_pct,
	};
}

/* --- the table -------------------------------------------------------------------------------- */

const struct guard_rule guard_rules[GUARD_RULES] = {
    {CHECK_SKIN_TYPE_LIMIT, LIMIT_AT_ONCE, FEED_PRESET | FEED_PARAM | FEED_PULSE, skin_type, false},
    {CHECK_DEPTH_OVER_ZONE, LIMIT_DEPTH_ZONE, FEED_PRESET | FEED_SAMPLE, depth_zone, false},
    {CHECK_DEPTH_OVER_ZONE, LIMIT_DEPTH_ZONE, FEED_PULSE, depth_zone, false},
    {CHECK_DEPTH_OVER_LABEL, LIMIT_DEPTH_LABEL, FEED_SAMPLE, depth_label, false},
    {CHECK_DEPTH_OVER_LABEL, LIMIT_DEPTH_LABEL, FEED_PULSE, depth_label, false},
    {CHECK_DEPTH_OVER_SCOPE, LIMIT_DEPTH_SCOPE, FEED_PRESET | FEED_SAMPLE, depth_scope, false},
    {CHECK_DEPTH_OVER_SCOPE, LIMIT_DEPTH_SCOPE, FEED_PULSE, depth_scope, false},
    {CHECK_DEPTH_DEVIATION, LIMIT_DEPTH_DEVIATION, FEED_SAMPLE, depth_deviation, false},
    {CHECK_MOTOR_SPEED_DEV, LIMIT_SPEED, FEED_SAMPLE, speed_deviation, false},
    {CHECK_ENERGY_OVER, LIMIT_AT_ONCE, FEED_PULSE, energy, false},
    {CHECK_POWER_OVER, LIMIT_AT_ONCE, FEED_PULSE, power, false},
    {CHECK_PULSE_OVER, LIMIT_AT_ONCE, FEED_PULSE, pulse, false},
    {CHECK_ENERGY_MISMATCH, LIMIT_MISMATCH, FEED_PULSE, mismatch, false},
    {CHECK_RF_FREQ_DEV, LIMIT_AT_ONCE, FEED_PARAM, frequency, false},
    {CHECK_TEMP_SKIN_OVER, LIMIT_TEMP_SKIN, FEED_SAMPLE, skin, false},
    {CHECK_TEMP_NEEDLE_OVER, LIMIT_TEMP_NEEDLE, FEED_SAMPLE, needle, false},
    {CHECK_TEMP_NEEDLE_OVER, LIMIT_TEMP_NEEDLE, FEED_PULSE, needle, false},
    {CHECK_IMPEDANCE_OUT, LIMIT_IMPEDANCE, FEED_PULSE, impedance, false},
    {CHECK_CONTACT_FAULTS, LIMIT_AT_ONCE, FEED_PULSE, contact, false},
    {CHECK_STACKING, LIMIT_AT_ONCE, FEED_PULSE, stacking, true},
    {CHECK_COOLING_FAULT, LIMIT_COOLING, FEED_SAMPLE, cooling, false},
    {CHECK_COOLING_FAULT, LIMIT_COOLING, FEED_PULSE, cooling, false},
    {CHECK_BATTERY_LOW, LIMIT_AT_ONCE, FEED_SAMPLE, battery, true},
};
