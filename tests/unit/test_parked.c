/* What one version of the program cannot decode is kept, and tried again by the next
 * (P8). The decoder is wrapped: it can be one that does not understand yet, one that
 * refuses, or one that ends the program when it meets the planted message.
 */
#include "base/hash.h"
#include "ledger/store/names.h"
#include "ledger/parked.h"
#include "ledger/past/verify.h"
#include "ledger_bench.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

static enum {
	UNDERSTANDS,
	IS_OLD,
	REFUSES,
	SAYS_FOREIGN,
	DIES
} decoder;

static bool is_planted(const struct reading *reading)
{
	struct id planted = id_named(ID_SESSION, "POISON");

	return id_eq(&reading->sid, &planted);
}

/* What the gate makes of bytes that it does not understand. */
static enum reading_result spoil(struct arena *arena, struct slice payload,
    enum reading_result result, struct reading *reading, const char **why)
{
	uint8_t hash[HASH_BYTES];

	if (decoder == DIES && is_planted(reading))
		abort();
	if (decoder == UNDERSTANDS || decoder == DIES || result != READING_OK)
		return result;
	*why = "unknown type of message";
	reading->kind = READING_UNKNOWN;
	reading->up = NULL;
	reading->order = NULL;
	reading->payload = arena_copy(arena, payload);
	hash_sha256(&payload, 1, hash);
	memcpy(reading->hash, hash, READING_HASH_BYTES);
	return decoder == IS_OLD    ? READING_PARKED
	       : decoder == REFUSES ? READING_PRIVACY
	                            : READING_FOREIGN;
}

enum reading_result __real_reading_parse(
    struct arena *, struct slice, const struct id *, bool, struct reading *, const char **);
enum reading_result __wrap_reading_parse(
    struct arena *, struct slice, const struct id *, bool, struct reading *, const char **);
enum reading_result __real_reading_parse_order(
    struct arena *, struct slice, struct reading *, const char **);
enum reading_result __wrap_reading_parse_order(
    struct arena *, struct slice, struct reading *, const char **);

enum reading_result __wrap_reading_parse(struct arena *arena, struct slice payload,
    const struct id *identity, bool is_tablet, struct reading *out, const char **why)
{
	enum reading_result result =
	    __real_reading_parse(arena, payload, identity, is_tablet, out, why);

	return spoil(arena, payload, result, out, why);
}

enum reading_result __wrap_reading_parse_order(
    struct arena *arena, struct slice payload, struct reading *out, const char **why)
{
	return spoil(
	    arena, payload, __real_reading_parse_order(arena, payload, out, why), out, why);
}

static const char *const story[] = {"2026-03-01 12:00 HQ plan 1 c1 MILD 4",
    "2026-03-02 10:00 P1 session A c1 cart 1001 course 1",
    "2026-03-12 10:00 P2 session B c1 cart 1001"};

static void tell(struct clinic *clinic)
{
	for (size_t i = 0; i < CP_COUNT(story); i++)
		say(clinic, story[i]);
}

/* What changes a day is counted within ten minutes. */
static void let_days_be_composed(struct clinic *clinic)
{
	clinic_advance(clinic, clinic->now + 11 * MS_PER_MINUTE);
}

static void drain(struct clinic *clinic)
{
	clinic_advance(clinic, clinic->now);
	if (clinic_failed(clinic))
		fail_msg("%s", clinic->why);
}

struct truth {
	char *lines[64];
	size_t count;
};

static void keep_line(void *ctx, const char *line)
{
	struct truth *truth = ctx;

	assert_true(truth->count < CP_COUNT(truth->lines));
	truth->lines[truth->count++] = strdup(line);
}

static void same_truth(struct clinic *clinic, struct truth *expected)
{
	struct truth truth = {0};

	let_days_be_composed(clinic);
	truth_lines(&clinic->ledger->db, keep_line, &truth);
	assert_int_equal(truth.count, expected->count);
	for (size_t i = 0; i < truth.count; i++) {
		assert_string_equal(truth.lines[i], expected->lines[i]);
		free(truth.lines[i]);
		free(expected->lines[i]);
	}
}

/* As if it had been understood at once. */
static struct truth truth_of_story(void)
{
	struct truth truth = {0};
	struct clinic *clinic = calloc(1, sizeof(*clinic));

	decoder = UNDERSTANDS;
	clinic_open(clinic, "Europe/Berlin");
	tell(clinic);
	let_days_be_composed(clinic);
	truth_lines(&clinic->ledger->db, keep_line, &truth);
	assert_true(truth.count > 2);
	clinic_close(clinic);
	free(clinic);
	return truth;
}

static struct clinic *open_with_parked_story(void **state)
{
	decoder = IS_OLD;
	struct clinic *clinic = open_store(state, "1");
	tell(clinic);
	assert_true(count(clinic, "SELECT count(*) FROM parked") > 5);
	assert_int_equal(count(clinic, "SELECT count(*) FROM session"), 0);
	return clinic;
}

