/* What the ledger keeps: every input once, what it cannot read within limits, tokens
 * in two tables, head office's stream without holes. */
#include "ledger_bench.h"

#include "ledger/past/verify.h"
#include "ledger/store/alert_rows.h"

#include <sqlite3.h>

#include <sys/stat.h>

/* --- P2: once by its name ------------------------------------------------------ */

/* The message twice in one batch, from the device's own bytes. */
static void send_twice(struct clinic *clinic, const struct device *device,
    const struct message *message, enum batch_outcome first)
{
	const enum batch_outcome outcomes[] = {first, BATCH_DUPLICATE};

	batch_reset(clinic->batch);
	for (int i = 0; i < 2; i++) {
		struct batch_entry *entry = batch_add(clinic->batch);
		entry->recv = clinic->now;
		assert_int_equal(reading_parse(&clinic->batch->arena,
		                     slice_of(message->bytes, message->len_bytes), &device->id,
		                     false, &entry->reading, &entry->why),
		    READING_OK);
	}
	assert_int_equal(ledger_apply(clinic->ledger, clinic->batch, clinic->now), CP_OK);
	for (int i = 0; i < 2; i++)
		assert_int_equal(clinic->batch->entries[i].outcome, outcomes[i]);
}

static void a_copy_in_the_same_batch_counts_once(void **state)
{
	struct clinic *clinic = open_in_memory(state);

	say(clinic, "2026-03-02 10:00 P1 slow");
	say(clinic, "+0s P1 start A c1");
	struct device *device = clinic_device(clinic, "P1");
	send_twice(clinic, device, device->kept, BATCH_NEW);
	send_twice(clinic, device, device->kept, BATCH_DUPLICATE);
	assert_int_equal(count(clinic, "SELECT count(*) FROM journal"), 1);
	assert_int_equal(count(clinic, "SELECT count(*) FROM conflict"), 0);
}

static void a_copy_of_a_sample_adds_no_time(void **state)
{
	struct clinic *clinic = open_in_memory(state);

	say(clinic, "2026-03-02 10:00 P1 start A c1");
	say(clinic, "+1m P1 sample A");
	for (int i = 0; i < 3; i++)
		say(clinic, "+1s P1 repeat");
	assert_int_equal(count(clinic, "SELECT active_ms FROM session"), 1000);
	assert_int_equal(count(clinic, "SELECT count(*) FROM stream"), 1);
}

static void a_copy_after_a_restart_counts_once(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	say(clinic, "2026-03-02 10:00 P1 start A c1");
	struct device *device = clinic_device(clinic, "P1");
	struct message *kept = device->last;
	device->last = NULL;
	clinic = reopen_store(state, "1");
	send_twice(clinic, clinic_device(clinic, "P1"), kept, BATCH_DUPLICATE);
	assert_int_equal(count(clinic, "SELECT count(*) FROM journal"), 1);
	free(kept);
}

/* The name of the last message again, for what is said next. */
static void reuse_name(struct clinic *clinic)
{
	clinic_device(clinic, "P1")->seq--;
}

static void another_body_under_the_same_name_is_kept_and_not_judged(void **state)
{
	struct clinic *clinic = open_in_memory(state);

	say(clinic, "2026-03-02 10:00 P1 start A c1 CHEEK");
	reuse_name(clinic);
	say(clinic, "+0s P1 start A c2 NECK");
	assert_int_equal(clinic->batch->entries[0].outcome, BATCH_CONFLICT);
	say(clinic, "+0s P1 repeat");
	assert_int_equal(clinic->batch->entries[0].outcome, BATCH_CONFLICT);
	assert_int_equal(count(clinic, "SELECT count(*) FROM conflict"), 1);
	assert_int_equal(count(clinic, "SELECT count(*) FROM journal"), 1);
	assert_int_equal(count(clinic, "SELECT zones FROM session"), 1 << 4);
	assert_int_equal(count(clinic, "SELECT count(*) FROM client"), 1);
}

