/* What a day adds up to (domain section 6), against numbers counted by hand: of a device, of an
 * operator and of the site, on days of 23, 24 and 25 hours, and again when it changes. */
#include "days_bench.h"

/* --- a day ------------------------------------------------------------------------------- */

static void a_day_is_told_at_six(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-04-01 10:00 P1 session A c1 lasting 30m active 10m");
	say(clinic, "2026-04-02 05:59 P1 hello");
	assert_int_equal(waiting(clinic, OUTBOX_DAY), 0);
	say(clinic, "2026-04-02 06:11 P1 hello");
	assert_int_equal(waiting(clinic, OUTBOX_DAY), 3);
	assert_day(clinic, "P1", "20260401", "sessions", 1);
	assert_day(clinic, "o1", "20260401", "sessions", 1);
	assert_day(clinic, "site", "20260401", "sessions", 1);
	assert_day(clinic, "site", "20260401", "local_date", 20260401);
	verify(state);
}

/* 10:00 to 10:30 completed, 10:20 to 10:50 broken off, 11:00 to 11:10 stopped; 980,000 punctures
 * are no pulses. */
static void sessions_are_counted(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-04-01 10:00 P1 session A c1 lasting 30m active 10m");
	say(clinic, "2026-04-01 11:00 P2 session B c2 lasting 30m active 4m ends ABORTED_CLIENT");
	say(clinic, "2026-04-01 12:00 R1 start C c3");
	say(clinic, "+1m R1 pulses C for 10");
	say(clinic, "+9m R1 estop C");
	say(clinic, "2026-04-01 13:00 P1 session D c4 lasting 5m active 4m operator o2");
	say(clinic, "2026-04-02 06:11 P1 hello");
	assert_day(clinic, "site", "20260401", "sessions", 4);
	assert_day(clinic, "site", "20260401", "sessions_completed", 1);
	assert_day(clinic, "site", "20260401", "sessions_aborted", 2);
	assert_day(clinic, "site", "20260401", "estops", 1);
	assert_day(clinic, "site", "20260401", "pulses", 10);
	assert_day(clinic, "site", "20260401", "active_ms", 18 * MS_PER_MINUTE);
	assert_day(clinic, "site", "20260401", "busy_min", 75);
	assert_day(clinic, "P1", "20260401", "sessions", 2);
	assert_day(clinic, "P1", "20260401", "busy_min", 35);
	assert_day(clinic, "P1", "20260401", "estops", 0);
	assert_day(clinic, "R1", "20260401", "estops", 1);
	assert_day(clinic, "o1", "20260401", "sessions", 3);
	assert_day(clinic, "o1", "20260401", "estops", 1);
	assert_day(clinic, "o2", "20260401", "active_ms", 4 * MS_PER_MINUTE);
	verify(state);
}

/* 10:00 to 10:30 and 10:20 to 10:50, by one operator. */
static void what_overlaps_counts_once(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-04-01 10:00 P1 start A c1");
	say(clinic, "2026-04-01 10:20 P2 start B c2");
	say(clinic, "2026-04-01 10:30 P1 end A COMPLETED");
	say(clinic, "2026-04-01 10:50 P2 end B COMPLETED");
	say(clinic, "2026-04-02 06:11 P1 hello");
	assert_day(clinic, "P1", "20260401", "busy_min", 30);
	assert_day(clinic, "P2", "20260401", "busy_min", 30);
	assert_day(clinic, "o1", "20260401", "busy_min", 50);
	assert_day(clinic, "site", "20260401", "busy_min", 50);
}

static void midnight_splits_the_time_alone(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-04-01 23:40 P1 session A c1 lasting 30m active 20m");
	say(clinic, "2026-04-03 06:11 P1 hello");
	assert_day(clinic, "P1", "20260401", "busy_min", 20);
	assert_day(clinic, "P1", "20260401", "sessions", 1);
	assert_day(clinic, "P1", "20260401", "active_ms", 20 * MS_PER_MINUTE);
	assert_day(clinic, "P1", "20260402", "busy_min", 10);
	assert_day(clinic, "P1", "20260402", "sessions", 0);
	assert_day(clinic, "P1", "20260402", "active_ms", 0);
	verify(state);
}

