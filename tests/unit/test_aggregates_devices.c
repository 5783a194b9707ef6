/* Days on which a device was of use, and not (domain section 6): heartbeats, quarantine, who is
 * in service; and days on which nothing happens. By hand-computed numbers. */
#include "days_bench.h"

/* Open from 09:00 to 18:00 but on Sundays, which are open all day. */
static struct clinic *open_clinic(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, ALL_WEEK);
	return clinic;
}

/* One beat a minute from a moment on, for so many minutes; the clock stands at the last one. */
static void beat(struct clinic *clinic, const char *who, const char *from, int minutes)
{
	char line[80];

	for (int i = 0; i < minutes; i++) {
		snprintf(line, sizeof(line), "%s %s heartbeat", i ? "+1m" : from, who);
		say(clinic, line);
	}
}

/* --- days without anything ------------------------------------------------------------------ */

static void a_day_without_anything_is_told(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-04-01 08:00 P1 hello");
	say(clinic, "2026-04-01 10:00 P1 session A c1 lasting 30m");
	say(clinic, "2026-04-05 06:30 P1 hello");
	assert_day(clinic, "site", "20260402", "sessions", 0);
	assert_day(clinic, "site", "20260402", "busy_min", 0);
	assert_day(clinic, "site", "20260402", "open_min", 540);
	assert_day(clinic, "site", "20260402", "devices", 1);
	assert_day(clinic, "site", "20260403", "open_min", 0);
	assert_day(clinic, "P1", "20260404", "sessions", 0);
	assert_day(clinic, "site", "20260405", "sessions", -2);
	verify(state);
}

/* Of a box that was off for months the last weeks are enough. */
static void who_was_off_for_long_tells_of_the_last_weeks(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-01-10 10:00 P1 hello");
	say(clinic, "2026-01-10 12:00 gateway sleeps");
	say(clinic, "2026-04-01 12:00 gateway wakes");
	say(clinic, "+11m P1 hello");
	assert_day(clinic, "site", "20260110", "sessions", 0);
	assert_day(clinic, "site", "20260228", "sessions", -2);
	assert_day(clinic, "site", "20260302", "sessions", 0);
	assert_day(clinic, "site", "20260331", "sessions", 0);
}

/* --- offline ---------------------------------------------------------------------------------- */

/* Heard from 09:00 to 09:59 and at 12:00: a beat is good for its minute and the next one. */
static void who_is_silent_is_out_of_use(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-04-01 08:00 P1 hello");
	say(clinic, "2026-04-01 08:00 P2 hello");
	beat(clinic, "P1", "2026-04-01 09:00", 60);
	say(clinic, "2026-04-01 12:00:59 P1 heartbeat");
	say(clinic, "2026-04-02 06:31 P1 hello");
	assert_day(clinic, "P1", "20260401", "downtime_min", 540 - 61 - 2);
	assert_day(clinic, "P2", "20260401", "downtime_min", 540);
	assert_day(clinic, "site", "20260401", "downtime_min", 540 - 63 + 540);
	assert_day(clinic, "site", "20260401", "devices", 2);
	assert_day(clinic, "site", "20260401", "devices_heard", 1);
	assert_day(clinic, "o1", "20260401", "downtime_min", -2);
}

/* What came before the opening is good until then; a new device is expected from its first
 * word on. */
static void minutes_count_while_the_clinic_is_open(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-04-01 08:00 P1 hello");
	say(clinic, "2026-04-01 08:59 P1 heartbeat");
	say(clinic, "2026-04-01 17:00 P2 hello");
	say(clinic, "2026-04-01 20:00 P1 heartbeat");
	say(clinic, "2026-04-02 06:31 P1 hello");
	assert_day(clinic, "P1", "20260401", "downtime_min", 539);
	assert_day(clinic, "P2", "20260401", "downtime_min", 60);
}

/* 29 March has 23 hours and 25 October 25: a Sunday is open for all of them. One beat each, at
 * the stroke of midnight before. */
static void a_day_has_the_minutes_that_it_has(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-03-28 12:00 P1 hello");
	say(clinic, "2026-03-28 23:59 P1 heartbeat");
	say(clinic, "2026-03-30 06:31 P1 hello");
	say(clinic, "2026-10-24 23:59 P1 heartbeat");
	say(clinic, "2026-10-26 06:31 P1 hello");
	assert_day(clinic, "P1", "20260329", "downtime_min", 23 * 60 - 1);
	assert_day(clinic, "P1", "20261025", "downtime_min", 25 * 60 - 1);
}

/* Nobody knows when it should have been there. */
static void without_a_calendar_nothing_is_down(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-04-01 08:00 P1 hello");
	say(clinic, "2026-04-02 06:31 P1 hello");
	assert_day(clinic, "P1", "20260401", "downtime_min", -1);
	assert_day(clinic, "site", "20260401", "downtime_min", -1);
	assert_day(clinic, "site", "20260401", "devices", 1);
}

/* --- fault, quarantine ---------------------------------------------------------------------------
 */

/* It says FAULT from 10:00 to 10:09, and is gone at 10:30. */
static void who_says_that_it_is_broken_is(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-04-01 08:00 P1 hello");
	beat(clinic, "P1", "2026-04-01 08:59", 61);
	for (int i = 0; i < 10; i++)
		say(clinic, "+1m P1 heartbeat state FAULT");
	beat(clinic, "P1", "+1m", 20);
	say(clinic, "2026-04-02 06:31 P1 hello");
	assert_day(clinic, "P1", "20260401", "downtime_min", 10 + 540 - 91);
}

