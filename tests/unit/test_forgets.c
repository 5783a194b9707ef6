/* Clients who asked to be forgotten: which bytes are left of them, and who is known again.
 * What is judged of them is told by tests/scenarios/forgets.txt. */
#include "ledger_bench.h"

#include "ledger/parked.h"
#include "ledger/past/verify.h"

#include <dirent.h>
#include <sqlite3.h>

#define CANARY "CANARY-CLIENT"
#define CANARY_BASE64 "Y0NBTkFSWS1DTElFTlQAAA=="

/* --- what the files hold ---------------------------------------------------------------------- */

static bool file_has(const char *path, struct slice bytes)
{
	FILE *file = fopen(path, "rb");
	bool has = false;

	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	size_t len = (size_t)ftell(file);
	rewind(file);
	char *all = malloc(len + 1);
	assert_int_equal(fread(all, 1, len, file), len);
	has = memmem(all, len, bytes.p, bytes.len) != NULL;
	free(all);
	fclose(file);
	return has;
}

static bool files_have(void **state, struct slice bytes)
{
	struct bench *bench = bench_of(state);
	DIR *dir = opendir(bench->dir);
	bool has = false;
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		char path[400];
		snprintf(path, sizeof(path), "%s/%s", bench->dir, entry->d_name);
		has = has || (entry->d_name[0] != '.' && file_has(path, bytes));
	}
	closedir(dir);
	return has;
}

static bool files_have_the_canary(void **state)
{
	struct id token = id_named(ID_CLIENT, CANARY);
	char hex[ID_HEX_LEN + 1];
	char upper[ID_HEX_LEN + 1];

	id_hex(&token, hex);
	for (size_t i = 0; i <= ID_HEX_LEN; i++)
		upper[i] = (char)(hex[i] >= 'a' ? hex[i] - 'a' + 'A' : hex[i]);
	return files_have(state, slice_of(token.b, ID_BYTES)) ||
	       files_have(state, slice_str(hex)) || files_have(state, slice_str(upper)) ||
	       files_have(state, slice_str(CANARY_BASE64));
}

/* As the ledger's thread does when it is idle. */
static void idle(struct clinic *clinic)
{
	assert_int_equal(ledger_wants_checkpoint(clinic->ledger), CHECKPOINT_WHEN_IDLE);
	assert_int_equal(ledger_checkpoint(clinic->ledger), CP_OK);
	assert_int_equal(ledger_wants_checkpoint(clinic->ledger), CHECKPOINT_NONE);
}

static void park(struct clinic *clinic, uint32_t number, struct slice payload)
{
	batch_reset(clinic->batch);
	struct batch_entry *entry = batch_add(clinic->batch);

	*entry = (struct batch_entry){.what = BATCH_PARK, .why = "test", .recv = clinic->now};
	entry->reading.source = id_named(ID_DEVICE, "P1");
	memcpy(entry->reading.hash, &number, sizeof(number));
	entry->reading.payload = payload;
	assert_int_equal(ledger_apply(clinic->ledger, clinic->batch, clinic->now), CP_OK);
}

static void park_the_canary(struct clinic *clinic)
{
	struct id token = id_named(ID_CLIENT, CANARY);
	char text[200];
	char hex[ID_HEX_LEN + 1];

	id_hex(&token, hex);
	park(clinic, 1, slice_of(token.b, ID_BYTES));
	snprintf(text, sizeof(text), "{\"client\":\"%s\",\"again\":\"%s\"}", hex, hex);
	park(clinic, 2, slice_str(text));
	for (size_t i = 0; i < ID_HEX_LEN; i++)
		hex[i] = (char)(hex[i] >= 'a' ? hex[i] - 'a' + 'A' : hex[i]);
	park(clinic, 3, slice_str(hex));
	park(clinic, 4, slice_str("{\"clientToken\":\"" CANARY_BASE64 "\"}"));
	park(clinic, 5, slice_str("of nobody"));
}

static void treat_the_canary(struct clinic *clinic)
{
	say(clinic, "2026-03-01 12:00 HQ plan 1 " CANARY " MILD 4");
	say(clinic, "2026-03-02 10:00 P1 session A " CANARY " cart 1001 course 1");
	say(clinic, "2026-03-12 10:00 P1 session B " CANARY " course 1");
	park_the_canary(clinic);
}

