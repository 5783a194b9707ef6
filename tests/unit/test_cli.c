/* The command line on a prepared store: what a person reads, what a program
 * parses, and the one sentence for what was wrong. */
#include "cli_run.h"
#include "treatments.h"

#include "cli/output.h"
#include "ledger/store/db.h"

#include <fcntl.h>
#include <unistd.h>

#define PEN 0x11
#define OTHER_PEN 0x12
#define TABLET 0x13
#define COURSE 4711

struct bench {
	struct treatments *t;
	struct cli_run cli;
	struct id too_soon;
	struct id reuse;
};

/* A course; its second session 13 days after the first with the first one's
 * cartridge; then that cartridge for somebody else, on another device. */
static int set_up(void **state)
{
	static const char *const tokens[] = {"c1c1c1c", "c2c2c2c", "0b0b0b0", "0c0c0c0", NULL};
	struct bench *b = calloc(1, sizeof(*b));
	static char serial[] = "P-1001";
	static char cart[] = "1001";

	b->t = treatments_new();
	write_config(&b->cli, b->t->dir);
	b->cli.tokens = tokens;
	struct treatment first = {PEN, 0xa1, 0xc1, COURSE, cart, at(b->t, 9, 1, 10, 0)};
	struct treatment soon = {PEN, 0xa2, 0xc1, COURSE, cart, at(b->t, 9, 14, 10, 0)};
	struct treatment foreign = {OTHER_PEN, 0xa3, 0xc2, 0, cart, at(b->t, 9, 15, 9, 0)};
	device_hello(b->t, PEN, CAREPACE__V1__DEVICE_KIND__DEVICE_PEN, serial);
	hq_plan(b->t, COURSE, 0xc1, 0, 1, at(b->t, 8, 2, 8, 0));
	hq_plan(b->t, COURSE, 0xc1, 35, 2, at(b->t, 9, 10, 8, 0));
	treat(b->t, &first);
	treat(b->t, &soon);
	treat(b->t, &foreign);
	b->too_soon = finding_id(CHECK_INTERVAL_TOO_SOON,
	    "a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2/11111111111111111111111111111111", "");
	b->reuse = finding_id(CHECK_CART_REUSE,
	    "a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2/11111111111111111111111111111111",
	    "04012345678901/1001#0");
	tablet_override(b->t, TABLET, b->too_soon, at(b->t, 9, 14, 10, 1));
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	treatments_free(b->t);
	free(b);
	return 0;
}

/* --- what a person reads ------------------------------------------------------------------- */

static void must_explain(struct bench *b, const struct id *alert, const char *name)
{
	char line[128];
	char hex[ID_HEX_LEN + 1];

	snprintf(line, sizeof(line), "why --config $C %.8s", id_hex(alert, hex));
	must_succeed(&b->cli, line);
	must_read_like(&b->cli, name);
}

static void test_alerts_for_people(void **state)
{
	struct bench *b = *state;

	must_succeed(&b->cli, "alerts --config $C");
	must_read_like(&b->cli, "alerts");
	must_succeed(&b->cli, "alerts --config $C --check INTERVAL_OVERDUE");
	assert_string_equal(b->cli.out, "No open alerts.\n");
	must_succeed(&b->cli, "alerts --config $C --all --since 2026-09-16");
	assert_string_equal(b->cli.out, "No alerts.\n");
}

static void test_why_for_people(void **state)
{
	struct bench *b = *state;
	struct id overdue = finding_id(CHECK_INTERVAL_OVERDUE, "4711",
	    "a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2/11111111111111111111111111111111");

	must_explain(b, &b->too_soon, "why_too_soon");
	tablet_ack(b->t, TABLET, b->reuse, at(b->t, 9, 14, 11, 30));
	must_explain(b, &b->reuse, "why_reuse");

	/* Late October: day 43. Head office acknowledges what waited. */
	treatments_apply(b->t, at(b->t, 10, 27, 12, 0));
	for (uint64_t n = 1; n < 20; n++)
		assert_true(batch_add_done(b->t->batch, 1, n));
	treatments_apply(b->t, b->t->now);
	must_explain(b, &overdue, "why_overdue");
}

/* --- what a program parses ------------------------------------------------------------------ */