static void verify_is_green(void **state)
{
	struct bench *bench = bench_of(state);
	struct verify_result result;
	char why[256];

	assert_int_equal(verify_store(bench->path, &bench->clinic.ledger->config.policy, NULL, NULL,
	                     &result, why),
	    CP_OK);
	assert_int_equal(result.differences, 0);
}

/* --- an upgrade ------------------------------------------------------------------------ */

static void the_next_version_understands_all_of_it(void **state)
{
	struct truth expected = truth_of_story();
	struct clinic *clinic = open_with_parked_story(state);
	int64_t first = count(clinic, "SELECT min(recv) FROM parked");

	clinic = reopen_store(state, "2");
	decoder = UNDERSTANDS;
	clinic_listen(clinic);
	drain(clinic);
	assert_int_equal(count(clinic, "SELECT count(*) FROM parked"), 0);
	same_truth(clinic, &expected);
	/* The first arrival counts, and the place in head office's stream is taken. */
	assert_int_equal(count(clinic, "SELECT min(recv) FROM journal"), first);
	assert_int_equal(count(clinic, "SELECT count(*) FROM journal WHERE kind = 0"), 0);
	assert_int_equal(count(clinic, "SELECT value FROM meta WHERE name = 'hq_n'"), 1);
	verify_is_green(state);
}

static void what_is_old_is_not_answered(void **state)
{
	decoder = IS_OLD;
	struct clinic *clinic = open_store(state, "1");
	say(clinic, "2026-03-02 10:00 P1 start A c1");
	bench_of(state)->clinic.now += MS_PER_HOUR;
	clinic = reopen_store(state, "2");
	decoder = UNDERSTANDS;
	drain(clinic);
	assert_int_equal(count(clinic, "SELECT count(*) FROM session"), 1);
	assert_int_equal(count(clinic, "SELECT verdict_rev FROM session"), 0);
	assert_string_equal(clinic->said, "");
}

static void the_same_version_does_not_try_again(void **state)
{
	struct clinic *clinic = open_with_parked_story(state);
	int64_t parked = count(clinic, "SELECT count(*) FROM parked");

	clinic = reopen_store(state, "1");
	decoder = UNDERSTANDS;
	drain(clinic);
	assert_int_equal(count(clinic, "SELECT count(*) FROM parked"), parked);
}

static void what_is_still_not_understood_stays(void **state)
{
	struct clinic *clinic = open_with_parked_story(state);
	int64_t parked = count(clinic, "SELECT count(*) FROM parked");

	clinic = reopen_store(state, "2");
	drain(clinic);
	assert_int_equal(count(clinic, "SELECT count(*) FROM parked"), parked);
	decoder = SAYS_FOREIGN;
	clinic = reopen_store(state, "3");
	drain(clinic);
	assert_int_equal(count(clinic, "SELECT count(*) FROM parked"), parked);
}

/* Hours of another time zone are understood now, and are still no hours here. */
static void a_calendar_of_another_zone_stays(void **state)
{
	decoder = IS_OLD;
	struct clinic *clinic = open_store(state, "1");
	say(clinic, "2026-03-01 12:00 HQ tell calendar tz=America/New_York opening=1:540:1080");
	say(clinic, "+1m HQ tell calendar tz=Europe/Berlin opening=1:600:1080 key other");
	assert_int_equal(count(clinic, "SELECT count(*) FROM parked"), 2);
	clinic = reopen_store(state, "2");
	decoder = UNDERSTANDS;
	drain(clinic);
	assert_int_equal(count(clinic, "SELECT count(*) FROM parked"), 1);
	assert_int_equal(clinic->ledger->config.policy.calendars.count, 1);
	verify_is_green(state);
}

static void what_may_not_be_kept_goes(void **state)
{
	struct clinic *clinic = open_with_parked_story(state);

	clinic = reopen_store(state, "2");
	decoder = REFUSES;
	drain(clinic);
	assert_int_equal(count(clinic, "SELECT count(*) FROM parked"), 0);
	assert_int_equal(count(clinic, "SELECT count(*) FROM session"), 0);
}

/* A client was forgotten meanwhile: the message is still the same person's, and brings no
 * token back. */
static void what_was_parked_of_a_forgotten_client_stays_theirs(void **state)
{
	struct truth expected = {0};

	decoder = UNDERSTANDS;
	clinic_open(&bench_of(state)->clinic, "Europe/Berlin");
	bench_of(state)->is_open = true;
	tell(&bench_of(state)->clinic);
	say(&bench_of(state)->clinic, "2026-03-13 10:00 HQ tell client_forget client=c1");
	let_days_be_composed(&bench_of(state)->clinic);
	truth_lines(&bench_of(state)->clinic.ledger->db, keep_line, &expected);
	close_store(state);
	bench_of(state)->now = 0;

	struct clinic *clinic = open_with_parked_story(state);
	decoder = UNDERSTANDS;
	say(clinic, "2026-03-13 10:00 HQ tell client_forget client=c1");
	clinic = reopen_store(state, "2");
	drain(clinic);
	assert_int_equal(count(clinic, "SELECT count(*) FROM parked"), 0);
	assert_int_equal(count(clinic, "SELECT count(*) FROM client WHERE token IS NOT NULL"), 0);
	same_truth(clinic, &expected);
	verify_is_green(state);
}

