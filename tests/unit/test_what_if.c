/* `carepace what-if`: the past under another policy file. That it is right for any history and
 * any policy is tests/property/other_policy.c; here is what a person sees. */
#include "cli_store.h"

#include "base/hash.h"

/* Two treatments 24 days apart, two 40 days apart. Of the checks the first three are on: 28
 * days are needed, less than half of that is HIGH. */
static const char *const story[] = {
    "2026-03-01 12:00 HQ plan 1 c1 MILD 4",
    "2026-03-02 10:00 P1 session A c1 cart 1001 course 1",
    "2026-03-26 10:00 P2 session B c1 cart 1002 course 1",
    "2026-03-02 12:00 P1 session D c2 NECK cart 1003",
    "2026-04-11 10:00 P2 session E c2 NECK cart 1004",
    "2026-04-20 10:00 P1 hello",
};

struct what_if_bench {
	struct cli_bench cli;
	char file[128]; /* the policy to try */
};

static int set_up_file(void **state)
{
	if (set_up(state))
		return -1;
	struct what_if_bench *b = realloc(*state, sizeof(*b));
	*state = b;
	snprintf(b->file, sizeof(b->file), "%s/other.yaml", b->cli.ledger.dir);
	return 0;
}

static int tear_down_file(void **state)
{
	struct what_if_bench *b = *state;

	unlink(b->file);
	return tear_down(state);
}

