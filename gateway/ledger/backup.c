#include "ledger/backup.h"

#include "ledger/store/store.h"

#include <sqlite3.h>

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEP_PAGES 1024
#define CHECK_STEPS 500000 /* of SQLite's virtual machine, between two questions */

static enum cp_err say(char why[256], enum cp_err err, const char *text)
{
	snprintf(why, 256, "%s", text);
	return err;
}

static enum cp_err say_db(char why[256], const struct db *db)
{
	return say(why, db->err, db->err_text);
}

static bool goes_on(const struct backup_watch *watch, int64_t done, int64_t total)
{
	return watch->goes_on(watch->ctx, done, total);
}

static int64_t log_bytes(const char *path)
{
	char log[4200];
	struct stat st;

	snprintf(log, sizeof(log), "%s-wal", path);
	return stat(log, &st) < 0 ? 0 : (int64_t)st.st_size;
}

/* --- what kind of file is it? ------------------------------------------------------------ */

static enum cp_err check_version(struct db *db, char why[256])
{
	int64_t version = db_value(db, -1, "PRAGMA user_version", "");

	if (db->err == CP_CORRUPT || (!db->err && version == 0))
		return say(why, CP_CORRUPT, "is not a store of carepace, or is damaged");
	if (db->err)
		return say_db(why, db);
	if (version > STORE_SCHEMA_VERSION)
		return say(why, CP_NEWER, "was written by a newer carepace; use that one");
	return CP_OK;
}

static enum cp_err open_store(struct db *db, const char *path, char why[256])
{
	if (access(path, F_OK) < 0)
		return say(
		    why, CP_NOTFOUND, "does not exist: no gateway has run with this store yet");
	if (db_open(db, path, DB_READ_ONLY))
		return say_db(why, db);
	return check_version(db, why);
}

/* --- copying ------------------------------------------------------------------------------- */

static enum cp_err lose_patience(const struct backup_source *from, char why[256])
{
	snprintf(why, 256,
	    "the gateway has written %" PRId64 " MB meanwhile, more than its log may grow for a "
	    "copy; try again at a quieter hour, or onto a faster disk",
	    from->log_bytes_max >> 20);
	return CP_BUSY;
}

/* The store's pages as the read transaction sees them: it is older than the copying, so that
 * SQLite never has to begin anew. */
static enum cp_err copy_pages(struct db *to, struct db *db, const struct backup_source *from,
    const struct backup_watch *watch, char why[256])
{
	int64_t log_max = log_bytes(from->path) + from->log_bytes_max;
	sqlite3_backup *copy = sqlite3_backup_init(to->conn, "main", db->conn, "main");
	enum cp_err err = copy ? CP_OK : CP_NOMEM;
	int rc = SQLITE_OK;

	while (!err && (rc = sqlite3_backup_step(copy, STEP_PAGES)) == SQLITE_OK) {
		int64_t total = sqlite3_backup_pagecount(copy);
		if (log_bytes(from->path) > log_max)
			err = lose_patience(from, why);
		else if (!goes_on(watch, total - sqlite3_backup_remaining(copy), total))
			err = say(why, CP_INVALID, "interrupted");
	}
	sqlite3_backup_finish(copy);
	if (err || rc == SQLITE_DONE)
		return err;
	snprintf(why, 256, "%s", sqlite3_errstr(rc));
	return rc == SQLITE_FULL ? CP_NOSPACE : rc == SQLITE_NOMEM ? CP_NOMEM : CP_IO;
}

static enum cp_err copy_at_one_moment(struct db *to, const struct backup_source *from,
    const struct backup_watch *watch, char why[256])
{
	struct db db = {0};
	enum cp_err err = open_store(&db, from->path, why);

	if (!err) {
		db_exec(&db, "BEGIN");
		db_value(&db, 0, "SELECT count(*) FROM meta", ""); /* the moment is now */
		err = db.err ? say_db(why, &db) : copy_pages(to, &db, from, watch, why);
		db_exec(&db, "ROLLBACK");
	}
	db_close(&db);
	return err;
}

/* One file, without a log: it can be carried about and read where nothing may be written. */
static void make_whole(struct db *db)
{
	struct db_rows rows = db_query(db, "PRAGMA journal_mode = DELETE", "");

	if (db_next(&rows) && strcmp(db_text(&rows, 0), "delete") != 0)
		db_fail(db, CP_IO, "the copy cannot be made one file");
	db_end(&rows);
}

static void sign(struct db *db, const struct backup_source *from)
{
	struct slice key = slice_of(from->box_key, from->box_key ? HASH_BYTES : 0);

	db_begin(db);
	db_run(db, "DELETE FROM meta WHERE name LIKE 'backup!_%' ESCAPE '!'", "");
	db_run(db, "INSERT INTO meta(name, value) VALUES('backup_at', ?), ('backup_by', ?)", "it",
	    (int64_t)from->now, from->version);
	if (from->box_key)
		db_run(db, "INSERT INTO meta(name, value) VALUES('backup_key', ?)", "b", key);
	db_commit(db);
}