/* --- a person ---------------------------------------------------------------------------- */

static const struct batch_retry *ask(struct clinic *clinic, const char *wanted)
{
	batch_reset(clinic->batch);
	clinic->batch->retry.is_asked = true;
	snprintf(clinic->batch->retry.wanted, ID_HEX_LEN + 1, "%s", wanted);
	assert_int_equal(ledger_apply(clinic->ledger, clinic->batch, clinic->now), CP_OK);
	return &clinic->batch->retry;
}

static void a_person_asks_for_one(void **state)
{
	struct clinic *clinic = open_with_parked_story(state);
	int64_t parked = count(clinic, "SELECT count(*) FROM parked");
	char wanted[ID_HEX_LEN + 1] = "";
	struct db_rows rows = db_query(&clinic->ledger->db,
	    "SELECT lower(hex(hash)) FROM parked ORDER BY source DESC, hash DESC LIMIT 1", "");

	assert_true(db_next(&rows));
	snprintf(wanted, sizeof(wanted), "%.12s", db_text(&rows, 0));
	db_end(&rows);
	decoder = UNDERSTANDS;
	const struct batch_retry *answer = ask(clinic, wanted);
	assert_false(answer->is_busy || answer->is_under_way);
	assert_int_equal(answer->tried, 1);
	assert_int_equal(answer->journaled, 1);
	assert_int_equal(count(clinic, "SELECT count(*) FROM parked"), parked - 1);
}

static void who_asks_while_others_are_tried_hears_it(void **state)
{
	struct clinic *clinic = open_with_parked_story(state);

	clinic = reopen_store(state, "2");
	assert_true(clinic->ledger->walk.is_under_way);
	assert_true(ask(clinic, "")->is_busy);
}

/* The park limits count what is there, not what was there. */
static void there_is_room_for_what_comes_next(void **state)
{
	struct clinic *clinic = open_with_parked_story(state);
	struct source_state *source =
	    names_source(clinic->ledger, &clinic_device(clinic, "P1")->id);

	assert_true(source->is_park_known && source->parked_rows > 0);
	decoder = UNDERSTANDS;
	ask(clinic, "");
	drain(clinic);
	assert_int_equal(source->parked_rows, 0);
	assert_int_equal(source->parked_bytes, 0);
}

/* --- poison ------------------------------------------------------------------------------- */

/* A life that ends by the poison, or well. */
static bool dies(void **state, const char *version)
{
	static const struct rlimit no_core;
	struct bench *bench = bench_of(state);
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		clinic_open_store(
		    &bench->clinic, "Europe/Berlin", bench->path, version, bench->now);
		clinic_advance(&bench->clinic, bench->now);
		bool is_well = !clinic_failed(&bench->clinic);
		clinic_close(&bench->clinic);
		_exit(!is_well);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status)) {
		assert_int_equal(WTERMSIG(status), SIGABRT);
		return true;
	}
	assert_int_equal(WEXITSTATUS(status), 0);
	return false;
}

static void a_message_that_ends_the_decoder_does_so_twice_at_most(void **state)
{
	struct clinic *clinic = open_with_parked_story(state);
	int64_t innocent = count(clinic, "SELECT count(*) FROM parked");

	say(clinic, "2026-03-13 10:00 P3 start POISON c2");
	close_store(state);
	decoder = DIES;
	assert_true(dies(state, "2")); /* in a batch */
	assert_true(dies(state, "2")); /* alone, behind its mark */
	assert_false(dies(state, "2"));
	assert_false(dies(state, "2"));

	clinic = open_store(state, "2");
	drain(clinic);
	assert_int_equal(count(clinic, "SELECT count(*) FROM parked"), 1);
	assert_true(innocent > 5);
	assert_int_equal(count(clinic, "SELECT count(*) FROM session"), 2);
	verify_is_green(state);

	/* The next version is not held back by the mark of this one. */
	decoder = UNDERSTANDS;
	clinic = reopen_store(state, "3");
	drain(clinic);
	assert_int_equal(count(clinic, "SELECT count(*) FROM parked"), 0);
	assert_int_equal(count(clinic, "SELECT count(*) FROM session"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LEDGER_TEST(the_next_version_understands_all_of_it),
	    LEDGER_TEST(what_is_old_is_not_answered),
	    LEDGER_TEST(the_same_version_does_not_try_again),
	    LEDGER_TEST(what_is_still_not_understood_stays),
	    LEDGER_TEST(a_calendar_of_another_zone_stays),
	    LEDGER_TEST(what_may_not_be_kept_goes),
	    LEDGER_TEST(what_was_parked_of_a_forgotten_client_stays_theirs),
	    LEDGER_TEST(a_person_asks_for_one),
	    LEDGER_TEST(who_asks_while_others_are_tried_hears_it),
	    LEDGER_TEST(there_is_room_for_what_comes_next),
	    LEDGER_TEST(a_message_that_ends_the_decoder_does_so_twice_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