/* The last minute of a day, and the first of the next. */
static void a_day_ends_at_midnight(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-04-01 23:50 P1 session A c1 lasting 10m");
	say(clinic, "2026-04-02 00:00 P1 session B c2 lasting 10m");
	say(clinic, "2026-04-03 06:11 P1 hello");
	assert_day(clinic, "P1", "20260401", "sessions", 1);
	assert_day(clinic, "P1", "20260401", "busy_min", 10);
	assert_day(clinic, "P1", "20260402", "sessions", 1);
	assert_day(clinic, "P1", "20260402", "busy_min", 10);
}

/* Nobody holds a treatment of 9 hours for one: eight of them count. */
static void nothing_lasts_longer_than_a_session_can(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-04-01 09:00 P1 session A c1 lasting 8h");
	say(clinic, "2026-04-02 09:00 P1 session B c2 lasting 9h");
	say(clinic, "2026-04-03 06:11 P1 hello");
	assert_day(clinic, "P1", "20260401", "busy_min", 480);
	assert_day(clinic, "P1", "20260402", "busy_min", 480);
}

/* --- days of 23 and of 25 hours ------------------------------------------------------------- */

/* 29 March 2026: at 02:00 clocks go to 03:00; 25 October: at 03:00 back to 02:00. Sundays are
 * open from midnight to midnight. */
static void days_are_as_long_as_they_are(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, ALL_WEEK);
	say(clinic, "2026-03-29 01:30 P1 session A c1 lasting 1h");
	say(clinic, "2026-03-30 06:11 P1 hello");
	say(clinic, "2026-10-25 01:30 P1 session B c1 lasting 2h");
	say(clinic, "2026-10-25 23:30 P1 session C c2 lasting 30m");
	say(clinic, "2026-10-26 06:11 P1 hello");
	assert_day(clinic, "P1", "20260329", "open_min", 23 * 60);
	assert_day(clinic, "P1", "20260329", "busy_min", 60);
	assert_day(clinic, "P1", "20261025", "open_min", 25 * 60);
	assert_day(clinic, "P1", "20261025", "busy_min", 150);
	verify(state);
}

/* --- opening hours --------------------------------------------------------------------------- */

static void hours_are_those_of_the_calendar(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-01-05 10:00 P1 session A c1");
	say(clinic, "2026-01-06 06:11 P1 hello");
	assert_day(clinic, "P1", "20260105", "open_min", -1);
	assert_day(clinic, "P1", "20260105", "out_of_hours", 0);
	say(clinic, "2026-01-07 08:00 HQ tell calendar tz=Europe/Berlin opening=3:540:720"
	            " opening=3:600:1080 opening=4:540:720 opening=4:840:1080"
	            " holiday_date=2026-01-14");
	say(clinic, "2026-01-07 10:00 P1 session B c2");
	say(clinic, "2026-01-08 10:00 P1 session C c3");
	say(clinic, "2026-01-14 10:00 P1 session D c4");
	say(clinic, "2026-01-15 06:11 P1 hello");
	assert_day(clinic, "P1", "20260107", "open_min", 540);
	assert_day(clinic, "P1", "20260108", "open_min", 420);
	assert_day(clinic, "P1", "20260114", "open_min", 0);
	assert_day(clinic, "P1", "20260114", "out_of_hours", 1);
	verify(state);
}

/* 09:00 and 18:00 sharp are inside; no slack, as OUT_OF_HOURS has it. */
static void opening_hours_end_with_their_minute(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, ALL_WEEK);
	say(clinic, "2026-04-01 08:00 P1 hello");
	say(clinic, "2026-04-01 08:59:59.999 P1 start A c1");
	say(clinic, "+5m P1 end A COMPLETED");
	say(clinic, "2026-04-01 18:00 P1 session B c2");
	say(clinic, "2026-04-02 06:11 P1 hello");
	assert_day(clinic, "P1", "20260401", "out_of_hours", 1);
	say(clinic, "2026-04-02 09:00 P1 session C c3");
	say(clinic, "2026-04-02 17:00 P1 hello");
	say(clinic, "2026-04-02 18:00:00.001 P1 start D c4");
	say(clinic, "+5m P1 end D COMPLETED");
	say(clinic, "2026-04-03 06:11 P1 hello");
	assert_day(clinic, "P1", "20260402", "out_of_hours", 1);
	assert_day(clinic, "P1", "20260402", "sessions", 2);
}

