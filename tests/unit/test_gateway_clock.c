/* Does the box know what time it is? (R18) Every limit inside, on and beyond it. */
#include "base/err.h"
#include "care/time/gateway_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define BUILT_AT INT64_C(1767225600000) /* 2026-01-01 */
#define NOON (BUILT_AT + 80 * MS_PER_DAY)
#define UP_MS MS_PER_HOUR

static struct id id_of(uint8_t n)
{
	return (struct id){.b = {n}};
}

/* The box started an hour before `true_at`; its clock is off by so much. */
static struct clock_reading reading_of(wall_ms true_at, int64_t off_ms)
{
	return (struct clock_reading){
	    .is_taken = true,
	    .since_boot = true_at - (NOON - UP_MS),
	    .wall = true_at + off_ms,
	};
}

static struct clock_reading synced(struct clock_reading reading)
{
	reading.is_synced = true;
	return reading;
}

static struct gateway_clock opened_in(
    uint8_t boot, const struct clock_known *known, struct clock_reading reading)
{
	const struct clock_start start = {
	    .boot = id_of(boot), .built_at = BUILT_AT, .reading = reading};
	struct gateway_clock clock;

	gateway_clock_open(&clock, known, &start);
	return clock;
}

static struct gateway_clock opened(const struct clock_known *known, struct clock_reading reading)
{
	return opened_in(1, known, reading);
}

static enum clock_doubt look(struct gateway_clock *clock, struct clock_reading reading)
{
	gateway_clock_look(clock, &reading);
	return clock->doubt;
}

static struct gateway_clock trusted(void)
{
	struct gateway_clock clock = opened(NULL, synced(reading_of(NOON, 0)));

	assert_int_equal(clock.doubt, CLOCK_TRUSTED);
	return clock;
}

static struct gateway_clock unconfirmed(void)
{
	struct gateway_clock clock = opened(NULL, reading_of(NOON, 0));

	assert_int_equal(clock.doubt, CLOCK_UNCONFIRMED);
	return clock;
}

static void no_clock_is_right_before_the_program_was_built(void **state)
{
	static const struct {
		wall_ms shows;
		enum clock_doubt doubt;
	} rows[] = {
	    {0, CLOCK_BEFORE_KNOWN},
	    {BUILT_AT - 1, CLOCK_BEFORE_KNOWN},
	    {BUILT_AT, CLOCK_TRUSTED},
	    {BUILT_AT + 1, CLOCK_TRUSTED},
	};

	(void)state;
	for (size_t i = 0; i < CP_COUNT(rows); i++) {
		struct gateway_clock clock =
		    opened(NULL, synced(reading_of(NOON, rows[i].shows - NOON)));
		assert_int_equal(clock.doubt, rows[i].doubt);
	}
}

/* In doubt the time that is assumed is never later than the truth: the program may have been
 * built or put there while the box ran, and may be started again before anything confirms. */
static void what_is_assumed_is_never_later_than_the_truth(void **state)
{
	const wall_ms soon = BUILT_AT + MS_PER_HOUR;
	const struct clock_reading reading = {
	    .is_taken = true, .since_boot = MS_PER_DAY, .wall = soon};

	(void)state;
	for (uint8_t boot = 0; boot <= 1; boot++) { /* 0: which one it is, is not known */
		struct gateway_clock clock = opened_in(boot, NULL, reading);
		assert_int_equal(clock.doubt, CLOCK_UNCONFIRMED);
		assert_int_equal(clock.offset + reading.since_boot, BUILT_AT);

		struct clock_known known = {.boot = id_of(boot),
		    .offset = clock.offset,
		    .confirmed = TIME_NEVER,
		    .last = clock.offset + reading.since_boot};
		clock = opened_in(boot, &known, reading);
		assert_int_equal(clock.doubt, CLOCK_UNCONFIRMED);
		assert_int_equal(clock.offset + reading.since_boot, BUILT_AT);
	}
}

