#include "ledger/view/health.h"

#include "ledger/view/state.h"

#include <sqlite3.h>

#include <stdio.h>
#include <sys/stat.h>

static int64_t file_bytes(const char *path, const char *suffix)
{
	char name[4200];
	struct stat st;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return stat(name, &st) < 0 ? 0 : (int64_t)st.st_size;
}

void view_health(struct view *view, const char *path, struct view_health *out)
{
	struct db *db = &view->ledger.db;

	view_begin(view);
	int64_t page_bytes = db_value(db, 0, "PRAGMA page_size", "");
	*out = (struct view_health){
	    .schema = db_value(db, 0, "PRAGMA user_version", ""),
	    .bytes = file_bytes(path, ""),
	    .free_bytes = db_value(db, 0, "PRAGMA freelist_count", "") * page_bytes,
	    .log_bytes = file_bytes(path, "-wal"),
	    .since = db_value(db, 0,
	        "SELECT recv FROM journal WHERE source = ? ORDER BY boot, seq LIMIT 1", "i",
	        (int64_t)SOURCE_BOX),
	    .has_ended_well =
	        db_value(db, 1, "SELECT value FROM meta WHERE name = 'clean'", "") != 0,
	    .unjudged = db_value(db, 0, "SELECT count(*) FROM unjudged", ""),
	    .parked = db_value(db, 0, "SELECT count(*) FROM parked", ""),
	    .pending = db_value(db, 0, "SELECT count(*) FROM pending", ""),
	};
	view_end(view);
}

int64_t view_growth(const struct view_health *health, wall_ms now)
{
	int64_t age_ms = health->since ? now - health->since : 0;

	return age_ms < MS_PER_DAY ? -1
	                           : (health->bytes - health->free_bytes) / (age_ms / MS_PER_DAY);
}

const char *view_quick_check(struct view *view, char out[VIEW_QUICK_CHECK_BYTES])
{
	struct db *db = &view->ledger.db;

	sqlite3_progress_handler(db->conn, 0, NULL, NULL); /* it takes as long as it takes */
	struct db_rows rows = db_query(db, "PRAGMA quick_check(1)", "");
	if (db_next(&rows))
		snprintf(out, VIEW_QUICK_CHECK_BYTES, "%s", db_text(&rows, 0));
	else
		snprintf(out, VIEW_QUICK_CHECK_BYTES, "%s", db->err_text);
	db_end(&rows);
	return out;
}