/* Of a calendar that was in force all along nobody knew. */
static void a_late_calendar_changes_its_days(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-04-01 10:00 P1 session A c1");
	say(clinic, "2026-04-02 06:11 P1 hello");
	assert_day(clinic, "site", "20260401", "open_min", -1);
	say(clinic, "2026-04-05 10:00 HQ tell calendar tz=Europe/Berlin opening=3:540:1080"
	            " since 2026-04-01 08:00");
	say(clinic, "+11m P1 hello");
	assert_day(clinic, "site", "20260401", "open_min", 540);
	verify(state);
}

/* --- what counts ------------------------------------------------------------------------- */

static void neither_tests_nor_what_was_voided_count(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-04-01 10:00 P1 session A c1 lasting 30m");
	say(clinic, "2026-04-01 11:00 P1 session B c2 lasting 30m test");
	say(clinic, "2026-04-01 12:00 P1 session C c3 lasting 30m");
	say(clinic, "2026-04-02 06:11 P1 hello");
	assert_day(clinic, "P1", "20260401", "sessions", 2);
	say(clinic, "2026-04-02 09:00 HQ tell correction sid=C kind=VOID by=o1");
	say(clinic, "+11m P1 hello");
	assert_day(clinic, "P1", "20260401", "sessions", 1);
	assert_day(clinic, "P1", "20260401", "busy_min", 30);
	verify(state);
}

/* A session of three days ago is another revision of that day, and of no other. */
static void a_late_session_changes_its_day(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-04-01 10:00 P1 session A c1 lasting 30m");
	say(clinic, "2026-04-01 12:00 P2 hello");
	say(clinic, "+0s P2 offline");
	say(clinic, "2026-04-01 13:00 P2 session B c2 lasting 30m");
	say(clinic, "2026-04-02 10:00 P1 session C c3 lasting 30m");
	say(clinic, "2026-04-03 06:11 P1 hello");
	struct sent before = look(clinic, &in_bytes, OUTBOX_DAY);
	assert_int_equal(find(&before, "site", "20260401")->revision, 1);
	assert_int_equal(find(&before, "site", "20260401")->agg_day->sessions, 1);
	assert_int_equal(find(&before, "P2", "20260401")->agg_day->sessions, 0);
	look_away(&before);
	say(clinic, "2026-04-04 13:00 P2 online");
	say(clinic, "+11m P1 hello");
	struct sent after = look(clinic, &in_bytes, OUTBOX_DAY);
	assert_int_equal(find(&after, "site", "20260401")->revision, 2);
	assert_int_equal(find(&after, "site", "20260401")->agg_day->sessions, 2);
	assert_int_equal(find(&after, "site", "20260401")->agg_day->sessions_late, 1);
	assert_int_equal(find(&after, "P1", "20260401")->revision, 1);
	assert_int_equal(find(&after, "P2", "20260401")->agg_day->sessions_late, 1);
	assert_int_equal(find(&after, "site", "20260402")->revision, 1);
	look_away(&after);
	verify(state);
}

static void who_runs_is_counted_once_it_is_over(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-04-01 23:50 P1 start A c1");
	say(clinic, "2026-04-01 23:55 P1 sample A");
	say(clinic, "2026-04-02 00:10 P1 end A COMPLETED");
	assert_int_equal(count(clinic, "SELECT count(*) FROM subject WHERE kind = 20"), 6);
	say(clinic, "2026-04-02 06:11 P1 hello");
	assert_day(clinic, "P1", "20260401", "busy_min", 10);
	assert_day(clinic, "P1", "20260402", "busy_min", -2);
}

/* --- alerts
 * ---------------------------------------------------------------------------------------- */

/* A lacks a booking for good, B until one is told; each raised its alert. */
static void who_had_no_booking_is_unauthorised(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	say(clinic, "2020-01-01 00:00 HQ policy only UNAUTHORISED_USE");
	say(clinic, "2026-04-01 10:00 P1 session A c1");
	say(clinic, "2026-04-01 12:00 P1 session B c2");
	say(clinic, "2026-04-01 13:00 HQ tell booking booking=2 client=c2"
	            " start_ts=2026-04-01T12:00 end_ts=2026-04-01T13:00 state=BOOKED");
	say(clinic, "2026-04-02 06:11 P1 hello");
	assert_day(clinic, "P1", "20260401", "unauthorised", 1);
	struct sent told = look(clinic, &in_bytes, OUTBOX_DAY);
	const Carepace__V1__AggDay *day = find(&told, "o1", "20260401")->agg_day;
	assert_int_equal(day->n_alerts, 1);
	assert_int_equal(day->alerts[0]->check, CAREPACE__V1__CHECK__UNAUTHORISED_USE);
	assert_int_equal(day->alerts[0]->alerts, 2);
	look_away(&told);
	verify(state);
}

