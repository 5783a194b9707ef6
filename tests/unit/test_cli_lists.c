/* What the command line tells of devices, clients, cartridges, and of a recalled lot. */
#include "cli_store.h"

#include "care/time/civil.h"
#include "ledger/view/carts.h"
#include "ledger/view/clients.h"
#include "ledger/view/devices.h"
#include "ledger/view/session.h"
#include "ledger/view/state.h"

#include <sqlite3.h>

/* --- devices -------------------------------------------------------------------------------- */

static const char *const fleet[] = {
    "2021-03-01 09:00 P1 hello serial P-1001 fw 1.2.3",
    "+0s R1 hello serial R-2001",
    "+1m P1 heartbeat battery 80",
    "+0s HQ tell device device=P1 in_service_date=2020-01-01 last_pm_date=2020-06-01",
    "+0s HQ tell device device=R1 in_service_date=2090-01-01",
    "+1h P1 session A c1",
    "+1h T1 tell maint kind=QUARANTINE device=P1",
    "+1m P2 hello",
    "+0s P2 clock +10m",
    "+1m P2 heartbeat battery 255",
};

static void test_devices_for_people(void **state)
{
	struct cli_bench *b = *state;
	struct clinic *clinic = open_clinic(state);

	must_succeed(&b->cli, "devices --config $C");
	assert_string_equal(b->cli.out, "No devices.\n");
	say_all(clinic, fleet, CP_COUNT(fleet));
	must_succeed(&b->cli, "devices --config $C");
	must_read_like(&b->cli, "devices");
	setenv("COLUMNS", "80", 1);
	must_succeed(&b->cli, "devices --config $C --limit 1");
	unsetenv("COLUMNS");
	must_read_like(&b->cli, "devices_narrow");
}

static void test_devices_for_programs(void **state)
{
	struct cli_bench *b = *state;

	say_all(open_clinic(state), fleet, CP_COUNT(fleet));
	json_t *page = run_json(&b->cli, "devices --config $C --json");
	const json_t *devices = json_object_get(page, "devices");
	assert_int_equal(json_array_size(devices), 4);
	const json_t *pen = json_array_get(devices, 0);
	must_be_text(pen, "id", "64503100000000000000000000000000");
	must_be_text(pen, "serial", "P-1001");
	must_be_text(pen, "firmware", "1.2.3");
	must_be_number(pen, "model", 1);
	must_be_number(pen, "battery_percent", 80);
	must_be_text(pen, "out_of_use", "DEVICE_QUARANTINED_USE");
	must_be_text(json_object_get(pen, "clock"), "trust", "good");
	must_be_text(json_object_get(pen, "next_service"), "kind", "inspection");
	must_be_text(json_object_get(pen, "next_service"), "due_date", "2020-02-01");
	assert_true(json_is_true(json_object_get(json_object_get(pen, "next_service"), "overdue")));
	const json_t *rf = json_array_get(devices, 1);
	assert_true(json_is_null(json_object_get(rf, "battery_percent")));
	assert_true(json_is_null(json_object_get(rf, "out_of_use")));
	json_decref(page);

	page = run_json(&b->cli, "devices --config $C --json --limit 3");
	int64_t next = json_integer_value(json_object_get(page, "next"));
	char line[80];
	json_decref(page);
	snprintf(line, sizeof(line), "devices --config $C --json --after %" PRId64, next);
	page = run_json(&b->cli, line);
	assert_int_equal(json_array_size(json_object_get(page, "devices")), 1);
	const json_t *fast = json_array_get(json_object_get(page, "devices"), 0);
	must_be_text(json_object_get(fast, "clock"), "trust", "wrong");
	must_be_number(json_object_get(fast, "clock"), "skew_ms", 10 * MS_PER_MINUTE);
	assert_true(json_is_true(json_object_get(fast, "on_mains")));
	assert_true(json_is_null(json_object_get(page, "next")));
	json_decref(page);
}

/* --- clients --------------------------------------------------------------------------------- */

