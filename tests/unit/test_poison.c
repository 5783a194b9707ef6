/* One poison reading must not stop a clinic (DESIGN section 2).
 *
 * The judges, and the fold of a message, are wrapped: one of them ends the program
 * when it meets the planted session. The clinic lives in child processes, each of
 * which goes on where the one before died; devices send again what was not
 * acknowledged.
 */
#include "care/stream/fold.h"
#include "care/judge.h"
#include "ledger/past/verify.h"
#include "ledger_bench.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* By the number of what is set aside: enum subject_kind. */
static int poison_at = -1;

static void taste(int kind, const struct id *sid)
{
	struct id planted = id_named(ID_SESSION, "POISON");

	if (kind == poison_at && id_eq(sid, &planted))
		abort();
}

void __real_derive_session(struct session_history *, const struct policy *, wall_ms);
void __wrap_derive_session(struct session_history *, const struct policy *, wall_ms);
void __real_judge_client(
    struct client_history *, const struct policy *, wall_ms, struct timeline *);
void __wrap_judge_client(
    struct client_history *, const struct policy *, wall_ms, struct timeline *);
void __real_judge_cartridge(
    const struct cartridge_history *, const struct policy *, wall_ms, struct timeline *);
void __wrap_judge_cartridge(
    const struct cartridge_history *, const struct policy *, wall_ms, struct timeline *);
struct session_fold __real_fold_of(const struct reading *);
struct session_fold __wrap_fold_of(const struct reading *);

void __wrap_derive_session(
    struct session_history *history, const struct policy *policy, wall_ms now)
{
	taste(SUBJECT_SESSION, &history->session->sid);
	__real_derive_session(history, policy, now);
}

void __wrap_judge_client(struct client_history *history, const struct policy *policy, wall_ms now,
    struct timeline *timeline)
{
	for (size_t i = 0; i < history->session_count; i++)
		taste(SUBJECT_CLIENT, &history->sessions[i].sid);
	__real_judge_client(history, policy, now, timeline);
}

void __wrap_judge_cartridge(const struct cartridge_history *history, const struct policy *policy,
    wall_ms now, struct timeline *timeline)
{
	for (size_t i = 0; i < history->use_count; i++)
		taste(SUBJECT_CART, &history->uses[i].session.sid);
	__real_judge_cartridge(history, policy, now, timeline);
}

struct session_fold __wrap_fold_of(const struct reading *reading)
{
	if (reading->kind == READING_SESSION_START)
		taste(SUBJECT_ROW, &reading->sid);
	return __real_fold_of(reading);
}

/* --- a clinic and its lives ------------------------------------------------------------ */

/* A timer or the plan of another session may find something in what is set aside, without a
 * word about the session that is poison: checks that do are off. */
static const char *const story[] = {ONLY_FIRST_CHECKS, "2026-03-01 12:00 HQ plan 1 c1 MILD 4",
    "2026-03-02 10:00 P1 session A c1 cart 1001 course 1",
    "2026-03-05 10:00 P3 session E c2 cart 1005", "2026-03-12 10:00 P2 session B c1 cart 1001",
    "2026-03-12 10:31 P3 session POISON c2 cart 1005", "2026-03-12 11:02 P1 session C c3 cart 1001",
    "2026-03-20 10:00 P2 session D c1", "2026-06-20 10:00 P1 hello"};

#define LIVES_MAX 8

/* Shared with the child, which may die at any moment. */
static struct clinic *clinic;

_Noreturn static void live(const char *path, const char *version, size_t delivered, wall_ms now)
{
	static const struct rlimit no_core;

	setrlimit(RLIMIT_CORE, &no_core);
	clinic_open_store(clinic, "Europe/Berlin", path, version, now);
	clinic->skip_count = delivered;
	clinic->now = 0; /* the story is told from its beginning, unheard until there is news */
	for (size_t i = 0; i < CP_COUNT(story); i++)
		speech_line(clinic, story[i]);
	if (clinic->now < now)
		clinic->now = now;
	clinic_advance(clinic, clinic->now);
	bool ok = !clinic_failed(clinic) && ledger_pending(clinic->ledger) == 0;
	if (!ok)
		print_error("%s\n", clinic->why);
	size_t count = clinic->delivered_count;
	clinic_close(clinic);
	clinic->delivered_count = count;
	_exit(!ok);
}

/* How often the program ended by the poison before the story was told. */
static int tell(const char *path, const char *version)
{
	size_t delivered = clinic->delivered_count;
	wall_ms now = clinic->now;

	for (int aborts = 0; aborts < LIVES_MAX; aborts++) {
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			live(path, version, delivered, now);
		int status;
		assert_int_equal(waitpid(pid, &status, 0), pid);
		delivered = clinic->delivered_count;
		now = clinic->now;
		if (WIFEXITED(status)) {
			assert_int_equal(WEXITSTATUS(status), 0);
			return aborts;
		}
		assert_int_equal(WTERMSIG(status), SIGABRT);
	}
	fail_msg("the program does not come up again");
	return -1;
}

/* --- what is in the store ------------------------------------------------------------------ */

struct truth {
	char *lines[64];
	size_t count;
	const char *without; /* lines that hold this are left out; NULL: none */
};