static void overrides_are_those_of_the_days_alerts(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-04-01 10:00 P1 session A c1");
	say(clinic, "2026-04-08 10:00 P1 session B c1");
	say(clinic, "2026-04-09 06:11 P1 hello");
	assert_day(clinic, "P1", "20260408", "overrides", 0);
	say(clinic, "2026-04-09 10:00 T1 override INTERVAL_TOO_SOON B");
	say(clinic, "+11m P1 hello");
	assert_day(clinic, "P1", "20260408", "overrides", 1);
	assert_day(clinic, "o1", "20260408", "overrides", 1);
	assert_day(clinic, "site", "20260401", "overrides", 0);
	verify(state);
}

/* --- the contract
 * ------------------------------------------------------------------------------------ */

static void a_day_says_whose_it_is(void **state)
{
	struct clinic *clinic = open_store(state, "1");
	struct id who = id_named(ID_OPERATOR, "o1");

	only_first_checks(clinic);
	say(clinic, "2026-04-01 10:00 P1 session A c1");
	say(clinic, "2026-04-02 06:11 P1 hello");
	struct sent told = look(clinic, &in_bytes, OUTBOX_DAY);
	assert_string_equal(told.rows[0].topic, "aggregate");
	assert_string_equal(find(&told, "site", "20260401")->agg_day->site, "berlin-1");
	assert_string_equal(find(&told, "site", "20260401")->agg_day->tz, "Europe/Berlin");
	assert_false(find(&told, "site", "20260401")->agg_day->has_device);
	assert_true(find(&told, "P1", "20260401")->agg_day->has_device);
	assert_false(find(&told, "P1", "20260401")->agg_day->has_operator_token);
	assert_memory_equal(
	    find(&told, "o1", "20260401")->agg_day->operator_token.data, who.b, ID_BYTES);
	look_away(&told);
	assert_int_equal(
	    db_value(&clinic->ledger->db, -1, "SELECT count(*) FROM state WHERE instr(body, ?) > 0",
	        "b", slice_of(who.b, ID_BYTES)),
	    0);
}

/* Whoever changes a stored day is found out. */
static void a_wrong_day_is_found(void **state)
{
	struct clinic *clinic = open_store(state, "1");
	struct policy policy = policy_default(&clinic->zone);
	struct verify_result result;
	char why[256];

	only_first_checks(clinic);
	say(clinic, "2026-04-01 10:00 P1 session A c1");
	say(clinic, "2026-04-02 06:11 P1 hello");
	verify(state);
	assert_int_equal(count(clinic, "DELETE FROM state WHERE kind = 20 AND subject & 0x30000 = 0"
	                               " RETURNING 1"),
	    1);
	assert_int_equal(
	    verify_store(bench_of(state)->path, &policy, NULL, NULL, &result, why), CP_OK);
	assert_int_equal(result.differences, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LEDGER_TEST(a_day_is_told_at_six),
	    LEDGER_TEST(sessions_are_counted),
	    LEDGER_TEST(what_overlaps_counts_once),
	    LEDGER_TEST(midnight_splits_the_time_alone),
	    LEDGER_TEST(a_day_ends_at_midnight),
	    LEDGER_TEST(nothing_lasts_longer_than_a_session_can),
	    LEDGER_TEST(days_are_as_long_as_they_are),
	    LEDGER_TEST(hours_are_those_of_the_calendar),
	    LEDGER_TEST(opening_hours_end_with_their_minute),
	    LEDGER_TEST(a_late_calendar_changes_its_days),
	    LEDGER_TEST(neither_tests_nor_what_was_voided_count),
	    LEDGER_TEST(a_late_session_changes_its_day),
	    LEDGER_TEST(who_runs_is_counted_once_it_is_over),
	    LEDGER_TEST(who_had_no_booking_is_unauthorised),
	    LEDGER_TEST(overrides_are_those_of_the_days_alerts),
	    LEDGER_TEST(a_day_says_whose_it_is),
	    LEDGER_TEST(a_wrong_day_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