static void nor_before_the_last_time_that_was_known(void **state)
{
	const struct clock_known known = {.boot = id_of(1),
	    .offset = NOON - UP_MS - UP_MS,
	    .confirmed = NOON - UP_MS - UP_MS,
	    .last = NOON};

	(void)state;
	struct gateway_clock clock = opened(&known, synced(reading_of(NOON, -1)));
	assert_int_equal(clock.doubt, CLOCK_BEFORE_KNOWN);
	assert_int_equal(look(&clock, synced(reading_of(NOON + 1, -1))), CLOCK_TRUSTED);
	/* Within a run small steps back are fine. */
	assert_int_equal(look(&clock, synced(reading_of(NOON + 1000, -900))), CLOCK_TRUSTED);
}

static void a_step_beyond_five_minutes_is_doubt(void **state)
{
	static const int64_t ten_years = 3652 * MS_PER_DAY;
	static const struct {
		int64_t step_ms;
		enum clock_doubt doubt;
	} rows[] = {
	    {0, CLOCK_TRUSTED},
	    {CLOCK_STEP_MAX_MS, CLOCK_TRUSTED},
	    {CLOCK_STEP_MAX_MS + 1, CLOCK_STEPPED},
	    {-CLOCK_STEP_MAX_MS, CLOCK_TRUSTED},
	    {-CLOCK_STEP_MAX_MS - 1, CLOCK_STEPPED},
	    {ten_years, CLOCK_STEPPED},
	    {-ten_years, CLOCK_BEFORE_KNOWN},
	};

	(void)state;
	for (size_t i = 0; i < CP_COUNT(rows); i++) {
		struct gateway_clock clock = trusted();
		int64_t before = clock.offset;
		wall_ms at = NOON + MS_PER_DAY;
		assert_int_equal(look(&clock, reading_of(at, rows[i].step_ms)), rows[i].doubt);
		/* In doubt it goes on counting from what it knew. */
		int64_t counted = rows[i].doubt == CLOCK_TRUSTED ? rows[i].step_ms : 0;
		assert_int_equal(clock.offset, before + counted);
		assert_int_equal(look(&clock, reading_of(at + 1, 0)), CLOCK_TRUSTED);
	}
}

static void steps_add_up(void **state)
{
	struct gateway_clock clock = trusted();

	(void)state;
	assert_int_equal(look(&clock, reading_of(NOON, 200000)), CLOCK_TRUSTED);
	assert_int_equal(look(&clock, reading_of(NOON, 300000)), CLOCK_TRUSTED);
	assert_int_equal(look(&clock, reading_of(NOON, 300001)), CLOCK_STEPPED);
	assert_int_equal(look(&clock, synced(reading_of(NOON, 300001))), CLOCK_TRUSTED);
	assert_int_equal(look(&clock, reading_of(NOON, 600001)), CLOCK_TRUSTED);
}

static void weeks_without_a_time_server_are_no_doubt(void **state)
{
	struct gateway_clock clock = trusted();

	(void)state;
	assert_int_equal(look(&clock, reading_of(NOON + 60 * MS_PER_DAY, 0)), CLOCK_TRUSTED);
}

static void a_restart_of_the_program_needs_no_confirmation_of_the_box_does(void **state)
{
	struct gateway_clock clock = trusted();
	struct clock_known known = {
	    .boot = clock.boot, .offset = clock.offset, .confirmed = clock.confirmed, .last = NOON};

	(void)state;
	struct gateway_clock again = opened(&known, reading_of(NOON + MS_PER_DAY, 0));
	assert_int_equal(again.doubt, CLOCK_TRUSTED);

	/* Another boot, or one that cannot be told from others. */
	for (uint8_t boot = 0; boot <= 2; boot += 2) {
		struct clock_reading reading = {
		    .is_taken = true, .since_boot = 1000, .wall = NOON + MS_PER_DAY};
		known.boot = id_of(boot == 0 ? 0 : 1);
		again = opened_in(boot, &known, reading);
		assert_int_equal(again.doubt, CLOCK_UNCONFIRMED);
		assert_int_equal(again.offset + reading.since_boot, NOON + (boot ? 1000 : 0));
	}
}