static void one_space_of_names_over_journal_and_stream(void **state)
{
	struct clinic *clinic = open_in_memory(state);

	say(clinic, "2026-03-02 10:00 P1 start A c1");
	reuse_name(clinic);
	say(clinic, "+0s P1 sample A");
	assert_int_equal(clinic->batch->entries[0].outcome, BATCH_CONFLICT);
	say(clinic, "+0s P1 sample A");
	assert_int_equal(clinic->batch->entries[0].outcome, BATCH_NEW);
	reuse_name(clinic);
	say(clinic, "+0s P1 end A COMPLETED");
	assert_int_equal(clinic->batch->entries[0].outcome, BATCH_CONFLICT);
	assert_int_equal(count(clinic, "SELECT count(*) FROM conflict"), 2);
	assert_int_equal(count(clinic, "SELECT count(*) FROM session WHERE flags & 2"), 0);
}

/* --- P6: what one device may tell -------------------------------------------------- */

/* A self-test that failed, with `more_bytes` of a field that a later device might send. */
static void fail_at_length(struct clinic *clinic, struct device *device, size_t more_bytes)
{
	static uint8_t bytes[65535];
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;
	Carepace__V1__Selftest failed = CAREPACE__V1__SELFTEST__INIT;
	struct batch_entry *entry = batch_add(clinic->batch);

	clinic_stamp(device, &up, clinic->now);
	failed.result = CAREPACE__V1__RESULT__RESULT_FAIL;
	up.body_case = CAREPACE__V1__UP__BODY_SELFTEST;
	up.selftest = &failed;
	size_t len = carepace__v1__up__pack(&up, bytes);
	bytes[len++] = 15 << 3 | 2;
	for (size_t rest = more_bytes; rest; rest >>= 7)
		bytes[len++] = (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
	memset(bytes + len, 0, more_bytes);
	entry->recv = clinic->now;
	assert_int_equal(reading_parse(&clinic->batch->arena, slice_of(bytes, len + more_bytes),
	                     &device->id, false, &entry->reading, &entry->why),
	    READING_OK);
}

/* More than a judge takes (FACTS_BYTES_MAX) from 14 batches on. */
static void fail_without_end(struct clinic *clinic, int batches)
{
	struct device *device = clinic_device(clinic, "P1");

	say(clinic, "2026-03-02 10:00 P1 hello");
	for (int i = 0; i < batches; i++) {
		batch_reset(clinic->batch);
		clinic->now += MS_PER_MINUTE;
		for (int k = 0; k < 10; k++)
			fail_at_length(clinic, device, 60000);
		assert_int_equal(ledger_apply(clinic->ledger, clinic->batch, clinic->now), CP_OK);
	}
	assert_int_equal(
	    count(clinic, "SELECT value FROM meta WHERE name = 'facts_passed_over'"), 1);
}

static void a_device_that_tells_without_end_ends_nothing(void **state)
{
	struct clinic *clinic = open_in_memory(state);

	fail_without_end(clinic, 120);
	assert_int_equal(count(clinic, "SELECT count(*) FROM journal WHERE kind > 16"), 1200);
}

static void a_recount_passes_over_the_same(void **state)
{
	struct clinic *clinic = open_store(state, "1");
	struct verify_result result;
	char why[256];

	fail_without_end(clinic, 20);
	assert_int_equal(verify_store(bench_of(state)->path, &clinic->ledger->config.policy, NULL,
	                     NULL, &result, why),
	    CP_OK);
	assert_int_equal(result.inputs, 201);
	assert_int_equal(result.differences, 0);
}

static void a_hole_in_the_names_is_filled_later(void **state)
{
	struct clinic *clinic = open_in_memory(state);
	struct device *device = clinic_device(clinic, "P1");

	device->seq = 10;
	say(clinic, "2026-03-02 10:00 P1 start A c1");
	device->seq = 4;
	say(clinic, "+1m P1 end A COMPLETED");
	assert_int_equal(clinic->batch->entries[0].outcome, BATCH_NEW);
	say(clinic, "+0s P1 repeat");
	assert_int_equal(clinic->batch->entries[0].outcome, BATCH_DUPLICATE);
}

/* --- P8: what cannot be read ----------------------------------------------------- */

static enum batch_outcome park(
    struct clinic *clinic, const char *device, uint32_t number, size_t len_bytes)
{
	static uint8_t payload[65535];
	batch_reset(clinic->batch);
	struct batch_entry *entry = batch_add(clinic->batch);

	*entry = (struct batch_entry){.what = BATCH_PARK, .why = "test", .recv = clinic->now};
	entry->reading.source = id_named(ID_DEVICE, device);
	memcpy(payload, &number, sizeof(number));
	memcpy(entry->reading.hash, &number, sizeof(number));
	entry->reading.payload = slice_of(payload, len_bytes);
	assert_int_equal(ledger_apply(clinic->ledger, clinic->batch, clinic->now), CP_OK);
	return entry->outcome;
}

static void a_thousand_are_parked_for_a_device(void **state)
{
	struct clinic *clinic = open_in_memory(state);

	clinic->now = 1;
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(park(clinic, "P1", i, 8), BATCH_PARKED);
	assert_int_equal(park(clinic, "P1", 1000, 8), BATCH_NOT_KEPT);
	assert_int_equal(park(clinic, "P2", 1000, 8), BATCH_PARKED);
	/* What is there already needs no room. */
	assert_int_equal(park(clinic, "P1", 7, 8), BATCH_PARKED);
	assert_int_equal(count(clinic, "SELECT count(*) FROM parked"), 1001);
}

static void eight_megabytes_are_parked_for_a_device(void **state)
{
	struct clinic *clinic = open_in_memory(state);
	const uint32_t fit = (8 << 20) / 65535;
	const size_t rest = (8 << 20) - fit * 65535;

	clinic->now = 1;
	for (uint32_t i = 0; i < fit; i++)
		assert_int_equal(park(clinic, "P1", i, 65535), BATCH_PARKED);
	assert_int_equal(park(clinic, "P1", fit, rest + 1), BATCH_NOT_KEPT);
	assert_int_equal(park(clinic, "P1", fit, rest), BATCH_PARKED);
	assert_int_equal(park(clinic, "P1", fit + 1, 4), BATCH_NOT_KEPT);
}

/* --- P10: tokens in two tables ----------------------------------------------------- */

#define CLIENT "CANARY-CLIENT"
#define STAFF "CANARY-STAFF"

static void treat_the_canary(struct clinic *clinic)
{
	say(clinic, "2026-03-01 12:00 HQ plan 1 " CLIENT " MILD 4");
	say(clinic, "2026-03-02 10:00 P1 session A " CLIENT " cart 1001 course 1");
	say(clinic, "2026-03-12 10:00 P1 start B " CLIENT " course 1 operator " STAFF);
	say(clinic, "+1s P1 attach B 1001");
	reuse_name(clinic);
	say(clinic, "+0s P1 start B " CLIENT " NECK operator " STAFF); /* a conflict */
	say(clinic, "+1m T1 override INTERVAL_TOO_SOON B");
	say(clinic, "+1m T1 ack CART_REUSE B 1001 slot 0");
	say(clinic, "+1m P1 end B COMPLETED");
	say(clinic, "2026-06-02 10:00 P1 hello");
}

/* Every column of every table; the answer names where `text` stands. */
static void find_in_tables(sqlite3 *db, const char *text, char *out, size_t out_bytes)
{
	sqlite3_stmt *columns;

	out[0] = '\0';
	assert_int_equal(
	    sqlite3_prepare_v2(db,
	        "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c"
	        " WHERE m.type = 'table' ORDER BY 1, 2",
	        -1, &columns, NULL),
	    SQLITE_OK);
	while (sqlite3_step(columns) == SQLITE_ROW) {
		char *table = sqlite3_mprintf("%s", sqlite3_column_text(columns, 0));
		char *column = sqlite3_mprintf("%s", sqlite3_column_text(columns, 1));
		char *sql = sqlite3_mprintf("SELECT count(*) FROM \"%w\" WHERE instr(CAST(\"%w\" AS"
		                            " BLOB), CAST(%Q AS BLOB))",
		    table, column, text);
		sqlite3_stmt *hits;
		assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &hits, NULL), SQLITE_OK);
		assert_int_equal(sqlite3_step(hits), SQLITE_ROW);
		if (sqlite3_column_int(hits, 0) > 0) {
			size_t len = strlen(out);
			snprintf(out + len, out_bytes - len, "%s.%s ", table, column);
		}
		sqlite3_finalize(hits);
		sqlite3_free(sql);
		sqlite3_free(column);
		sqlite3_free(table);
	}
	sqlite3_finalize(columns);
}

