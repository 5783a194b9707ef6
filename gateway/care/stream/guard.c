#include "care/stream/guard_rules.h"

#define COOLING_FAULT_CODE 1 /* Fault.code */

/* --- the episode machine ----------------------------------------------------------------- */

static bool is_open(const struct episode *e)
{
	return e->count > 0 && e->until == TIME_NEVER;
}

static bool is_worse(const struct guard_rule *rule, int32_t a, int32_t b)
{
	return rule->is_low_worse ? a < b : a > b;
}

/* One more of a run; true once it is long enough. */
static bool run_on(struct episode *e, event_ms at, int32_t count, int32_t span_ms)
{
	if (e->run++ == 0)
		e->run_from = at;
	return e->run >= (uint32_t)count && at - e->run_from >= span_ms;
}

static enum guard_news open_episode(
    struct episode *e, const struct guard_rule *rule, const struct look *look, event_ms at)
{
	if (e->count == 0) {
		e->from = at;
		e->value = look->value;
		e->limit = look->limit;
		e->max = e->run_max;
	}
	if (is_worse(rule, e->run_max, e->max))
		e->max = e->run_max;
	e->count++;
	e->until = TIME_NEVER;
	e->run = 0;
	return GUARD_STEP;
}

static enum guard_news while_closed(struct episode *e, const struct guard_rule *rule,
    const struct debounce *d, const struct look *look, const struct moment *m)
{
	if (!look->is_beyond) {
		e->run = 0;
		return GUARD_NOTHING;
	}
	if (e->run == 0 || is_worse(rule, look->value, e->run_max))
		e->run_max = look->value;
	bool is_enough = run_on(e, m->at, d->raise_count, d->raise_ms);
	if (!is_enough && m->feed != FEED_PRESET) /* what is set is no slip of a meter */
		return GUARD_NOTHING;
	e->zones |= UINT32_C(1) << m->zone;
	return open_episode(e, rule, look, m->at);
}

static enum guard_news while_open(struct episode *e, const struct guard_rule *rule,
    const struct debounce *d, const struct look *look, const struct moment *m)
{
	enum guard_news news = GUARD_NOTHING;
	uint32_t zones = e->zones | UINT32_C(1) << m->zone;

	if (look->is_beyond && (is_worse(rule, look->value, e->max) || zones != e->zones)) {
		if (is_worse(rule, look->value, e->max))
			e->max = look->value;
		e->zones = zones;
		news = GUARD_MORE;
	}
	if (!look->is_within) {
		e->run = 0;
		return news;
	}
	if (!run_on(e, m->at, d->clear_count, d->clear_ms))
		return news;
	/* A clock that was set back ends nothing before it began. */
	e->until = m->at > e->from ? m->at : e->from;
	e->run = 0;
	return GUARD_STEP;
}

static enum guard_news step(
    struct guard *guard, const struct limits *limits, const struct moment *moment)
{
	enum guard_news news = GUARD_NOTHING;

	for (size_t i = 0; i < GUARD_RULES; i++) {
		const struct guard_rule *rule = &guard_rules[i];
		uint32_t bit = UINT32_C(1) << i;
		if (!(rule->feeds & moment->feed))
			continue;
		struct look look = rule->look(guard, limits, moment);
		if (!look.is_judged || (!look.is_beyond && !(guard->busy & bit)))
			continue;
		struct episode *e = &guard->episodes[i];
		const struct debounce *d = &limits->debounce[rule->debounce];
		enum guard_news now = is_open(e) ? while_open(e, rule, d, &look, moment)
		                                 : while_closed(e, rule, d, &look, moment);
		guard->busy = is_open(e) || e->run ? guard->busy | bit : guard->busy & ~bit;
		if (now > news)
			news = now;
	}
	return news;
}

/* --- what a message says ------------------------------------------------------------------- */

static struct moment moment_at(const struct guard *guard, enum feed feed, event_ms at)
{
	return (struct moment){
	    .at = at,
	    .feed = feed,
	    .zone = guard->zone,
	    .is_at_work = true,
	    .depth_um = ABSENT,
	    .rate_dhz = ABSENT,
	    .skin_cdegc = ABSENT,
	    .needle_cdegc = ABSENT,
	    .freq_khz = ABSENT,
	    .energy_uj = ABSENT,
	    .power_mw = ABSENT,
	    .pulse_us = ABSENT,
	    .impedance_ohm = ABSENT,
	    .stack_gap_ms = ABSENT,
	    .battery_pct = ABSENT,
	};
}

static int32_t said(protobuf_c_boolean has, int64_t value)
{
	return has ? (int32_t)value : ABSENT;
}

static void set_zone(struct guard *guard, protobuf_c_boolean has, uint32_t zone)
{
	if (has && zone < LIMIT_ZONES)
		guard->zone = zone;
}

static void hear(struct guard *guard, event_ms at)
{
	if (guard->rows == 0 || at > guard->heard_at)
		guard->heard_at = at;
}

