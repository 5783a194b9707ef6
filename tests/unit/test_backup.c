/* The copy is of one moment, whatever is written meanwhile; the log grows so far and no further. */
#include "ledger_bench.h"

#include "ledger/backup.h"
#include "ledger/past/verify.h"
#include "ledger/restored.h"

#define MEGABYTE (INT64_C(1) << 20)

/* What happens while it is copied. */
struct meanwhile {
	struct clinic *clinic;
	int64_t ballast_bytes; /* written at each question */
	int questions;
	int stop_at; /* 0: never */
};

static void write_ballast(struct clinic *clinic, int64_t bytes)
{
	struct db *db = &clinic->ledger->db;

	db_exec(db, "CREATE TABLE IF NOT EXISTS ballast(bytes)");
	db_run(db, "INSERT INTO ballast VALUES(randomblob(?))", "i", bytes);
	assert_int_equal(db->err, CP_OK);
}

static bool go_on(void *ctx, int64_t done, int64_t total)
{
	struct meanwhile *meanwhile = ctx;

	assert_true(done <= total);
	meanwhile->questions++;
	if (total && meanwhile->ballast_bytes)
		write_ballast(meanwhile->clinic, meanwhile->ballast_bytes);
	return meanwhile->questions != meanwhile->stop_at;
}

static void name_copy(void **state, char out[128])
{
	snprintf(out, 128, "%s/copy", bench_of(state)->dir);
}

/* Twenty megabytes: some questions. */
static struct clinic *open_large(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	say(clinic, "2026-03-02 10:00 P1 session A c1");
	for (int i = 0; i < 20; i++)
		write_ballast(clinic, MEGABYTE);
	return clinic;
}

static enum cp_err copy(
    void **state, struct meanwhile *meanwhile, int64_t log_bytes_max, char why[256])
{
	static const uint8_t key[HASH_BYTES] = {7};
	const struct backup_source from = {.path = bench_of(state)->path,
	    .log_bytes_max = log_bytes_max,
	    .box_key = key,
	    .now = 1700000000000,
	    .version = "1"};
	const struct backup_watch watch = {go_on, meanwhile};
	char to[128];

	name_copy(state, to);
	unlink(to);
	return backup_make(&from, to, &watch, why);
}

static int64_t count_in(const char *path, const char *sql)
{
	struct db db;

	assert_int_equal(db_open(&db, path, DB_READ_ONLY), CP_OK);
	int64_t n = db_value(&db, -1, sql, "");
	assert_int_equal(db.err, CP_OK);
	db_close(&db);
	return n;
}

static void it_is_of_one_moment(void **state)
{
	struct meanwhile meanwhile = {.clinic = open_large(state), .ballast_bytes = 1000};
	char why[256];
	char path[128];
	struct backup_facts facts;

	name_copy(state, path);
	assert_int_equal(copy(state, &meanwhile, 64 * MEGABYTE, why), CP_OK);
	assert_true(meanwhile.questions > 3);
	assert_int_equal(count_in(path, "SELECT count(*) FROM ballast"), 20);
	assert_true(count(meanwhile.clinic, "SELECT count(*) FROM ballast") > 22);
	assert_int_equal(backup_look(path, &facts, why), CP_OK);
	assert_int_equal(facts.made_at, 1700000000000);
	assert_true(facts.has_key && facts.box_key[0] == 7);
	unlink(path);
}

static void the_log_grows_so_far(void **state)
{
	struct meanwhile meanwhile = {.clinic = open_large(state), .ballast_bytes = 2 * MEGABYTE};
	char why[256];
	char path[128];

	/* Its file has the size that it has reached already. */
	name_copy(state, path);
	assert_int_equal(copy(state, &meanwhile, 0, why), CP_BUSY);
	assert_non_null(strstr(why, "more than its log may grow"));
	meanwhile.ballast_bytes = 0;
	assert_int_equal(copy(state, &meanwhile, 0, why), CP_OK);
	unlink(path);
}

static void it_stops_when_it_is_told(void **state)
{
	struct meanwhile meanwhile = {.clinic = open_large(state), .stop_at = 2};
	char why[256];
	char path[128];

	name_copy(state, path);
	assert_int_equal(copy(state, &meanwhile, 0, why), CP_INVALID);
	assert_string_equal(why, "interrupted");
	unlink(path);
}

static void it_becomes_a_store_of_another_epoch(void **state)
{
	static const char epoch[] = "SELECT value FROM meta WHERE name = 'epoch'";
	struct meanwhile meanwhile = {.clinic = open_large(state)};
	const struct backup_watch watch = {go_on, &meanwhile};
	const char *store = bench_of(state)->path;
	int64_t before = count(meanwhile.clinic, epoch);
	char why[256];
	char path[128];

	name_copy(state, path);
	assert_int_equal(copy(state, &meanwhile, 0, why), CP_OK);
	close_store(state);
	assert_int_equal(backup_open_as_store(path, "", 1700000005000, &watch, why), CP_OK);
	assert_int_equal(count_in(path, "SELECT count(*) FROM meta WHERE name LIKE 'backup!_%'"
	                                " ESCAPE '!'"),
	    0);
	assert_int_equal(rename(path, store), 0);

	struct clinic *clinic = reopen_store(state, "1");
	assert_int_equal(ledger_restored_from(clinic->ledger), 1700000000000);
	int64_t after = count(clinic, epoch);
	assert_true(after != before);
	assert_int_equal(count(clinic, "SELECT count(*) FROM outbox WHERE kind > 1"),
	    count(clinic, "SELECT count(*) FROM state"));
	assert_int_equal(count(clinic, "SELECT count(*) FROM outbox WHERE kind = 1"),
	    count(clinic, "SELECT count(*) FROM alert WHERE fold = 0"));
	clinic = reopen_store(state, "1");
	assert_int_equal(ledger_restored_from(clinic->ledger), 0);
	assert_int_equal(count(clinic, epoch), after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(it_is_of_one_moment, bench_set_up, bench_tear_down),
	    cmocka_unit_test_setup_teardown(the_log_grows_so_far, bench_set_up, bench_tear_down),
	    cmocka_unit_test_setup_teardown(
	        it_stops_when_it_is_told, bench_set_up, bench_tear_down),
	    cmocka_unit_test_setup_teardown(
	        it_becomes_a_store_of_another_epoch, bench_set_up, bench_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
