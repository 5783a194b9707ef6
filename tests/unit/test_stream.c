/* The stream in the order of arrival: its names in memory and in bulk (P2), its folds
 * written a moment later (P3), and what a crash in between leaves. */
#include "ledger_bench.h"

#include "ledger/past/verify.h"
#include "ledger/store/sessions.h"

#include <sys/wait.h>

/* --- names ------------------------------------------------------------------------- */

#define STEP 7 /* between the names of a boot */
#define BOOTS 3
#define NAMES (STREAM_NAMES_MAX / 2)

static uint32_t seq_of(uint32_t i)
{
	return 1 + (i * 5 % NAMES) * STEP; /* not in order */
}

static void names_are_found_wherever_they_are(void **state)
{
	struct ledger *ledger = open_in_memory(state)->ledger;
	int64_t row = 0;

	for (uint32_t boot = 0; boot < BOOTS; boot++)
		for (uint32_t i = 0; i < NAMES; i++) {
			ledger->stream_last = ++row;
			stream_names_add(ledger, 5, boot, seq_of(i), row);
		}
	assert_int_equal(ledger->stream_names.count, BOOTS * NAMES - STREAM_NAMES_MAX);
	/* A crash now: what the mark says is written is written. */
	struct clinic *clinic = &bench_of(state)->clinic;
	assert_int_equal(
	    count(clinic, "SELECT sum(length(entries)) / 8 FROM stream_name"), STREAM_NAMES_MAX);
	assert_int_equal(
	    count(clinic, "SELECT value FROM meta WHERE name = 'stream_named'"), STREAM_NAMES_MAX);
	for (int written = 0; written < 2; written++) {
		row = 0;
		for (uint32_t boot = 0; boot < BOOTS; boot++)
			for (uint32_t i = 0; i < NAMES; i++) {
				uint32_t seq = seq_of(i);
				if (stream_names_find(ledger, 5, boot, seq) != ++row)
					fail_msg("boot %u seq %u is lost", boot, seq);
				assert_int_equal(stream_names_find(ledger, 5, boot, seq + 1), 0);
				assert_int_equal(stream_names_find(ledger, 4, boot, seq), 0);
			}
		stream_names_write(ledger);
		assert_int_equal(ledger->stream_names.count, 0);
	}
	assert_int_equal(ledger->db.err, CP_OK);

	uint32_t boot;
	uint32_t seq;
	assert_true(stream_names_highest(ledger, 5, &boot, &seq));
	assert_int_equal(boot, BOOTS - 1);
	assert_int_equal(seq, 1 + (NAMES - 1) * STEP);
	assert_false(stream_names_highest(ledger, 4, &boot, &seq));
}

/* The name of the last message again, for what is said next. */
static void reuse_name(struct clinic *clinic)
{
	clinic_device(clinic, "P1")->seq--;
}

static void a_copy_is_known_when_names_were_written_in_bulk(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	say(clinic, "2026-03-02 10:00 P1 start A c1");
	say(clinic, "+1m P1 sample A");
	struct message *kept = clinic_device(clinic, "P1")->last;
	clinic_device(clinic, "P1")->last = NULL;
	clinic = reopen_store(state, "1");
	assert_int_equal(count(clinic, "SELECT count(*) FROM stream_name"), 1);

	struct device *device = clinic_device(clinic, "P1");
	device->last = kept;
	say(clinic, "2026-03-02 10:02 P1 repeat");
	assert_int_equal(clinic->batch->entries[0].outcome, BATCH_DUPLICATE);
	reuse_name(clinic);
	say(clinic, "+0s P1 sample A for 3");
	assert_int_equal(clinic->batch->entries[0].outcome, BATCH_CONFLICT);
	assert_int_equal(count(clinic, "SELECT count(*) FROM stream"), 1);
}

/* --- folds --------------------------------------------------------------------------- */

static struct verify_result verify(void **state)
{
	struct policy policy = policy_default(&bench_of(state)->clinic.zone);
	struct verify_result result;
	char why[256];

	assert_int_equal(
	    verify_store(bench_of(state)->path, &policy, NULL, NULL, &result, why), CP_OK);
	return result;
}