static void test_alerts_for_programs(void **state)
{
	struct bench *b = *state;
	char hex[ID_HEX_LEN + 1];
	json_t *array = run_json(&b->cli, "alerts --config $C --json");

	assert_int_equal(json_array_size(array), 3);
	const json_t *alert = json_array_get(array, 2);
	must_be_text(alert, "id", id_hex(&b->too_soon, hex));
	must_be_text(alert, "check", "INTERVAL_TOO_SOON");
	must_be_text(alert, "severity", "HIGH");
	must_be_text(alert, "state", "OVERRIDDEN");
	must_be_text(alert, "raised_at", "2026-09-14T08:00:00.000Z");
	must_be_text(alert, "raised_date", "2026-09-14");
	must_be_text(alert, "effective_date", "2026-09-14");
	must_be_text(alert, "earliest_ok_date", "2026-10-06");
	must_be_text(alert, "client", "c1c1c1");
	must_be_text(alert, "operator", "0b0b0b");
	must_be_text(alert, "device", "11111111111111111111111111111111");
	must_be_text(alert, "head_office", "waiting");
	must_be_number(alert, "value", 13);
	must_be_number(alert, "limit", 35);
	must_be_number(alert, "course", COURSE);
	must_be_number(json_object_get(alert, "overridden"), "reason", 5);
	must_be_text(json_object_get(alert, "overridden"), "by", "0c0c0c");
	assert_true(json_is_null(json_object_get(alert, "acknowledged")));
	assert_true(json_is_null(json_object_get(alert, "cleared_at")));
	json_decref(array);

	array = run_json(&b->cli, "alerts --config $C --json --check CART_REUSE");
	assert_int_equal(json_array_size(array), 2);
	json_decref(array);
	array = run_json(&b->cli, "alerts --config $C --json --since 2026-09-15");
	assert_int_equal(json_array_size(array), 1);
	json_decref(array);
}

static void test_why_for_programs(void **state)
{
	struct bench *b = *state;
	char line[128];
	char hex[ID_HEX_LEN + 1];

	snprintf(line, sizeof(line), "why --config $C --json %s", id_hex(&b->reuse, hex));
	json_t *object = run_json(&b->cli, line);
	must_be_text(object, "check", "CART_REUSE");
	must_be_text(object, "cleared_by",
	    "another cartridge before any exposure, or an acknowledgement afterwards");
	assert_int_equal(json_object_size(json_object_get(object, "rules")), 0);
	must_be_number(json_object_get(object, "plan"), "min_days", 35);
	must_be_number(json_object_get(object, "plan"), "revision", 2);
	const json_t *sessions = json_object_get(object, "sessions");
	assert_int_equal(json_array_size(sessions), 2);
	const json_t *subject = json_array_get(sessions, 0);
	must_be_text(subject, "role", "this");
	must_be_text(subject, "sid", "a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2");
	must_be_text(subject, "kind", "pen");
	must_be_text(subject, "serial", "P-1001");
	must_be_text(subject, "zones", "the cheek");
	const json_t *use = json_array_get(json_object_get(subject, "cartridges"), 0);
	must_be_text(use, "gtin", "04012345678901");
	must_be_text(use, "serial", "1001");
	must_be_text(json_object_get(subject, "verdict"), "decision", "require override");
	must_be_text(json_array_get(sessions, 1), "role", "earlier");
	json_decref(object);
}

static void test_counts(void **state)
{
	struct bench *b = *state;
	json_t *object = run_json(&b->cli, "counts --config $C --json");

	must_be_number(object, "devices", 3);
	must_be_number(object, "sessions", 3);
	must_be_number(object, "journal", 1 + 1 + 2 + 3 * 3 + 1);
	must_be_number(object, "stream", 3);
	must_be_number(object, "verdicts", 3);
	must_be_number(object, "receipts_refused", 0);
	must_be_number(object, "evicted_by_limit", 0);
	must_be_number(object, "evicted_by_age", 0);
	must_be_number(json_object_get(object, "alerts"), "RAISED", 2);
	must_be_number(json_object_get(object, "alerts"), "OVERRIDDEN", 1);
	must_be_number(json_object_get(object, "outbox"), "alert", 3);
	must_be_text(object, "outbox_oldest_date", "2026-08-01"); /* of the plan: its course */
	json_decref(object);
	must_succeed(&b->cli, "counts --config $C");
	assert_non_null(strstr(b->cli.out, "sessions                          3\n"));
}

