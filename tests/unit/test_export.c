/* `carepace export`: lists for other programs, and everything as a log. */
#include "cli_store.h"

#include "cli/export.h"
#include "ledger/past/verify.h"

#include "report.pb-c.h"

#include <unistd.h>

static const char *const story[] = {
    "2026-03-01 12:00 HQ plan 1 c1 MILD 4",
    "2026-03-02 10:00 P1 hello serial P-1001",
    "2026-03-02 10:01 P1 session A c1 cart 1001 course 1 operator o1",
    "2026-03-12 10:00 P2 session B c1 cart 1001 course 1 lasting 5m ends FAULT operator o2",
    "2026-03-12 10:20 P2 session C c1 NECK",
    "+1h T1 ack INTERVAL_TOO_SOON B",
    "2026-03-13 10:00 P1 session D c2 FOREHEAD operator o1",
    "+1h P1 clean",
    "2026-03-14 10:00 P3 offline",
    "+0s P3 session E c2 NOSE",
    "2026-03-20 10:00 P3 online",
    "2026-03-21 10:00 T1 tell correction sid=E kind=REASSIGN_CLIENT new_client=c3 by=o1 reason=4",
    "2026-03-22 10:00 P1 hello",
};

struct export_bench {
	struct cli_bench cli;
	char log[128];
	char store[128]; /* the folder of a replayed one */
};

static int set_up_folder(void **state)
{
	if (set_up(state))
		return -1;
	struct export_bench *b = realloc(*state, sizeof(*b));
	*state = b;
	snprintf(b->log, sizeof(b->log), "%s/out.log", b->cli.ledger.dir);
	snprintf(b->store, sizeof(b->store), "%s/again", b->cli.ledger.dir);
	return 0;
}

