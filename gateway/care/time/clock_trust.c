#include "care/time/clock_trust.h"

#include "care/range_rules.h"

bool clock_is_live(const struct reading *reading)
{
	return !reading->is_replay || reading->kind == READING_HELLO ||
	       reading->kind == READING_HEARTBEAT;
}

/* A device may count from anywhere; sums must not overflow. */
static int64_t mono_of(const struct reading *reading)
{
	return reading->mono_ms > RANGE_TS_MAX ? RANGE_TS_MAX : (int64_t)reading->mono_ms;
}

static int64_t second_below(int64_t ms)
{
	int64_t rest = ms % MS_PER_SECOND;

	return ms - (rest < 0 ? rest + MS_PER_SECOND : rest);
}

static bool lower(int64_t *value, int64_t to)
{
	if (to >= *value)
		return false;
	*value = to;
	return true;
}

static bool raise(int64_t *value, int64_t to)
{
	if (to <= *value)
		return false;
	*value = to;
	return true;
}

bool clock_learn(struct boot_clock *clock, const struct reading *reading, struct arrival arrival)
{
	int64_t mono = mono_of(reading);
	int64_t offset = reading->claimed - mono;
	bool is_news = lower(&clock->offset_min, second_below(offset));

	is_news |= raise(&clock->offset_max, second_below(offset + MS_PER_SECOND - 1));
	is_news |= lower(&clock->ts_min, second_below(reading->claimed));
	if (arrival.kind == ARRIVED_AT && clock_is_live(reading))
		is_news |= lower(&clock->anchor, second_below(arrival.at - mono));
	if (arrival.kind != ARRIVED_IN_DOUBT && reading->claimed > arrival.at && !clock->is_ahead)
		is_news = clock->is_ahead = true;
	return is_news;
}

void clock_join(struct boot_clock *clock, const struct boot_clock *more)
{
	lower(&clock->offset_min, more->offset_min);
	raise(&clock->offset_max, more->offset_max);
	lower(&clock->ts_min, more->ts_min);
	lower(&clock->anchor, more->anchor);
	clock->is_ahead |= more->is_ahead;
}

static event_ms within_calendar(event_ms at)
{
	return at < 0 ? 0 : at > RANGE_TS_MAX ? RANGE_TS_MAX : at;
}

int64_t clock_skew_ms(const struct boot_clock *clock, const struct reading *reading)
{
	return clock->anchor == TIME_NEVER ? 0
	                                   : reading->claimed - mono_of(reading) - clock->anchor;
}

static bool is_trusted(int64_t skew_ms)
{
	return skew_ms >= -CLOCK_SKEW_MAX_MS && skew_ms <= CLOCK_SKEW_MAX_MS;
}

enum clock_skew clock_skew_of(int64_t skew_ms)
{
	int64_t off = skew_ms < 0 ? -skew_ms : skew_ms;

	return off > CLOCK_SKEW_MAX_MS   ? CLOCK_IS_WRONG
	       : off > CLOCK_SKEW_LOW_MS ? CLOCK_IS_OFF
	                                 : CLOCK_IS_GOOD;
}

static bool is_impossible(
    const struct boot_clock *clock, const struct reading *reading, struct arrival arrival)
{
	return reading->claimed < clock->floor ||
	       (arrival.kind != ARRIVED_IN_DOUBT && reading->claimed > arrival.at);
}

static void date(const struct boot_clock *clock, struct reading *reading, struct arrival arrival)
{
	event_ms since_boot = mono_of(reading);

	reading->ts = reading->claimed;
	reading->ts_source = TS_DEVICE;
	if (clock->anchor != TIME_NEVER) {
		if (is_trusted(clock_skew_ms(clock, reading)))
			return;
		reading->ts = within_calendar(clock->anchor + since_boot);
		reading->ts_source = TS_GATEWAY;
	} else if (is_impossible(clock, reading, arrival)) {
		/* As early as it may have been: order and durations stay. */
		event_ms earliest = clock->floor + since_boot;
		reading->ts = within_calendar(earliest < arrival.at ? earliest : arrival.at);
		reading->ts_source = TS_UNKNOWN;
	}
}

/* What is assumed in doubt is never later than the truth (care/time/gateway_clock.h), so a live
 * message did not happen before that. */
static void date_in_doubt(
    const struct boot_clock *clock, struct reading *reading, struct arrival arrival)
{
	reading->ts_source = TS_IN_DOUBT;
	if (clock->anchor == TIME_NEVER && clock_is_live(reading) &&
	    arrival.at - reading->ts > CLOCK_SKEW_MAX_MS)
		reading->ts = within_calendar(arrival.at);
}

void clock_date(const struct boot_clock *clock, struct reading *reading, struct arrival arrival)
{
	date(clock, reading, arrival);
	if (arrival.kind == ARRIVED_IN_DOUBT)
		date_in_doubt(clock, reading, arrival);
}

/* Everything has the date that it claims. */
static bool is_plain(const struct boot_clock *clock)
{
	if (clock->anchor == TIME_NEVER)
		return clock->ts_min >= clock->floor && !clock->is_ahead;
	return is_trusted(clock->offset_min - clock->anchor) &&
	       is_trusted(clock->offset_max - clock->anchor);
}

bool clock_dates_alike(const struct boot_clock *a, const struct boot_clock *b)
{
	if (a->anchor == b->anchor && (a->anchor != TIME_NEVER || a->floor == b->floor))
		return true;
	return is_plain(a) && is_plain(b);
}