static bool file_has(const char *path, const char *suffix, const char *text)
{
	char full[256];
	struct stat stat_of;
	bool has = false;

	snprintf(full, sizeof(full), "%s%s", path, suffix);
	FILE *file = fopen(full, "rb");
	if (!file)
		return false;
	assert_int_equal(fstat(fileno(file), &stat_of), 0);
	size_t len = (size_t)stat_of.st_size;
	char *bytes = malloc(len + 1);
	assert_int_equal(fread(bytes, 1, len, file), len);
	has = memmem(bytes, len, text, strlen(text)) != NULL;
	free(bytes);
	fclose(file);
	return has;
}

static void forget_everybody(sqlite3 *db)
{
	assert_int_equal(sqlite3_exec(db,
	                     "PRAGMA secure_delete = ON; DELETE FROM client;"
	                     "DELETE FROM operator; PRAGMA wal_checkpoint(TRUNCATE)",
	                     NULL, NULL, NULL),
	    SQLITE_OK);
}

/* Forgetting a client is one row: without it no byte of the file knows the token. */
static void tokens_stand_in_two_tables_and_nowhere_else(void **state)
{
	struct clinic *clinic = open_store(state, "1");
	const char *path = bench_of(state)->path;
	char where[512];
	sqlite3 *db;

	treat_the_canary(clinic);
	assert_int_equal(count(clinic, "SELECT count(*) FROM conflict"), 1);
	close_store(state);
	assert_true(file_has(path, "", CLIENT) || file_has(path, "-wal", CLIENT));

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	find_in_tables(db, CLIENT, where, sizeof(where));
	assert_string_equal(where, "client.token ");
	find_in_tables(db, STAFF, where, sizeof(where));
	assert_string_equal(where, "operator.token ");
	forget_everybody(db);
	sqlite3_close(db);
	assert_false(file_has(path, "", CLIENT));
	assert_false(file_has(path, "-wal", CLIENT));
	assert_false(file_has(path, "", STAFF));
	assert_false(file_has(path, "-wal", STAFF));
}

