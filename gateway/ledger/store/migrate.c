#include "ledger/store/migrate.h"

#include "ledger/ledger.h"
#include "ledger/store/files.h"
#include "ledger/store/store.h"

#include <sqlite3.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* steps[n - 1] makes a store of number n one of number n + 1. */
static const char *const steps[] = {
    /* Streams go in the end (ledger/retention.h). */
    "ALTER TABLE boot ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE stream_name ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE session ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE session ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX IF NOT EXISTS alert_open ON alert(severity, raised_at, check_id)"
    " WHERE state IN (1, 2, 4)",
};
_Static_assert(CP_COUNT(steps) == STORE_SCHEMA_VERSION - 1, "a step from each number to the next");

static int64_t store_bytes(struct db *db)
{
	return db_value(db, 0, "PRAGMA page_count", "") * db_value(db, 0, "PRAGMA page_size", "");
}

static bool has_room(struct ledger *ledger, int64_t *lacking_bytes)
{
	int64_t used = 0;
	int64_t total = 0;

	ledger_disk(ledger->config.path, &used, &total);
	*lacking_bytes =
	    total ? store_bytes(&ledger->db) + ledger->config.reserve_bytes - (total - used) : 0;
	return *lacking_bytes <= 0;
}

/* --- progress ------------------------------------------------------------------------------ */

#define INSTRUCTIONS 20000 /* of SQLite, between two words: well under a second */

struct progress {
	struct ledger *ledger;
	const char *doing;
	const char *part; /* the copy that grows; NULL: nobody knows how much is left */
	int64_t store_bytes;
};

static int say_progress(void *ctx)
{
	const struct progress *progress = ctx;
	struct stat stat_of;
	int percent = -1;

	if (progress->part && stat(progress->part, &stat_of) == 0 && progress->store_bytes > 0)
		percent = (int)(stat_of.st_size * 100 / progress->store_bytes);
	progress->ledger->config.migrating(
	    progress->ledger->config.migrating_ctx, progress->doing, percent > 100 ? 100 : percent);
	return 0;
}

static void begin_progress(struct progress *progress)
{
	struct ledger *ledger = progress->ledger;

	if (!ledger->config.migrating)
		return;
	ledger->config.migrating(ledger->config.migrating_ctx, progress->doing, -1);
	sqlite3_progress_handler(ledger->db.conn, INSTRUCTIONS, say_progress, progress);
}

static void end_progress(struct ledger *ledger)
{
	sqlite3_progress_handler(ledger->db.conn, 0, NULL, NULL);
}

/* --- the copy ------------------------------------------------------------------------------ */

#define COPIES_MAX 9

/* What a copy that was cut short has left is made anew. */
static bool copy(struct ledger *ledger, const char *to)
{
	char part[512];
	struct progress progress = {.ledger = ledger,
	    .doing = "copying it",
	    .part = part,
	    .store_bytes = store_bytes(&ledger->db)};

	snprintf(part, sizeof(part), "%s.part", to);
	if (unlink(part) && errno != ENOENT)
		return false;
	begin_progress(&progress);
	db_run(&ledger->db, "VACUUM INTO ?", "t", part);
	end_progress(ledger);
	return !ledger->db.err && files_sync(part) && rename(part, to) == 0 &&
	       files_sync_folder_of(to);
}

/* A try that ended before its step was done has left the same store in its copy. */
static bool is_copy(struct db *db, const char *path)
{
	static const char *const asked[] = {"PRAGMA user_version",
	    "SELECT value FROM meta WHERE name = 'epoch'", "SELECT count(*) FROM journal",
	    "SELECT max(no) FROM stream"};
	struct db other;
	bool is_same = db_open(&other, path, DB_READ_ONLY) == CP_OK;

	for (size_t i = 0; i < CP_COUNT(asked) && is_same; i++)
		is_same = db_value(&other, -1, asked[i], "") == db_value(db, -1, asked[i], "");
	is_same = is_same && !other.err;
	db_close(&other);
	return is_same;
}

/* Never over one that is there: it is the way back of another day. */
static bool make_copy(struct ledger *ledger, int version, char *to, size_t to_bytes)
{
	int len = snprintf(to, to_bytes, "%s.before-%d", ledger->config.path, version);

	for (int i = 2; access(to, F_OK) == 0; i++) {
		if (is_copy(&ledger->db, to))
			return true;
		errno = EEXIST;
		if (i > COPIES_MAX)
			return false;
		snprintf(to + len, to_bytes - (size_t)len, ".%d", i);
	}
	return copy(ledger, to);
}

/* --- the steps ----------------------------------------------------------------------------- */

static void take_steps(struct ledger *ledger, int64_t version, const struct migration *migration,
    const char *copied_to)
{
	struct progress progress = {.ledger = ledger, .doing = "changing it"};
	struct db *db = &ledger->db;
	char set[48];

	begin_progress(&progress);
	db_exec(db, "BEGIN IMMEDIATE");
	for (; version < migration->version; version++)
		db_exec(db, migration->steps[version - 1]);
	store_set_text(ledger, "backup", copied_to);
	snprintf(set, sizeof(set), "PRAGMA user_version = %d; COMMIT", migration->version);
	db_exec(db, set);
	end_progress(ledger);
}

enum cp_err migrate_to(struct ledger *ledger, int64_t version, const struct migration *migration,
    char *why, size_t why_bytes)
{
	struct db *db = &ledger->db;
	char to[480];
	int64_t lacking = 0;

	if (!has_room(ledger, &lacking)) {
		snprintf(why, why_bytes,
		    "is of an earlier version, and there is no room for the copy that is made "
		    "before "
		    "it is changed: free %" PRId64 " MB more",
		    (lacking >> 20) + 1);
		return CP_NOSPACE;
	}
	if (!make_copy(ledger, migration->version, to, sizeof(to))) {
		snprintf(why, why_bytes,
		    "is of an earlier version and cannot be copied to %s before it is changed: %s",
		    to, db->err ? db->err_text : strerror(errno));
		return db->err ? db->err : CP_IO;
	}
	take_steps(ledger, version, migration, to);
	if (db->err)
		snprintf(why, why_bytes, "cannot be brought up to date; %s is as it was: %s", to,
		    db->err_text);
	return db->err;
}

enum cp_err migrate(struct ledger *ledger, int64_t version, char *why, size_t why_bytes)
{
	static const struct migration today = {.steps = steps, .version = STORE_SCHEMA_VERSION};

	return migrate_to(ledger, version, &today, why, why_bytes);
}

void migrate_backup_name(struct db *db, char *out, size_t out_bytes)
{
	struct db_rows rows = db_query(db, "SELECT value FROM meta WHERE name = 'backup'", "");

	out[0] = '\0';
	if (!db_next(&rows))
		return;
	snprintf(out, out_bytes, "%s", db_text(&rows, 0));
	db_end(&rows);
}
