/* A store of the number before becomes one of today's, and a copy of it stays. */
#include "ledger_bench.h"

#include "ledger/past/verify.h"
#include "ledger/store/migrate.h"
#include "ledger/store/store.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define BEFORE 1

static const char *text_of(const char *path)
{
	static char text[64 * 1024];
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	return text;
}

/* As the program of then made it. */
static void make_former(const char *path)
{
	struct db db;

	assert_int_equal(db_open(&db, path, DB_WRITE), CP_OK);
	db_exec(&db, text_of(SOURCE_DIR "/tests/unit/schema_1.sql"));
	db_exec(&db,
	    "INSERT INTO meta(name, value) VALUES('epoch', random()), ('clean', 1);"
	    "INSERT INTO source(id) VALUES(x'64503100000000000000000000000000');"
	    "INSERT INTO boot(source, boot, floor, ts_min, is_ahead, offset_min, offset_max)"
	    " VALUES(2, 1, 0, 0, 0, 0, 0);"
	    "PRAGMA user_version = 1");
	assert_int_equal(db.err, CP_OK);
	db_close(&db);
}

static void name_copy(const char *path, char out[128])
{
	snprintf(out, 128, "%s.before-%d", path, STORE_SCHEMA_VERSION);
}

static void a_former_store_is_brought_up_to_date(void **state)
{
	const char *path = bench_of(state)->path;
	char copy[128];
	struct stat st;

	name_copy(path, copy);
	make_former(path);
	struct clinic *clinic = open_store(state, "1");
	char named[128];
	ledger_copy_before(clinic->ledger, named, sizeof(named));
	assert_string_equal(named, copy);
	assert_int_equal(count(clinic, "PRAGMA user_version"), STORE_SCHEMA_VERSION);
	assert_int_equal(count(clinic, "SELECT sealed FROM boot"), 0);

	/* It works as one that was made today, and has the same tables. */
	say(clinic, "2026-03-02 10:00 P1 session A c1");
	struct policy policy = policy_default(&clinic->zone);
	struct verify_result result;
	char why[256];
	assert_int_equal(verify_store(path, &policy, NULL, NULL, &result, why), CP_OK);
	assert_int_equal(result.differences, 0);
	clinic = reopen_store(state, "1");
	ledger_copy_before(clinic->ledger, named, sizeof(named));
	assert_string_equal(named, "");

	struct db db;
	assert_int_equal(stat(copy, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(db_open(&db, copy, DB_READ_ONLY), CP_OK);
	assert_int_equal(db_value(&db, -1, "PRAGMA user_version", ""), BEFORE);
	assert_int_equal(db_value(&db, -1, "SELECT count(*) FROM source", ""), 2);
	db_close(&db);
	unlink(copy);
}

static void tables_are_those_of_a_new_store(void **state)
{
	static const char columns[] =
	    "SELECT group_concat(t || '.' || c) FROM (SELECT m.name AS t, p.name AS c FROM"
	    " sqlite_schema m JOIN pragma_table_info(m.name) p WHERE m.type = 'table'"
	    " ORDER BY m.name, p.cid)";
	static const char indexes[] =
	    "SELECT group_concat(name) FROM (SELECT name FROM sqlite_schema"
	    " WHERE type = 'index' ORDER BY name)";
	static const char *const asked[] = {columns, indexes};
	char copy[128];
	struct clinic fresh;

	name_copy(bench_of(state)->path, copy);
	make_former(bench_of(state)->path);
	struct clinic *clinic = open_store(state, "1");
	clinic_open(&fresh, "Europe/Berlin");
	for (size_t i = 0; i < CP_COUNT(asked); i++) {
		struct db_rows was = db_query(&clinic->ledger->db, asked[i], "");
		struct db_rows is = db_query(&fresh.ledger->db, asked[i], "");
		assert_true(db_next(&was) && db_next(&is));
		assert_string_equal(db_text(&was, 0), db_text(&is, 0));
		db_end(&was);
		db_end(&is);
	}
	clinic_close(&fresh);
	unlink(copy);
}

static void without_room_nothing_is_begun(void **state)
{
	struct bench *bench = bench_of(state);
	struct ledger_config config = {
	    .path = bench->path, .site = "ber", .version = "1", .reserve_bytes = INT64_MAX / 4};
	struct ledger *ledger;
	char why[256];

	make_former(bench->path);
	assert_int_equal(ledger_open(&config, 0, &ledger, why), CP_NOSPACE);
	assert_non_null(strstr(why, "no room for the copy"));
	struct db db;
	assert_int_equal(db_open(&db, bench->path, DB_READ_ONLY), CP_OK);
	assert_int_equal(db_value(&db, -1, "PRAGMA user_version", ""), BEFORE);
	db_close(&db);
}

static void an_earlier_program_names_the_copy(void **state)
{
	struct bench *bench = bench_of(state);
	struct ledger_config config = {.path = bench->path, .site = "ber", .version = "1"};
	struct ledger *ledger;
	char copy[128];
	char why[256];

	name_copy(bench->path, copy);
	make_former(bench->path);
	struct clinic *clinic = open_store(state, "1");
	db_exec(&clinic->ledger->db, "PRAGMA user_version = 99");
	close_store(state);
	assert_int_equal(ledger_open(&config, 0, &ledger, why), CP_NEWER);
	assert_non_null(strstr(why, copy));
	unlink(copy);
}

/* --- a chain of steps, as there will be one day ----------------------------------------------- */

#define CHAINED 3
#define WIDEN "ALTER TABLE boot ADD COLUMN wide INTEGER NOT NULL DEFAULT 0;"

static const char *const chain[] = {WIDEN, "ALTER TABLE boot ADD COLUMN wider INTEGER"};
static const char *const broken_chain[] = {WIDEN, "ALTER TABLE nothing ADD COLUMN wider INTEGER"};
static const char *const deadly_chain[] = {WIDEN, "SELECT die()"};

static void die(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)context;
	(void)count;
	(void)values;
	_exit(0);
}

static enum cp_err take_chain(const char *path, const char *const *steps, char why[256])
{
	static struct ledger ledger; /* large */
	const struct migration migration = {.steps = steps, .version = CHAINED};

	ledger = (struct ledger){.config = {.path = path}};
	assert_int_equal(db_open(&ledger.db, path, DB_WRITE), CP_OK);
	sqlite3_create_function(ledger.db.conn, "die", 0, SQLITE_UTF8, NULL, die, NULL, NULL);
	int64_t version = db_value(&ledger.db, -1, "PRAGMA user_version", "");
	enum cp_err err = migrate_to(&ledger, version, &migration, why, 256);
	db_close(&ledger.db);
	return err;
}

static int64_t ask(const char *path, const char *sql)
{
	struct db db;

	assert_int_equal(db_open(&db, path, DB_READ_ONLY), CP_OK);
	int64_t value = db_value(&db, -1, sql, "");
	assert_int_equal(db.err, CP_OK);
	db_close(&db);
	return value;
}

static const char *before(const char *path, const char *more)
{
	static char name[128];

	snprintf(name, sizeof(name), "%s.before-%d%s", path, CHAINED, more);
	return name;
}

static ino_t inode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_ino : 0;
}