/* --- P5 ------------------------------------------------------------------------------- */

static void revisions_only_rise(void **state)
{
	struct clinic *clinic = open_in_memory(state);
	int64_t last = 0;

	only_first_checks(clinic);
	say(clinic, "2026-03-02 10:00 P1 session A c1");
	say(clinic, "2026-03-12 10:00 P1 start B c1");
	static const char *const changes[] = {"+1m T1 override INTERVAL_TOO_SOON B",
	    "+1m T1 ack INTERVAL_TOO_SOON B",
	    "+1m HQ plan 1 c1 MILD 4 min 40 since 2026-03-01 10:00",
	    "+1m T1 ack INTERVAL_TOO_SOON B"};
	for (size_t i = 0; i < CP_COUNT(changes); i++) {
		say(clinic, changes[i]);
		int64_t revision = count(clinic, "SELECT revision FROM alert");
		assert_true(i == 3 ? revision >= last : revision > last);
		last = revision;
	}
}

/* --- domain 9.4: head office's stream --------------------------------------------------- */

static void order(struct clinic *clinic, uint32_t n)
{
	clinic->order_count = n - 1;
	say(clinic, "+1s HQ plan 5 c5 MILD 4");
}

static void receipt_is(struct clinic *clinic, bool is_due, uint32_t n)
{
	assert_int_equal(clinic->batch->receipt.is_due, is_due);
	if (is_due)
		assert_int_equal(clinic->batch->receipt.hq_n, n);
}

