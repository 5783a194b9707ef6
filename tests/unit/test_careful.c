/* The careful way after an abnormal exit (DESIGN section 2): journal first, then item
 * by item, with the same truth and the same answers. */
#include "ledger_bench.h"
#include "truth_text.h"

#include "ledger/judging/subjects.h"
#include "ledger/past/verify.h"

#include <sys/wait.h>

static const char *const first_life[] = {ONLY_FIRST_CHECKS, "2026-03-01 12:00 HQ plan 1 c1 MILD 4",
    "2026-03-02 10:00 P1 session A c1 cart 1001 course 1",
    "2026-03-03 10:00 P1 session X c9 cart 1009"};

/* The lines in a process that ends without closing the store. */
static void live_and_die(void **state)
{
	struct bench *bench = bench_of(state);
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		clinic_open_store(&bench->clinic, "Europe/Berlin", bench->path, "1", 0);
		for (size_t i = 0; i < CP_COUNT(first_life); i++)
			speech_line(&bench->clinic, first_life[i]);
		_exit(clinic_failed(&bench->clinic));
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	bench->now = 1773313200000; /* 2026-03-12 12:00 */
}

static void drain(struct clinic *clinic)
{
	clinic_advance(clinic, clinic->now);
	assert_false(clinic_failed(clinic));
	assert_int_equal(ledger_pending(clinic->ledger), 0);
}

static void only_death_makes_careful(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	assert_false(clinic->ledger->is_careful);
	say(clinic, first_life[0]);
	clinic = reopen_store(state, "1");
	assert_false(clinic->ledger->is_careful);
	close_store(state);

	live_and_die(state);
	clinic = open_store(state, "1");
	assert_true(clinic->ledger->is_careful);
	drain(clinic);
	clinic = reopen_store(state, "1"); /* too early to prove anything */
	assert_true(clinic->ledger->is_careful);
	say(clinic, "2026-03-12 13:00 P2 hello");
	drain(clinic);
	clinic = reopen_store(state, "1");
	assert_false(clinic->ledger->is_careful);
}

static void what_was_left_to_do_makes_careful_too(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	say(clinic, first_life[0]);
	say(clinic, first_life[2]);
	db_exec(&clinic->ledger->db, "INSERT INTO pending(kind, subject, boot, seq)"
	                             " VALUES(2, 1, 0, 0)");
	clinic = reopen_store(state, "1");
	assert_true(clinic->ledger->is_careful);
	drain(clinic);
}

/* A crash while it is judged takes nothing back that was acknowledged. */
static void journalled_and_acknowledged_before_it_is_judged(void **state)
{
	live_and_die(state);
	struct clinic *clinic = open_store(state, "1");

	drain(clinic);
	clinic_listen(clinic);
	say(clinic, "2026-03-12 12:00 P2 start B c1");
	assert_int_equal(clinic->batch->entries[0].outcome, BATCH_NEW);
	assert_int_equal(count(clinic, "SELECT count(*) FROM journal WHERE source ="
	                               " (SELECT max(no) FROM source)"),
	    1);
	assert_int_equal(count(clinic, "SELECT count(*) FROM alert"), 0);
	assert_string_equal(clinic->said, "");
	assert_true(ledger_pending(clinic->ledger) > 0);
	assert_int_equal(clinic->batch->next_wake, clinic->now);

	drain(clinic);
	assert_int_equal(count(clinic, "SELECT count(*) FROM alert"), 1);
}

/* Not permit first, and the truth a moment later. */
static void the_chair_hears_one_answer_and_it_is_right(void **state)
{
	live_and_die(state);
	struct clinic *clinic = open_store(state, "1");

	drain(clinic);
	clinic_listen(clinic);
	say(clinic, "2026-03-12 12:00 P2 start B c1");
	drain(clinic);
	assert_string_equal(clinic->said, "B rev 1 require override INTERVAL_TOO_SOON");

	clinic_listen(clinic);
	say(clinic, "+1s P2 attach B 1009");
	drain(clinic);
	assert_string_equal(clinic->said, "B rev 2 deny CART_REUSE INTERVAL_TOO_SOON");

	clinic_listen(clinic);
	say(clinic, "+1s P2 attach B 1010");
	drain(clinic);
	assert_string_equal(clinic->said, "B rev 3 require override INTERVAL_TOO_SOON");

	clinic_listen(clinic);
	say(clinic, "+1s T1 override INTERVAL_TOO_SOON B");
	drain(clinic);
	assert_string_equal(clinic->said, "B rev 4 permit INTERVAL_TOO_SOON");
}

/* Devices send what they had to keep just when the box comes back (R11). */
static void late_news_is_silent_in_the_careful_way_too(void **state)
{
	live_and_die(state);
	struct clinic *clinic = open_store(state, "1");

	clinic->ledger->careful_until = TIME_NEVER;
	say(clinic, "2026-03-12 12:00 P2 offline");
	say(clinic, "+0s P2 session L c5");
	say(clinic, "2026-03-12 12:31 P3 start B c5");
	drain(clinic);
	clinic_listen(clinic);
	say(clinic, "+1m P2 online");
	drain(clinic);
	assert_string_equal(clinic->said, "");
	assert_int_equal(count(clinic, "SELECT count(*) FROM alert"), 1);
}