/* --- checking --------------------------------------------------------------------------------- */

static int ask_watch(void *ctx)
{
	return !goes_on(ctx, 0, 0);
}

/* SQLite says it in lines; here it is the end of a sentence. */
static enum cp_err say_damaged(char why[256], const char *text)
{
	snprintf(why, 256, "is damaged: %.200s", text);
	for (char *at = why; (at = strchr(at, '\n'));)
		*at = ' ';
	return CP_CORRUPT;
}

static enum cp_err check_whole(struct db *db, const struct backup_watch *watch, char why[256])
{
	enum cp_err err = CP_OK;

	sqlite3_progress_handler(db->conn, CHECK_STEPS, ask_watch, (void *)watch);
	struct db_rows rows = db_query(db, "PRAGMA quick_check(1)", "");
	if (db_next(&rows) && strcmp(db_text(&rows, 0), "ok") != 0)
		err = say_damaged(why, db_text(&rows, 0));
	db_end(&rows);
	sqlite3_progress_handler(db->conn, 0, NULL, NULL);
	if (!db->err)
		return err;
	if (!goes_on(watch, 0, 0))
		return say(why, CP_INVALID, "interrupted");
	return say_damaged(why, db->err_text);
}

/* --- make ------------------------------------------------------------------------------------- */

enum cp_err backup_measure(const char *path, int64_t *bytes, char why[256])
{
	struct db db = {0};
	enum cp_err err = open_store(&db, path, why);

	*bytes = err ? 0
	             : db_value(&db, 0, "PRAGMA page_count", "") *
	                   db_value(&db, 0, "PRAGMA page_size", "");
	if (!err && db.err)
		err = say_db(why, &db);
	db_close(&db);
	return err;
}

enum cp_err backup_make(const struct backup_source *from, const char *to,
    const struct backup_watch *watch, char why[256])
{
	struct db db = {0};

	if (db_open(&db, to, DB_WRITE) == CP_OK)
		db_exec(&db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
	enum cp_err err = db.err ? say_db(why, &db) : copy_at_one_moment(&db, from, watch, why);
	if (!err) {
		make_whole(&db);
		sign(&db, from);
		err = db.err ? say_db(why, &db) : check_whole(&db, watch, why);
	}
	db_close(&db);
	return err;
}

/* --- and back --------------------------------------------------------------------------------- */

static void read_facts(struct db *db, struct backup_facts *out)
{
	struct db_rows rows = db_query(db, "SELECT value FROM meta WHERE name = 'site'", "");

	*out = (struct backup_facts){0};
	if (db_next(&rows))
		snprintf(out->site, sizeof(out->site), "%s", db_text(&rows, 0));
	db_end(&rows);
	out->made_at = db_value(db, 0, "SELECT value FROM meta WHERE name = 'backup_at'", "");
	rows = db_query(db, "SELECT value FROM meta WHERE name = 'backup_key'", "");
	if (db_next(&rows) && db_blob(&rows, 0).len == HASH_BYTES) {
		memcpy(out->box_key, db_blob(&rows, 0).p, HASH_BYTES);
		out->has_key = true;
	}
	db_end(&rows);
}

enum cp_err backup_look(const char *path, struct backup_facts *out, char why[256])
{
	struct db db = {0};
	enum cp_err err = open_store(&db, path, why);

	if (!err) {
		read_facts(&db, out);
		if (db.err)
			err = say(why, CP_CORRUPT, "is damaged");
		else if (!out->made_at)
			err = say(why, CP_CORRUPT, "was not made by carepace backup");
	}
	db_close(&db);
	return err;
}

enum cp_err backup_open_as_store(const char *path, const char *site, wall_ms now,
    const struct backup_watch *watch, char why[256])
{
	struct db db = {0};

	if (db_open(&db, path, DB_WRITE) == CP_OK)
		db_exec(&db, "PRAGMA secure_delete = ON");
	enum cp_err err = db.err ? say_db(why, &db) : check_whole(&db, watch, why);
	if (!err) {
		db_begin(&db);
		db_run(&db,
		    "INSERT OR REPLACE INTO meta(name, value) SELECT 'restored_from', value"
		    " FROM meta WHERE name = 'backup_at'",
		    "");
		db_run(&db,
		    "INSERT OR REPLACE INTO meta(name, value)"
		    " VALUES('restored_at', ?), ('restore_due', 1)",
		    "i", (int64_t)now);
		if (site[0])
			db_run(&db, "UPDATE meta SET value = ? WHERE name = 'site'", "t", site);
		db_run(&db, "DELETE FROM meta WHERE name LIKE 'backup!_%' ESCAPE '!'", "");
		db_commit(&db);
		if (db.err)
			err = say_db(why, &db);
	}
	db_close(&db);
	return err;
}
