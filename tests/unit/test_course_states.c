/* Where courses stand, as head office is told: phase, progress and the days between which the
 * next session is due, by the same rules as the findings. */
#include "states_bench.h"

#include "care/outlook.h"
#include "care/time/civil.h"

#define PHASE(name) CAREPACE__V1__COURSE_PHASE__COURSE_PHASE_##name

struct expected {
	Carepace__V1__CoursePhase phase;
	uint32_t done;
	uint32_t last; /* dates, 0 none */
	uint32_t from;
	uint32_t to;
};

/* The one course that waits, ten minutes after the last line. */
static void expect_course(struct clinic *clinic, struct expected expected)
{
	say(clinic, "+11m P9 hello");
	struct sent sent = look(clinic, &in_bytes, OUTBOX_COURSE);
	assert_int_equal(sent.count, 1);
	const Carepace__V1__CourseState *course = sent.reports[0]->course_state;

	assert_string_equal(sent.rows[0].topic, "session");
	assert_string_equal(sent.reports[0]->key, "7");
	assert_int_equal(course->course, 7);
	assert_int_equal(course->phase, expected.phase);
	assert_int_equal(course->done, expected.done);
	assert_int_equal(course->last_date, expected.last);
	assert_int_equal(course->window_from_date, expected.from);
	assert_int_equal(course->window_to_date, expected.to);
	look_away(&sent);
	acknowledge(clinic, OUTBOX_COURSE);
}

static struct clinic *open_clinic(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	say(clinic,
	    "2020-01-01 00:00 HQ policy only INTERVAL_TOO_SOON, INTERVAL_OVERDUE, MAINT_DUE,"
	    " MAINT_OVERDUE");
	return clinic;
}

static void a_course_goes_its_way(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-03-30 10:00 HQ plan 7 c5 MILD 3");
	expect_course(clinic, (struct expected){.phase = PHASE(SERIES)});
	say(clinic, "2026-04-01 10:00 P1 session A c5 course 7 cart 1001");
	expect_course(clinic, (struct expected){PHASE(SERIES), 1, 20260401, 20260429, 20260513});
	say(clinic, "2026-05-01 10:00 P1 session B c5 course 7 cart 1002");
	expect_course(clinic, (struct expected){PHASE(SERIES), 2, 20260501, 20260529, 20260612});
	say(clinic, "2026-06-01 10:00 P1 session C c5 course 7 cart 1003");
	expect_course(clinic, (struct expected){PHASE(COMPLETE), 3, 20260601, 20260830, 20261128});
	say(clinic, "2026-09-01 10:00 P1 session D c5 course 7 phase MAINTENANCE cart 1004");
	expect_course(
	    clinic, (struct expected){PHASE(MAINTENANCE), 4, 20260901, 20261130, 20270228});
}

static void paused_and_closed_courses_are_told_without_a_window(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-03-30 10:00 HQ plan 7 c5 MILD 3");
	say(clinic, "2026-04-01 10:00 P1 session A c5 course 7 cart 1001");
	expect_course(clinic, (struct expected){PHASE(SERIES), 1, 20260401, 20260429, 20260513});
	say(clinic, "2026-04-02 10:00 HQ plan 7 c5 MILD 3 state PAUSED");
	expect_course(clinic, (struct expected){PHASE(PAUSED), 1, 20260401, 0, 0});
	say(clinic, "2026-04-03 10:00 HQ plan 7 c5 MILD 3 state CLOSED");
	expect_course(clinic, (struct expected){PHASE(CLOSED), 1, 20260401, 0, 0});
}

static void the_window_follows_plan_and_other_treatments(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-03-30 10:00 HQ plan 7 c5 MILD 3 min 30 max 50");
	say(clinic, "2026-04-01 10:00 P1 session A c5 course 7 cart 1001");
	expect_course(clinic, (struct expected){PHASE(SERIES), 1, 20260401, 20260501, 20260521});
	/* What is done outside the course wounds the same skin. */
	say(clinic, "2026-04-20 10:00 P1 session B c5 cart 1002");
	expect_course(clinic, (struct expected){PHASE(SERIES), 1, 20260401, 20260520, 20260521});
}