/* Out of use by hand from 10:00 to 11:00, from 12:00 by an emergency stop until 12:30. */
static void who_may_not_be_used_is_out_of_use(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-04-01 08:00 P1 hello");
	beat(clinic, "P1", "2026-04-01 09:00", 60);
	say(clinic, "+1m T1 tell maint device=P1 kind=QUARANTINE by=o1");
	beat(clinic, "P1", "+0s", 60);
	say(clinic, "+1m T1 tell maint device=P1 kind=RELEASE by=o1");
	beat(clinic, "P1", "+0s", 60);
	say(clinic, "+1m P1 estop -");
	beat(clinic, "P1", "+0s", 30);
	say(clinic, "+1m P1 selftest PASS");
	beat(clinic, "P1", "+0s", 30);
	say(clinic, "2026-04-02 06:31 P1 hello");
	assert_day(clinic, "P1", "20260401", "downtime_min", 60 + 30 + 540 - 241);
}

/* --- in service
 * ------------------------------------------------------------------------------------ */

static void who_is_elsewhere_is_not_expected(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-04-01 08:00 P1 hello");
	say(clinic, "2026-04-01 08:00 P2 hello");
	say(clinic, "2026-04-01 08:00 T1 tell screening client=c1 consent=YES");
	say(clinic, "2026-04-02 10:00 HQ tell device_assign device=P2 state=RETIRED");
	say(clinic, "2026-04-03 06:31 P1 hello");
	assert_day(clinic, "site", "20260401", "devices", 2);
	assert_day(clinic, "site", "20260402", "devices", 1);
	assert_day(clinic, "P2", "20260401", "downtime_min", 540);
	assert_day(clinic, "P2", "20260402", "downtime_min", -2);
}

/* Service was a year ago less 30 days, and 29. */
static void service_that_is_due_within_thirty_days_is_counted(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-03-31 08:00 P1 hello");
	say(clinic, "+1s P2 hello");
	say(clinic, "+1s P3 hello");
	say(clinic, "+1s HQ tell device device=P1 last_pm_date=2025-05-01");
	say(clinic, "+1s HQ tell device device=P2 last_pm_date=2025-05-02");
	say(clinic, "+1s HQ tell device device=P3 last_pm_date=2025-01-01");
	say(clinic, "2026-04-02 06:31 P1 hello");
	assert_day(clinic, "site", "20260331", "pm_due", 1);
	assert_day(clinic, "site", "20260401", "pm_due", 2);
	assert_day(clinic, "P1", "20260401", "pm_due", -1);
}

static void what_has_not_come_is_counted(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-04-01 08:00 P1 hello");
	say(clinic, "2026-04-01 10:00 P1 heartbeat seq 7");
	say(clinic, "2026-04-02 06:31 P1 hello");
	assert_day(clinic, "P1", "20260401", "messages_missing", 5);
	assert_day(clinic, "site", "20260401", "messages_missing", 5);
}

/* --- by event time
 * ------------------------------------------------------------------------------------ */

/* A beat that waited on the way for a day counts where it belongs. */
static void a_late_beat_changes_its_day(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-04-01 08:00 P1 hello");
	say(clinic, "2026-04-01 10:00 P1 slow");
	say(clinic, "+0s P1 heartbeat");
	say(clinic, "2026-04-02 06:31 P2 hello");
	assert_day(clinic, "P1", "20260401", "downtime_min", 540);
	say(clinic, "2026-04-02 10:00 P1 online");
	say(clinic, "+11m P2 hello");
	assert_day(clinic, "P1", "20260401", "downtime_min", 538);
}

#define MINUTES "SELECT minutes FROM heard WHERE hour = 493064" /* 08:00 UTC */

/* Its clock is an hour ahead, and its first words wait for half an hour on the way: only a beat
 * that does not wait shows when they were said. */
static void beats_are_dated_again_with_their_boot(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-04-01 08:00 P1 clock +1h");
	say(clinic, "+0s P1 slow");
	say(clinic, "+0s P1 hello");
	beat(clinic, "P1", "2026-04-01 10:00", 3);
	say(clinic, "2026-04-01 10:30 P1 online");
	assert_int_equal(count(clinic, MINUTES), INT64_C(7) << 28);
	say(clinic, "2026-04-01 10:40 P1 heartbeat");
	assert_int_equal(count(clinic, MINUTES), 7 | INT64_C(1) << 40);
	say(clinic, "2026-04-02 06:31 P2 hello");
	assert_day(clinic, "P1", "20260401", "downtime_min", 540 - 4 - 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LEDGER_TEST(a_day_without_anything_is_told),
	    LEDGER_TEST(who_was_off_for_long_tells_of_the_last_weeks),
	    LEDGER_TEST(who_is_silent_is_out_of_use),
	    LEDGER_TEST(minutes_count_while_the_clinic_is_open),
	    LEDGER_TEST(a_day_has_the_minutes_that_it_has),
	    LEDGER_TEST(without_a_calendar_nothing_is_down),
	    LEDGER_TEST(who_says_that_it_is_broken_is),
	    LEDGER_TEST(who_may_not_be_used_is_out_of_use),
	    LEDGER_TEST(who_is_elsewhere_is_not_expected),
	    LEDGER_TEST(service_that_is_due_within_thirty_days_is_counted),
	    LEDGER_TEST(what_has_not_come_is_counted),
	    LEDGER_TEST(a_late_beat_changes_its_day),
	    LEDGER_TEST(beats_are_dated_again_with_their_boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