static void a_new_box_in_1970_counts_from_the_program(void **state)
{
	const struct clock_reading reading = {.is_taken = true, .since_boot = 5000, .wall = 5000};

	(void)state;
	struct gateway_clock clock = opened(NULL, reading);
	assert_int_equal(clock.doubt, CLOCK_BEFORE_KNOWN);
	assert_int_equal(clock.offset + reading.since_boot, BUILT_AT);
}

static void head_office_confirms_it(void **state)
{
	static const struct {
		int64_t off_ms;
		bool confirms;
	} rows[] = {{0, true}, {60000, true}, {60001, false}, {-60000, true}, {-60001, false}};

	(void)state;
	for (size_t i = 0; i < CP_COUNT(rows); i++) {
		struct gateway_clock clock = unconfirmed();
		assert_int_equal(
		    gateway_clock_hear_office(&clock, NOON + 10 + rows[i].off_ms, UP_MS + 10),
		    rows[i].confirms);
		assert_int_equal(clock.has_news, rows[i].confirms);
		assert_int_equal(look(&clock, reading_of(NOON + 20, 0)),
		    rows[i].confirms ? CLOCK_TRUSTED : CLOCK_UNCONFIRMED);
	}
}

static bool hear(struct gateway_clock *clock, uint8_t device, int64_t off_ms)
{
	struct id id = id_of(device);

	return gateway_clock_hear_device(clock, &id, NOON + 10 + off_ms, UP_MS + 10);
}

static void so_do_three_devices(void **state)
{
	struct gateway_clock clock = unconfirmed();

	(void)state;
	assert_false(hear(&clock, 1, 60000));
	assert_false(hear(&clock, 1, 0));
	assert_false(hear(&clock, 2, -60000));
	assert_false(hear(&clock, 3, 60001));
	assert_false(hear(&clock, 3, -60001));
	assert_int_equal(look(&clock, reading_of(NOON + 20, 0)), CLOCK_UNCONFIRMED);
	assert_true(hear(&clock, 3, 0));
	assert_int_equal(look(&clock, reading_of(NOON + 20, 0)), CLOCK_TRUSTED);
	assert_false(hear(&clock, 4, 0));
}

static void what_confirmed_another_time_confirms_nothing(void **state)
{
	struct gateway_clock clock = unconfirmed();

	(void)state;
	assert_false(hear(&clock, 1, 0));
	assert_false(hear(&clock, 2, 0));
	assert_int_equal(look(&clock, reading_of(NOON + 20, 1001)), CLOCK_UNCONFIRMED);
	assert_false(hear(&clock, 3, 0));
	assert_false(hear(&clock, 4, 0));
	assert_true(hear(&clock, 5, 0));
	/* Confirmed is what it shows now, to five minutes. */
	assert_int_equal(look(&clock, reading_of(NOON + 30, 301001)), CLOCK_TRUSTED);
	assert_int_equal(look(&clock, reading_of(NOON + 30, 301002)), CLOCK_STEPPED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_clock_is_right_before_the_program_was_built),
	    cmocka_unit_test(what_is_assumed_is_never_later_than_the_truth),
	    cmocka_unit_test(nor_before_the_last_time_that_was_known),
	    cmocka_unit_test(a_step_beyond_five_minutes_is_doubt),
	    cmocka_unit_test(steps_add_up),
	    cmocka_unit_test(weeks_without_a_time_server_are_no_doubt),
	    cmocka_unit_test(a_restart_of_the_program_needs_no_confirmation_of_the_box_does),
	    cmocka_unit_test(a_new_box_in_1970_counts_from_the_program),
	    cmocka_unit_test(head_office_confirms_it),
	    cmocka_unit_test(so_do_three_devices),
	    cmocka_unit_test(what_confirmed_another_time_confirms_nothing),
	};

	return cmocka_run_group_tests_name("gateway_clock", tests, NULL, NULL);
}