static void write_policy(const struct what_if_bench *b, const char *yaml)
{
	FILE *file = fopen(b->file, "w");

	assert_non_null(file);
	assert_true(fputs(yaml, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* In the order in which it happened. */
static struct clinic *tell_story(void **state)
{
	static const size_t order[] = {0, 1, 3, 2, 4, 5};
	struct clinic *clinic = open_clinic(state);

	for (size_t i = 0; i < CP_COUNT(order); i++)
		say(clinic, story[order[i]]);
	return clinic;
}

static int ask(struct what_if_bench *b, const char *options)
{
	char line[256];

	snprintf(line, sizeof(line), "what-if %s --config $C%s", b->file, options);
	return run(&b->cli.cli, line);
}

static json_t *ask_json(struct what_if_bench *b, const char *options, int status)
{
	char with_json[128];

	snprintf(with_json, sizeof(with_json), "%s --json", options);
	assert_int_equal(ask(b, with_json), status);
	assert_string_equal(b->cli.cli.err, "");
	json_t *answer = json_loads(b->cli.cli.out, 0, NULL);
	assert_non_null(answer);
	return answer;
}

/* Of INTERVAL_TOO_SOON. */
static void must_count(
    struct what_if_bench *b, const char *options, const char *change, int64_t before, int64_t after)
{
	json_t *answer = ask_json(b, options, CLI_FOUND);
	const json_t *check = json_array_get(json_object_get(answer, "checks"), 0);

	must_be_text(check, "check", "INTERVAL_TOO_SOON");
	must_be_number(check, "before", before);
	must_be_number(check, "after", after);
	must_be_number(check, change, 1);
	must_be_number(answer, "differences", 1);
	json_decref(answer);
}

/* --- what it says ------------------------------------------------------------------------ */

static void a_person_sees_what_would_be_different(void **state)
{
	struct what_if_bench *b = *state;
	char *name;

	tell_story(state);
	write_policy(b, "checks:\n  INTERVAL_TOO_SOON: {min_days: 50}\n");
	assert_int_equal(ask(b, ""), CLI_FOUND);
	assert_string_equal(b->cli.cli.err, "");
	while ((name = strstr(b->cli.cli.out, b->file))) /* the folder is another one each time */
		memmove(name, name + strlen(b->cli.ledger.dir) + 1,
		    strlen(name + strlen(b->cli.ledger.dir)));
	must_read_like(&b->cli.cli, "what_if");
}

static void the_same_policy_makes_no_difference(void **state)
{
	struct what_if_bench *b = *state;

	tell_story(state);
	write_policy(b, "checks:\n  INTERVAL_TOO_SOON: {min_days: 28}\n");
	json_t *answer = ask_json(b, "", CLI_OK);
	must_be_number(answer, "differences", 0);
	assert_int_equal(json_array_size(json_object_get(answer, "checks")), 0);
	assert_int_equal(json_array_size(json_object_get(answer, "verdicts")), 0);
	json_decref(answer);
	assert_int_equal(ask(b, ""), CLI_OK);
	assert_non_null(strstr(b->cli.cli.out, "No finding would be another one.\n"));
}

static void findings_come_and_go(void **state)
{
	struct what_if_bench *b = *state;

	tell_story(state);
	write_policy(b, "checks:\n  INTERVAL_TOO_SOON: {min_days: 20}\n");
	must_count(b, "", "gone", 1, 0);
	write_policy(b, "off: [INTERVAL_TOO_SOON]\n");
	must_count(b, "", "gone", 1, 0);
	write_policy(b, "checks:\n  INTERVAL_TOO_SOON: {min_days: 30}\n");
	must_count(b, "", "otherwise", 1, 1);
	write_policy(b, "checks:\n  INTERVAL_TOO_SOON:\n    min_days:\n    - 28\n    - {value: 60, "
	                "zones: [NECK]}\n");
	must_count(b, "", "new", 1, 2);
}

/* The answers to their starts would have been other ones. */
static void answers_on_the_chair_are_compared(void **state)
{
	struct what_if_bench *b = *state;

	tell_story(state);
	write_policy(b, "checks:\n  INTERVAL_TOO_SOON: {min_days: 50}\n");
	json_t *answer = ask_json(b, "", CLI_FOUND);
	const json_t *verdicts = json_object_get(answer, "verdicts");
	assert_int_equal(json_array_size(verdicts), 2);
	const json_t *turn = json_array_get(verdicts, 0);
	must_be_text(turn, "before", "permit");
	must_be_text(turn, "after", "advise");
	must_be_number(turn, "sessions", 1);
	const json_t *example = json_array_get(json_object_get(turn, "examples"), 0);
	must_be_number(example, "client_no", 2);
	must_be_text(example, "start_at", "2026-04-11T08:00:00.000Z");
	turn = json_array_get(verdicts, 1);
	must_be_text(turn, "before", "advise");
	must_be_text(turn, "after", "require override");
	json_decref(answer);
}

/* What somebody has overridden is judged as if nobody had, on both sides. */
static void what_people_answered_changes_nothing(void **state)
{
	struct what_if_bench *b = *state;
	struct clinic *clinic = tell_story(state);

	say(clinic, "+1h T1 ack INTERVAL_TOO_SOON B");
	write_policy(b, "checks:\n  INTERVAL_TOO_SOON: {min_days: 50}\n");
	json_t *answer = ask_json(b, "", CLI_FOUND);
	assert_int_equal(json_array_size(json_object_get(answer, "verdicts")), 2);
	json_decref(answer);
}

/* --- since when ---------------------------------------------------------------------------- */

static void the_policy_holds_from_the_day_named(void **state)
{
	struct what_if_bench *b = *state;

	tell_story(state);
	write_policy(b, "checks:\n  INTERVAL_TOO_SOON: {min_days: 50}\n");
	must_count(b, " --since 2026-04-01", "new", 0, 1); /* B is of before */
	must_count(b, " --days 19", "new", 0, 1);
	json_t *answer = ask_json(b, " --since 2026-04-12", CLI_OK);
	must_be_number(answer, "differences", 0);
	must_be_text(answer, "since_date", "2026-04-12");
	json_decref(answer);
	answer = ask_json(b, " --days 8", CLI_OK);
	must_be_text(answer, "since_date", "2026-04-12");
	json_decref(answer);
	answer = ask_json(b, "", CLI_FOUND);
	must_be_number(answer, "differences", 2);
	must_be_text(answer, "since_date", "2025-10-22"); /* 180 days */
	json_decref(answer);
}

/* --- the store ------------------------------------------------------------------------------- */

static void hash_file(const char *path, uint8_t out[HASH_BYTES])
{
	static uint8_t bytes[8U << 20];
	FILE *file = fopen(path, "rb");

	assert_non_null(file);
	struct slice all = slice_of(bytes, fread(bytes, 1, sizeof(bytes), file));
	assert_true(all.len < sizeof(bytes));
	fclose(file);
	hash_sha256(&all, 1, out);
}

static void nothing_is_written(void **state)
{
	struct what_if_bench *b = *state;
	uint8_t before[2][HASH_BYTES];
	uint8_t after[2][HASH_BYTES];
	char log[128];

	tell_story(state);
	write_policy(b, "checks:\n  INTERVAL_TOO_SOON: {min_days: 50}\n");
	snprintf(log, sizeof(log), "%s-wal", b->cli.ledger.path);
	hash_file(b->cli.ledger.path, before[0]);
	hash_file(log, before[1]);
	assert_int_equal(ask(b, ""), CLI_FOUND);
	hash_file(b->cli.ledger.path, after[0]);
	hash_file(log, after[1]);
	assert_memory_equal(before, after, sizeof(before));
}

/* --- bad input ---------------------------------------------------------------------------------
 */

static void a_faulty_policy_is_named_with_its_lines(void **state)
{
	struct what_if_bench *b = *state;
	char expected[512];

	tell_story(state);
	write_policy(b, "checks:\n  INTERVAL_TOO_SON: {min_days: 50}\n  CART_REUSE: {x: 1}\n");
	assert_int_equal(ask(b, ""), CLI_UNREADABLE);
	assert_string_equal(b->cli.cli.out, "");
	snprintf(expected, sizeof(expected),
	    "%s:2: checks: expected a name of Check (did you mean INTERVAL_TOO_SOON?)", b->file);
	assert_ptr_equal(strstr(b->cli.cli.err, expected), b->cli.cli.err);
	snprintf(expected, sizeof(expected), "\n%s:3: checks.CART_REUSE.x: expected ", b->file);
	assert_non_null(strstr(b->cli.cli.err, expected));
}

static void what_cannot_be_asked_is_said_in_a_sentence(void **state)
{
	static const struct wrong_line lines[] = {
	    {"what-if --config $C", CLI_USAGE, "carepace what-if: name a policy file to try\n"},
	    {"what-if a b --config $C", CLI_USAGE,
	        "carepace what-if: one policy file at a time; what is \"b\"?\n"},
	    {"what-if a --days 0 --config $C", CLI_USAGE,
	        "carepace what-if: --days is a number from 1 to 3660; \"0\" is none\n"},
	    {"what-if a --days 3661 --config $C", CLI_USAGE,
	        "carepace what-if: --days is a number from 1 to 3660; \"3661\" is none\n"},
	    {"what-if a --days 9x --config $C", CLI_USAGE,
	        "carepace what-if: --days is a number from 1 to 3660; \"9x\" is none\n"},
	    {"what-if a --days 9 --since 2026-01-01 --config $C", CLI_USAGE,
	        "carepace what-if: --days or --since, not both\n"},
	    {"what-if a --since 2026-02-30 --config $C", CLI_USAGE,
	        "carepace what-if: a day is written like 2026-09-14; \"2026-02-30\" is none\n"},
	    {"what-if a --store /nowhere", CLI_UNREADABLE,
	        "carepace what-if: /nowhere/carepace.db does not exist: no gateway has run with "
	        "this store yet\n"},
	};
	struct what_if_bench *b = *state;

	must_say_no(&b->cli.cli, lines, CP_COUNT(lines));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up_file, tear_down_file)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_person_sees_what_would_be_different),
	    TEST(the_same_policy_makes_no_difference),
	    TEST(findings_come_and_go),
	    TEST(answers_on_the_chair_are_compared),
	    TEST(what_people_answered_changes_nothing),
	    TEST(the_policy_holds_from_the_day_named),
	    TEST(nothing_is_written),
	    TEST(a_faulty_policy_is_named_with_its_lines),
	    TEST(what_cannot_be_asked_is_said_in_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