static const char *const people[] = {
    "2021-03-01 09:00 HQ plan 7 c1 MILD 4",
    "+0s HQ plan 8 c1 MAINTENANCE 0",
    "+0s HQ plan 9 c2 MOD_SEVERE 5 state PAUSED",
    "+0s HQ client c2 flag PREGNANT_NURSING:YES flag SUNBURN:YES:CHEEK",
    "2021-03-02 10:00 P1 session A c1 course 7",
    "2021-03-12 10:00 P1 session B c1 course 7",
    "2021-03-13 10:00 R1 session C c2 course 9",
    "2021-03-14 10:00 P1 session D c3",
    "2021-03-15 10:00 HQ tell correction kind=MERGE_CLIENTS client=c3 new_client=c2 by=o2",
};

static void test_clients_for_people(void **state)
{
	struct cli_bench *b = *state;
	struct clinic *clinic = open_clinic(state);

	must_succeed(&b->cli, "clients --config $C");
	assert_string_equal(b->cli.out, "No clients.\n");
	say_all(clinic, people, CP_COUNT(people));
	must_succeed(&b->cli, "clients --config $C");
	must_read_like(&b->cli, "clients");
	must_succeed(&b->cli, "clients --config $C 636332 --limit 1");
	must_read_like(&b->cli, "clients_one");
}

static struct view_client *clients_at(struct cli_bench *b, struct view **view, struct arena *arena,
    int month, int day, size_t expected)
{
	struct clinic *clinic = &b->ledger.clinic;
	struct policy policy = policy_default(&clinic->zone);
	struct view_client_filter filter = {0};
	struct view_page page = {.max = 10};
	const char *text;
	char why[256];
	size_t count;

	arena_init(arena, 4096, 1U << 20);
	if (view_open(view, b->ledger.path, why))
		fail_msg("%s", why);
	assert_true(view_policy(*view, arena, &policy));
	struct view_client *clients = view_clients(*view, arena, &filter, &policy,
	    zone_time_at(&clinic->zone, civil_from_ymd(2021, month, day), 12 * 60), &page, &count);
	if (view_error(*view, &text))
		fail_msg("%s", text);
	assert_int_equal(count, expected);
	return clients;
}

/* The first day that INTERVAL_TOO_SOON would let pass; a course counts what is completed. */
static void test_next_safe_date(void **state)
{
	static const struct {
		int month;
		int day;
		int32_t completed;
		int earliest; /* that day of March or April; 0: now */
	} cases[] = {{3, 3, 1, 30}, {3, 12, 2, 9}, {4, 8, 2, 9}, {4, 9, 2, 0}};
	struct cli_bench *b = *state;
	struct view *view;
	struct arena arena;

	say_all(open_clinic(state), people, CP_COUNT(people));
	for (size_t i = 0; i < CP_COUNT(cases); i++) {
		struct view_client *clients =
		    clients_at(b, &view, &arena, cases[i].month, cases[i].day, 3);
		const struct course_outlook *course = &clients[2].outlook.courses[0];
		int earliest = cases[i].earliest;
		assert_int_equal(course->plan.course, 7);
		assert_int_equal(course->completed, cases[i].completed);
		assert_int_equal(course->earliest_day,
		    earliest ? civil_from_ymd(2021, earliest > 20 ? 3 : 4, earliest) : 0);
		assert_int_equal(clients[2].outlook.earliest_day, course->earliest_day);
		view_close(view);
		arena_deinit(&arena);
	}
}

