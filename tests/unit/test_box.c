/* What the box records of itself (domain 8.8), where a scenario cannot say it: restarts, clocks
 * that are set back, what was set aside; and that a recount is green beside it (P3). */
#include "ledger_bench.h"

#include "ledger/past/verify.h"

static void look(struct clinic *clinic, const char *line)
{
	say(clinic, line);
}

static int64_t recorded(struct clinic *clinic)
{
	return count(clinic, "SELECT count(*) FROM journal WHERE source = 1 AND kind = 522");
}

static int64_t open_alerts(struct clinic *clinic, const char *sql)
{
	return count(clinic, sql);
}

#define IS_DOWN "SELECT count(*) FROM alert WHERE check_id = 803 AND state = 1"

static void a_restart_records_nothing_twice(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	look(clinic, "2026-03-02 10:00 gateway looks down 6m");
	assert_int_equal(open_alerts(clinic, IS_DOWN), 1);
	clinic = reopen_store(state, "1");
	look(clinic, "2026-03-02 10:05 gateway looks down 10m");
	assert_int_equal(recorded(clinic), 1);
	look(clinic, "2026-03-02 10:06 gateway looks");
	assert_int_equal(recorded(clinic), 2);
	assert_int_equal(open_alerts(clinic, IS_DOWN), 0);
	clinic = reopen_store(state, "1");
	look(clinic, "2026-03-02 10:07 gateway looks");
	assert_int_equal(recorded(clinic), 2);
}

static void a_clock_set_back_stops_no_condition(void **state)
{
	(void)state;
	assert_true(watch_is_paused(1000, 1000));
	assert_true(watch_is_paused(1000, 1000 + WATCH_PAUSE_MS - 1));
	assert_false(watch_is_paused(1000, 1000 + WATCH_PAUSE_MS));
	assert_false(watch_is_paused(INT64_C(10) * 365 * MS_PER_DAY, 1000));
}

static void an_end_before_its_beginning_is_no_time(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	look(clinic, "2026-03-02 10:00 gateway looks down 6m");
	clinic->now -= MS_PER_HOUR;
	look(clinic, "+0s gateway looks");
	assert_int_equal(
	    count(clinic, "SELECT until_at - from_at FROM alert WHERE check_id = 803"), 0);
}

static void what_was_set_aside_is_said_until_it_is_judged(void **state)
{
	struct clinic *clinic = open_store(state, "1");
	static const char is_open[] =
	    "SELECT count(*) FROM alert WHERE check_id = 807 AND state = 1 AND severity = 4";

	look(clinic, "2026-03-02 10:00 gateway looks");
	db_exec(&clinic->ledger->db, "INSERT INTO unjudged(kind, subject, boot, seq, at, version)"
	                             " VALUES(0, 7, 1, 1, 0, '1')");
	look(clinic, "2026-03-02 10:01 gateway looks");
	assert_int_equal(open_alerts(clinic, is_open), 1);
	db_exec(&clinic->ledger->db, "DELETE FROM unjudged");
	look(clinic, "2026-03-02 10:02 gateway looks");
	assert_int_equal(open_alerts(clinic, is_open), 0);
}

/* A storm of one kind is one input a minute; of more kinds than wait, some. */
static void a_storm_of_refusals_does_not_fill_the_journal(void **state)
{
	struct clinic *clinic = open_store(state, "1");
	char line[128];

	say(clinic, "2026-03-02 10:00 P1 hello");
	for (int i = 0; i < 480; i++) {
		snprintf(line, sizeof(line),
		    "+100ms P%d tell hello model=1 kind=PEN context=CLINIC %s", i % 12 + 1,
		    i / 12 % 2 ? "serial=sn" : "site=NY");
		say(clinic, line);
	}
	int64_t inputs =
	    count(clinic, "SELECT count(*) FROM journal WHERE source = 1 AND kind = 523");
	assert_true(inputs > 0 && inputs <= WATCH_REJECTS_MAX);
	say(clinic, "+1m gateway looks");
	assert_true(count(clinic, "SELECT max(value) FROM alert WHERE check_id = 809") >= 20);
}

static void a_recount_beside_it_is_green(void **state)
{
	struct clinic *clinic = open_store(state, "1");
	struct policy policy = policy_default(&clinic->zone);
	struct verify_result result;
	char why[256];

	say(clinic, "2026-03-02 10:00 P1 session A c1");
	look(clinic, "+1m gateway looks down 6m");
	say(clinic, "+1m P1 tell hello model=1 kind=PEN context=CLINIC serial=sn");
	say(clinic, "+1m T1 tell ae_report ae=X1 sid=A code=BURN");
	say(clinic, "+1m T1 tell ae_report ae=X2 sid=A code=SCAR");
	say(clinic, "+1m T1 tell ae_report ae=X3 sid=A code=EYE");
	look(clinic, "+1m gateway looks");
	assert_int_equal(
	    verify_store(bench_of(state)->path, &policy, NULL, NULL, &result, why), CP_OK);
	assert_int_equal(result.differences, 0);
	assert_true(count(clinic, "SELECT count(*) FROM alert WHERE check_id IN (605, 607)") >= 4);
	db_exec(&clinic->ledger->db, "UPDATE alert SET value = 9 WHERE check_id = 607");
	assert_int_equal(
	    verify_store(bench_of(state)->path, &policy, NULL, NULL, &result, why), CP_OK);
	assert_int_not_equal(result.differences, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LEDGER_TEST(a_restart_records_nothing_twice),
	    cmocka_unit_test(a_clock_set_back_stops_no_condition),
	    LEDGER_TEST(an_end_before_its_beginning_is_no_time),
	    LEDGER_TEST(what_was_set_aside_is_said_until_it_is_judged),
	    LEDGER_TEST(a_storm_of_refusals_does_not_fill_the_journal),
	    LEDGER_TEST(a_recount_beside_it_is_green),
	};

	return cmocka_run_group_tests_name("box", tests, NULL, NULL);
}
