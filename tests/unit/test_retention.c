/* Rows of the stream go in the end; the truth stays, and equals a recount (P2, P3, P4). */
#include "ledger_bench.h"
#include "truth_text.h"

#include "ledger/past/verify.h"
#include "ledger/retention.h"

#define KEPT_MS (30 * MS_PER_DAY)
#define LINES_MAX 400

/* Doses, temperatures, tips; one that never ends, one of another boot, a test. */
static const char *const story[] = {"2026-01-01 12:00 HQ plan 1 c1 MILD 4",
    "2026-03-02 09:00 R1 hello model 4", "2026-03-02 10:00 R1 start A c1 course 1",
    "+5s R1 attach A 1001 tip_used 10 tip_limit 40", "+10s R1 sample A for 20 skin 42.00",
    "+1s R1 sample A for 5 skin 44.50", "+1s R1 pulses A for 45", "+1m R1 end A COMPLETED",
    "2026-03-02 11:00 P1 session B c2 cart 1002", "+10s P1 heartbeat battery 50",
    "2026-03-03 10:00 P2 start C c1", "+1m P2 sample C for 10 depth 2600",
    "2026-03-03 11:00 P2 reboot", "+1m P2 hello", "+1m P2 sample C for 3",
    "2026-03-04 10:00 P3 start D c3 test", "+1m P3 sample D for 5", "+1m P3 end D COMPLETED",
    "2026-03-12 10:00 P1 session E c1 course 1 lasting 5m ends FAULT"};

static void tell(struct clinic *clinic, const char *const *lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		say(clinic, lines[i]);
}

static void live(struct clinic *clinic, int64_t kept_ms)
{
	clinic->ledger->config.stream_kept_ms = kept_ms;
	tell(clinic, story, CP_COUNT(story));
}

static struct verify_result verify(void **state)
{
	struct clinic *clinic = &bench_of(state)->clinic;
	struct policy policy = policy_default(&clinic->zone);
	struct verify_result result;
	char why[256];

	if (verify_store(bench_of(state)->path, &policy, NULL, NULL, &result, why))
		fail_msg("%s", why);
	return result;
}

/* The lines that stand in one only. */
static void show_lines(const char *in, const char *of)
{
	for (const char *line = in; *line; line = strchr(line, '\n') + 1) {
		int len = (int)(strchr(line, '\n') - line);
		char *text = strndup(line, (size_t)len + 1);
		if (!strstr(of, text))
			print_error("%s", text);
		free(text);
	}
}

static void assert_same_truth(const char *truth, const char *expected)
{
	if (strcmp(truth, expected) == 0)
		return;
	print_error("with retention:\n");
	show_lines(truth, expected);
	print_error("without:\n");
	show_lines(expected, truth);
	fail();
}

/* What the story comes to where rows stay for ever. */
static char *truth_without(const char *const *lines, size_t count, const char *until)
{
	struct clinic *clinic = calloc(1, sizeof(*clinic));

	clinic_open(clinic, "Europe/Berlin");
	live(clinic, 0);
	tell(clinic, lines, count);
	say(clinic, until);
	char *truth = truth_of(clinic);
	clinic_close(clinic);
	free(clinic);
	return truth;
}

static int64_t rows_of_stream(struct clinic *clinic)
{
	return count(clinic, "SELECT count(*) FROM stream");
}

#define LATER "2026-05-20 10:00 gateway looks"

/* --- tests -------------------------------------------------------------------------------- */

static void streams_go_and_the_truth_stays(void **state)
{
	struct clinic *clinic = open_store(state, "1");
	char *expected = truth_without(NULL, 0, LATER);

	live(clinic, KEPT_MS);
	assert_true(rows_of_stream(clinic) > 8);
	int64_t inputs = count(clinic, "SELECT count(*) FROM journal WHERE source != 1");
	say(clinic, LATER);

	assert_int_equal(rows_of_stream(clinic), 0);
	assert_int_equal(count(clinic, "SELECT count(*) FROM journal WHERE source != 1"), inputs);
	assert_int_equal(count(clinic, "SELECT count(*) FROM guard"), 0);
	char *truth = truth_of(clinic);
	assert_same_truth(truth, expected);
	struct verify_result result = verify(state);
	assert_int_equal(result.differences, 0);
	assert_int_equal(result.streams_since, TIME_NEVER);
	assert_int_equal(result.sealed, 5);
	assert_int_equal(result.late, 0);
	free(truth);
	free(expected);
}

