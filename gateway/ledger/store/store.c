#include "ledger/store/store.h"

#include "ledger/store/aside.h"
#include "ledger/store/migrate.h"
#include "ledger/store/room.h"

#include "schema_sql.h"

#include <sqlite3.h>

#include <stdio.h>

static enum cp_err fail(struct ledger *ledger, enum cp_err err, const char *text)
{
	snprintf(ledger->error, sizeof(ledger->error), "%s: %s",
	    ledger->config.path ? ledger->config.path : "in memory", text);
	return err;
}

static enum cp_err fail_with_db(struct ledger *ledger)
{
	return fail(ledger, ledger->db.err, ledger->db.err_text);
}

static enum cp_err make_durable(struct ledger *ledger)
{
	struct db *db = &ledger->db;

	db_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
	            "PRAGMA wal_autocheckpoint = 0; PRAGMA secure_delete = ON");
	if (db->err)
		return fail_with_db(ledger);
	if (!ledger->config.path)
		return CP_OK;

	bool is_wal = false;
	struct db_rows rows = db_query(db, "PRAGMA journal_mode", "");
	if (db_next(&rows)) {
		is_wal = strcmp(db_text(&rows, 0), "wal") == 0;
		db_end(&rows);
	}
	if (!is_wal || db_value(db, 0, "PRAGMA synchronous", "") != 2 ||
	    db_value(db, 1, "PRAGMA wal_autocheckpoint", "") != 0)
		return fail(ledger, CP_IO,
		    "the file system does not allow a durable store (write-ahead "
		    "log, synchronous=FULL); use a local disk");
	return CP_OK;
}

/* Else it would be changed into what nobody can read any more. */
static enum cp_err check_ours(struct ledger *ledger, int64_t version)
{
	static const char tables[] = "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
	                             " AND name IN ('meta', 'source', 'journal', 'stream')";
	int64_t all = db_value(&ledger->db, 0, "SELECT count(*) FROM sqlite_schema", "");
	bool is_ours = version ? db_value(&ledger->db, 0, tables, "") == 4 : all == 0;

	if (ledger->db.err == CP_CORRUPT)
		return fail(ledger, CP_CORRUPT, "is not a store of carepace, or is damaged");
	if (ledger->db.err)
		return fail_with_db(ledger);
	if (is_ours)
		return CP_OK;
	return fail(ledger, CP_CONFIG,
	    "is a database of another program: nothing was changed in it; move it to where it "
	    "belongs, and a new store is made at the next start");
}

static enum cp_err check_version(struct ledger *ledger, int64_t *version)
{
	*version = db_value(&ledger->db, -1, "PRAGMA user_version", "");
	if (ledger->db.err == CP_CORRUPT)
		return fail(ledger, CP_CORRUPT, "is not a store of carepace, or is damaged");
	if (ledger->db.err)
		return fail_with_db(ledger);
	enum cp_err err = check_ours(ledger, *version);
	if (err || *version <= STORE_SCHEMA_VERSION)
		return err;
	char backup[100];
	char text[220];
	migrate_backup_name(&ledger->db, backup, sizeof(backup));
	snprintf(text, sizeof(text),
	    "was written by a newer carepace; install that version again%s%s",
	    backup[0] ? ", or put in its place the copy that it made before: " : "", backup);
	return fail(ledger, CP_NEWER, text);
}

static enum cp_err bring_up_to_date(struct ledger *ledger, int64_t version)
{
	char why[200];

	ledger->migrated_from = version;
	enum cp_err err = migrate(ledger, version, why, sizeof(why));
	return err ? fail(ledger, err, why) : CP_OK;
}

static enum cp_err make_schema(struct ledger *ledger)
{
	struct db *db = &ledger->db;
	char set[60];

	db_exec(db, "BEGIN IMMEDIATE");
	db_exec(db, schema_sql);
	db_exec(db, "INSERT INTO meta(name, value) VALUES('epoch', random()), ('clean', 1)");
	snprintf(set, sizeof(set), "PRAGMA user_version = %d; COMMIT", STORE_SCHEMA_VERSION);
	db_exec(db, set);
	return db->err ? fail_with_db(ledger) : CP_OK;
}

