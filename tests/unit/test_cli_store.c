/* What the command line tells of a store that a clinic's words have filled: devices,
 * sessions, clients, cartridges, a recalled lot, and what people put right. */
#include "cli_run.h"
#include "ledger_bench.h"

#include "ledger/view.h"

struct cli_bench {
	struct bench ledger; /* first: the ledger's bench takes it for its own */
	struct cli_run cli;
};

static int set_up(void **state)
{
	static const char *const tokens[] = {
	    "6363310", "6363320", "6363330", "6f6f310", "6f6f320", NULL}; /* c1 c2 c3 o1 o2 */
	struct cli_bench *b;

	if (bench_set_up(state))
		return -1;
	b = realloc(*state, sizeof(*b));
	memset(&b->cli, 0, sizeof(b->cli));
	snprintf(b->ledger.path, sizeof(b->ledger.path), "%s/%s", b->ledger.dir, LEDGER_FILE_NAME);
	write_config(&b->cli, b->ledger.dir);
	b->cli.tokens = tokens;
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct cli_bench *b = *state;

	unlink(b->cli.config);
	return bench_tear_down(state);
}

static struct clinic *open_clinic(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	return clinic;
}

static void say_all(struct clinic *clinic, const char *const *lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		say(clinic, lines[i]);
}

/* --- why: what was put right (R21) ---------------------------------------------------- */

/* c1 was scanned where c2 sat: treated too soon. */
static void test_why_names_corrections(void **state)
{
	static const char *const lines[] = {
	    "2026-03-01 09:00 P1 hello serial P-1001",
	    "+0s P2 hello serial P-1002",
	    "2026-03-02 10:00 P1 session A c1 cart 1001",
	    "2026-03-12 10:00 P1 session B c2 cart 1002",
	    "2026-03-12 12:00 T1 tell correction sid=B kind=REASSIGN_CLIENT new_client=c3 by=o1"
	    " reason=4",
	    "2026-03-12 13:00 HQ tell correction sid=B kind=REASSIGN_CLIENT new_client=c1 by=o2"
	    " reason=5",
	    "2026-03-13 09:00 T1 tell count_override sid=A by=o1 reason=6",
	    "2026-03-14 09:00 HQ tell correction kind=MERGE_CLIENTS client=c3 new_client=c1 by=o2",
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
	must_be_text(first, "from_at", "2026-03-12T11:00:00.000Z");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	    TEST(test_why_names_corrections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