static void test_checks(void **state)
{
	struct bench *b = *state;
	json_t *array = run_json(&b->cli, "checks --json");

	size_t count = 0;
	for (const struct check_row *row = NULL; (row = catalogue_next(row));)
		count++;
	assert_int_equal(json_array_size(array), count);
	must_be_number(json_array_get(array, 0), "number", CHECK_INTERVAL_TOO_SOON);
	assert_true(
	    json_is_null(json_object_get(json_array_get(array, 0), "needs_of_head_office")));
	for (size_t i = 0; i < count; i++) {
		const json_t *check = json_array_get(array, i);
		if (json_integer_value(json_object_get(check, "number")) !=
		    CHECK_OPERATOR_UNCERTIFIED)
			continue;
		must_be_text(check, "needs_of_head_office", "certificates of operators");
		assert_true(json_is_true(json_object_get(check, "finds_it_missing")));
	}
	json_decref(array);
	must_succeed(&b->cli, "checks");
	for (const struct check_row *row = NULL; (row = catalogue_next(row));)
		assert_non_null(strstr(b->cli.out, row->condition));
	assert_non_null(strstr(b->cli.out, "\n  OPERATOR_UNCERTIFIED  certificates of "
	                                   "operators; without them each start asks for an "
	                                   "override\n"));
}

/* --- verify ------------------------------------------------------------------------------------
 */

static void test_verify(void **state)
{
	struct bench *b = *state;

	must_succeed(&b->cli, "verify --config $C"); /* beside the writer */
	assert_string_equal(
	    b->cli.out, "17 inputs counted again: 3 sessions, 3 findings, no difference.\n");
	treatments_close(b->t);
	json_t *object = run_json(&b->cli, "verify --config $C --json");
	must_be_number(object, "inputs", 17);
	must_be_number(object, "differences", 0);
	json_decref(object);
}

static void change(struct bench *b, const char *sql)
{
	struct db db;

	assert_int_equal(db_open(&db, b->t->path, DB_WRITE), CP_OK);
	db_exec(&db, sql);
	assert_int_equal(db.err, CP_OK);
	db_close(&db);
}

static void test_verify_finds_what_was_changed(void **state)
{
	struct bench *b = *state;

	treatments_close(b->t);
	change(b, "UPDATE alert SET value = 27 WHERE check_id = 101;"
	          "UPDATE session SET course = 1 WHERE no = 1");
	assert_int_equal(run(&b->cli, "verify --config $C"), CLI_FOUND);
	assert_non_null(strstr(b->cli.out, "only in the store: finding 101 a2a2"));
	assert_non_null(strstr(b->cli.out, "only in the recount: finding 101 a2a2"));
	assert_non_null(strstr(b->cli.out, " client c1c1c1 course 1 "));
	assert_non_null(strstr(b->cli.out, "3 findings, 4 differences.\n"));
	assert_int_equal(run(&b->cli, "verify --config $C --json"), CLI_FOUND);
	json_t *object = json_loads(b->cli.out, 0, NULL);
	assert_int_equal(json_array_size(json_object_get(object, "difference")), 4);
	json_decref(object);
}

/* --- saying no ---------------------------------------------------------------------------------
 */

static void test_wrong_arguments(void **state)
{
	static const struct wrong_line lines[] = {
	    {"alerts --check INTERVAL_TO_SOON", CLI_USAGE,
	        "carepace alerts: there is no check \"INTERVAL_TO_SOON\"; did you mean "
	        "INTERVAL_TOO_SOON?\n"},
	    {"alerts --check SUNBURN", CLI_USAGE,
	        "carepace alerts: there is no check \"SUNBURN\"; carepace checks lists them\n"},
	    {"alerts --since yesterday", CLI_USAGE,
	        "carepace alerts: a day is written like 2026-09-14; \"yesterday\" is none\n"},
	    {"alerts --since 2026-02-29", CLI_USAGE,
	        "carepace alerts: a day is written like 2026-09-14; \"2026-02-29\" is none\n"},
	    {"alerts --jsn", CLI_USAGE,
	        "carepace alerts: there is no option \"--jsn\"; see carepace alerts --help\n"},
	    {"alerts -x --json", CLI_USAGE,
	        "carepace alerts: there is no option \"-x\"; see carepace alerts --help\n"},
	    {"alerts --check", CLI_USAGE, "carepace alerts: --check needs a value, NAME\n"},
	    {"alerts now", CLI_USAGE,
	        "carepace alerts: what is \"now\"? There is nothing to name here\n"},
	    {"checks --store /tmp", CLI_USAGE,
	        "carepace checks: there is no option \"--store\"; see carepace checks --help\n"},
	    {"why", CLI_USAGE,
	        "carepace why: which alert? Give the first digits of its id; carepace alerts "
	        "lists them\n"},
	    {"why INTERVAL", CLI_USAGE,
	        "carepace why: an alert is named by the first of its 32 digits 0-9a-f, not by "
	        "\"INTERVAL\"\n"},
	    {"why ab cd", CLI_USAGE, "carepace why: one alert at a time; what is \"cd\"?\n"},
	    {"verify twice", CLI_USAGE,
	        "carepace verify: what is \"twice\"? There is nothing to name here\n"},
	    {"why --config $C ffffffffffffffff", CLI_FOUND,
	        "carepace why: there is no alert ffffffffffffffff\n"},
	    {"alerts --store /nonexistent", CLI_UNREADABLE,
	        "carepace alerts: /nonexistent/carepace.db does not exist: no gateway has run "
	        "with this store yet\n"},
	    {"verify --store /nonexistent", CLI_UNREADABLE,
	        "carepace verify: /nonexistent/carepace.db does not exist: no gateway has run "
	        "with this store yet\n"},
	};
	struct bench *b = *state;

	must_say_no(&b->cli, lines, CP_COUNT(lines));
	assert_int_equal(run(&b->cli, "alerts --config /nonexistent"), CLI_UNREADABLE);
	assert_non_null(strstr(b->cli.err, "/nonexistent"));
}