static int count_pages(void *ctx, sqlite3 *conn, const char *name, int pages)
{
	struct ledger *ledger = ctx;

	(void)conn;
	(void)name;
	ledger->wal_pages = pages;
	return SQLITE_OK;
}

#define LOG_STEP_BYTES (16 * 1024)

/* What an abnormal end left is read from the kernel's memory, which may know better than the
 * disk: where a sync has failed, pages count as written that are not, and no further sync writes
 * them. Each byte is written once more, so that this one does (P1). */
static int write_log_again(sqlite3_file *log)
{
	uint8_t bytes[LOG_STEP_BYTES];
	sqlite3_int64 len = 0;
	int rc = log->pMethods->xFileSize(log, &len);

	for (sqlite3_int64 at = 0; rc == SQLITE_OK && at < len; at += LOG_STEP_BYTES) {
		int step = len - at < LOG_STEP_BYTES ? (int)(len - at) : LOG_STEP_BYTES;
		rc = log->pMethods->xRead(log, bytes, step, at);
		if (rc == SQLITE_OK)
			rc = log->pMethods->xWrite(log, bytes, step, at);
	}
	return rc == SQLITE_OK && len > 0 ? log->pMethods->xSync(log, SQLITE_SYNC_FULL) : rc;
}

/* It is open since the version was read. */
static enum cp_err make_log_durable(struct ledger *ledger)
{
	sqlite3_file *log = NULL;
	char why[200];
	int rc = sqlite3_file_control(ledger->db.conn, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);

	if (rc == SQLITE_OK && log && log->pMethods)
		rc = write_log_again(log);
	if (rc == SQLITE_OK)
		return CP_OK;
	snprintf(why, sizeof(why), "its log cannot be made durable: %s (SQLite %d)",
	    sqlite3_errstr(rc), rc);
	db_fail(&ledger->db, CP_IO, why);
	return fail_with_db(ledger);
}

/* Something in it was damaged when it was open last: what else is? */
static enum cp_err check_whole(struct ledger *ledger)
{
	const char *path = ledger->config.path;
	char said[100] = "";

	if (!ledger->config.is_gateways || !aside_is_check_asked(path))
		return CP_OK;
	if (ledger->config.migrating)
		ledger->config.migrating(ledger->config.migrating_ctx,
		    "checking it, for something in it was damaged", -1);
	struct db_rows rows = db_query(&ledger->db, "PRAGMA quick_check(1)", "");
	if (db_next(&rows)) {
		snprintf(said, sizeof(said), "%s", db_text(&rows, 0));
		db_end(&rows);
	}
	if (ledger->db.err && ledger->db.err != CP_CORRUPT)
		return fail_with_db(ledger);
	if (ledger->db.err || strcmp(said, "ok") != 0)
		return fail(ledger, CP_CORRUPT, "is damaged");
	aside_check_done(path);
	return CP_OK;
}

static enum cp_err open_file(struct ledger *ledger)
{
	const char *path = ledger->config.path;
	struct db *db = &ledger->db;

	if (path && ledger->config.is_gateways && aside_is_log_alone(path))
		return fail(ledger, CP_CORRUPT, "is gone, and its log is there");
	if (db_open(db, path ? path : ":memory:", path ? DB_WRITE : DB_IN_MEMORY))
		return fail_with_db(ledger);
	int64_t version = 0;
	enum cp_err err = check_version(ledger, &version);
	if (!err && path)
		err = check_whole(ledger);
	if (!err)
		err = make_durable(ledger);
	if (!err && path)
		err = make_log_durable(ledger);
	if (!err && version == 0)
		err = make_schema(ledger);
	else if (!err && version < STORE_SCHEMA_VERSION)
		err = bring_up_to_date(ledger, version);
	if (err)
		return err;
	sqlite3_wal_hook(db->conn, count_pages, ledger);
	return db->err ? fail_with_db(ledger) : CP_OK;
}