static void nothing_is_left_of_a_token(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	treat_the_canary(clinic);
	assert_true(files_have_the_canary(state));
	say(clinic, "2026-03-13 10:00 HQ tell client_forget client=" CANARY);
	assert_true(files_have_the_canary(state)); /* in the log, until that is cut off */
	idle(clinic);
	assert_false(files_have_the_canary(state));
	assert_int_equal(count(clinic, "SELECT count(*) FROM parked"), 5);
	assert_int_equal(
	    count(clinic, "SELECT count(*) FROM parked WHERE payload = CAST('of nobody' AS BLOB)"),
	    1);
	assert_int_equal(count(clinic, "SELECT count(*) FROM client WHERE token IS NULL"), 1);

	/* Nor when it comes again, now, after a restart, or said again by head office. */
	say(clinic, "2026-03-14 10:00 P1 start C " CANARY);
	clinic = reopen_store(state, "1");
	say(clinic, "2026-03-15 10:00 P2 start D " CANARY);
	say(clinic, "+1m HQ tell client_forget client=" CANARY " key again");
	say(clinic, "+1m T1 tell screening client=" CANARY " consent=YES");
	assert_false(files_have_the_canary(state));
	assert_int_equal(count(clinic, "SELECT count(*) FROM client"), 1);
	assert_int_equal(count(clinic, "SELECT count(*) FROM journal WHERE client = 1"), 8);
	assert_int_equal(count(clinic, "SELECT count(*) FROM session WHERE client = -1"), 2);
}

/* The control: without the order the same treatment leaves it everywhere. */
static void a_token_stays_while_nobody_is_forgotten(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	treat_the_canary(clinic);
	say(clinic, "2026-03-13 10:00 HQ tell client_forget client=c7");
	idle(clinic);
	assert_true(files_have_the_canary(state));
	assert_int_equal(count(clinic, "SELECT count(DISTINCT payload) FROM parked"), 5);
}

/* --- copies of moved cells ----------------------------------------------------------------------
 */

#define MANY 3000
#define GONE 400

/* In no order, so that pages of the index split and keep what they moved. */
static struct id token_no(uint32_t i)
{
	uint8_t hash[HASH_BYTES];
	struct slice bytes = slice_of(&i, sizeof(i));
	struct id token;

	hash_sha256(&bytes, 1, hash);
	id_from_bytes(&token, slice_of(hash, ID_BYTES));
	return token;
}

static void know_many(struct clinic *clinic)
{
	struct db *db = &clinic->ledger->db;

	say(clinic, "2026-03-01 12:00 P1 hello");
	db_begin(db);
	for (uint32_t i = 0; i < MANY; i++) {
		struct id token = token_no(i);
		db_run(db, "INSERT INTO client(token) VALUES(?)", "b", slice_of(token.b, ID_BYTES));
	}
	db_commit(db);
}

static unsigned left_of(void **state, uint32_t count)
{
	unsigned left = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct id token = token_no(i);
		left += files_have(state, slice_of(token.b, ID_BYTES));
	}
	return left;
}

static void pages_keep_no_copies(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	know_many(clinic);
	for (uint32_t i = 0; i < GONE; i++)
		db_run(&clinic->ledger->db, "DELETE FROM client WHERE no = ?", "i", (int64_t)i + 1);
	say(clinic, "2026-03-02 12:00 P1 hello");
	assert_int_equal(ledger_checkpoint(clinic->ledger), CP_OK);
	clinic = reopen_store(state, "1");
	assert_true(left_of(state, GONE) > 0); /* why tables are written anew */
	say(clinic, "2026-03-03 10:00 HQ tell client_forget client=c1");
	idle(clinic);
	assert_int_equal(left_of(state, GONE), 0);
	assert_int_equal(left_of(state, MANY), MANY - GONE);
}

/* --- the log --------------------------------------------------------------------------------- */