/* Of seventeen alerts two begin with the same digit. */
static void test_several_alerts(void **state)
{
	struct bench *b = *state;
	static char cart[] = "1001";
	char line[] = "why --config $C ?";
	int several = 0;

	for (uint8_t i = 0; i < 14; i++) {
		struct treatment next = {OTHER_PEN, (uint8_t)(0xe0 + i), (uint8_t)(0xd0 + i), 0,
		    cart, at(b->t, 10, 1, 9, 0) + i * MS_PER_HOUR};
		treatment_start(b->t, &next);
		treatment_attach(b->t, &next);
	}
	for (const char *digit = "0123456789abcdef"; *digit; digit++) {
		line[sizeof(line) - 2] = *digit;
		if (run(&b->cli, line) != CLI_USAGE)
			continue;
		assert_non_null(strstr(b->cli.err, "several alerts begin with "));
		assert_non_null(strstr(b->cli.err, "; give more digits\n"));
		several++;
	}
	assert_true(several > 0);
}

static void test_help(void **state)
{
	static const char *const lines[] = {"alerts --help", "why --help", "verify --help",
	    "checks --help", "counts --help", "example-config --help", "check-config --help"};
	struct bench *b = *state;

	for (size_t i = 0; i < CP_COUNT(lines); i++) {
		must_succeed(&b->cli, lines[i]);
		assert_non_null(strstr(b->cli.out, "Usage: carepace "));
		assert_non_null(strstr(b->cli.out, "--help"));
	}
	must_succeed(&b->cli, "why --help");
	assert_non_null(strstr(b->cli.out, "ALERT"));
}

static void test_output_that_cannot_be_written(void **state)
{
	struct bench *b = *state;
	char name[] = "checks";
	char *argv[] = {name, NULL};

	fflush(stdout);
	struct capture err = capture_begin(2);
	int kept = dup(1);
	int full = open("/dev/full", O_WRONLY);
	dup2(full, 1);
	int status = cli_checks(1, argv);
	dup2(kept, 1);
	clearerr(stdout);
	close(kept);
	close(full);
	capture_end(&err, b->cli.err);
	assert_int_equal(status, CLI_UNREADABLE);
	assert_string_equal(b->cli.err,
	    "carepace checks: the output could not be written: No space left on device\n");
}

/* --- configuration
 * --------------------------------------------------------------- */

static void test_config_commands(void **state)
{
	struct bench *b = *state;

	must_succeed(&b->cli, "check-config --config $C");
	assert_non_null(strstr(b->cli.out, "carepace.yaml: no fault.\n"));
	must_succeed(&b->cli, "example-config");
	FILE *file = fopen(b->cli.config, "w");
	assert_non_null(file);
	fputs(b->cli.out, file);
	fclose(file);
	must_succeed(&b->cli, "check-config --config $C");
	file = fopen(b->cli.config, "w");
	assert_non_null(file);
	fputs("site:\n  name: Berlin 1\n", file);
	fclose(file);
	assert_int_equal(run(&b->cli, "check-config --config $C"), CLI_FOUND);
	assert_non_null(strstr(b->cli.err, "carepace.yaml:2: site.name: expected "));
	assert_int_equal(run(&b->cli, "alerts --config $C"), CLI_UNREADABLE);
	assert_non_null(strstr(b->cli.err, "carepace.yaml:2: site.name: expected "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	    TEST(test_alerts_for_people),
	    TEST(test_why_for_people),
	    TEST(test_alerts_for_programs),
	    TEST(test_why_for_programs),
	    TEST(test_counts),
	    TEST(test_checks),
	    TEST(test_verify),
	    TEST(test_verify_finds_what_was_changed),
	    TEST(test_wrong_arguments),
	    TEST(test_several_alerts),
	    TEST(test_help),
	    TEST(test_output_that_cannot_be_written),
	    TEST(test_config_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
