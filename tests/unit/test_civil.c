/* The calendar: every day of 9,999 years, and the rules that lean on it. */
#include "care/time/civil.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* Counts the calendar day by day with nothing but the length of the months, so
 * the closed formulas are compared with something that does not use them. */
static void every_day_has_its_number(void **state)
{
	int32_t day = CIVIL_DAY_MIN;

	(void)state;
	for (int year = 1; year <= 9999; year++) {
		for (int month = 1; month <= 12; month++) {
			for (int of_month = 1; of_month <= civil_month_length(year, month);
			     of_month++) {
				struct civil_ymd ymd = civil_to_ymd(day);

				if (ymd.year != year || ymd.month != month || ymd.day != of_month)
					fail_msg("day %d is %d-%d-%d, expected %d-%d-%d", day,
					    ymd.year, ymd.month, ymd.day, year, month, of_month);
				if (civil_from_ymd(year, month, of_month) != day)
					fail_msg(
					    "%d-%d-%d is not day %d", year, month, of_month, day);
				day++;
			}
		}
	}
	assert_int_equal(day, CIVIL_DAY_MAX + 1);
}

static void known_days(void **state)
{
	(void)state;
	assert_int_equal(civil_from_ymd(1970, 1, 1), 0);
	assert_int_equal(civil_from_ymd(2000, 3, 1), 11017);
	assert_int_equal(civil_from_ymd(1969, 12, 31), -1);
	assert_int_equal(civil_month_length(1900, 2), 28);
	assert_int_equal(civil_month_length(2000, 2), 29);
	assert_int_equal(civil_month_length(2026, 0), 0);
	assert_int_equal(civil_month_length(2026, 13), 0);
	assert_int_equal(civil_weekday(0), CIVIL_THURSDAY);
	assert_int_equal(civil_weekday(civil_from_ymd(2026, 9, 29)), CIVIL_TUESDAY);
	assert_int_equal(civil_weekday(civil_from_ymd(1969, 12, 28)), CIVIL_SUNDAY);
}

/* Scenario 1: the day gap of R3, whatever the clocks did in between. */
static void a_gap_is_a_subtraction(void **state)
{
	(void)state;
	assert_int_equal(civil_from_ymd(2026, 3, 30) - civil_from_ymd(2026, 3, 2), 28);
	assert_int_equal(civil_from_ymd(2026, 5, 14) - civil_from_ymd(2026, 4, 1), 43);
}

static void wire_dates_are_validated(void **state)
{
	static const uint32_t wrong[] = {0, 1, 20260000, 20260100, 20261301, 20260631, 20260229,
	    20260132, 101, 100000101, UINT32_MAX};
	int32_t day = 77;

	(void)state;
	assert_true(civil_parse_yyyymmdd(20260929, &day));
	assert_int_equal(day, civil_from_ymd(2026, 9, 29));
	assert_int_equal(civil_to_yyyymmdd(day), 20260929);
	assert_true(civil_parse_yyyymmdd(20280229, &day));
	assert_true(civil_parse_yyyymmdd(99991231, &day));
	assert_int_equal(day, CIVIL_DAY_MAX);
	day = 77;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(civil_parse_yyyymmdd(wrong[i], &day));
	assert_int_equal(day, 77);
}

static void an_expiry_without_day_is_the_end_of_the_month(void **state)
{
	int32_t day = 77;

	(void)state;
	assert_true(civil_parse_expiry(20260200, &day));
	assert_int_equal(civil_to_yyyymmdd(day), 20260228);
	assert_true(civil_parse_expiry(20280200, &day));
	assert_int_equal(civil_to_yyyymmdd(day), 20280229);
	assert_true(civil_parse_expiry(20260630, &day));
	assert_int_equal(civil_to_yyyymmdd(day), 20260630);
	day = 77;
	assert_false(civil_parse_expiry(0, &day));
	assert_false(civil_parse_expiry(20260631, &day)); /* scenario 8 d */
	assert_false(civil_parse_expiry(20261300, &day));
	assert_int_equal(day, 77);
}

static void months_are_clamped_to_their_end(void **state)
{
	static const struct {
		uint32_t from;
		int months;
		uint32_t to;
	} cases[] = {
	    {20250831, 6, 20260228}, /* R5 */
	    {20270831, 6, 20280229},
	    {20260131, 1, 20260228},
	    {20261231, 2, 20270228},
	    {20260915, 12, 20270915},
	    {20260331, -1, 20260228},
	    {20260115, -1, 20251215},
	    {20260115, 0, 20260115},
	    {99991231, 1, 99991231},
	    {10101, -1, 10101},
	    {10228, -1, 10128},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int32_t day;

		assert_true(civil_parse_yyyymmdd(cases[i].from, &day));
		assert_int_equal(
		    civil_to_yyyymmdd(civil_add_months(day, cases[i].months)), cases[i].to);
	}
	assert_int_equal(civil_add_months(0, INT32_MAX), CIVIL_DAY_MAX);
	assert_int_equal(civil_add_months(0, INT32_MIN), CIVIL_DAY_MIN);
}

static void dates_are_told_in_words(void **state)
{
	char text[CIVIL_TEXT_BYTES];

	(void)state;
	assert_string_equal(civil_format(civil_from_ymd(2026, 9, 29), text), "29 September 2026");
	assert_string_equal(civil_format(civil_from_ymd(2026, 5, 1), text), "1 May 2026");
	assert_string_equal(civil_format(INT32_MAX, text), "31 December 9999");
	assert_string_equal(civil_format(INT32_MIN, text), "1 January 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_day_has_its_number),
	    cmocka_unit_test(known_days),
	    cmocka_unit_test(a_gap_is_a_subtraction),
	    cmocka_unit_test(wire_dates_are_validated),
	    cmocka_unit_test(an_expiry_without_day_is_the_end_of_the_month),
	    cmocka_unit_test(months_are_clamped_to_their_end),
	    cmocka_unit_test(dates_are_told_in_words),
	};

	return cmocka_run_group_tests_name("civil", tests, NULL, NULL);
}