static int tear_down_folder(void **state)
{
	static const char *const files[] = {
	    "lock", "box.key", LEDGER_FILE_NAME, LEDGER_FILE_NAME "-wal", LEDGER_FILE_NAME "-shm"};
	struct export_bench *b = *state;
	char path[256];

	for (size_t i = 0; i < CP_COUNT(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", b->store, files[i]);
		unlink(path);
	}
	rmdir(b->store);
	unlink(b->log);
	return tear_down(state);
}

/* Days are composed at 06:00 of the next one, in some ten minutes; a log goes on until somebody
 * was judged last. */
static struct clinic *tell_story(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	say_all(clinic, story, CP_COUNT(story));
	say(clinic, "2026-03-24 10:00 P1 hello");
	assert_false(clinic_failed(clinic));
	return clinic;
}

/* --- lists -------------------------------------------------------------------------------- */

/* Lines as RFC 4180 has them: nothing in these lists holds a line end. */
static size_t count_lines(const char *text)
{
	size_t count = 0;

	for (const char *end = text; (end = strstr(end, "\r\n")); end += 2)
		count++;
	assert_null(strstr(text, "\n\n"));
	return count;
}

static size_t count_cells(const char *line)
{
	size_t count = 1;
	bool is_quoted = false;

	for (; *line && (is_quoted || *line != '\r'); line++) {
		is_quoted ^= *line == '"';
		count += *line == ',' && !is_quoted;
	}
	return count;
}

static void must_be_table(const char *text, size_t rows)
{
	size_t cells = count_cells(text);

	assert_int_equal(count_lines(text), rows + 1);
	for (const char *line = text; (line = strstr(line, "\r\n")) && line[2]; line += 2)
		assert_int_equal(count_cells(line + 2), cells);
}

static void every_list_is_a_table_and_as_many_objects(void **state)
{
	static const struct {
		const char *name;
		const char *column;
		const char *key; /* of the object */
	} lists[] = {
	    {"sessions", "start_ts_ms", "startTsMs"},
	    {"alerts", "raised_ts_ms", "raisedTsMs"},
	    {"days", "active_ms", "localDate"},
	    {"devices", "battery_pct", "state"},
	    {"courses", "planned", "course"},
	};
	struct export_bench *b = *state;
	char line[128];

	tell_story(state);
	for (size_t i = 0; i < CP_COUNT(lists); i++) {
		snprintf(line, sizeof(line), "export %s --format json --config $C", lists[i].name);
		json_t *array = run_json(&b->cli.cli, line);
		assert_true(json_array_size(array) > 0);
		assert_non_null(json_object_get(json_array_get(array, 0), lists[i].key));
		snprintf(line, sizeof(line), "export %s --config $C", lists[i].name);
		must_succeed(&b->cli.cli, line);
		must_be_table(b->cli.cli.out, json_array_size(array));
		assert_true(
		    strstr(b->cli.cli.out, lists[i].column) < strstr(b->cli.cli.out, "\r\n"));
		json_decref(array);
	}
}

static void people_are_numbers(void **state)
{
	struct export_bench *b = *state;

	tell_story(state);
	json_t *sessions = run_json(&b->cli.cli, "export sessions --format json --config $C");
	assert_int_equal(json_array_size(sessions), 5);
	const json_t *first = json_array_get(sessions, 0);
	must_be_text(first, "clientNo", "1");
	must_be_text(first, "operatorNo", "1");
	must_be_text(first, "site", "berlin-1");
	assert_null(json_object_get(first, "clientToken"));
	must_be_text(json_array_get(sessions, 4), "clientNo", "3"); /* put right by a correction */
	json_decref(sessions);
}

static void dates_are_through_the_last_day(void **state)
{
	static const struct {
		const char *options;
		size_t count;
	} cases[] = {
	    {"", 5},
	    {" --from 2026-03-12", 4},
	    {" --from 2026-03-12 --until 2026-03-12", 2},
	    {" --until 2026-03-02", 1},
	    {" --from 2026-04-01", 0},
	};
	struct export_bench *b = *state;
	char line[128];

	tell_story(state);
	for (size_t i = 0; i < CP_COUNT(cases); i++) {
		snprintf(line, sizeof(line), "export sessions --config $C%s", cases[i].options);
		must_succeed(&b->cli.cli, line);
		must_be_table(b->cli.cli.out, cases[i].count);
		snprintf(line, sizeof(line), "export sessions --config $C --format json%s",
		    cases[i].options);
		json_t *array = run_json(&b->cli.cli, line);
		assert_int_equal(json_array_size(array), cases[i].count);
		json_decref(array);
	}
}

/* --- what leaves the chain ------------------------------------------------------------------- */

/* Domain 5. On the 12th one client came, on the 30th six, of whom one session was aborted. */
static void days_of_few_clients_are_left_out(void **state)
{
	struct export_bench *b = *state;
	struct clinic *clinic = tell_story(state);
	char line[80];

	say(clinic, "2026-03-30 08:00 P1 hello");
	for (int i = 11; i < 17; i++) {
		snprintf(line, sizeof(line), "+40m P1 session S%d c%d lasting 20m ends %s", i, i,
		    i == 12 ? "FAULT" : "COMPLETED");
		say(clinic, line);
	}
	clinic_advance(clinic, clinic->now + MS_PER_DAY);
	json_t *days = run_json(&b->cli.cli, "export days --format json --config $C");
	size_t found = 0;
	for (size_t i = 0; i < json_array_size(days); i++) {
		const json_t *day = json_array_get(days, i);
		json_int_t date = json_integer_value(json_object_get(day, "localDate"));
		if (json_object_get(day, "device") || json_object_get(day, "operatorNo"))
			continue;
		assert_true(json_is_true(json_object_get(day, "suppressed")));
		found += date == 20260312 || date == 20260330;
		if (date == 20260312)
			assert_null(json_object_get(day, "activeMs"));
		if (date != 20260330)
			continue;
		must_be_number(day, "sessions", 6);
		must_be_number(day, "sessionsCompleted", 5);
		assert_null(json_object_get(day, "sessionsAborted"));
		assert_null(json_object_get(day, "alerts"));
	}
	assert_int_equal(found, 2);
	json_decref(days);
}

static void within_the_chain_nothing_is_left_out(void **state)
{
	struct export_bench *b = *state;

	tell_story(state);
	must_succeed(&b->cli.cli, "export days --inside --config $C");
	assert_null(strstr(b->cli.cli.out, ",true\r\n"));
	json_t *days = run_json(&b->cli.cli, "export days --inside --format json --config $C");
	bool is_there = false;
	for (size_t i = 0; i < json_array_size(days); i++)
		is_there |= json_integer_value(
		                json_object_get(json_array_get(days, i), "sessionsAborted")) == 1;
	assert_true(is_there);
	json_decref(days);
}

/* RFC 4180: a quote within quotes stands twice. A spreadsheet takes = + - @, or what stands
 * behind a tab, for a formula. */
static void no_cell_is_a_formula(void **state)
{
	static const struct {
		const char *text;
		const char *cell;
	} cases[] = {
	    {"=1+2", "\"'=1+2\","},
	    {"+1", "\"'+1\","},
	    {"-1", "\"'-1\","},
	    {"@x", "\"'@x\","},
	    {"\t=1", "\"'\t=1\","},
	    {"1-2", "\"1-2\","},
	    {"a,\"b\"", "\"a,\"\"b\"\"\","},
	    {"", "\"\","},
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 4096, 1U << 20);
	for (size_t i = 0; i < CP_COUNT(cases); i++) {
		Carepace__V1__AggDay day = CAREPACE__V1__AGG_DAY__INIT;
		const struct export_row row = {.body = &day.base, .operator_no = 7};
		char line[512] = "";
		FILE *file = fmemopen(line, sizeof(line), "w");
		day.site = (char *)cases[i].text;
		day.local_date = 20260312;
		assert_true(export_csv_row(&arena, &row, true, file));
		fclose(file);
		assert_ptr_equal(strstr(line, cases[i].cell), line);
		assert_non_null(strstr(line, ",,7,20260312,,,"));
		assert_non_null(strstr(line, ",false\r\n"));
	}
	arena_deinit(&arena);
}

/* --- the log ---------------------------------------------------------------------------------- */

struct lines {
	char text[64 * 1024];
	size_t len;
	char tokens[16][ID_HEX_LEN + 1]; /* in the order in which they come */
	size_t token_count;
};

/* "client 6363..." as "client #1": who it is, whatever the token. */
static void name_client(struct lines *lines, char *line)
{
	char *token = strstr(line, " client ");
	size_t i = 0;

	if (!token || strspn(token + 8, "0123456789abcdef") < ID_HEX_LEN)
		return;
	token += 8;
	while (i < lines->token_count && strncmp(lines->tokens[i], token, ID_HEX_LEN) != 0)
		i++;
	if (i == lines->token_count) {
		assert_true(lines->token_count < CP_COUNT(lines->tokens));
		memcpy(lines->tokens[lines->token_count++], token, ID_HEX_LEN);
	}
	memset(token, '0' + (int)i, ID_HEX_LEN);
}

static void add_line(void *ctx, const char *line)
{
	struct lines *lines = ctx;
	char text[1024];

	snprintf(text, sizeof(text), "%s", line);
	name_client(lines, text);
	if (strncmp(text, "day operator", 12) == 0) /* sorted by the token */
		return;
	lines->len += (size_t)snprintf(
	    lines->text + lines->len, sizeof(lines->text) - lines->len, "%s\n", text);
	assert_true(lines->len < sizeof(lines->text));
}

static void read_truth(const char *path, struct lines *out)
{
	struct db db = {0};

	*out = (struct lines){0};
	assert_int_equal(db_open(&db, path, DB_READ_ONLY), CP_OK);
	truth_lines(&db, add_line, out);
	assert_int_equal(db.err, CP_OK);
	db_close(&db);
}

static void export_and_replay(struct export_bench *b)
{
	char line[400];

	snprintf(line, sizeof(line), "export --log %s --config $C", b->log);
	must_succeed(&b->cli.cli, line);
	snprintf(line, sizeof(line), "replay %s --store %s", b->log, b->store);
	must_succeed(&b->cli.cli, line);
}

static void must_be_same_truth(struct export_bench *b)
{
	static struct lines before;
	static struct lines after;
	char path[256];

	snprintf(path, sizeof(path), "%s/" LEDGER_FILE_NAME, b->store);
	read_truth(b->cli.ledger.path, &before);
	read_truth(path, &after);
	assert_non_null(strstr(before.text, "finding"));
	assert_string_equal(before.text, after.text);
}

static void a_log_comes_to_the_same_truth(void **state)
{
	struct export_bench *b = *state;

	tell_story(state);
	export_and_replay(b);
	must_be_same_truth(b);
}

/* The clinic's own policy is an input, too; and so is another content of a name. */
static void own_policies_and_conflicts_go_with_it(void **state)
{
	static const struct ledger_own *own;
	struct export_bench *b = *state;
	struct clinic *clinic = tell_story(state);
	Carepace__V1__Policy policy = CAREPACE__V1__POLICY__INIT;
	Carepace__V1__Check off[] = {CAREPACE__V1__CHECK__INTERVAL_TOO_SOON};
	const struct ledger_own order = {
	    .kind = READING_POLICY, .key = "own/policy", .body = &policy.base};

	own = &order;
	policy.version = 1;
	policy.off = off;
	policy.n_off = 1;
	batch_reset(clinic->batch);
	clinic->batch->own = (struct own_policy){.orders = own, .count = 1};
	assert_int_equal(ledger_apply(clinic->ledger, clinic->batch, clinic->now), CP_OK);
	say(clinic, "2026-03-26 10:00 P1 session F c1 lasting 20m");
	say(clinic, "+1m P1 selftest PASS seq 400");
	say(clinic, "+1m P1 selftest FAIL seq 400");
	assert_int_equal(count(clinic, "SELECT count(*) FROM conflict"), 1);
	say(clinic, "2026-03-28 10:00 P2 hello");
	export_and_replay(b);
	must_be_same_truth(b);
}

static bool file_holds(const char *path, const void *bytes, size_t len)
{
	static uint8_t all[4U << 20];
	FILE *file = fopen(path, "rb");

	assert_non_null(file);
	size_t got = fread(all, 1, sizeof(all), file);
	fclose(file);
	assert_true(got > 0 && got < sizeof(all));
	return memmem(all, got, bytes, len) != NULL;
}

/* P10: no token of anybody, and none twice the same in two logs. */
static void a_log_holds_no_token(void **state)
{
	static const struct {
		char kind;
		const char *name;
	} people[] = {{ID_CLIENT, "c1"}, {ID_CLIENT, "c2"}, {ID_CLIENT, "c3"}, {ID_OPERATOR, "o1"},
	    {ID_OPERATOR, "o2"}};
	struct export_bench *b = *state;
	char other[140];
	char line[300];

	tell_story(state);
	snprintf(line, sizeof(line), "export --log %s --config $C", b->log);
	must_succeed(&b->cli.cli, line);
	for (size_t i = 0; i < CP_COUNT(people); i++) {
		struct id token = id_named(people[i].kind, people[i].name);
		assert_true(file_holds(b->cli.ledger.path, token.b, ID_BYTES) ||
		            count(&b->cli.ledger.clinic, "SELECT count(*) FROM client") >= 3);
		assert_false(file_holds(b->log, token.b, ID_BYTES));
	}
	struct id device = id_named(ID_DEVICE, "P1");
	assert_true(file_holds(b->log, device.b, ID_BYTES)); /* it would have been found */

	snprintf(other, sizeof(other), "%s.2", b->log);
	snprintf(line, sizeof(line), "export --log %s --config $C", other);
	must_succeed(&b->cli.cli, line);
	static uint8_t texts[2][1U << 20];
	size_t lens[2];
	for (size_t i = 0; i < 2; i++) {
		FILE *file = fopen(i ? other : b->log, "rb");
		lens[i] = fread(texts[i], 1, sizeof(texts[i]), file);
		fclose(file);
	}
	assert_int_equal(lens[0], lens[1]);
	assert_memory_not_equal(texts[0], texts[1], lens[0]);
	unlink(other);
}

static void what_is_left_out_is_said(void **state)
{
	struct export_bench *b = *state;
	struct clinic *clinic = tell_story(state);
	char line[200];

	say(clinic, "2026-03-26 10:00 T1 tell ae_report ae=X1 code=#99");
	snprintf(line, sizeof(line), "export --log %s --config $C", b->log);
	must_succeed(&b->cli.cli, line);
	assert_non_null(strstr(b->cli.cli.out,
	    "left out: 1 input that nobody could understand: it may hold a token\n"));
}

/* --- bad input ------------------------------------------------------------------------------- */

static void what_cannot_be_exported_is_said_in_a_sentence(void **state)
{
	static const struct wrong_line lines[] = {
	    {"export --config $C", CLI_USAGE,
	        "carepace export: name a list: sessions, alerts, days, devices, courses; or "
	        "--log\n"},
	    {"export session --config $C", CLI_USAGE,
	        "carepace export: there is no list \"session\"; did you mean sessions?\n"},
	    {"export xyzzy --config $C", CLI_USAGE,
	        "carepace export: there is no list \"xyzzy\"; sessions, alerts, days, devices, "
	        "courses\n"},
	    {"export days alerts --config $C", CLI_USAGE,
	        "carepace export: one list at a time; what is \"alerts\"?\n"},
	    {"export days --format xml --config $C", CLI_USAGE,
	        "carepace export: --format is csv or json; \"xml\" is neither\n"},
	    {"export days --from 2026-13-01 --config $C", CLI_USAGE,
	        "carepace export: a day is written like 2026-09-14; \"2026-13-01\" is none\n"},
	    {"export days --from 2026-03-02 --until 2026-03-01 --config $C", CLI_USAGE,
	        "carepace export: --until is a day before --from\n"},
	    {"export devices --from 2026-03-02 --config $C", CLI_USAGE,
	        "carepace export: devices are told as they are now: --from has no place there\n"},
	    {"export days --log x --config $C", CLI_USAGE,
	        "carepace export: --log is everything, as a log: no list, date or format\n"},
	    {"export --log /nowhere/x --config $C", CLI_UNREADABLE,
	        "carepace export: /nowhere/x cannot be made: No such file or directory\n"},
	    {"export --log / --config $C", CLI_UNREADABLE,
	        "carepace export: / cannot be made: File exists\n"},
	    {"export days --store /nowhere", CLI_UNREADABLE,
	        "carepace export: /nowhere/carepace.db does not exist: no gateway has run with "
	        "this "
	        "store yet\n"},
	};
	struct export_bench *b = *state;

	tell_story(state);
	must_say_no(&b->cli.cli, lines, CP_COUNT(lines));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up_folder, tear_down_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(every_list_is_a_table_and_as_many_objects),
	    TEST(people_are_numbers),
	    TEST(dates_are_through_the_last_day),
	    TEST(days_of_few_clients_are_left_out),
	    TEST(within_the_chain_nothing_is_left_out),
	    TEST(no_cell_is_a_formula),
	    TEST(a_log_comes_to_the_same_truth),
	    TEST(own_policies_and_conflicts_go_with_it),
	    TEST(a_log_holds_no_token),
	    TEST(what_is_left_out_is_said),
	    TEST(what_cannot_be_exported_is_said_in_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