static void what_is_not_old_stays(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	live(clinic, KEPT_MS);
	say(clinic, "2026-04-02 23:00 gateway looks");
	assert_int_equal(count(clinic, "SELECT count(*) FROM stream WHERE recv <"
	                               " unixepoch('2026-03-03 22:00') * 1000"),
	    0);
	assert_true(rows_of_stream(clinic) > 0);
	struct verify_result result = verify(state);
	assert_int_equal(result.differences, 0);
	assert_int_equal(
	    result.streams_since, count(clinic, "SELECT recv FROM stream ORDER BY no LIMIT 1"));
}

static void a_row_that_has_gone_is_known_again(void **state)
{
	static const char *const lines[] = {"2026-03-20 10:00 P1 heartbeat battery 70",
	    "2026-03-20 10:00 P4 start F c4", "+1m P4 sample F for 5"};
	struct clinic *clinic = open_store(state, "1");

	live(clinic, KEPT_MS);
	tell(clinic, lines, CP_COUNT(lines));
	say(clinic, LATER);
	char *before = truth_of(clinic);
	say(clinic, "+1m P4 repeat");
	say(clinic, "+1m P1 repeat");
	assert_int_equal(rows_of_stream(clinic), 0);
	clinic = reopen_store(state, "1");
	clinic->ledger->config.stream_kept_ms = KEPT_MS;
	char *after = truth_of(clinic);
	assert_same_truth(before, after);
	assert_int_equal(verify(state).differences, 0);
	free(before);
	free(after);
}

/* Its fold goes on: sums and times, and what follows in the order of names. */
static void what_comes_after_the_seal_counts(void **state)
{
	static const char *const late[] = {
	    "2026-05-20 10:00 P2 sample C for 4 depth 1000", "+1m P2 end C COMPLETED"};
	struct clinic *clinic = open_store(state, "1");
	char *expected = truth_without(late, CP_COUNT(late), "2026-05-21 10:00 gateway looks");

	live(clinic, KEPT_MS);
	tell(clinic, late, CP_COUNT(late));
	say(clinic, "2026-05-21 10:00 gateway looks");
	assert_true(rows_of_stream(clinic) > 0);
	char *truth = truth_of(clinic);
	assert_same_truth(truth, expected);
	assert_int_equal(verify(state).differences, 0);
	assert_int_equal(verify(state).late, 0);
	free(truth);
	free(expected);

	/* And is sealed anew in its turn. */
	say(clinic, "2026-07-20 10:00 gateway looks");
	assert_int_equal(rows_of_stream(clinic), 0);
	struct verify_result result = verify(state);
	assert_int_equal(result.differences, 0);
	assert_int_equal(result.sealed, 5);
}

/* Before the last sealed name: counted, and said. */
static void what_comes_too_late_is_counted(void **state)
{
	static const char *const lines[] = {
	    "2026-03-20 10:00 R2 start F c4", "+1m R2 offline", "+1m R2 sample F for 5 skin 46.00"};
	struct clinic *clinic = open_store(state, "1");

	live(clinic, KEPT_MS);
	tell(clinic, lines, CP_COUNT(lines));
	struct device *device = clinic_device(clinic, "R2");
	device->is_away = false; /* what waits stays behind */
	say(clinic, "+1m R2 sample F for 3");
	say(clinic, LATER);
	device->is_away = true;
	int64_t active = count(clinic, "SELECT active_ms FROM session WHERE no = 6");
	say(clinic, "+1m R2 online");
	say(clinic, "+1m gateway looks");
	assert_true(count(clinic, "SELECT active_ms FROM session WHERE no = 6") > active);
	struct verify_result result = verify(state);
	assert_int_equal(result.differences, 0);
	assert_true(result.late > 0);
	assert_int_equal(
	    count(clinic, "SELECT count(*) FROM alert a JOIN session s ON s.no = a.session"
	                  " WHERE s.no = 6 AND check_id = 310"),
	    0);
}

/* A device whose clock is wrong: what its start was known from has gone. */
static void a_boot_keeps_its_clock(void **state)
{
	static const char *const lines[] = {"2026-03-20 10:00 P5 clock -400h",
	    "+1m P5 heartbeat battery 80", "+1m P5 slow", "+1m P5 start F c4",
	    "+1m P5 sample F for 5", "+1m P5 end F COMPLETED", "+10m P5 online"};
	struct clinic *clinic = open_store(state, "1");
	char *expected = truth_without(lines, CP_COUNT(lines), LATER);

	live(clinic, KEPT_MS);
	tell(clinic, lines, CP_COUNT(lines));
	say(clinic, LATER);
	char *truth = truth_of(clinic);
	assert_same_truth(truth, expected);
	assert_int_equal(verify(state).differences, 0);
	db_exec(&clinic->ledger->db, "DELETE FROM journal WHERE kind = 526"); /* BOOT_SEAL */
	assert_true(verify(state).differences > 0);
	free(truth);
	free(expected);
}

