/* A store of the number before becomes one of today's, and a copy of it stays. */
#include "ledger_bench.h"

#include "ledger/past/verify.h"
#include "ledger/store/store.h"

#include <sys/stat.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LEDGER_TEST(a_former_store_is_brought_up_to_date),
	    LEDGER_TEST(tables_are_those_of_a_new_store),
	    LEDGER_TEST(without_room_nothing_is_begun),
	    LEDGER_TEST(an_earlier_program_names_the_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