static void a_course_that_moved_names_the_new_client(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-03-30 10:00 HQ plan 7 c5 MILD 3");
	say(clinic, "2026-04-01 10:00 P1 session A c5 course 7 cart 1001");
	say(clinic, "+11m P9 hello");
	acknowledge(clinic, OUTBOX_COURSE);
	say(clinic, "2026-04-02 10:00 HQ plan 7 c6 MILD 3");
	say(clinic, "+11m P9 hello");
	struct sent sent = look(clinic, &in_json, OUTBOX_COURSE);
	struct id client = id_named(ID_CLIENT, "c6");

	assert_int_equal(sent.count, 1);
	assert_memory_equal(sent.reports[0]->course_state->client_token.data, client.b, ID_BYTES);
	assert_int_equal(sent.reports[0]->course_state->done, 0);
	look_away(&sent);
}

/* The body is the same: whom it names is part of it. */
static void another_client_alone_is_a_revision(void **state)
{
	struct clinic *clinic = open_clinic(state);
	struct id client = id_named(ID_CLIENT, "c6");

	say(clinic, "2026-04-01 10:00 P1 session A c5");
	say(clinic, "+11m P9 hello");
	acknowledge(clinic, OUTBOX_SUMMARY);
	say(clinic, "2026-04-01 13:00 T1 tell correction sid=A kind=REASSIGN_CLIENT"
	            " client=c5 new_client=c6 by=o1");
	say(clinic, "+11m P9 hello");
	struct sent sent = look(clinic, &in_bytes, OUTBOX_SUMMARY);
	assert_int_equal(sent.count, 1);
	assert_int_equal(sent.reports[0]->revision, 2);
	assert_memory_equal(
	    sent.reports[0]->session_summary->client_token.data, client.b, ID_BYTES);
	look_away(&sent);
}

static void a_client_without_plan_costs_nothing(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-04-01 10:00 P1 session A c5 course 7");
	say(clinic, "+11m P9 hello");
	assert_int_equal(count(clinic, "SELECT count(*) FROM subject WHERE kind = 17"), 0);
	assert_int_equal(waiting(clinic, OUTBOX_COURSE), 0);
}

static void who_is_forgotten_is_named_no_more(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-03-30 10:00 HQ plan 7 c5 MILD 3");
	say(clinic, "2026-04-01 10:00 P1 session A c5 course 7 cart 1001");
	say(clinic, "+11m P9 hello");
	say(clinic, "2026-04-02 10:00 HQ tell client_forget client=c5");
	say(clinic, "+11m P9 hello");
	struct sent sent = look(clinic, &in_bytes, OUTBOX_COURSE);
	assert_int_equal(sent.count, 1);
	assert_false(sent.reports[0]->course_state->has_client_token);
	look_away(&sent);
}

/* --- the window and the findings ---------------------------------------------------------- */

static void say_on(struct clinic *clinic, int32_t day, const char *rest)
{
	struct civil_ymd date = civil_to_ymd(day);
	char line[200];

	snprintf(line, sizeof(line), "%04d-%02d-%02d %s", date.year, date.month, date.day, rest);
	say(clinic, line);
}

static int64_t open_alerts(struct clinic *clinic, enum check check)
{
	return db_value(&clinic->ledger->db, -1,
	    "SELECT count(*) FROM alert WHERE check_id = ? AND state = 1", "i", (int64_t)check);
}

static struct course_window told_window(struct clinic *clinic)
{
	struct course_window window = {0};
	struct sent sent = look(clinic, &in_bytes, OUTBOX_COURSE);

	assert_int_equal(sent.count, 1);
	const Carepace__V1__CourseState *course = sent.reports[0]->course_state;
	assert_true(civil_parse_yyyymmdd(course->window_from_date, &window.from_day));
	assert_true(civil_parse_yyyymmdd(course->window_to_date, &window.through_day));
	look_away(&sent);
	return window;
}