static void a_fold_waits_a_second_at_most(void **state)
{
	static const char active[] = "SELECT active_ms FROM session";
	struct clinic *clinic = open_store(state, "1");

	say(clinic, "2026-03-02 10:00 P1 start A c1");
	say(clinic, "+2m P1 sample A"); /* the first one changes the session's state */
	assert_int_equal(count(clinic, active), 1000);
	say(clinic, "+0s P1 sample A");
	assert_int_equal(count(clinic, active), 1000);
	assert_int_equal(verify(state).differences, 0);
	assert_int_equal(clinic->batch->next_wake, clinic->now + FOLDS_KEPT_MS);
	clinic_advance(clinic, clinic->batch->next_wake);
	assert_int_equal(count(clinic, active), 2000);
	assert_true(clinic->batch->next_wake > clinic->now + FOLDS_KEPT_MS);
	assert_int_equal(verify(state).differences, 0);
}

static void a_judge_sees_every_fold(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	say(clinic, "2026-03-02 10:00 P1 start A c1");
	say(clinic, "+2m P1 sample A");
	say(clinic, "+0s P1 sample A");
	say(clinic, "+0s P2 start B c2");
	assert_int_equal(count(clinic, "SELECT max(active_ms) FROM session"), 2000);
	assert_int_equal(verify(state).differences, 0);
}

static void a_clean_end_writes_the_folds(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	say(clinic, "2026-03-02 10:00 P1 start A c1");
	say(clinic, "+2m P1 sample A");
	say(clinic, "+0s P1 sample A");
	clinic = reopen_store(state, "1");
	assert_false(clinic->ledger->is_careful);
	assert_int_equal(ledger_pending(clinic->ledger), 0);
	assert_int_equal(count(clinic, "SELECT active_ms FROM session"), 2000);
}

static void a_clean_end_leaves_nothing_to_apply_again(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	say(clinic, "2026-03-02 10:00 P1 start A c1");
	say(clinic, "+2m P1 sample A");
	say(clinic, "+2m P1 end A COMPLETED");
	say(clinic, "+1m P1 heartbeat"); /* in no session's fold */
	clinic = reopen_store(state, "1");
	assert_false(clinic->ledger->is_careful);
	assert_int_equal(ledger_pending(clinic->ledger), 0);
	assert_int_equal(verify(state).inputs, 4);
}

static void live_and_die(void **state)
{
	static const char *const life[] = {"2026-03-02 10:00 P1 start A c1", "+2m P1 sample A",
	    "+0s P1 sample A", "+0s P1 sample A"};
	struct bench *bench = bench_of(state);
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		clinic_open_store(&bench->clinic, "Europe/Berlin", bench->path, "1", 0);
		for (size_t i = 0; i < CP_COUNT(life); i++)
			speech_line(&bench->clinic, life[i]);
		_exit(clinic_failed(&bench->clinic));
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	bench->now = 1772442300000; /* 2026-03-02 10:05 */
}

static void a_crash_before_the_folds_were_written_loses_and_doubles_nothing(void **state)
{
	live_and_die(state);
	struct clinic *clinic = open_store(state, "1");

	assert_int_equal(count(clinic, "SELECT active_ms FROM session"), 1000);
	assert_int_equal(ledger_pending(clinic->ledger), 2);
	assert_int_equal(verify(state).inputs, 4);
	clinic_advance(clinic, clinic->now);
	assert_int_equal(ledger_pending(clinic->ledger), 0);
	assert_int_equal(count(clinic, "SELECT active_ms FROM session"), 3000);
	assert_int_equal(verify(state).differences, 0);

	/* Once: what was applied is not applied at the next start. */
	clinic = reopen_store(state, "1");
	assert_int_equal(ledger_pending(clinic->ledger), 0);
	clinic_device(clinic, "P1")->seq = 1;
	say(clinic, "2026-03-02 10:06 P1 sample A for 3");
	assert_int_equal(clinic->batch->entries[0].outcome, BATCH_CONFLICT);
	assert_int_equal(count(clinic, "SELECT active_ms FROM session"), 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LEDGER_TEST(names_are_found_wherever_they_are),
	    LEDGER_TEST(a_copy_is_known_when_names_were_written_in_bulk),
	    LEDGER_TEST(a_fold_waits_a_second_at_most),
	    LEDGER_TEST(a_judge_sees_every_fold),
	    LEDGER_TEST(a_clean_end_writes_the_folds),
	    LEDGER_TEST(a_clean_end_leaves_nothing_to_apply_again),
	    LEDGER_TEST(a_crash_before_the_folds_were_written_loses_and_doubles_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