/* What is asked for each row of a list is a step of an index. */
static void test_no_list_reads_a_table_for_each_row(void **state)
{
	struct cli_bench *b = *state;
	struct policy policy = policy_default(&b->ledger.clinic.zone);
	struct view_page page = {.max = 10};
	struct view *view;
	struct arena arena;
	size_t count;

	say_all(open_clinic(state), people, CP_COUNT(people));
	clients_at(b, &view, &arena, 4, 9, 3);
	assert_true(view_policy(view, &arena, &policy));
	view_sessions(view, &arena, &(struct view_session_filter){0}, &page, &count);
	view_carts(view, &arena, &(struct view_cart_filter){0}, &page, &count);
	view_devices(view, &arena, &policy, b->ledger.clinic.now, &page, &count);
	for (size_t i = 0; i < DB_STATEMENTS_MAX; i++) {
		const struct db *db = &view->ledger.db;
		char explain[4096];
		sqlite3_stmt *stmt;
		int inner = -1; /* the subquery that runs for each row */
		if (!db->cache[i].sql)
			continue;
		snprintf(explain, sizeof(explain), "EXPLAIN QUERY PLAN %s", db->cache[i].sql);
		assert_int_equal(sqlite3_prepare_v2(db->conn, explain, -1, &stmt, NULL), SQLITE_OK);
		while (sqlite3_step(stmt) == SQLITE_ROW) {
			const char *plan = (const char *)sqlite3_column_text(stmt, 3);
			if (strncmp(plan, "CORRELATED", 10) == 0)
				inner = sqlite3_column_int(stmt, 0);
			else if (sqlite3_column_int(stmt, 1) == inner &&
			         strncmp(plan, "SCAN", 4) == 0)
				fail_msg("%s: %s", plan, db->cache[i].sql);
		}
		sqlite3_finalize(stmt);
	}
	view_close(view);
	arena_deinit(&arena);
}

static void test_clients_for_programs(void **state)
{
	struct cli_bench *b = *state;

	say_all(open_clinic(state), people, CP_COUNT(people));
	json_t *page = run_json(&b->cli, "clients --config $C --json --limit 2");
	const json_t *clients = json_object_get(page, "clients");
	must_be_number(page, "next", 2);
	const json_t *merged = json_array_get(clients, 0);
	must_be_number(merged, "client_no", 3);
	must_be_number(merged, "same_as", 2);
	must_be_number(merged, "sessions", 0);
	const json_t *second = json_array_get(clients, 1);
	must_be_text(second, "client", "636332");
	must_be_number(second, "sessions", 2);
	must_be_number(second, "flags", 2);
	must_be_text(second, "last_start_date", "2021-03-14");
	const json_t *course = json_array_get(json_object_get(second, "courses"), 0);
	must_be_number(course, "course", 9);
	must_be_text(course, "state", "paused");
	must_be_number(course, "planned", 5);
	must_be_number(course, "completed", 1);
	must_be_text(course, "last_treated_date", "2021-03-13");
	assert_true(json_is_null(json_object_get(course, "next_safe_date")));
	json_decref(page);
	page = run_json(&b->cli, "clients --config $C --json --after 2");
	const json_t *first = json_array_get(json_object_get(page, "clients"), 0);
	must_be_number(first, "open_alerts", 1);
	must_be_text(first, "worst_severity", "HIGH");
	assert_int_equal(json_array_size(json_object_get(first, "courses")), 2);
	json_decref(page);
	page = run_json(&b->cli, "clients --config $C --json --since 2021-03-13");
	assert_int_equal(json_array_size(json_object_get(page, "clients")), 1);
	json_decref(page);
}

/* --- cartridges and lots ------------------------------------------------------------------------
 */

static const char *const shelf[] = {
    "2021-03-01 09:00 P1 hello serial P-1001",
    "+0s R1 hello serial R-2001",
    "+0s HQ tell cart_stock cart=1004:LOT7:2099-12-31 key stock/1004",
    "+0s HQ tell cart_stock cart=1005:LOT7:2099-12-31 key stock/1005",
    "+0s HQ tell cart_stock cart=1001:LOT7:2099-12-31 key stock/1001",
    "+0s HQ tell cart_stock cart=1006:LOT8:2099-12-31 key stock/1006",
    "2021-03-02 10:00 P1 session A c1 cart 1001:LOT7:2099-12-31",
    "2021-03-05 10:00 R1 session B c2 NECK cart 1002:LOT7:2020-12-31",
    "2021-03-06 09:00 HQ tell recall_lots gtin=04012345678901 lot=LOT7",
    "2021-03-08 10:00 P1 session C c1 cart 1001:LOT7:2099-12-31",
    "2021-03-09 10:00 P1 session D c3 cart 04099999999999/1001:LOT9:2099-12-31",
    "2021-03-10 10:00 P1 start E c3",
    "+10s P1 attach E 1003:LOT7:2099-12-31",
    "+1m P1 end E FAULT active 0s",
    "2021-03-11 08:00 HQ tell cart_stock cart=1005:LOT7:2099-12-31 key stock/1005 gone=yes",
};