/* Plans, with how many of their sessions are done. */
static const struct {
	const char *plan;
	int sessions;
	const char *kind;
	enum check from; /* holds on its first day, and not the day before */
	enum check beyond;
} windows[] = {
    {"HQ plan 7 c5 MILD 3", 1, "P1", CHECK_INTERVAL_TOO_SOON, CHECK_INTERVAL_OVERDUE},
    {"HQ plan 7 c5 MILD 3 min 35 max 60", 2, "P1", CHECK_INTERVAL_TOO_SOON, CHECK_INTERVAL_OVERDUE},
    {"HQ plan 7 c5 MILD 3 max 35", 1, "R1", CHECK_INTERVAL_TOO_SOON, CHECK_INTERVAL_OVERDUE},
    {"HQ plan 7 c5 SINGLE 1", 1, "P1", CHECK_MAINT_DUE, CHECK_MAINT_OVERDUE},
    {"HQ plan 7 c5 SINGLE 1", 1, "R1", CHECK_MAINT_DUE, CHECK_MAINT_OVERDUE},
    {"HQ plan 7 c5 SINGLE 1 maint 40", 1, "P1", CHECK_MAINT_DUE, CHECK_MAINT_OVERDUE},
    {"HQ plan 7 c5 MAINTENANCE 0 maint 20 min 33", 1, "P1", CHECK_MAINT_DUE, CHECK_MAINT_OVERDUE},
};

static const char *const labels[] = {"A", "B", "C"};

static struct course_window treat(struct clinic *clinic, size_t i)
{
	char line[200];
	int32_t day = civil_from_ymd(2026, 1, 5);

	snprintf(line, sizeof(line), "12:00 %s", windows[i].plan);
	say_on(clinic, day - 1, line);
	for (int k = 0; k < windows[i].sessions; k++, day += 40) {
		snprintf(line, sizeof(line), "12:00 %s session %s c5 course 7 cart 100%d",
		    windows[i].kind, labels[k], k + 1);
		say_on(clinic, day, line);
	}
	say(clinic, "+11m P9 hello");
	return told_window(clinic);
}

/* The last good day, and the first day after it. */
static void overdue_begins_after_the_window(void **state)
{
	for (size_t i = 0; i < CP_COUNT(windows); i++) {
		struct clinic *clinic = open_clinic(state);
		struct course_window window = treat(clinic, i);

		say_on(clinic, window.through_day, "23:59 P9 hello");
		assert_int_equal(open_alerts(clinic, windows[i].beyond), 0);
		say_on(clinic, window.through_day + 1, "06:01 P9 hello");
		assert_int_equal(open_alerts(clinic, windows[i].beyond), 1);
		bench_tear_down(state);
		assert_int_equal(bench_set_up(state), 0);
	}
}

/* The day before the window: too soon, or nothing due; its first day: good, or due. */
static bool is_due_on(struct clinic *clinic, size_t i, int32_t day)
{
	char line[200];

	if (windows[i].from == CHECK_MAINT_DUE) {
		say_on(clinic, day, "12:00 P9 hello");
		return open_alerts(clinic, CHECK_MAINT_DUE) > 0;
	}
	snprintf(line, sizeof(line), "12:00 %s session Z c5 course 7 cart 2001", windows[i].kind);
	say_on(clinic, day, line);
	return open_alerts(clinic, CHECK_INTERVAL_TOO_SOON) == 0;
}

static void nothing_is_due_before_the_window(void **state)
{
	for (size_t i = 0; i < CP_COUNT(windows); i++)
		for (int32_t before = 0; before <= 1; before++) {
			struct clinic *clinic = open_clinic(state);
			struct course_window window = treat(clinic, i);

			assert_true(is_due_on(clinic, i, window.from_day - before) == !before);
			bench_tear_down(state);
			assert_int_equal(bench_set_up(state), 0);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LEDGER_TEST(a_course_goes_its_way),
	    LEDGER_TEST(paused_and_closed_courses_are_told_without_a_window),
	    LEDGER_TEST(the_window_follows_plan_and_other_treatments),
	    LEDGER_TEST(a_course_that_moved_names_the_new_client),
	    LEDGER_TEST(another_client_alone_is_a_revision),
	    LEDGER_TEST(a_client_without_plan_costs_nothing),
	    LEDGER_TEST(who_is_forgotten_is_named_no_more),
	    LEDGER_TEST(overdue_begins_after_the_window),
	    LEDGER_TEST(nothing_is_due_before_the_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