static void check_brought_up(const char *path)
{
	assert_int_equal(ask(path, "PRAGMA user_version"), CHAINED);
	assert_int_equal(ask(path, "SELECT sum(wide) FROM boot"), 0);
	assert_int_equal(ask(path, "SELECT count(wider) FROM boot"), 0);
	assert_int_equal(ask(before(path, ""), "PRAGMA user_version"), BEFORE);
}

static void two_steps_leave_the_copy_of_before_both(void **state)
{
	const char *path = bench_of(state)->path;
	char why[256];

	make_former(path);
	assert_int_equal(take_chain(path, chain, why), CP_OK);
	check_brought_up(path);
	unlink(before(path, ""));
}

/* The first step is not kept without the second; the copy of the first try serves. */
static void a_step_that_fails_changes_nothing(void **state)
{
	const char *path = bench_of(state)->path;
	char why[256];

	make_former(path);
	assert_int_not_equal(take_chain(path, broken_chain, why), CP_OK);
	assert_non_null(strstr(why, before(path, "")));
	assert_int_equal(ask(path, "PRAGMA user_version"), BEFORE);
	assert_int_equal(
	    ask(path, "SELECT count(*) FROM pragma_table_info('boot') WHERE name = 'wide'"), 0);
	ino_t first = inode_of(before(path, ""));
	assert_int_equal(take_chain(path, chain, why), CP_OK);
	check_brought_up(path);
	assert_int_equal(inode_of(before(path, "")), first);
	assert_int_equal(inode_of(before(path, ".2")), 0);
	unlink(before(path, ""));
}

