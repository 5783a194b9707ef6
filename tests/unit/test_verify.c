/* P3: the truth equals a recount; and whoever changes either is found out. */
#include "ledger_bench.h"

#include "ledger/past/verify.h"

static void fill(struct clinic *clinic)
{
	static const char *const lines[] = {"2026-03-01 12:00 HQ plan 1 c1 MILD 4",
	    "2026-03-02 10:00 P1 session A c1 cart 1001 course 1",
	    "2026-03-12 10:00 P2 session B c1 cart 1001 course 1 lasting 5m ends FAULT",
	    "2026-03-12 10:20 P2 session C c1 NECK", "+1h T1 ack INTERVAL_TOO_SOON B",
	    "2026-03-13 10:00 R1 start D c2", "+1m R1 pulses D", "2026-03-14 10:00 P3 offline",
	    "+0s P3 session E c1 course 1", "2026-04-20 10:00 P3 online",
	    "2026-06-20 10:00 P1 hello", "2026-06-20 10:05 P2 start F c1 test"};

	only_first_checks(clinic);
	for (size_t i = 0; i < CP_COUNT(lines); i++)
		say(clinic, lines[i]);
}

static struct verify_result verify(void **state)
{
	struct clinic *clinic = &bench_of(state)->clinic;
	struct policy policy = policy_default(&clinic->zone);
	struct verify_result result;
	char why[256];

	assert_int_equal(
	    verify_store(bench_of(state)->path, &policy, NULL, NULL, &result, why), CP_OK);
	return result;
}

static void a_recount_beside_the_writer_is_green(void **state)
{
	fill(open_store(state, "1"));
	struct verify_result result = verify(state);

	assert_int_equal(result.differences, 0);
	assert_int_equal(result.sessions, 6);
	assert_int_equal(result.findings, 4);
	assert_int_equal(
	    result.inputs, count(&bench_of(state)->clinic, "SELECT (SELECT count(*) FROM journal) +"
	                                                   " (SELECT count(*) FROM stream)"));
	assert_int_equal(result.unjudged, 0);
}

static void print_it(void *ctx, const char *difference)
{
	(void)ctx;
	print_error("%s\n", difference);
}

/* Between sessions, over years, by the message; liveness is no truth. */
static void what_devices_did_is_counted_again(void **state)
{
	static const char *const lines[] = {
	    "2026-01-01 12:00 HQ tell device device=P1 last_pm=2025-01-01 in_service=2024-01-01",
	    "+1m HQ tell firmware_policy model=1 min_fw=1.2.0 blocked_fw=1.0.0",
	    "2026-01-05 10:00 P1 hello fw 1.0.0 life_pulses 1000 life_active_s 7200",
	    "+1m P1 heartbeat battery 101", "+1m P1 selftest FAIL", "+1m P1 start B c2",
	    "+1m P1 sample B battery 9", "+1m P1 end B COMPLETED", "+10m P1 start C c3",
	    "+1m P1 sample C battery 90", "+1m P1 estop C", "+1m P1 end C ESTOP",
	    "+1m P1 fault - code 7 on yes", "+1m P1 fault - code 7 on yes",
	    "+1m P1 fault - code 7 on yes", "+1m P1 start D c4", "+1m P1 clean",
	    "+1m P1 selftest PASS", "+1m P1 selftest PASS seq 40", "+1m P1 selftest FAIL seq 40",
	    "+1m P1 heartbeat battery 80 seq 41", "+1m P1 clean seq 41",
	    "+1m T1 tell maint kind=CALIBRATION device=P1 measured_error=30%",
	    "+1m P1 hello fw 1.3.0 life_pulses 10 seq 42", "+1m P1 end D COMPLETED seq 43",
	    "2026-01-06 10:00 P1 start E c5"};
	static const int expected[] = {CHECK_PM_DUE_SOON, CHECK_PM_OVERDUE, CHECK_CALIB_FAIL,
	    CHECK_CLEANING_MISSING, CHECK_SELFTEST_MISSING, CHECK_SELFTEST_FAIL,
	    CHECK_FIRMWARE_BLOCKED, CHECK_FIRMWARE_OLD, CHECK_FAULT_RATE, CHECK_BATTERY_LOW,
	    CHECK_DEVICE_QUARANTINED_USE, CHECK_DATA_RANGE, CHECK_DUPLICATE_CONFLICT,
	    CHECK_COUNTER_ROLLBACK, CHECK_SEQ_GAP};
	struct clinic *clinic = open_store(state, "1");
	struct policy policy = policy_default(&clinic->zone);
	struct verify_result result;
	char why[256];

	for (size_t i = 0; i < CP_COUNT(lines); i++)
		say(clinic, lines[i]);
	for (size_t i = 0; i < CP_COUNT(expected); i++)
		if (!db_value(&clinic->ledger->db, 0,
		        "SELECT count(*) FROM alert WHERE check_id = ? AND state != 5", "i",
		        (int64_t)expected[i]))
			fail_msg("nothing of %d to count", expected[i]);
	assert_int_equal(
	    verify_store(bench_of(state)->path, &policy, print_it, NULL, &result, why), CP_OK);
	assert_int_equal(result.differences, 0);
}

