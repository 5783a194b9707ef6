#include "care/time/gateway_clock.h"

#include "base/err.h"

static bool differ_by_more(int64_t a, int64_t b, int64_t limit)
{
	return a > b ? a - b > limit : b - a > limit;
}

static int64_t shown_by(const struct clock_reading *reading)
{
	return reading->wall - reading->since_boot;
}

bool clock_is_same_boot(const struct clock_known *known, const struct clock_start *start)
{
	return known && !id_is_zero(&start->boot) && id_eq(&known->boot, &start->boot);
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The latest that is never later than the truth. */
static int64_t least_offset(const struct clock_known *known, const struct clock_start *start)
{
	/* The program may have been built after the box started. */
	int64_t least = start->built_at - start->reading.since_boot;

	if (!known)
		return least;
	if (clock_is_same_boot(known, start))
		return later(least, known->offset);
	if (id_is_zero(&start->boot)) /* only the program, perhaps */
		return later(least, known->last - start->reading.since_boot);
	return later(least, known->last); /* the box started after that */
}

void gateway_clock_open(
    struct gateway_clock *clock, const struct clock_known *known, const struct clock_start *start)
{
	bool is_same_boot = clock_is_same_boot(known, start);

	*clock = (struct gateway_clock){
	    .boot = start->boot,
	    .offset = least_offset(known, start),
	    .confirmed = is_same_boot ? known->confirmed : TIME_NEVER,
	    .floor = known ? later(known->last, start->built_at) : start->built_at,
	};
	gateway_clock_look(clock, &start->reading);
}

static enum clock_doubt doubt_of(
    const struct gateway_clock *clock, const struct clock_reading *reading)
{
	if (reading->wall < clock->floor)
		return CLOCK_BEFORE_KNOWN;
	if (clock->confirmed == TIME_NEVER)
		return CLOCK_UNCONFIRMED;
	return differ_by_more(shown_by(reading), clock->confirmed, CLOCK_STEP_MAX_MS)
	           ? CLOCK_STEPPED
	           : CLOCK_TRUSTED;
}

void gateway_clock_look(struct gateway_clock *clock, const struct clock_reading *reading)
{
	clock->shown = shown_by(reading);
	clock->has_news = false;
	if (reading->is_synced)
		clock->confirmed = clock->shown;
	clock->doubt = doubt_of(clock, reading);
	if (clock->doubt == CLOCK_TRUSTED) {
		clock->offset = clock->shown;
		clock->witness_count = 0;
	}
}

/* --- evidence ------------------------------------------------------------------------ */

static bool agrees(const struct gateway_clock *clock, wall_ms told, mono_ms heard)
{
	return !differ_by_more(told, heard + clock->shown, CLOCK_AGREES_MS);
}

static bool confirm(struct gateway_clock *clock)
{
	clock->confirmed = clock->shown;
	clock->has_news = true;
	return true;
}

bool gateway_clock_hear_office(struct gateway_clock *clock, wall_ms told, mono_ms heard)
{
	return clock->doubt != CLOCK_TRUSTED && agrees(clock, told, heard) && confirm(clock);
}

static bool is_witness(const struct gateway_clock *clock, const struct id *device)
{
	for (size_t i = 0; i < clock->witness_count; i++)
		if (id_eq(&clock->witnesses[i], device))
			return true;
	return false;
}

bool gateway_clock_hear_device(
    struct gateway_clock *clock, const struct id *device, wall_ms told, mono_ms heard)
{
	if (clock->doubt == CLOCK_TRUSTED || !agrees(clock, told, heard))
		return false;
	/* What they agreed with is no longer what the clock shows. */
	if (differ_by_more(clock->witnessed, clock->shown, MS_PER_SECOND))
		clock->witness_count = 0;
	if (is_witness(clock, device))
		return false;
	CP_CHECK(clock->witness_count < CLOCK_WITNESSES);
	if (clock->witness_count == 0)
		clock->witnessed = clock->shown;
	clock->witnesses[clock->witness_count++] = *device;
	if (clock->witness_count < CLOCK_WITNESSES)
		return false;
	clock->witness_count = 0;
	return confirm(clock);
}

const char *clock_doubt_text(enum clock_doubt doubt)
{
	static const char *const texts[] = {
	    [CLOCK_TRUSTED] = "it is trusted",
	    [CLOCK_BEFORE_KNOWN] = "it shows a time that is past for certain",
	    [CLOCK_STEPPED] = "it was set by more than five minutes and nothing has confirmed that",
	    [CLOCK_UNCONFIRMED] = "nothing has confirmed it since this box started",
	};

	return (size_t)doubt < CP_COUNT(texts) ? texts[doubt] : "of a reason unknown here";
}
