/* `carepace replay`: a log comes to what happened when its messages arrived. */
#include "cli_store.h"

#include "ledger/past/verify.h"

#include <sys/stat.h>

#define LOG_BYTES_MAX (4U << 20)

struct lines {
	char text[64 * 1024];
	size_t len;
};

static void add_line(void *ctx, const char *line)
{
	struct lines *lines = ctx;

	lines->len += (size_t)snprintf(
	    lines->text + lines->len, sizeof(lines->text) - lines->len, "%s\n", line);
	assert_true(lines->len < sizeof(lines->text));
}

/* The truth of a store, with when each alert was raised. */
static void read_store(struct db *db, struct lines *out)
{
	struct db_rows rows = db_query(db,
	    "SELECT check_id || ' ' || subject || ' raised ' || raised_at FROM alert ORDER BY 1",
	    "");

	*out = (struct lines){0};
	truth_lines(db, add_line, out);
	while (db_next(&rows))
		add_line(out, db_text(&rows, 0));
}

static void read_file(const char *dir, struct lines *out)
{
	char path[256];
	struct db db = {0};

	snprintf(path, sizeof(path), "%s/" LEDGER_FILE_NAME, dir);
	assert_int_equal(db_open(&db, path, DB_READ_ONLY), CP_OK);
	read_store(&db, out);
	db_close(&db);
}

/* --- the log --------------------------------------------------------------------------- */

static const char *const story[] = {
    ONLY_FIRST_CHECKS,
    "2026-03-01 12:00 HQ plan 1 c1 MILD 4",
    "2026-03-02 10:00 P1 session A c1 cart 1001 course 1",
    "2026-03-12 10:00 P2 session B c1 cart 1001 course 1 lasting 5m ends FAULT",
    "2026-03-12 10:20 P2 session C c1 NECK",
    "+1h T1 ack INTERVAL_TOO_SOON B",
    "+0s T1 repeat",
    "2026-03-14 10:00 P3 offline",
    "+0s P3 session E c1 course 1",
    "2026-04-20 10:00 P3 online",

    "2026-06-20 10:05 P2 start F c1 test",
};

struct replay_bench {
	struct cli_bench cli;
	struct buf log;
	char file[128];  /* of the log */
	char store[128]; /* the folder of the new one */
	struct lines told;
};