static void a_seal_that_is_missing_is_found(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	live(clinic, KEPT_MS);
	say(clinic, LATER);
	assert_int_equal(verify(state).differences, 0);
	db_exec(&clinic->ledger->db, "DELETE FROM journal WHERE kind = 525"); /* SESSION_SEAL */
	assert_true(verify(state).differences > 0);
}

static void nothing_goes_beside_what_is_urgent(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	live(clinic, KEPT_MS);
	clinic_sleep(clinic);
	int64_t before = rows_of_stream(clinic);
	say(clinic, "2026-05-20 10:00 P1 start F c5");
	say(clinic, "+0s P1 heartbeat battery 60");
	assert_true(rows_of_stream(clinic) >= before);
	clinic_wake(clinic);
	say(clinic, "+1m gateway looks");
	assert_int_equal(rows_of_stream(clinic), 1);
}

static void in_doubt_of_the_time_nothing_goes(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	live(clinic, KEPT_MS);
	int64_t before = rows_of_stream(clinic);
	say(clinic, "2026-03-20 10:00 gateway ntp off");
	say(clinic, "+1m gateway clock 1970-01-01T00:00Z");
	say(clinic, "2026-06-20 10:00 gateway looks");
	assert_int_equal(rows_of_stream(clinic), before);
}

static void a_restart_in_between_makes_no_difference(void **state)
{
	struct clinic *clinic = open_store(state, "1");
	char *expected = truth_without(NULL, 0, LATER);

	live(clinic, KEPT_MS);
	say(clinic, "2026-04-01 11:30 gateway looks");
	int64_t left = rows_of_stream(clinic);
	assert_true(left > 0);
	clinic = reopen_store(state, "1");
	assert_int_equal(rows_of_stream(clinic), left);
	clinic->ledger->config.stream_kept_ms = KEPT_MS;
	say(clinic, LATER);
	assert_int_equal(rows_of_stream(clinic), 0);
	char *truth = truth_of(clinic);
	assert_same_truth(truth, expected);
	assert_int_equal(verify(state).differences, 0);
	free(truth);
	free(expected);
}

static void what_is_set_aside_stays(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	live(clinic, KEPT_MS);
	db_exec(&clinic->ledger->db,
	    "INSERT INTO unjudged(kind, subject, boot, seq, at, version)"
	    " SELECT 0, source, boot, seq, 0, '1' FROM stream WHERE no = 3");
	say(clinic, LATER);
	assert_int_equal(rows_of_stream(clinic), 1);
	assert_int_equal(count(clinic, "SELECT no FROM stream"), 3);
}

static void a_step_is_small(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	clinic->ledger->config.stream_kept_ms = KEPT_MS;
	say(clinic, "2026-03-02 10:00 P1 start A c1");
	for (int i = 0; i < 2 * RETENTION_ROWS; i++)
		say(clinic, "+1s P1 heartbeat battery 50");
	int64_t before = rows_of_stream(clinic);
	clinic_sleep(clinic);
	say(clinic, "2026-05-20 10:00 gateway looks");
	assert_int_equal(before - rows_of_stream(clinic), RETENTION_ROWS);
	clinic_wake(clinic);
	say(clinic, "+1m gateway looks");
	assert_int_equal(rows_of_stream(clinic), 0);
	assert_int_equal(verify(state).differences, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LEDGER_TEST(streams_go_and_the_truth_stays),
	    LEDGER_TEST(what_is_not_old_stays),
	    LEDGER_TEST(a_row_that_has_gone_is_known_again),
	    LEDGER_TEST(what_comes_after_the_seal_counts),
	    LEDGER_TEST(what_comes_too_late_is_counted),
	    LEDGER_TEST(a_boot_keeps_its_clock),
	    LEDGER_TEST(a_seal_that_is_missing_is_found),
	    LEDGER_TEST(nothing_goes_beside_what_is_urgent),
	    LEDGER_TEST(in_doubt_of_the_time_nothing_goes),
	    LEDGER_TEST(a_restart_in_between_makes_no_difference),
	    LEDGER_TEST(what_is_set_aside_stays),
	    LEDGER_TEST(a_step_is_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