static void test_cartridges(void **state)
{
	struct cli_bench *b = *state;
	struct clinic *clinic = open_clinic(state);

	must_succeed(&b->cli, "cartridges --config $C");
	assert_string_equal(b->cli.out, "No cartridges.\n");
	say_all(clinic, shelf, CP_COUNT(shelf));
	must_succeed(&b->cli, "cartridges --config $C");
	must_read_like(&b->cli, "cartridges");
	json_t *page = run_json(&b->cli, "cartridges --config $C --json 1001");
	const json_t *carts = json_object_get(page, "cartridges");
	assert_int_equal(json_array_size(carts), 2);
	const json_t *cart = json_array_get(carts, 1);
	must_be_text(cart, "gtin", "04012345678901");
	must_be_text(cart, "lot", "LOT7");
	must_be_number(cart, "uses", 2);
	must_be_number(cart, "clients", 1);
	must_be_text(cart, "state", "recalled");
	must_be_text(cart, "last_use_date", "2021-03-08");
	must_be_text(cart, "recalled_date", "2021-03-06");
	must_be_number(cart, "open_alerts", 1);
	must_be_text(cart, "worst_severity", "HIGH");
	json_decref(page);
	page = run_json(&b->cli, "cartridges --config $C --json --since 2021-03-09 --limit 1");
	assert_int_equal(json_array_size(json_object_get(page, "cartridges")), 1);
	assert_false(json_is_null(json_object_get(page, "next")));
	json_decref(page);
	assert_int_equal(run(&b->cli, "cartridges --config $C 4711"), CLI_FOUND);
	assert_string_equal(b->cli.err, "carepace cartridges: no cartridge has the serial 4711\n");
}

static void test_recall_for_people(void **state)
{
	struct cli_bench *b = *state;

	say_all(open_clinic(state), shelf, CP_COUNT(shelf));
	assert_int_equal(run(&b->cli, "recall --config $C LOT7"), CLI_FOUND);
	must_read_like(&b->cli, "recall");
	assert_int_equal(run(&b->cli, "recall --config $C 04012345678901/lot7"), CLI_FOUND);
	assert_non_null(strstr(b->cli.out, "Lot LOT7 of 04012345678901 is recalled since "));
	assert_int_equal(run(&b->cli, "recall --config $C 04099999999999 LOT9"), CLI_FOUND);
	must_read_like(&b->cli, "recall_other");
	assert_int_equal(run(&b->cli, "recall --config $C LOT77"), CLI_FOUND);
	assert_string_equal(b->cli.out, "Lot LOT77 is not on the list of recalls.\n"
	                                "It was not used here.\nDid you mean lot LOT7?\n");
	assert_int_equal(run(&b->cli, "recall --config $C 04099999999999 LOT7"), CLI_FOUND);
	assert_string_equal(b->cli.out,
	    "Lot LOT7 of 04099999999999 is not on the list of recalls.\nIt was not used here.\n"
	    "A lot LOT7 of another product is known: leave the GTIN out to see it.\n");
	must_succeed(&b->cli, "recall --config $C LOT8");
	assert_string_equal(b->cli.out, "Lot LOT8 is not on the list of recalls.\n"
	                                "On the shelf: 1006.\n"
	                                "It was not used here.\n");
	must_succeed(&b->cli, "recall --config $C QRS123456");
	assert_string_equal(
	    b->cli.out, "Lot QRS123456 is not on the list of recalls.\nIt was not used here.\n");
	say(&b->ledger.clinic, "+1h HQ tell recall_lots gtin=04012345678901 lot=LOT7 lifted=yes");
	assert_int_equal(run(&b->cli, "recall --config $C LOT7"), CLI_FOUND);
	assert_non_null(strstr(b->cli.out, "Lot LOT7 is not on the list of recalls.\n"));
}