static void after_ten_minutes_it_is_over(void **state)
{
	live_and_die(state);
	struct clinic *clinic = open_store(state, "1");

	drain(clinic);
	say(clinic, "2026-03-12 12:09 P2 hello");
	drain(clinic);
	assert_true(clinic->ledger->is_careful);
	say(clinic, "2026-03-12 12:10 P2 hello");
	drain(clinic);
	assert_false(clinic->ledger->is_careful);
	clinic_listen(clinic);
	say(clinic, "2026-03-12 12:11 P2 start B c1");
	assert_string_equal(clinic->said, "B rev 1 require override INTERVAL_TOO_SOON");
}

/* --- the same truth (P4) --------------------------------------------------------------- */

static void second_life(struct clinic *clinic, bool is_drained)
{
	static const char *const lines[] = {"2026-03-12 12:00 P2 start B c1 course 1",
	    "+1s P2 attach B 1001", "+1m P2 sample B", "+9m P2 end B COMPLETED",
	    "2026-03-12 13:00 P3 session C c9 cart 1001", "+1h T1 ack INTERVAL_TOO_SOON B",
	    "2026-06-01 10:00 P3 hello"};

	for (size_t i = 0; i < CP_COUNT(lines); i++) {
		say(clinic, lines[i]);
		if (is_drained)
			drain(clinic);
	}
}

static void it_comes_to_the_same_truth(void **state)
{
	struct bench other = {0};
	struct verify_result result;
	char why[256];

	clinic_open(&other.clinic, "Europe/Berlin");
	for (size_t i = 0; i < CP_COUNT(first_life); i++)
		say(&other.clinic, first_life[i]);
	second_life(&other.clinic, false);
	char *expected = truth_of(&other.clinic);
	clinic_close(&other.clinic);

	live_and_die(state);
	struct clinic *clinic = open_store(state, "1");
	clinic->ledger->careful_until = TIME_NEVER;
	second_life(clinic, true);
	assert_true(clinic->ledger->is_careful);
	char *truth = truth_of(clinic);
	assert_string_equal(truth, expected);
	assert_non_null(strstr(truth, "finding 401"));
	assert_non_null(strstr(truth, "finding 103"));
	free(truth);
	free(expected);

	struct policy policy = clinic->ledger->config.policy;
	assert_int_equal(
	    verify_store(bench_of(state)->path, &policy, NULL, NULL, &result, why), CP_OK);
	assert_int_equal(result.differences, 0);
	assert_true(result.findings > 0);
}

/* --- what was set aside ------------------------------------------------------------------ */

static void another_version_tries_it_again_also_after_a_clean_end(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	say(clinic, first_life[0]);
	say(clinic, first_life[2]);
	db_exec(&clinic->ledger->db, "INSERT INTO unjudged VALUES(2, 1, 0, 0, 5, '1')");
	clinic = reopen_store(state, "1");
	drain(clinic);
	say(clinic, "2026-03-12 12:00 P2 session B c1"); /* nobody judges c1 */
	assert_int_equal(count(clinic, "SELECT count(*) FROM alert"), 0);
	assert_int_equal(count(clinic, "SELECT count(*) FROM unjudged"), 1);

	clinic = reopen_store(state, "2");
	drain(clinic);
	assert_int_equal(count(clinic, "SELECT count(*) FROM unjudged"), 0);
	assert_int_equal(count(clinic, "SELECT count(*) FROM alert"), 1);
}

/* Everybody is to be judged again, also who is set aside: that is no reason to wake for ever. */
static void what_is_set_aside_is_never_due(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	say(clinic, first_life[0]);
	say(clinic, first_life[2]);
	db_exec(&clinic->ledger->db, "INSERT INTO unjudged VALUES(1, 1, 0, 0, 5, '1')");
	clinic = reopen_store(state, "1");
	drain(clinic);
	subjects_judge_again(clinic->ledger, 0);
	drain(clinic);
	batch_reset(clinic->batch);
	assert_int_equal(ledger_apply(clinic->ledger, clinic->batch, clinic->now), CP_OK);
	assert_true(clinic->batch->next_wake > clinic->now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LEDGER_TEST(only_death_makes_careful),
	    LEDGER_TEST(what_was_left_to_do_makes_careful_too),
	    LEDGER_TEST(journalled_and_acknowledged_before_it_is_judged),
	    LEDGER_TEST(the_chair_hears_one_answer_and_it_is_right),
	    LEDGER_TEST(late_news_is_silent_in_the_careful_way_too),
	    LEDGER_TEST(after_ten_minutes_it_is_over),
	    LEDGER_TEST(it_comes_to_the_same_truth),
	    LEDGER_TEST(what_is_set_aside_is_never_due),
	    LEDGER_TEST(another_version_tries_it_again_also_after_a_clean_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
