/* The words of the command line: tables, times, counts, commands, "did you mean". */
#include "capture.h"

#include "base/suggest.h"
#include "care/time/civil.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "io/tzfile.h"

static int pretend(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static void test_commands(void **state)
{
	const struct cli_command first = {"run", pretend, "be the gateway"};
	char text[OUTPUT_BYTES];

	(void)state;
	fflush(stdout);
	struct capture out = capture_begin(1);
	cli_print_help(stdout, &first);
	fflush(stdout);
	capture_end(&out, text);
	assert_non_null(strstr(text, "  run             be the gateway\n"));
	for (size_t i = 0; i < cli_command_count; i++) {
		assert_non_null(strstr(text, cli_commands[i].help));
		assert_ptr_equal(cli_find(cli_commands[i].name), &cli_commands[i]);
	}
	assert_null(cli_find("alert"));

	struct capture err = capture_begin(2);
	assert_int_equal(cli_unknown("alert"), CLI_USAGE);
	capture_end(&err, text);
	assert_string_equal(
	    text, "carepace: there is no command \"alert\"; did you mean alerts?\n");
	err = capture_begin(2);
	assert_int_equal(cli_unknown("make-coffee"), CLI_USAGE);
	capture_end(&err, text);
	assert_string_equal(
	    text, "carepace: there is no command \"make-coffee\"; carepace help lists them\n");
}

static void test_suggestions(void **state)
{
	static const struct {
		const char *word;
		const char *best;
	} cases[] = {
	    {"verify", "verify"},
	    {"VERIFY", "verify"},
	    {"verfy", "verify"},
	    {"evrify", "verify"},
	    {"v", NULL},
	    {"", NULL},
	    {"verification-of-everything-that-there-is-in-the-store", NULL},
	};

	(void)state;
	for (size_t i = 0; i < CP_COUNT(cases); i++) {
		struct suggestion suggestion = suggest_for(cases[i].word);
		suggest_offer(&suggestion, "counts");
		suggest_offer(&suggestion, "verify");
		if (cases[i].best)
			assert_string_equal(suggestion.best, cases[i].best);
		else
			assert_null(suggestion.best);
	}
}

static void test_table(void **state)
{
	static const char *const heads[] = {"A", "BB", "C"};
	char text[OUTPUT_BYTES];

	struct arena arena;
	struct table table;

	(void)state;
	arena_init(&arena, 4096, 1U << 16);
	table_init(&table, &arena, heads, 3);
	table_add(&table, "M\xc3\xbcnchen"); /* eight bytes, seven characters */
	table_add(&table, "x");
	table_add(&table, "end");
	table_add(&table, "Bremen");
	table_add(&table, "yyy");
	table_add(&table, "");
	fflush(stdout);
	struct capture out = capture_begin(1);
	table_print(&table, "> ", stdout);
	fflush(stdout);
	capture_end(&out, text);
	assert_string_equal(text, "> A        BB   C\n"
	                          "> M\xc3\xbcnchen  x    end\n"
	                          "> Bremen   yyy  \n");
	arena_deinit(&arena);
}

static void test_words(void **state)
{
	char text[64];
	char when[WHEN_BYTES];
	struct zone zone;

	(void)state;
	assert_string_equal(count_text(0, "input", text), "0 inputs");
	assert_string_equal(count_text(1, "input", text), "1 input");
	assert_string_equal(count_text(999, "input", text), "999 inputs");
	assert_string_equal(count_text(14203, "input", text), "14,203 inputs");
	assert_string_equal(count_text(1234567, "input", text), "1,234,567 inputs");
	assert_string_equal(when_utc(-1, when), "1969-12-31T23:59:59.999Z");
	assert_string_equal(when_utc(0, when), "1970-01-01T00:00:00.000Z");
	assert_int_equal(tzfile_load("Europe/Berlin", &zone), CP_OK);
	/* 23:30 UTC on 30 June is 1 July in Berlin. */
	event_ms at = civil_from_ymd(2026, 6, 30) * MS_PER_DAY + 23 * MS_PER_HOUR + 1800000;
	assert_string_equal(when_short(&zone, at, when), "2026-07-01 01:30");
	assert_string_equal(when_long(&zone, at, when), "1 July 2026, 01:30");
	zone_deinit(&zone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_commands),
	    cmocka_unit_test(test_suggestions),
	    cmocka_unit_test(test_table),
	    cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
