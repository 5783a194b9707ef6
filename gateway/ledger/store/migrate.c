#include "ledger/store/migrate.h"

#include "ledger/ledger.h"
#include "ledger/store/store.h"

#include <errno.h>
#include <fcntl.h>
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

static bool has_room(struct ledger *ledger, int64_t *lacking_bytes)
{
	struct db *db = &ledger->db;
	int64_t used = 0;
	int64_t total = 0;
	int64_t store =
	    db_value(db, 0, "PRAGMA page_count", "") * db_value(db, 0, "PRAGMA page_size", "");

	ledger_disk(ledger->config.path, &used, &total);
	*lacking_bytes = total ? store + ledger->config.reserve_bytes - (total - used) : 0;
	return *lacking_bytes <= 0;
}

static bool sync_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	bool is_synced = fchmod(fd, S_IRUSR | S_IWUSR) == 0 && fsync(fd) == 0;
	close(fd);
	return is_synced;
}

static bool sync_folder_of(const char *path)
{
	char folder[512];

	snprintf(folder, sizeof(folder), "%s", path);
	char *slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool is_synced = fsync(fd) == 0;
	close(fd);
	return is_synced;
}

/* What a copy that was cut short has left is made anew. */
static bool copy(struct ledger *ledger, const char *to)
{
	char part[512];

	snprintf(part, sizeof(part), "%s.part", to);
	if (unlink(part) && errno != ENOENT)
		return false;
	db_run(&ledger->db, "VACUUM INTO ?", "t", part);
	return !ledger->db.err && sync_file(part) && rename(part, to) == 0 && sync_folder_of(to);
}

static void step(struct ledger *ledger, int64_t version, const char *backup)
{
	struct db *db = &ledger->db;
	char set[48];

	db_exec(db, "BEGIN IMMEDIATE");
	db_exec(db, steps[version - 1]);
	store_set_text(ledger, "backup", backup);
	snprintf(set, sizeof(set), "PRAGMA user_version = %" PRId64, version + 1);
	db_exec(db, set);
	db_exec(db, "COMMIT");
}

enum cp_err migrate(struct ledger *ledger, int64_t version, char *why, size_t why_bytes)
{
	struct db *db = &ledger->db;
	char to[480];
	int64_t lacking = 0;

	snprintf(to, sizeof(to), "%s.before-%d", ledger->config.path, STORE_SCHEMA_VERSION);
	if (!has_room(ledger, &lacking)) {
		snprintf(why, why_bytes,
		    "is of an earlier version, and there is no room for the copy that is made "
		    "before "
		    "it is changed: free %" PRId64 " MB more",
		    (lacking >> 20) + 1);
		return CP_NOSPACE;
	}
	if (!copy(ledger, to)) {
		snprintf(why, why_bytes,
		    "is of an earlier version and cannot be copied to %s before it is changed: %s",
		    to, db->err ? db->err_text : strerror(errno));
		return db->err ? db->err : CP_IO;
	}
	for (; version < STORE_SCHEMA_VERSION && !db->err; version++)
		step(ledger, version, to);
	if (db->err)
		snprintf(why, why_bytes, "cannot be brought up to date; %s is as it was: %s", to,
		    db->err_text);
	return db->err;
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