static void write_log(const struct replay_bench *b, size_t len)
{
	FILE *file = fopen(b->file, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(buf_bytes(&b->log).p, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

/* What arrived while the story was told; time goes on until the end of July. */
static void record(void **state)
{
	struct replay_bench *b = *state;
	const struct log_head head = {
	    .site = "ber", .timezone = "Europe/Berlin", .until_ms = 1785448800000};
	struct clinic *clinic = open_store(state, "1");

	assert_int_equal(log_put_head(&b->log, &head), CP_OK);
	clinic->log = &b->log;
	say_all(clinic, story, CP_COUNT(story));
	clinic_advance(clinic, head.until_ms);
	assert_false(clinic_failed(clinic));
	read_store(&clinic->ledger->db, &b->told);
	write_log(b, buf_bytes(&b->log).len);
}

static int set_up_log(void **state)
{
	if (set_up(state))
		return -1;
	struct replay_bench *b = realloc(*state, sizeof(*b));
	*state = b;
	buf_init(&b->log, LOG_BYTES_MAX);
	snprintf(b->file, sizeof(b->file), "%s/log", b->cli.ledger.dir);
	snprintf(b->store, sizeof(b->store), "%s/new", b->cli.ledger.dir);
	return 0;
}

static int tear_down_log(void **state)
{
	static const char *const files[] = {
	    "lock", "box.key", LEDGER_FILE_NAME, LEDGER_FILE_NAME "-wal", LEDGER_FILE_NAME "-shm"};
	struct replay_bench *b = *state;
	char path[256];

	for (size_t i = 0; i < CP_COUNT(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", b->store, files[i]);
		unlink(path);
	}
	rmdir(b->store);
	unlink(b->file);
	buf_deinit(&b->log);
	return tear_down(state);
}

static int replay(struct replay_bench *b, const char *options)
{
	char line[512];

	snprintf(line, sizeof(line), "replay %s --store %s%s", b->file, b->store, options);
	return run(&b->cli.cli, line);
}

/* --- tests ------------------------------------------------------------------------------ */

static void a_log_comes_to_what_happened_when_it_arrived(void **state)
{
	struct replay_bench *b = *state;
	struct lines replayed;

	record(state);
	assert_int_equal(replay(b, ""), CLI_OK);
	assert_string_equal(b->cli.cli.err, "");
	read_file(b->store, &replayed);
	assert_string_equal(replayed.text, b->told.text);
	assert_non_null(strstr(replayed.text, "finding"));
}

static void a_replayed_store_is_one_like_any_other(void **state)
{
	struct replay_bench *b = *state;
	char line[256];

	record(state);
	assert_int_equal(replay(b, ""), CLI_OK);
	/* The store says in which time zone it was written. */
	snprintf(line, sizeof(line), "verify --store %s", b->store);
	must_succeed(&b->cli.cli, line);
	assert_non_null(strstr(b->cli.cli.out, "no difference"));
	snprintf(line, sizeof(line), "alerts --all --json --store %s --config $C", b->store);
	json_t *alerts = run_json(&b->cli.cli, line);
	assert_true(json_array_size(alerts) >= 3);
	json_decref(alerts);
}

/* INTERVAL_OVERDUE is a timer's: raised at 06:00 of its day (R7), whatever arrived. */
static void deadlines_fire_at_their_own_moments(void **state)
{
	struct replay_bench *b = *state;
	struct db db = {0};
	char path[256];

	record(state);
	assert_int_equal(replay(b, ""), CLI_OK);
	snprintf(path, sizeof(path), "%s/" LEDGER_FILE_NAME, b->store);
	assert_int_equal(db_open(&db, path, DB_READ_ONLY), CP_OK);
	struct db_rows rows = db_query(&db, "SELECT raised_at FROM alert WHERE check_id = ?", "i",
	    (int64_t)CHECK_INTERVAL_OVERDUE);
	assert_true(db_next(&rows));
	assert_int_equal(db_int(&rows, 0) % MS_PER_DAY, 4 * MS_PER_HOUR); /* summer time */
	db_end(&rows);
	db_close(&db);
}

static void the_summary_counts_what_came_in(void **state)
{
	struct replay_bench *b = *state;

	record(state);
	assert_int_equal(replay(b, " --json"), CLI_OK);
	json_t *object = json_loads(b->cli.cli.out, 0, NULL);
	assert_non_null(object);
	struct db *db = &b->cli.ledger.clinic.ledger->db;
	must_be_number(object, "readings",
	    db_value(db, 0, "SELECT (SELECT count(*) FROM journal) + (SELECT count(*) FROM stream)",
	        ""));
	must_be_number(object, "duplicates", 1);
	must_be_number(object, "parked", 0);
	const json_t *checks = json_object_get(object, "checks");
	assert_int_equal(json_array_size(checks), 3);
	must_be_text(json_array_get(checks, 0), "check", "INTERVAL_TOO_SOON");
	json_decref(object);
}

/* What stands before the fault is kept, and said. */
static void of_a_cut_log_what_came_before_is_kept(void **state)
{
	struct replay_bench *b = *state;
	char expected[256];

	record(state);
	write_log(b, buf_bytes(&b->log).len - 1);
	assert_int_equal(replay(b, " --json"), CLI_UNREADABLE);
	const char *at = strstr(b->cli.cli.err, " from byte ");
	assert_non_null(at);
	snprintf(expected, sizeof(expected),
	    "carepace replay: %s cannot be read from byte %ld on: it is cut: the file ends within "
	    "a "
	    "message\n",
	    b->file, strtol(at + strlen(" from byte "), NULL, 10));
	assert_string_equal(b->cli.cli.err, expected);
	json_t *object = json_loads(b->cli.cli.out, 0, NULL);
	must_be_number(object, "duplicates", 1);
	json_decref(object);
	snprintf(expected, sizeof(expected), "verify --store %s --config $C", b->store);
	must_succeed(&b->cli.cli, expected);
}

/* Nothing is made of a log that goes wrong at once. */
static void a_log_without_a_good_entry_makes_no_store(void **state)
{
	struct replay_bench *b = *state;
	const struct log_head head = {.site = "ber", .timezone = "Europe/Berlin"};
	struct stat info;

	assert_int_equal(log_put_head(&b->log, &head), CP_OK);
	assert_int_equal(buf_append(&b->log, "\x02\x08\x01", 3), CP_OK);
	write_log(b, buf_bytes(&b->log).len);
	assert_int_equal(replay(b, ""), CLI_UNREADABLE);
	assert_non_null(strstr(b->cli.cli.err, "an entry holds no input that this version knows"));
	assert_int_not_equal(stat(b->store, &info), 0);
}

static void a_store_that_is_there_is_left_alone(void **state)
{
	struct replay_bench *b = *state;
	char expected[400];

	record(state);
	assert_int_equal(replay(b, ""), CLI_OK);
	assert_int_equal(replay(b, ""), CLI_UNREADABLE);
	snprintf(expected, sizeof(expected),
	    "carepace replay: %s/carepace.db exists: a log is replayed into a store of its own; "
	    "name a folder without one\n",
	    b->store);
	assert_string_equal(b->cli.cli.err, expected);
	assert_string_equal(b->cli.cli.out, "");
}

static void what_cannot_be_done_is_said_in_a_sentence(void **state)
{
	static const struct wrong_line lines[] = {
	    {"replay", CLI_USAGE, "carepace replay: name a log to replay\n"},
	    {"replay a", CLI_USAGE,
	        "carepace replay: name the folder of a new store with --store: a log is never "
	        "replayed into the clinic's own\n"},
	    {"replay a b --store x", CLI_USAGE,
	        "carepace replay: one log at a time; what is \"b\"?\n"},
	    {"replay /nowhere/log --store x", CLI_UNREADABLE,
	        "carepace replay: /nowhere/log cannot be read: No such file or directory\n"},
	    {"replay / --store x", CLI_UNREADABLE,
	        "carepace replay: / cannot be read: Is a directory\n"},
	    {"replay a --store", CLI_USAGE, "carepace replay: --store needs a value, DIR\n"},
	};
	struct replay_bench *b = *state;

	must_say_no(&b->cli.cli, lines, CP_COUNT(lines));
}

/* Nothing is made of a log whose head is wrong. */
static void a_wrong_head_makes_no_store(void **state)
{
	static const struct {
		const char *timezone;
		const char *options;
		const char *said;
	} cases[] = {
	    {"Mars/Olympus", "",
	        "carepace replay: the time zone Mars/Olympus of the log cannot be"},
	    {"Europe/Rome", " --config $C",
	        "carepace replay: the log is of the time zone Europe/Rome, the configuration says "
	        "Europe/Berlin\n"},
	};
	struct replay_bench *b = *state;
	struct stat info;

	for (size_t i = 0; i < CP_COUNT(cases); i++) {
		const struct log_head head = {.site = "ber", .timezone = cases[i].timezone};
		buf_consume(&b->log, buf_bytes(&b->log).len);
		assert_int_equal(log_put_head(&b->log, &head), CP_OK);
		write_log(b, buf_bytes(&b->log).len);
		assert_int_equal(replay(b, cases[i].options), CLI_UNREADABLE);
		assert_ptr_equal(strstr(b->cli.cli.err, cases[i].said), b->cli.cli.err);
		assert_int_not_equal(stat(b->store, &info), 0);
	}
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up_log, tear_down_log)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_log_comes_to_what_happened_when_it_arrived),
	    TEST(a_replayed_store_is_one_like_any_other),
	    TEST(deadlines_fire_at_their_own_moments),
	    TEST(the_summary_counts_what_came_in),
	    TEST(of_a_cut_log_what_came_before_is_kept),
	    TEST(a_log_without_a_good_entry_makes_no_store),
	    TEST(a_store_that_is_there_is_left_alone),
	    TEST(what_cannot_be_done_is_said_in_a_sentence),
	    TEST(a_wrong_head_makes_no_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