static void a_receipt_stops_at_a_hole(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	say(clinic, "2026-03-31 12:00 P1 hello");
	receipt_is(clinic, false, 0);
	order(clinic, 1);
	receipt_is(clinic, true, 1);
	order(clinic, 2);
	receipt_is(clinic, true, 2);
	order(clinic, 4);
	receipt_is(clinic, true, 2);
	order(clinic, 6);
	receipt_is(clinic, true, 2);
	order(clinic, 3);
	receipt_is(clinic, true, 4);
	say(clinic, "+1s P1 hello");
	receipt_is(clinic, false, 0);

	clinic = reopen_store(state, "1"); /* it is told where the stream stands */
	clinic->next_wake = TIME_NEVER;
	say(clinic, "+1s P1 hello");
	receipt_is(clinic, true, 4);
	order(clinic, 5);
	receipt_is(clinic, true, 6);
}

static void a_parked_order_holds_its_place(void **state)
{
	struct clinic *clinic = open_in_memory(state);

	say(clinic, "2026-03-31 12:00 P1 hello");
	order(clinic, 1);
	batch_reset(clinic->batch);
	struct batch_entry *entry = batch_add(clinic->batch);
	*entry = (struct batch_entry){.what = BATCH_PARK, .why = "unknown", .recv = clinic->now};
	entry->reading =
	    (struct reading){.source = reading_head_office, .boot = 1, .seq = 2, .hash = {9}};
	assert_int_equal(ledger_apply(clinic->ledger, clinic->batch, clinic->now), CP_OK);
	assert_int_equal(entry->outcome, BATCH_PARKED);
	receipt_is(clinic, true, 2);
	order(clinic, 3);
	receipt_is(clinic, true, 3);
}

static void what_has_no_name_takes_no_place(void **state)
{
	struct clinic *clinic = open_in_memory(state);

	say(clinic, "2026-03-31 12:00 P1 hello");
	for (uint8_t i = 1; i <= 2; i++) {
		batch_reset(clinic->batch);
		struct batch_entry *entry = batch_add(clinic->batch);
		*entry = (struct batch_entry){.what = BATCH_PARK, .why = "garbage"};
		entry->reading = (struct reading){.source = reading_head_office, .hash = {i}};
		assert_int_equal(ledger_apply(clinic->ledger, clinic->batch, clinic->now), CP_OK);
		assert_int_equal(entry->outcome, BATCH_PARKED);
		receipt_is(clinic, false, 0);
	}
	assert_int_equal(count(clinic, "SELECT count(*) FROM conflict"), 0);
	assert_int_equal(count(clinic, "SELECT count(*) FROM journal WHERE boot = 0"), 0);
}

/* --- cost -------------------------------------------------------------------------------- */

/* Small tables by nature, or a condition that a partial index already answers, or what
 * opening the store asks once. */
static bool may_scan(const char *plan)
{
	return strncmp(plan, "SCAN", 4) != 0 || strstr(plan, "subject_due") ||
	       strstr(plan, "SCAN pending") || strstr(plan, "SCAN unjudged") ||
	       strstr(plan, "SCAN link") || strstr(plan, "SCAN down") ||
	       strstr(plan, "SCAN merged") || strstr(plan, "SCAN topics") ||
	       strstr(plan, "SCAN outbox USING COVERING INDEX") || strstr(plan, "CONSTANT ROW") ||
	       strstr(plan, "SCAN sqlite_") || strstr(plan, "(subquery");
}

