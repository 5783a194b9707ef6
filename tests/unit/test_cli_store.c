/* What the command line tells of sessions, and of what people put right about them. */
#include "cli_store.h"

/* --- why: what was put right (R21) ---------------------------------------------------- */

/* c1 was scanned where c2 sat: treated too soon. */
static void test_why_names_corrections(void **state)
{
	static const char *const lines[] = {
	    "2021-03-01 09:00 P1 hello serial P-1001",
	    "+0s P2 hello serial P-1002",
	    "2021-03-02 10:00 P1 session A c1 cart 1001",
	    "2021-03-12 10:00 P1 session B c2 cart 1002",
	    "2021-03-12 12:00 T1 tell correction sid=B kind=REASSIGN_CLIENT new_client=c3 by=o1"
	    " reason=4",
	    "2021-03-12 13:00 HQ tell correction sid=B kind=REASSIGN_CLIENT new_client=c1 by=o2"
	    " reason=5",
	    "2021-03-13 09:00 T1 tell count_override sid=A by=o1 reason=6",
	    "2021-03-14 09:00 HQ tell correction kind=MERGE_CLIENTS client=c3 new_client=c1 by=o2",
	    "+0s HQ tell correction kind=MERGE_CLIENTS client=c4 new_client=c2 by=o2",
	};
	struct cli_bench *b = *state;
	char line[80];

	say_all(open_clinic(state), lines, CP_COUNT(lines));
	json_t *alerts = run_json(&b->cli, "alerts --config $C --json");
	assert_int_equal(json_array_size(alerts), 1);
	snprintf(line, sizeof(line), "why --config $C %.8s",
	    json_string_value(json_object_get(json_array_get(alerts, 0), "id")));
	must_succeed(&b->cli, line);
	must_read_like(&b->cli, "why_corrected");
	json_decref(alerts);

	snprintf(line + strlen(line), sizeof(line) - strlen(line), " --json");
	json_t *why = run_json(&b->cli, line);
	const json_t *corrections = json_object_get(why, "corrections");
	assert_int_equal(json_array_size(corrections), 4);
	const json_t *first = json_array_get(corrections, 0);
	must_be_text(first, "kind", "reassign client");
	must_be_text(first, "client", "636332");
	must_be_text(first, "new_client", "636333");
	must_be_text(first, "by", "6f6f31");
	must_be_text(first, "through", "tablet");
	must_be_text(first, "from_at", "2021-03-12T11:00:00.000Z");
	must_be_number(first, "reason", 4);
	assert_true(json_is_false(json_object_get(first, "in_force")));
	const json_t *second = json_array_get(corrections, 1);
	must_be_text(second, "client", "636333");
	must_be_text(second, "new_client", "636331");
	must_be_text(second, "through", "head office");
	assert_true(json_is_true(json_object_get(second, "in_force")));
	must_be_text(json_array_get(corrections, 2), "kind", "count override");
	must_be_text(json_array_get(corrections, 3), "kind", "merge clients");
	assert_true(json_is_null(json_object_get(json_array_get(corrections, 3), "sid")));
	json_decref(why);
}

/* --- sessions ---------------------------------------------------------------------------- */

static const char *const story[] = {
    "2021-03-01 09:00 P1 hello serial P-1001",
    "+0s R1 hello serial R-2001",
    "+0s HQ plan 7 c1 MILD 4",
    "2021-03-02 10:00 P1 session A c1 cart 1001 course 7 phase SERIES",
    "2021-03-12 10:00 P1 session B c1 cart 1001 course 7",
    "2021-03-13 10:00 R1 session C c2 NECK+SCALP cart 1003",
    "2021-03-14 10:00 P1 session D c3 FOREHEAD+TEMPLE+CHEEK+NOSE cart 1001 lasting 5m ends FAULT",
    "2021-03-16 10:00 P1 start E c2 operator o2",
};

/* NAME of a session in a page, from its first on. */
static const json_t *session_in(const json_t *page, size_t at)
{
	return json_array_get(json_object_get(page, "sessions"), at);
}

static void must_be_sessions(struct cli_bench *b, const char *options, const char *names)
{
	char line[160];

	snprintf(
	    line, sizeof(line), "sessions --config $C --json%s%s", *options ? " " : "", options);
	json_t *page = run_json(&b->cli, line);
	if (json_array_size(json_object_get(page, "sessions")) != strlen(names))
		fail_msg("%s: %s", line, b->cli.out);
	for (size_t i = 0; names[i]; i++) {
		const char *sid = json_string_value(json_object_get(session_in(page, i), "sid"));
		char expected[12];
		snprintf(expected, sizeof(expected), "73%02x00", (unsigned char)names[i]);
		if (strncmp(sid, expected, 6) != 0)
			fail_msg("%s: %s at %zu is not %c", line, sid, i, names[i]);
	}
	json_decref(page);
}

static void test_sessions_for_people(void **state)
{
	struct cli_bench *b = *state;
	struct clinic *clinic = open_clinic(state);

	must_succeed(&b->cli, "sessions --config $C");
	assert_string_equal(b->cli.out, "No sessions.\n");
	say_all(clinic, story, CP_COUNT(story));
	must_succeed(&b->cli, "sessions --config $C");
	must_read_like(&b->cli, "list_sessions");
	must_succeed(&b->cli, "sessions --config $C --limit 2");
	must_read_like(&b->cli, "list_sessions_page");
	setenv("COLUMNS", "80", 1);
	must_succeed(&b->cli, "sessions --config $C --limit 2 --after 3");
	unsetenv("COLUMNS");
	must_read_like(&b->cli, "list_sessions_narrow");
}