/* A day counts the poison with the others, and waits to be counted again: days are held
 * against the recount alone (verify_is_green). */
static void keep_line(void *ctx, const char *line)
{
	struct truth *truth = ctx;

	if (strncmp(line, "day ", 4) == 0)
		return;
	if (truth->without && strstr(line, truth->without))
		return;
	assert_true(truth->count < CP_COUNT(truth->lines));
	truth->lines[truth->count++] = strdup(line);
}

static struct truth truth_of(const char *path, const char *without)
{
	struct truth truth = {.without = without};
	struct db db;

	assert_int_equal(db_open(&db, path, DB_READ_ONLY), CP_OK);
	truth_lines(&db, keep_line, &truth);
	assert_int_equal(db.err, CP_OK);
	db_close(&db);
	return truth;
}

static void same_truth(struct truth a, struct truth b)
{
	assert_int_equal(a.count, b.count);
	for (size_t i = 0; i < a.count; i++) {
		assert_string_equal(a.lines[i], b.lines[i]);
		free(a.lines[i]);
		free(b.lines[i]);
	}
}

static int64_t value(const char *path, const char *sql)
{
	struct db db;

	assert_int_equal(db_open(&db, path, DB_READ_ONLY), CP_OK);
	int64_t number = db_value(&db, -1, sql, "");
	assert_int_equal(db.err, CP_OK);
	db_close(&db);
	return number;
}

/* In a child, because the poison waits for verify, too. */
static void verify_is_green(const char *path, int64_t unjudged)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct verify_result result;
		char why[256] = "";
		clinic_open(clinic, "Europe/Berlin");
		struct policy policy = policy_default(&clinic->zone);
		enum cp_err err = verify_store(path, &policy, NULL, NULL, &result, why);
		if (err || result.differences)
			print_error("verify: %s, %d differences\n", why, (int)result.differences);
		_exit(err != CP_OK || result.differences != 0 || result.unjudged != unjudged);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* --- the tests ------------------------------------------------------------------------------ */

static int set_up(void **state)
{
	clinic =
	    mmap(NULL, sizeof(*clinic), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return clinic == MAP_FAILED ? -1 : bench_set_up(state);
}

static int tear_down(void **state)
{
	munmap(clinic, sizeof(*clinic));
	return bench_tear_down(state);
}

static struct truth truth_without_poison(const char *hex)
{
	static void *healthy;
	poison_at = -1;
	clinic->delivered_count = 0;
	clinic->now = 0;
	assert_int_equal(bench_set_up(&healthy), 0);
	assert_int_equal(tell(bench_of(&healthy)->path, "1"), 0);
	struct truth truth = truth_of(bench_of(&healthy)->path, hex);
	bench_tear_down(&healthy);
	return truth;
}

static void survives(void **state, enum subject_kind kind)
{
	const char *path = bench_of(state)->path;
	struct id planted = id_named(ID_SESSION, "POISON");
	char hex[ID_HEX_LEN + 1];

	id_hex(&planted, hex);
	poison_at = (int)kind;
	clinic->delivered_count = 0;
	clinic->now = 0;
	int aborts = tell(path, "1");
	assert_in_range(aborts, 1, 4); /* in a batch, in its group, twice alone */
	size_t told = clinic->delivered_count;
	wall_ms end = clinic->now;

	/* Nothing acknowledged is lost; one thing is set aside; the rest is as if
	 * nothing had happened. */
	assert_int_equal(value(path, "SELECT (SELECT count(*) FROM journal) +"
	                             " (SELECT count(*) FROM stream)"),
	    told);
	assert_int_equal(value(path, "SELECT count(*) FROM unjudged"), 1);
	assert_int_equal(value(path, "SELECT kind FROM unjudged"), kind);
	verify_is_green(path, 1);
	struct truth left = truth_of(path, hex);
	assert_true(left.count >= 8);
	same_truth(left, truth_without_poison(hex));

	/* The same program leaves it alone. */
	poison_at = (int)kind;
	clinic->delivered_count = told;
	clinic->now = end;
	assert_int_equal(tell(path, "1"), 0);

	/* Another one that is no better ends twice more at the most. */
	assert_in_range(tell(path, "2"), 1, 3);
	assert_int_equal(value(path, "SELECT count(*) FROM unjudged WHERE version = '2'"), 1);
	verify_is_green(path, 1);

	/* A good one makes everything whole. */
	poison_at = -1;
	assert_int_equal(tell(path, "3"), 0);
	assert_int_equal(value(path, "SELECT count(*) FROM unjudged"), 0);
	struct truth whole = truth_of(path, NULL);
	same_truth(whole, truth_without_poison(NULL));
	verify_is_green(path, 0);
}

static void a_poison_row_stops_nobody(void **state)
{
	survives(state, SUBJECT_ROW);
}

static void a_poison_session_stops_nobody(void **state)
{
	survives(state, SUBJECT_SESSION);
}

static void a_poison_client_stops_nobody(void **state)
{
	survives(state, SUBJECT_CLIENT);
}

static void a_poison_cartridge_stops_nobody(void **state)
{
	survives(state, SUBJECT_CART);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_poison_row_stops_nobody, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_poison_session_stops_nobody, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_poison_client_stops_nobody, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_poison_cartridge_stops_nobody, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