static void test_recall_for_programs(void **state)
{
	struct cli_bench *b = *state;

	say_all(open_clinic(state), shelf, CP_COUNT(shelf));
	assert_int_equal(run(&b->cli, "recall --config $C LOT7 --json --limit 1"), CLI_FOUND);
	json_t *object = json_loads(b->cli.out, 0, NULL);
	const json_t *uses = json_object_get(object, "uses");
	assert_int_equal(json_array_size(uses), 1);
	const json_t *use = json_array_get(uses, 0);
	must_be_text(use, "recall", "after");
	assert_true(json_is_false(json_object_get(use, "exposed")));
	must_be_text(use, "serial", "1003");
	must_be_text(object, "recalled_date", "2021-03-06");
	int64_t next = json_integer_value(json_object_get(object, "next"));
	json_decref(object);

	char line[80];
	snprintf(line, sizeof(line), "recall --config $C LOT7 --json --after %" PRId64, next);
	assert_int_equal(run(&b->cli, line), CLI_FOUND);
	object = json_loads(b->cli.out, 0, NULL);
	must_be_number(object, "sessions", 3);
	must_be_number(object, "clients", 2);
	must_be_number(object, "devices", 2);
	uses = json_object_get(object, "uses");
	assert_int_equal(json_array_size(uses), 3);
	use = json_array_get(uses, 1);
	must_be_text(use, "recall", "before");
	must_be_text(use, "client", "636332");
	must_be_text(use, "used_date", "2021-03-05");
	assert_true(json_is_true(json_object_get(use, "exposed")));
	assert_int_equal(json_array_size(json_object_get(object, "stock")), 1);
	json_decref(object);
}

static void test_lists_wrong_arguments(void **state)
{
	static const struct wrong_line lines[] = {
	    {"recall", CLI_USAGE,
	        "carepace recall: which lot? Write it as it stands on the package\n"},
	    {"recall LOT7 LOT8", CLI_USAGE,
	        "carepace recall: one lot at a time; what is \"LOT8\"?\n"},
	    {"recall 123456789012345678901", CLI_USAGE,
	        "carepace recall: a lot has 1 to 20 characters; \"123456789012345678901\" has "
	        "21\n"},
	    {"clients 1 2", CLI_USAGE, "carepace clients: one client at a time; what is \"2\"?\n"},
	    {"cartridges 1 2", CLI_USAGE,
	        "carepace cartridges: one serial at a time; what is \"2\"?\n"},
	    {"devices P1", CLI_USAGE,
	        "carepace devices: what is \"P1\"? There is nothing to name here\n"},
	    {"devices --since 2021-01-01", CLI_USAGE,
	        "carepace devices: there is no option \"--since\"; see carepace devices --help\n"},
	    {"recall --store /nonexistent LOT7", CLI_UNREADABLE,
	        "carepace recall: /nonexistent/carepace.db does not exist: no gateway has run with "
	        "this store yet\n"},
	};
	struct cli_bench *b = *state;

	open_clinic(state);
	must_say_no(&b->cli, lines, CP_COUNT(lines));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	    TEST(test_devices_for_people),
	    TEST(test_devices_for_programs),
	    TEST(test_clients_for_people),
	    TEST(test_clients_for_programs),
	    TEST(test_next_safe_date),
	    TEST(test_no_list_reads_a_table_for_each_row),
	    TEST(test_cartridges),
	    TEST(test_recall_for_people),
	    TEST(test_recall_for_programs),
	    TEST(test_lists_wrong_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
