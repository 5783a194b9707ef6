/* What a message teaches about its device's clock, and whom that dates again. */
#include "care/range_rules.h"
#include "care/time/clock_trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define BOOTED (CLOCK_OLDEST + 1000 * MS_PER_DAY)

/* A message said `since_ms` after the boot, by a clock that is `off_ms` ahead. */
static struct reading said(int64_t since_ms, int64_t off_ms)
{
	return (struct reading){.kind = READING_SAMPLES,
	    .mono_ms = (uint64_t)since_ms,
	    .claimed = BOOTED + since_ms + off_ms};
}

static struct arrival at(wall_ms moment)
{
	return (struct arrival){.at = moment, .kind = ARRIVED_AT};
}

static struct boot_clock learned(int64_t off_ms)
{
	struct boot_clock clock = BOOT_CLOCK_EMPTY;
	struct reading reading = said(MS_PER_MINUTE, off_ms);

	assert_true(clock_learn(&clock, &reading, at(BOOTED + MS_PER_MINUTE)));
	return clock;
}

static void what_is_known_is_no_news(void **state)
{
	struct boot_clock clock = learned(0);
	struct reading again = said(MS_PER_MINUTE, 0);
	struct reading later = said(2 * MS_PER_MINUTE, 0);
	struct reading ahead = said(3 * MS_PER_MINUTE, 1);

	(void)state;
	assert_false(clock_learn(&clock, &again, at(BOOTED + MS_PER_MINUTE)));
	assert_false(clock_learn(&clock, &later, at(BOOTED + 2 * MS_PER_MINUTE)));
	assert_false(clock.is_ahead);
	assert_true(clock_learn(&clock, &ahead, at(BOOTED + 3 * MS_PER_MINUTE)));
	assert_true(clock.is_ahead);
	assert_false(clock_learn(&clock, &ahead, at(BOOTED + 3 * MS_PER_MINUTE)));
}

static void a_claim_of_now_is_not_ahead(void **state)
{
	struct boot_clock clock = learned(0);

	(void)state;
	assert_false(clock.is_ahead);
	clock = learned(1);
	assert_true(clock.is_ahead);
}

static void other_anchors_date_alike_while_both_are_trusted(void **state)
{
	struct boot_clock a = learned(0);
	struct boot_clock b = a;

	(void)state;
	assert_true(clock_dates_alike(&a, &b));
	b.anchor -= MS_PER_SECOND; /* a message came sooner */
	assert_true(clock_dates_alike(&a, &b));
	a = b = learned(CLOCK_SKEW_MAX_MS);
	b.anchor += MS_PER_SECOND;
	assert_true(clock_dates_alike(&a, &b));
	b.anchor -= 2 * MS_PER_SECOND; /* now the claim is beyond the limit */
	assert_false(clock_dates_alike(&a, &b));
	a = b;
	assert_true(clock_dates_alike(&a, &b));
}

static void without_an_anchor_the_floor_counts(void **state)
{
	struct boot_clock a = BOOT_CLOCK_EMPTY;
	struct boot_clock b = BOOT_CLOCK_EMPTY;

	(void)state;
	a.ts_min = b.ts_min = BOOTED;
	b.floor = BOOTED;
	assert_true(clock_dates_alike(&a, &b)); /* nothing is before either */
	b.floor = BOOTED + 1;
	assert_false(clock_dates_alike(&a, &b));
	a.floor = b.floor;
	assert_true(clock_dates_alike(&a, &b));
}

/* Of a boot that nobody saw live. */
static enum ts_source source_of(event_ms floor, event_ms claimed, wall_ms came)
{
	struct boot_clock clock = BOOT_CLOCK_EMPTY;
	struct reading reading = {.kind = READING_SAMPLES, .claimed = claimed};

	clock.floor = floor;
	clock_date(&clock, &reading, at(came));
	return reading.ts_source;
}

static void what_is_just_possible_is_believed(void **state)
{
	(void)state;
	assert_int_equal(source_of(BOOTED, BOOTED, BOOTED), TS_DEVICE);
	assert_int_equal(source_of(BOOTED + 1, BOOTED, BOOTED + 1), TS_UNKNOWN);
	assert_int_equal(source_of(BOOTED, BOOTED + 1, BOOTED), TS_UNKNOWN);
}

/* What the box assumes is never later than the truth. */
static void in_doubt_a_live_word_is_at_most_five_minutes_old(void **state)
{
	struct boot_clock clock = BOOT_CLOCK_EMPTY;
	struct reading reading = {.kind = READING_SAMPLES, .claimed = BOOTED};
	struct arrival arrival = {.at = BOOTED + CLOCK_SKEW_MAX_MS, .kind = ARRIVED_IN_DOUBT};

	(void)state;
	clock_date(&clock, &reading, arrival);
	assert_int_equal(reading.ts, BOOTED);
	arrival.at++;
	clock_date(&clock, &reading, arrival);
	assert_int_equal(reading.ts, arrival.at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_known_is_no_news),
	    cmocka_unit_test(a_claim_of_now_is_not_ahead),
	    cmocka_unit_test(other_anchors_date_alike_while_both_are_trusted),
	    cmocka_unit_test(without_an_anchor_the_floor_counts),
	    cmocka_unit_test(what_is_just_possible_is_believed),
	    cmocka_unit_test(in_doubt_a_live_word_is_at_most_five_minutes_old),
	};

	return cmocka_run_group_tests_name("clock trust", tests, NULL, NULL);
}