static void no_statement_of_a_busy_day_scans_a_table_or_is_compiled_again(void **state)
{
	/* Not the ledger's: how the scenarios look at it. */
	static const char picture[] = "SELECT " ALERT_COLUMNS " FROM alert a";
	struct clinic *clinic = open_store(state, "1");
	struct db *db = &clinic->ledger->db;

	say(clinic, "2026-03-31 12:00 HQ plan 5 c5 MILD 4");
	say(clinic, "2026-04-01 10:00 P1 session A c5 course 5 cart 1001");
	say(clinic, "2026-04-09 10:00 P1 start B c5 course 5");
	say(clinic, "+1s P1 attach B 1001");
	say(clinic, "+1m P1 sample B");
	say(clinic, "+1s T1 override INTERVAL_TOO_SOON B");
	batch_reset(clinic->batch);
	assert_true(batch_add_done(clinic->batch, OUTBOX_ALERT, 1));
	assert_int_equal(ledger_apply(clinic->ledger, clinic->batch, clinic->now), CP_OK);

	for (size_t i = 0; i < DB_STATEMENTS_MAX; i++) {
		char explain[4096];
		const char *sql = db->cache[i].sql;
		if (!sql || strncmp(sql, "PRAGMA", 6) == 0 || strcmp(sql, picture) == 0)
			continue;
		snprintf(explain, sizeof(explain), "EXPLAIN QUERY PLAN %s", sql);
		/* Its plan would depend on a value (ledger/store/alert_rows.c). */
		if (sqlite3_stmt_status(db->cache[i].stmt, SQLITE_STMTSTATUS_REPREPARE, 0) > 0)
			fail_msg("compiled again and again: %s", sql);
		sqlite3_stmt *stmt;
		assert_int_equal(sqlite3_prepare_v2(db->conn, explain, -1, &stmt, NULL), SQLITE_OK);
		while (sqlite3_step(stmt) == SQLITE_ROW) {
			const char *plan = (const char *)sqlite3_column_text(stmt, 3);
			if (!may_scan(plan))
				fail_msg("%s: %s", plan, sql);
		}
		sqlite3_finalize(stmt);
	}
}

/* P6: and what is judged does not depend on it. */
static void what_was_decoded_is_forgotten_when_it_is_too_much(void **state)
{
	struct clinic *clinic = open_store(state, "1");
	struct decoded_rows *kept = &clinic->ledger->decoded;

	only_first_checks(clinic);
	say(clinic, "2026-04-01 10:00 P1 session A c5");
	say(clinic, "2026-04-05 10:00 P1 session B c6");
	say(clinic, "2026-04-06 10:00 P1 session D c7");
	say(clinic, "2026-04-07 10:00 P1 session E c8");
	size_t before = kept->by_name.count;
	assert_true(before > 0);

	kept->arena.used_bytes = DECODED_KEPT_BYTES;
	say(clinic, "2026-04-09 10:00 P1 session C c5");
	assert_int_equal(count(clinic, "SELECT count(*) FROM alert WHERE check_id = 101"), 1);
	assert_true(kept->by_name.count < before);
	assert_true(kept->arena.used_bytes < DECODED_KEPT_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LEDGER_TEST(a_copy_in_the_same_batch_counts_once),
	    LEDGER_TEST(a_copy_of_a_sample_adds_no_time),
	    LEDGER_TEST(a_copy_after_a_restart_counts_once),
	    LEDGER_TEST(another_body_under_the_same_name_is_kept_and_not_judged),
	    LEDGER_TEST(one_space_of_names_over_journal_and_stream),
	    LEDGER_TEST(a_device_that_tells_without_end_ends_nothing),
	    LEDGER_TEST(a_recount_passes_over_the_same),
	    LEDGER_TEST(a_hole_in_the_names_is_filled_later),
	    LEDGER_TEST(a_thousand_are_parked_for_a_device),
	    LEDGER_TEST(eight_megabytes_are_parked_for_a_device),
	    LEDGER_TEST(tokens_stand_in_two_tables_and_nowhere_else),
	    LEDGER_TEST(revisions_only_rise),
	    LEDGER_TEST(a_receipt_stops_at_a_hole),
	    LEDGER_TEST(a_parked_order_holds_its_place),
	    LEDGER_TEST(what_has_no_name_takes_no_place),
	    LEDGER_TEST(what_was_decoded_is_forgotten_when_it_is_too_much),
	    LEDGER_TEST(no_statement_of_a_busy_day_scans_a_table_or_is_compiled_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
