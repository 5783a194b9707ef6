/* What the command line tells of times that are in doubt (R18), and where it ends its lines. */
#include "cli_store.h"

/* The box starts in 1970 at 11:00; the cartridge is used again an hour later. */
static const char *const doubt[] = {
    "2026-03-02 09:00 P1 hello serial P-1001",
    "+1h P1 session A c1 cart 1001",
    "2026-03-12 11:00 gateway looks alone",
    "+0s gateway ntp off",
    "+0s gateway clock 1970-01-01T00:00Z",
    "+0s gateway reboots",
    "+1h P1 start B c2",
    "+0s P1 attach B 1001",
};
static const char *const trust[] = {
    "2026-03-12 14:00 gateway clock +0s",
    "+0s gateway ntp on",
    "+0s gateway looks alone",
};

static json_t *reuse(struct cli_bench *b)
{
	json_t *alerts = run_json(&b->cli, "alerts --config $C --json --all --check CART_REUSE");
	json_t *alert = json_incref(json_array_get(alerts, 0));

	assert_int_equal(json_array_size(alerts), 1);
	json_decref(alerts);
	return alert;
}

static bool flag(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	assert_true(json_is_boolean(value));
	return json_is_true(value);
}

static void explain(struct cli_bench *b, const json_t *alert)
{
	char line[80];

	snprintf(line, sizeof(line), "why --config $C %.8s",
	    json_string_value(json_object_get(alert, "id")));
	must_succeed(&b->cli, line);
}

static const char note[] = "~ the clock was in doubt then\n";

static void test_times_in_doubt_are_marked_until_they_are_known(void **state)
{
	struct cli_bench *b = *state;
	struct clinic *clinic = open_clinic(state);

	say_all(clinic, doubt, CP_COUNT(doubt));
	json_t *alert = reuse(b);
	assert_true(flag(alert, "raised_in_doubt"));
	must_succeed(&b->cli, "alerts --config $C");
	assert_non_null(strstr(b->cli.out, "\n~2026-03-12 12:00  "));
	assert_non_null(strstr(b->cli.out, note));
	must_succeed(&b->cli, "devices --config $C");
	assert_non_null(strstr(b->cli.out, "  ~2026-03-12 12:00  "));
	must_succeed(&b->cli, "sessions --config $C");
	assert_non_null(strstr(b->cli.out, "\n~2026-03-12 12:00  "));
	assert_non_null(strstr(b->cli.out, "\n2026-03-02 10:00  ")); /* that one is known */
	explain(b, alert);
	assert_non_null(strstr(b->cli.out, "~12 March 2026, 12:00  raised"));
	json_decref(alert);

	say_all(clinic, trust, CP_COUNT(trust));
	alert = reuse(b);
	assert_false(flag(alert, "raised_in_doubt"));
	must_be_text(alert, "raised_at", "2026-03-12T11:00:00.000Z");
	explain(b, alert);
	assert_null(strchr(b->cli.out, '~'));
	for (size_t i = 0; i < 3; i++) {
		static const char *const lists[] = {"alerts", "devices", "sessions"};
		char line[40];
		snprintf(line, sizeof(line), "%s --config $C", lists[i]);
		must_succeed(&b->cli, line);
		assert_null(strchr(b->cli.out, '~'));
	}
	json_decref(alert);
}

/* A box that has been off for a day assumes what is past; that is put right later, too. */
static void test_a_stamp_is_put_right_by_as_much_as_the_box_was_late(void **state)
{
	struct cli_bench *b = *state;
	struct clinic *clinic = open_clinic(state);

	say_all(clinic, doubt, 5);
	say(clinic, "+0s gateway sleeps");
	say(clinic, "2026-03-13 11:00 gateway reboots");
	say(clinic, "+0s gateway wakes");
	say(clinic, "+1h P1 start B c2");
	say(clinic, "+0s P1 attach B 1001");
	json_t *alert = reuse(b);
	must_be_text(alert, "raised_at", "2026-03-12T11:00:00.000Z");
	assert_true(flag(alert, "raised_in_doubt"));
	json_decref(alert);
	say(clinic, "2026-03-13 14:00 gateway clock +0s");
	say(clinic, "+0s gateway ntp on");
	say(clinic, "+0s gateway looks alone");
	alert = reuse(b);
	must_be_text(alert, "raised_at", "2026-03-13T11:00:00.000Z");
	assert_false(flag(alert, "raised_in_doubt"));
	json_decref(alert);
}

/* --- lines --------------------------------------------------------------------------------- */

static void must_fit(const char *text, size_t columns)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		if (len > columns)
			fail_msg("wider than %zu: %.*s", columns, (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static void test_lines_end_where_the_terminal_does(void **state)
{
	struct cli_bench *b = *state;

	say_all(open_clinic(state), doubt, CP_COUNT(doubt));
	json_t *alert = reuse(b);
	setenv("COLUMNS", "80", 1);
	must_succeed(&b->cli, "alerts --config $C");
	must_fit(b->cli.out, 80);
	assert_non_null(strstr(b->cli.out, "\n              "));
	must_succeed(&b->cli, "sessions --config $C");
	must_fit(b->cli.out, 80);
	explain(b, alert);
	must_fit(b->cli.out, 80);
	unsetenv("COLUMNS");
	json_decref(alert);
}

static void test_alerts_take_a_limit(void **state)
{
	struct cli_bench *b = *state;

	say_all(open_clinic(state), doubt, CP_COUNT(doubt));
	say(&b->ledger.clinic, "+1m P1 end B COMPLETED");
	say(&b->ledger.clinic, "+1m P1 start C c3");
	say(&b->ledger.clinic, "+0s P1 attach C 1001");
	must_succeed(&b->cli, "alerts --config $C --limit 1");
	assert_non_null(
	    strstr(b->cli.out, "There are more, older ones: carepace alerts --limit 10"));
	must_succeed(&b->cli, "alerts --config $C --limit 2");
	assert_null(strstr(b->cli.out, "There are more"));
	json_t *alerts = run_json(&b->cli, "alerts --config $C --limit 1 --json");
	assert_int_equal(json_array_size(alerts), 1);
	json_decref(alerts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	    TEST(test_times_in_doubt_are_marked_until_they_are_known),
	    TEST(test_a_stamp_is_put_right_by_as_much_as_the_box_was_late),
	    TEST(test_lines_end_where_the_terminal_does),
	    TEST(test_alerts_take_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