/* Devices are asked for what they still have, as after a restore. */
static enum cp_err begin_anew(struct ledger *ledger, wall_ms now)
{
	char why[200];

	db_close(&ledger->db);
	ledger->db = (struct db){0};
	ledger->error[0] = '\0';
	enum cp_err err = aside_put(ledger->config.path, now, ledger->damaged_to, why, sizeof(why));
	if (err)
		return fail(ledger, err, why);
	aside_check_done(ledger->config.path);
	err = open_file(ledger);
	if (!err)
		store_set_meta(ledger, "restored_at", now);
	return err;
}

enum cp_err store_open(struct ledger *ledger, wall_ms now)
{
	enum cp_err err = open_file(ledger);

	return err == CP_CORRUPT && ledger->config.is_gateways ? begin_anew(ledger, now) : err;
}

int64_t store_meta(struct ledger *ledger, const char *name, int64_t otherwise)
{
	return db_value(&ledger->db, otherwise, "SELECT value FROM meta WHERE name = ?", "t", name);
}

void store_set_meta(struct ledger *ledger, const char *name, int64_t value)
{
	db_run(&ledger->db,
	    "INSERT INTO meta(name, value) VALUES(?, ?)"
	    " ON CONFLICT(name) DO UPDATE SET value = excluded.value",
	    "ti", name, value);
}

void store_add_meta(struct ledger *ledger, const char *name, int64_t more)
{
	store_set_meta(ledger, name, store_meta(ledger, name, 0) + more);
}

void store_set_text(struct ledger *ledger, const char *name, const char *text)
{
	db_run(&ledger->db,
	    "INSERT INTO meta(name, value) VALUES(?, ?)"
	    " ON CONFLICT(name) DO UPDATE SET value = excluded.value",
	    "tt", name, text);
}

bool store_was_clean(struct ledger *ledger)
{
	bool was_clean = store_meta(ledger, "clean", 1) != 0;

	store_set_meta(ledger, "clean", 0);
	return was_clean;
}

void store_mark_clean(struct ledger *ledger)
{
	store_set_meta(ledger, "clean", 1);
}

/* --- checkpoints (P11) ------------------------------------------------------------ */

#define CHECKPOINT_IDLE_SHARE 8 /* of the most: 1,000 */

enum ledger_checkpoint ledger_wants_checkpoint(const struct ledger *ledger)
{
	int max = room_log_pages_max(ledger);

	if (ledger->room.is_none || (ledger->wal_pages == 0 && !ledger->is_log_due))
		return CHECKPOINT_NONE;
	if (ledger->wal_pages >= max)
		return CHECKPOINT_NOW;
	return ledger->wal_pages >= max / CHECKPOINT_IDLE_SHARE || ledger->is_log_due
	           ? CHECKPOINT_WHEN_IDLE
	           : CHECKPOINT_NONE;
}

enum cp_err ledger_checkpoint(struct ledger *ledger)
{
	int in_wal = 0;
	int done = 0;
	sqlite3 *conn = ledger->db.conn;

	/* Cutting the log off waits for readers: not here, but until the next time. */
	sqlite3_busy_timeout(conn, ledger->is_log_due ? 0 : DB_BUSY_MS);
	int rc = sqlite3_wal_checkpoint_v2(conn, NULL,
	    ledger->is_log_due ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE, &in_wal,
	    &done);
	sqlite3_busy_timeout(conn, DB_BUSY_MS);

	if (rc != SQLITE_OK && rc != SQLITE_BUSY)
		db_fail(&ledger->db, CP_IO, sqlite3_errmsg(ledger->db.conn));
	if (rc == SQLITE_OK && in_wal == done)
		ledger->wal_pages = 0; /* the next commit starts the log anew */
	if (rc == SQLITE_OK && ledger->is_log_due) {
		ledger->is_log_due = false;
		ledger->is_receipt_due = true; /* now it is true that nothing is left */
	}
	return ledger->db.err;
}