/* What a person with access to the file might do. */
static const char *const tampers[] = {
    "UPDATE alert SET value = value + 1 WHERE check_id = 101",
    "UPDATE alert SET severity = 2 WHERE check_id = 401",
    "DELETE FROM alert WHERE check_id = 103",
    "UPDATE alert SET state = 5 WHERE check_id = 401",
    "UPDATE session SET flags = flags & ~16 WHERE no = 1",
    "UPDATE session SET active_ms = active_ms - 1 WHERE no = 1",
    "UPDATE session SET visit = no",
    "DELETE FROM session WHERE no = 1",
    "DELETE FROM journal WHERE kind = 28",
    "DELETE FROM stream WHERE kind = 22",
    "UPDATE journal SET client = (SELECT max(no) FROM client) WHERE kind = 18",
    "DELETE FROM journal WHERE kind >= 256",
};

static void whatever_is_changed_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < CP_COUNT(tampers); i++) {
		void *fresh;
		assert_int_equal(bench_set_up(&fresh), 0);
		struct clinic *clinic = open_store(&fresh, "1");
		fill(clinic);
		assert_int_equal(verify(&fresh).differences, 0);
		db_exec(&clinic->ledger->db, tampers[i]);
		assert_int_equal(clinic->ledger->db.err, CP_OK);
		if (verify(&fresh).differences == 0)
			fail_msg("not found: %s", tampers[i]);
		bench_tear_down(&fresh);
	}
}

static size_t named;

static void name_it(void *ctx, const char *difference)
{
	assert_string_equal(ctx, "ctx");
	assert_non_null(strstr(difference, "finding 401"));
	named++;
}

static void differences_are_named_on_both_sides(void **state)
{
	struct clinic *clinic = open_store(state, "1");
	struct policy policy = policy_default(&clinic->zone);
	struct verify_result result;
	char ctx[] = "ctx";
	char why[256];

	fill(clinic);
	db_exec(&clinic->ledger->db, "UPDATE alert SET value = 7 WHERE check_id = 401");
	named = 0;
	assert_int_equal(
	    verify_store(bench_of(state)->path, &policy, name_it, ctx, &result, why), CP_OK);
	assert_int_equal(named, result.differences);
	assert_true(named >= 2);
}

static void what_is_no_store_is_said_so(void **state)
{
	struct bench *bench = bench_of(state);
	struct policy policy = policy_default(NULL);
	struct verify_result result;
	char why[256] = "";

	assert_int_not_equal(verify_store(bench->path, &policy, NULL, NULL, &result, why), CP_OK);
	assert_non_null(strstr(why, bench->path));

	FILE *file = fopen(bench->path, "w");
	fputs("This is a letter to my aunt, not a store, and long enough to have a header of it.",
	    file);
	fclose(file);
	assert_int_equal(verify_store(bench->path, &policy, NULL, NULL, &result, why), CP_CORRUPT);
}

static enum cp_err open_with(void **state, char why[256])
{
	struct bench *bench = bench_of(state);
	struct ledger_config config = {.path = bench->path, .site = "ber", .version = "1"};
	struct ledger *ledger;
	enum cp_err err = ledger_open(&config, 0, &ledger, why);

	if (err)
		assert_null(ledger);
	ledger_close(ledger);
	return err;
}

static void a_ledger_opens_only_what_it_can_keep(void **state)
{
	struct bench *bench = bench_of(state);
	char why[256] = "";

	struct clinic *clinic = open_store(state, "1");
	db_exec(&clinic->ledger->db, "PRAGMA user_version = 99");
	close_store(state);
	assert_int_equal(open_with(state, why), CP_NEWER);
	assert_non_null(strstr(why, "newer"));
	assert_non_null(strstr(why, bench->path));

	FILE *file = fopen(bench->path, "w");
	fputs("This is a letter to my aunt, not a store, and long enough to have a header of it.",
	    file);
	fclose(file);
	assert_int_equal(open_with(state, why), CP_CORRUPT);

	snprintf(bench->path, sizeof(bench->path), "%s/no/store", bench->dir);
	assert_int_equal(open_with(state, why), CP_NOTFOUND);
	assert_non_null(strstr(why, "/no/store"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LEDGER_TEST(a_recount_beside_the_writer_is_green),
	    LEDGER_TEST(what_devices_did_is_counted_again),
	    cmocka_unit_test(whatever_is_changed_is_found),
	    LEDGER_TEST(differences_are_named_on_both_sides),
	    LEDGER_TEST(what_is_no_store_is_said_so),
	    LEDGER_TEST(a_ledger_opens_only_what_it_can_keep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