static void a_crash_amid_a_step_changes_nothing(void **state)
{
	const char *path = bench_of(state)->path;
	char why[256];
	int status;

	make_former(path);
	pid_t child = fork();
	if (child == 0)
		_exit(take_chain(path, deadly_chain, why) == CP_OK ? 1 : 2);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(ask(path, "PRAGMA user_version"), BEFORE);
	ino_t first = inode_of(before(path, ""));
	assert_int_not_equal(first, 0);
	assert_int_equal(take_chain(path, chain, why), CP_OK);
	check_brought_up(path);
	assert_int_equal(inode_of(before(path, "")), first);
	unlink(before(path, ""));
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void a_copy_that_was_cut_short_is_made_anew(void **state)
{
	const char *path = bench_of(state)->path;
	char why[256];

	make_former(path);
	write_file(before(path, ".part"), "half of it");
	assert_int_equal(take_chain(path, chain, why), CP_OK);
	check_brought_up(path);
	assert_int_equal(inode_of(before(path, ".part")), 0);
	unlink(before(path, ""));
}

/* The clinic went back to the earlier program, worked, and comes again; or keeps there what
 * it likes. */
static void a_copy_of_another_day_stays(void **state)
{
	const char *path = bench_of(state)->path;
	struct db db;
	char why[256];

	make_former(path);
	assert_int_not_equal(take_chain(path, broken_chain, why), CP_OK);
	write_file(before(path, ".2"), "no store");
	ino_t first = inode_of(before(path, ""));
	assert_int_equal(db_open(&db, path, DB_WRITE), CP_OK);
	db_exec(&db, "INSERT INTO journal(source, boot, seq, recv, kind, payload, hash)"
	             " VALUES(2, 1, 1, 0, 1, x'00', x'00')");
	assert_int_equal(db.err, CP_OK);
	db_close(&db);

	assert_int_equal(take_chain(path, chain, why), CP_OK);
	assert_int_equal(ask(path, "PRAGMA user_version"), CHAINED);
	assert_int_equal(inode_of(before(path, "")), first);
	assert_int_equal(ask(before(path, ""), "SELECT count(*) FROM journal"), 0);
	assert_int_equal(ask(before(path, ".3"), "SELECT count(*) FROM journal"), 1);
	assert_int_equal(ask(path, "SELECT count(*) FROM meta WHERE name = 'backup' AND"
	                           " value LIKE '%.before-3.3'"),
	    1);
	for (int i = 0; i < 3; i++)
		unlink(before(path, (const char *[]){"", ".2", ".3"}[i]));
}

/* --- a large one ------------------------------------------------------------------------------ */

#define LARGE_ROWS 100000
static int heard_copying;
static int heard_changing;
static int highest_percent;

static void hear(void *ctx, const char *doing, int percent)
{
	(void)ctx;
	heard_copying += strcmp(doing, "copying it") == 0;
	heard_changing += strcmp(doing, "changing it") == 0;
	if (percent > highest_percent)
		highest_percent = percent;
}

static void a_large_store_tells_how_far_it_is(void **state)
{
	struct bench *bench = bench_of(state);
	struct ledger_config config = {
	    .path = bench->path, .site = "ber", .version = "1", .migrating = hear};
	struct ledger *ledger;
	struct db db;
	char copy[128];
	char why[256];

	name_copy(bench->path, copy);
	make_former(bench->path);
	assert_int_equal(db_open(&db, bench->path, DB_WRITE), CP_OK);
	db_run(&db,
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
	    " INSERT INTO journal(source, boot, seq, recv, kind, payload, hash)"
	    " SELECT 2, 9, i, i, 999, zeroblob(100), zeroblob(16) FROM n",
	    "i", (int64_t)LARGE_ROWS);
	assert_int_equal(db.err, CP_OK);
	db_close(&db);
	assert_int_equal(ledger_open(&config, 0, &ledger, why), CP_OK);
	ledger_close(ledger);
	assert_true(heard_copying > 10 && heard_changing > 0);
	assert_in_range(highest_percent, 50, 100);
	unlink(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LEDGER_TEST(a_former_store_is_brought_up_to_date),
	    LEDGER_TEST(tables_are_those_of_a_new_store),
	    LEDGER_TEST(without_room_nothing_is_begun),
	    LEDGER_TEST(an_earlier_program_names_the_copy),
	    LEDGER_TEST(two_steps_leave_the_copy_of_before_both),
	    LEDGER_TEST(a_step_that_fails_changes_nothing),
	    LEDGER_TEST(a_crash_amid_a_step_changes_nothing),
	    LEDGER_TEST(a_copy_that_was_cut_short_is_made_anew),
	    LEDGER_TEST(a_copy_of_another_day_stays),
	    LEDGER_TEST(a_large_store_tells_how_far_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