static void a_reader_holds_it_up_and_it_is_not_said_to_be_done(void **state)
{
	struct clinic *clinic = open_store(state, "1");
	sqlite3 *reader;

	treat_the_canary(clinic);
	assert_int_equal(sqlite3_open(bench_of(state)->path, &reader), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM client", NULL, NULL, NULL),
	    SQLITE_OK);
	say(clinic, "2026-03-13 10:00 HQ tell client_forget client=" CANARY);
	assert_true(clinic->batch->receipt.is_due);
	assert_int_equal(clinic->batch->receipt.forgotten_count, 0);
	assert_int_equal(ledger_checkpoint(clinic->ledger), CP_OK);
	assert_int_equal(ledger_wants_checkpoint(clinic->ledger), CHECKPOINT_WHEN_IDLE);
	assert_true(files_have_the_canary(state));

	sqlite3_close(reader);
	idle(clinic);
	assert_false(files_have_the_canary(state));
	batch_reset(clinic->batch);
	assert_int_equal(ledger_apply(clinic->ledger, clinic->batch, clinic->now), CP_OK);
	assert_true(clinic->batch->receipt.is_due);
	assert_int_equal(clinic->batch->receipt.forgotten_count, 1);
}

static void a_crash_before_the_cut_is_made_good(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	treat_the_canary(clinic);
	say(clinic, "2026-03-13 10:00 HQ tell client_forget client=" CANARY);
	clinic = reopen_store(state, "1");
	idle(clinic);
	assert_false(files_have_the_canary(state));
}

/* --- the receipt --------------------------------------------------------------------------------
 */

static void head_office_hears_what_is_done_and_what_is_left(void **state)
{
	struct clinic *clinic = open_in_memory(state);
	const struct office_receipt *told = &clinic->batch->receipt;

	say(clinic, "2026-03-13 10:00 HQ tell client_forget client=c1 key one");
	assert_int_equal(told->forgotten_count, 1);
	assert_string_equal(told->forgotten[0], "one");
	assert_int_equal(told->parked, 0);
	assert_int_equal(told->gone_after_date, 0);
	park_the_canary(clinic);
	say(clinic, "2026-03-15 10:00 HQ tell client_forget client=c2 key two");
	assert_int_equal(told->forgotten_count, 2);
	assert_string_equal(told->forgotten[0], "two");
	assert_string_equal(told->forgotten[1], "one");
	assert_int_equal(told->parked, 5);
	assert_int_equal(told->gone_after_date, 20260412);

	/* A month later nothing is left, and only the newest is told. */
	say(clinic, "2026-04-13 11:00 HQ plan 1 c3 MILD 4");
	assert_int_equal(told->forgotten_count, 1);
	assert_string_equal(told->forgotten[0], "two");
	assert_int_equal(told->parked, 0);
	assert_int_equal(count(clinic, "SELECT value FROM meta WHERE name = 'parked_expired'"), 5);
}

static void what_is_parked_is_kept_for_thirty_days(void **state)
{
	struct clinic *clinic = open_in_memory(state);

	say(clinic, "2026-03-01 10:00 P1 hello");
	for (uint32_t i = 0; i < 100; i++)
		park(clinic, i, slice_str("whatever"));
	say(clinic, "2026-03-31 11:00 P1 hello"); /* the 29th changed the clocks */
	assert_int_equal(count(clinic, "SELECT count(*) FROM parked"), 100);
	say(clinic, "2026-03-31 12:00:00.001 P1 hello");
	say(clinic, "+1s P1 hello");
	assert_int_equal(count(clinic, "SELECT count(*) FROM parked"), 0);
	assert_int_equal(
	    count(clinic, "SELECT value FROM meta WHERE name = 'parked_expired'"), 100);
	park(clinic, 1000, slice_str("there is room again"));
	assert_int_equal(count(clinic, "SELECT count(*) FROM parked"), 1);
}

/* --- the number and the key
 * ------------------------------------------------------------------------ */

static void nobody_else_gets_the_number(void **state)
{
	struct clinic *clinic = open_in_memory(state);

	say(clinic, "2026-03-01 10:00 HQ tell client_forget client=c1");
	say(clinic, "+1m P1 start A c2");
	assert_int_equal(count(clinic, "SELECT client FROM session"), 2);
}