static enum guard_news add_samples(struct guard *guard, const struct limits *limits, event_ms ts,
    const Carepace__V1__Samples *samples)
{
	enum guard_news news = GUARD_NOTHING;

	for (size_t i = 0; i < samples->n_sample; i++) {
		const Carepace__V1__Sample *one = samples->sample[i];
		set_zone(guard, one->has_zone, one->zone);
		struct moment m = moment_at(guard, FEED_SAMPLE, ts + one->dt_ms);
		m.is_at_work = !one->has_active_ms || one->active_ms > 0;
		m.depth_um = said(one->has_depth_um, one->depth_um);
		m.rate_dhz = said(one->has_rate_dhz, one->rate_dhz);
		m.skin_cdegc = said(one->has_skin_temp_cdegc, one->skin_temp_cdegc);
		m.needle_cdegc = said(one->has_needle_temp_cdegc, one->needle_temp_cdegc);
		m.battery_pct = said(one->has_battery_pct, one->battery_pct);
		hear(guard, m.at);
		if (guard->first_battery_pct < 0 && m.battery_pct != ABSENT) {
			guard->first_battery_pct = m.battery_pct;
			news = GUARD_STEP;
		}
		enum guard_news now = step(guard, limits, &m);
		if (now > news)
			news = now;
	}
	return news;
}

/* Time since the last pulse on the same spot of the same zone. */
static int32_t stack_gap(
    struct guard *guard, const Carepace__V1__Pulse *pulse, const struct moment *m)
{
	size_t known = guard->spot_count < GUARD_SPOTS ? guard->spot_count : GUARD_SPOTS;
	int32_t gap = ABSENT;

	if (!pulse->has_site)
		return ABSENT;
	for (size_t i = 1; i <= known && gap == ABSENT; i++) {
		const struct guard_spot *spot =
		    &guard->spots[(guard->spot_count - i) % GUARD_SPOTS];
		int64_t since = m->at - spot->at;
		if (spot->site == pulse->site && spot->zone == m->zone && since >= 0)
			gap = since > INT32_MAX ? INT32_MAX : (int32_t)since;
	}
	guard->spots[guard->spot_count++ % GUARD_SPOTS] = (struct guard_spot){
	    .at = m->at, .site = (uint16_t)pulse->site, .zone = (uint16_t)m->zone};
	return gap;
}

static struct tip_limits tip_limits(const struct limits *limits)
{
	return (struct tip_limits){
	    .pulses = (uint32_t)limits->tip_pulses, .low_pct = (uint32_t)limits->tip_low_pct};
}

static enum guard_news count_pulse(struct guard *guard, const struct limits *limits, event_ms at)
{
	if (guard->tips.mounted == 0)
		return GUARD_NOTHING;
	return tips_pulse(&guard->tips, tip_limits(limits), at) ? GUARD_STEP : GUARD_MORE;
}

static enum guard_news add_pulses(struct guard *guard, const struct limits *limits, event_ms ts,
    const Carepace__V1__Pulses *pulses)
{
	enum guard_news news = GUARD_NOTHING;

	for (size_t i = 0; i < pulses->n_pulse; i++) {
		const Carepace__V1__Pulse *one = pulses->pulse[i];
		set_zone(guard, one->has_zone, one->zone);
		struct moment m = moment_at(guard, FEED_PULSE, ts + one->dt_ms);
		m.depth_um = said(one->has_depth_um, one->depth_um);
		m.needle_cdegc = said(one->has_peak_temp_cdegc, one->peak_temp_cdegc);
		m.energy_uj = said(one->has_energy_uj, one->energy_uj);
		m.power_mw = said(one->has_power_mw, one->power_mw);
		m.pulse_us = said(one->has_duration_us, one->duration_us);
		m.impedance_ohm = said(one->impedance_ohm > 0, one->impedance_ohm);
		m.is_contact_fault = one->flags & CAREPACE__V1__PULSE_FLAG__PULSE_CONTACT_FAULT;
		m.stack_gap_ms = stack_gap(guard, one, &m);
		hear(guard, m.at);
		guard_rules_ring(guard, limits, &m);
		enum guard_news tip = count_pulse(guard, limits, m.at);
		if (tip > news)
			news = tip;
		enum guard_news now = step(guard, limits, &m);
		if (now > news)
			news = now;
	}
	return news;
}

static enum guard_news add_param(
    struct guard *guard, const struct limits *limits, event_ms ts, const Carepace__V1__Param *param)
{
	set_zone(guard, param->has_zone, param->zone);
	if (param->has_depth_um)
		guard->set_depth_um = (int32_t)param->depth_um;
	if (param->has_rate_dhz)
		guard->set_rate_dhz = (int32_t)param->rate_dhz;

	struct moment m = moment_at(guard, FEED_PARAM, ts);
	m.freq_khz = said(param->has_freq_khz, param->freq_khz);
	m.energy_uj = said(param->has_energy_uj, param->energy_uj);
	return step(guard, limits, &m);
}