static void test_sessions_are_filtered(void **state)
{
	struct cli_bench *b = *state;

	say_all(open_clinic(state), story, CP_COUNT(story));
	must_be_sessions(b, "", "EDCBA");
	must_be_sessions(b, "--device P-1001", "EDBA");
	must_be_sessions(b, "--device 645231", "C");
	must_be_sessions(b, "--client 636332", "EC");
	must_be_sessions(b, "--client 1", "BA");
	must_be_sessions(b, "--client 636332 --device P-1001", "E");
	must_be_sessions(b, "--zone neck", "C");
	must_be_sessions(b, "--zone NECK --zone NOSE", "DC");
	must_be_sessions(b, "--since 2021-03-13", "EDC");
	must_be_sessions(b, "--since 2021-03-12 --client 636331", "B");
	must_be_sessions(b, "--zone AXILLA", "");
	/* Page by page, also while something older and newer comes in. */
	must_be_sessions(b, "--limit 2", "ED");
	say(&b->ledger.clinic, "+2h P2 session F c3");
	must_be_sessions(b, "--limit 2 --after 4", "CB");
	must_be_sessions(b, "--limit 2 --after 2", "A");
	must_be_sessions(b, "--device P-1001 --limit 1 --after 4", "B");
	must_be_sessions(b, "--client 636331 --limit 1 --after 2", "A");
}

static void test_sessions_for_programs(void **state)
{
	struct cli_bench *b = *state;

	say_all(open_clinic(state), story, CP_COUNT(story));
	json_t *page = run_json(&b->cli, "sessions --config $C --json --limit 4");
	must_be_number(page, "next", 2);
	const json_t *running = session_in(page, 0);
	must_be_text(running, "state", "offered");
	must_be_text(running, "operator", "6f6f32");
	must_be_text(running, "phase", "series");
	const json_t *aborted = session_in(page, 1);
	assert_true(json_is_false(json_object_get(aborted, "completed")));
	assert_true(json_is_true(json_object_get(aborted, "exposing")));
	must_be_number(aborted, "duration_ms", 5 * MS_PER_MINUTE);
	must_be_text(aborted, "worst_check", "CART_REUSE");
	must_be_text(aborted, "worst_severity", "CRITICAL");
	assert_int_equal(json_array_size(json_object_get(aborted, "zones")), 4);
	const json_t *soon = session_in(page, 3);
	must_be_text(soon, "start_at", "2021-03-12T09:00:00.000Z");
	must_be_text(soon, "start_date", "2021-03-12");
	must_be_text(soon, "serial", "P-1001");
	must_be_text(soon, "kind", "pen");
	must_be_text(soon, "client", "636331");
	must_be_number(soon, "client_no", 1);
	must_be_number(soon, "course", 7);
	must_be_number(soon, "findings", 2);
	must_be_number(soon, "open_findings", 2);
	must_be_text(soon, "verdict", "require override");
	assert_string_equal(
	    json_string_value(json_array_get(json_object_get(soon, "zones"), 0)), "CHEEK");
	json_decref(page);
	page = run_json(&b->cli, "sessions --config $C --json --limit 5");
	assert_true(json_is_null(json_object_get(page, "next")));
	json_decref(page);
}

static void test_sessions_wrong_arguments(void **state)
{
	static const struct wrong_line lines[] = {
	    {"sessions --config $C --device P-1002", CLI_FOUND,
	        "carepace sessions: no device is called P-1002; did you mean P-1001?\n"},
	    {"sessions --config $C --device stove", CLI_FOUND,
	        "carepace sessions: no device is called stove; carepace devices lists them\n"},
	    {"sessions --config $C --device 64", CLI_USAGE,
	        "carepace sessions: several devices are called 64; give more digits of the id\n"},
	    {"sessions --config $C --client 63", CLI_USAGE,
	        "carepace sessions: several clients are called 63; give the number, or more "
	        "digits\n"},
	    {"sessions --config $C --client 77", CLI_FOUND,
	        "carepace sessions: no client is called 77; give the number, or the first digits "
	        "of "
	        "the token\n"},
	    {"sessions --zone CHEK", CLI_USAGE,
	        "carepace sessions: there is no zone \"CHEK\"; did you mean CHEEK?\n"},
	    {"sessions --zone elbow-left", CLI_USAGE,
	        "carepace sessions: there is no zone \"elbow-left\"; one is CHEEK\n"},
	    {"sessions --limit 0", CLI_USAGE,
	        "carepace sessions: --limit is a number from 1 to 10000; \"0\" is none\n"},
	    {"sessions --limit -1", CLI_USAGE,
	        "carepace sessions: --limit is a number from 1 to 10000; \"-1\" is none\n"},
	    {"sessions --limit 12x", CLI_USAGE,
	        "carepace sessions: --limit is a number from 1 to 10000; \"12x\" is none\n"},
	    {"sessions --limit 10001", CLI_USAGE,
	        "carepace sessions: --limit is a number from 1 to 10000; \"10001\" is none\n"},
	    {"sessions --after x", CLI_USAGE,
	        "carepace sessions: --after is a number from 1 to 9223372036854775806; \"x\" is "
	        "none\n"},
	    {"sessions --since 14.9.2026", CLI_USAGE,
	        "carepace sessions: a day is written like 2026-09-14; \"14.9.2026\" is none\n"},
	    {"sessions today", CLI_USAGE,
	        "carepace sessions: what is \"today\"? There is nothing to name here\n"},
	};
	struct cli_bench *b = *state;

	say_all(open_clinic(state), story, CP_COUNT(story));
	must_say_no(&b->cli, lines, CP_COUNT(lines));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	    TEST(test_sessions_for_people),
	    TEST(test_sessions_are_filtered),
	    TEST(test_sessions_for_programs),
	    TEST(test_sessions_wrong_arguments),
	    TEST(test_why_names_corrections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