/* A merge can be taken back, so the token that the order names goes, and no other. */
static void the_token_that_was_named_goes(void **state)
{
	struct clinic *clinic = open_in_memory(state);

	say(clinic,
	    "2026-03-01 10:00 HQ tell correction kind=MERGE_CLIENTS client=c1 new_client=c2 "
	    "by=o1");
	say(clinic, "+1m HQ tell client_forget client=c1");
	assert_int_equal(count(clinic, "SELECT no FROM client WHERE token IS NULL"), 1);
	assert_int_equal(count(clinic, "SELECT count(*) FROM client WHERE token IS NULL"), 1);
	say(clinic, "+1m HQ tell client_forget client=c2");
	assert_int_equal(count(clinic, "SELECT count(*) FROM client WHERE token IS NULL"), 2);
}

static void open_with_key(void **state, uint8_t key)
{
	struct bench *bench = bench_of(state);
	struct clinic *clinic = open_store(state, "1");
	struct ledger_config config = clinic->ledger->config;
	char why[256];

	ledger_close(clinic->ledger);
	memset(config.box_key, key, sizeof(config.box_key));
	assert_int_equal(ledger_open(&config, bench->now, &clinic->ledger, why), CP_OK);
}

static void another_key_is_noticed(void **state)
{
	struct clinic *clinic = &bench_of(state)->clinic;

	open_with_key(state, 0);
	say(clinic, "2026-03-01 10:00 HQ tell client_forget client=c1");
	assert_false(ledger_has_other_key(clinic->ledger));
	close_store(state);
	open_with_key(state, 0);
	assert_false(ledger_has_other_key(clinic->ledger));
	close_store(state);
	open_with_key(state, 7);
	assert_true(ledger_has_other_key(clinic->ledger));
}

/* --- the truth
 * ------------------------------------------------------------------------------------- */

struct seen {
	unsigned forgotten; /* sessions of somebody who was */
	unsigned nobodys;
	unsigned findings;
};

static void look_at_line(void *ctx, const char *line)
{
	struct seen *seen = ctx;

	seen->forgotten += strstr(line, " client forgotten ") != NULL;
	seen->nobodys += strstr(line, " client - ") != NULL;
	seen->findings += strncmp(line, "finding ", 8) == 0;
}

static void the_truth_needs_no_token(void **state)
{
	struct bench *bench = bench_of(state);
	struct clinic *clinic = open_store(state, "1");
	struct verify_result result;
	struct seen seen = {0};
	char why[256];

	only_first_checks(clinic);
	treat_the_canary(clinic);
	say(clinic, "2026-03-13 10:00 HQ tell client_forget client=" CANARY);
	say(clinic, "2026-03-14 10:00 P1 session C " CANARY);
	say(clinic, "2026-03-14 12:00 P1 session D -");
	truth_lines(&clinic->ledger->db, look_at_line, &seen);
	assert_int_equal(seen.forgotten, 3);
	assert_int_equal(seen.nobodys, 1);
	assert_int_equal(seen.findings, 1);
	assert_int_equal(
	    verify_store(bench->path, &clinic->ledger->config.policy, NULL, NULL, &result, why),
	    CP_OK);
	assert_int_equal(result.differences, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LEDGER_TEST(nothing_is_left_of_a_token),
	    LEDGER_TEST(a_token_stays_while_nobody_is_forgotten),
	    LEDGER_TEST(pages_keep_no_copies),
	    LEDGER_TEST(a_reader_holds_it_up_and_it_is_not_said_to_be_done),
	    LEDGER_TEST(a_crash_before_the_cut_is_made_good),
	    LEDGER_TEST(head_office_hears_what_is_done_and_what_is_left),
	    LEDGER_TEST(what_is_parked_is_kept_for_thirty_days),
	    LEDGER_TEST(nobody_else_gets_the_number),
	    LEDGER_TEST(the_token_that_was_named_goes),
	    LEDGER_TEST(another_key_is_noticed),
	    LEDGER_TEST(the_truth_needs_no_token),
	};

	return cmocka_run_group_tests_name("forgets", tests, NULL, NULL);
}