static void add_fault(struct guard *guard, event_ms ts, const Carepace__V1__Fault *fault)
{
	struct guard_fault *last =
	    guard->fault_count ? &guard->faults[(guard->fault_count - 1) % GUARD_FAULTS] : NULL;
	bool was_on = last && last->off == TIME_NEVER;

	if (fault->code != COOLING_FAULT_CODE || fault->on == was_on)
		return;
	if (was_on)
		last->off = ts;
	else
		guard->faults[guard->fault_count++ % GUARD_FAULTS] =
		    (struct guard_fault){.on = ts, .off = TIME_NEVER};
}

/* --- silence --------------------------------------------------------------------------------- */

/* A gap between two messages is over when it is seen. Silence that goes on is the
 * judge's to find: it depends on now. */
static enum guard_news end_silence(struct guard *guard, const struct limits *limits, event_ms at)
{
	struct episode *e = &guard->silence;
	int64_t lasted_ms = guard->rows && !guard->is_ended ? at - guard->heard_at : 0;

	if (lasted_ms <= limits->silent_ms)
		return GUARD_NOTHING;
	if (lasted_ms > INT32_MAX)
		lasted_ms = INT32_MAX;
	if (e->count++ == 0) {
		e->from = guard->heard_at + limits->silent_ms + 1;
		e->limit = limits->silent_ms;
	}
	e->until = at;
	if (lasted_ms > e->max)
		e->value = e->max = (int32_t)lasted_ms;
	return GUARD_STEP;
}

/* --- names ----------------------------------------------------------------------------------- */

bool guard_reaches(int64_t first, int64_t name)
{
	uint32_t first_boot = message_no_boot(first);
	uint32_t first_seq = message_no_boot(name) == first_boot ? message_no_seq(first) : 0;

	return message_no_boot(name) - first_boot < GUARD_BOOTS_MAX &&
	       message_no_seq(name) - first_seq < GUARD_SEQS_MAX;
}

/* --- fold ------------------------------------------------------------------------------------ */

void guard_begin(struct guard *guard, const struct limits *limits)
{
	memset(guard, 0, sizeof(*guard)); /* padding is stored and compared */
	guard->set_depth_um = limits->preset_depth_um;
	guard->set_rate_dhz = limits->preset_rate_dhz;
	guard->pins = limits->pins;
	guard->first_battery_pct = -1;

	struct moment m = moment_at(guard, FEED_PRESET, limits->start);
	m.depth_um = said(limits->preset_depth_um >= 0, limits->preset_depth_um);
	m.energy_uj = said(limits->preset_energy_uj >= 0, limits->preset_energy_uj);
	step(guard, limits, &m);
}

enum guard_news guard_fold(
    struct guard *guard, const struct limits *limits, const struct reading *reading)
{
	int64_t name = message_no(reading->boot, reading->seq);

	CP_CHECK(guard_is_next(guard, name));
	if (guard->rows == 0)
		guard->first = name;
	guard->last = name;
	if (!guard_reaches(guard->first, name))
		return GUARD_NOTHING;
	enum guard_news news = end_silence(guard, limits, reading->ts);
	hear(guard, reading->ts);
	guard->rows++;

	enum guard_news more = GUARD_NOTHING;
	switch (reading->kind) {
	case READING_SAMPLES:
		more = add_samples(guard, limits, reading->ts, reading->up->samples);
		break;
	case READING_PULSES:
		more = add_pulses(guard, limits, reading->ts, reading->up->pulses);
		break;
	case READING_PARAM:
		more = add_param(guard, limits, reading->ts, reading->up->param);
		break;
	case READING_CART_ATTACH:
		if (reading->up->cart_attach->has_pins)
			guard->pins = (int32_t)reading->up->cart_attach->pins;
		tips_attach(&guard->tips, tip_limits(limits), reading); /* judged with the attach */
		break;
	case READING_CART_DETACH:
		tips_detach(&guard->tips, reading->up->cart_detach->slot);
		break;
	case READING_FAULT:
		add_fault(guard, reading->ts, reading->up->fault);
		break;
	case READING_SESSION_END:
	case READING_ESTOP:
		guard->is_ended = true;
		break;
	default:
		break;
	}
	return more > news ? more : news;
}

/* --- found -------------------------------------------------------------------------------------
 */

/* What two meters see of the same is one: from the first to the last sight. */
static void join(struct episode *all, const struct episode *one, const struct guard_rule *rule)
{
	if (one->count == 0)
		return;
	if (all->count == 0) {
		*all = *one;
		return;
	}
	if (one->from < all->from) {
		all->from = one->from;
		all->value = one->value;
		all->limit = one->limit;
	}
	if (one->until > all->until)
		all->until = one->until;
	if (one->count > all->count)
		all->count = one->count;
	if (is_worse(rule, one->max, all->max))
		all->max = one->max;
	all->zones |= one->zones;
}

struct episode guard_found(const struct guard *guard, enum check check)
{
	struct episode all = {0};

	if (check == CHECK_SESSION_ORPHAN)
		return guard->silence;
	for (size_t i = 0; i < GUARD_RULES; i++)
		if (guard_rules[i].check == check)
			join(&all, &guard->episodes[i], &guard_rules[i]);
	return all;
}
