#include "ledger/view/state.h"

#include "ledger/store/store.h"

#include <sqlite3.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define VIEW_STEPS_BETWEEN 100000
#define WORK_BYTES_MAX (64U << 20) /* what one call loads */

/* --- open, close ------------------------------------------------------------------ */

static int count_steps(void *ctx)
{
	struct view *view = ctx;

	if (++view->steps <= VIEW_STEPS_MAX / VIEW_STEPS_BETWEEN)
		return 0;
	db_fail(&view->ledger.db, CP_FULL, "the answer is too long; ask for less at a time");
	return 1;
}

static enum cp_err say(char why[256], const char *path, enum cp_err err, const char *text)
{
	snprintf(why, 256, "%s %s", path, text);
	return err;
}

static enum cp_err say_unreadable(char why[256], const char *path, const struct db *db)
{
	int code = sqlite3_errcode(db->conn);

	if (db->err == CP_CORRUPT)
		return say(why, path, CP_CORRUPT, "is not a store of carepace, or is damaged");
	if (db->err == CP_BUSY)
		return say(why, path, CP_BUSY, "is locked by another program; try again");
	/* Without a writer SQLite makes the index of its log anew, to read (TRAPS 7). */
	if (code == SQLITE_READONLY || code == SQLITE_CANTOPEN)
		return say(why, path, CP_IO,
		    "cannot be read by this user while the gateway is stopped; be the user of the "
		    "gateway");
	snprintf(why, 256, "%s cannot be read: %.100s", path, db->err_text);
	return db->err;
}

static enum cp_err check_version(struct view *view, const char *path, char why[256])
{
	int64_t version = db_value(&view->ledger.db, -1, "PRAGMA user_version", "");

	if (view->ledger.db.err)
		return say_unreadable(why, path, &view->ledger.db);
	if (version > STORE_SCHEMA_VERSION)
		return say(why, path, CP_NEWER, "was written by a newer carepace; use that one");
	if (version < STORE_SCHEMA_VERSION)
		return say(why, path, CP_CORRUPT,
		    version ? "was written by an earlier carepace; start the gateway once, which "
		              "brings it "
		              "up to date"
		            : "is not a store of carepace");
	return CP_OK;
}

static enum cp_err open_file(struct view *view, const char *path, char why[256])
{
	if (access(path, R_OK) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return say(why, path, CP_NOTFOUND,
			    "does not exist: no gateway has run with this store yet");
		snprintf(why, 256, "%s cannot be read: %s", path, strerror(errno));
		return CP_IO;
	}
	if (db_open(&view->ledger.db, path, DB_READ_ONLY))
		return say_unreadable(why, path, &view->ledger.db);
	return check_version(view, path, why);
}

enum cp_err view_open(struct view **out, const char *path, char why[256])
{
	struct view *view = calloc(1, sizeof(*view));

	*out = NULL;
	if (!view)
		return say(why, path, CP_NOMEM, "cannot be read: out of memory");
	arena_init(&view->ledger.work, 64 * 1024, WORK_BYTES_MAX);
	enum cp_err err = open_file(view, path, why);
	if (err) {
		view_close(view);
		return err;
	}
	sqlite3_progress_handler(view->ledger.db.conn, VIEW_STEPS_BETWEEN, count_steps, view);
	*out = view;
	return CP_OK;
}

void view_close(struct view *view)
{
	if (!view)
		return;
	db_close(&view->ledger.db);
	arena_deinit(&view->ledger.work);
	free(view);
}

const char *view_meta(const char *path, const char *name, char out[VIEW_META_BYTES])
{
	struct db db = {0};

	out[0] = '\0';
	if (db_open(&db, path, DB_READ_ONLY) == CP_OK) {
		struct db_rows rows =
		    db_query(&db, "SELECT value FROM meta WHERE name = ?", "t", name);
		if (db_next(&rows))
			snprintf(out, VIEW_META_BYTES, "%s", db_text(&rows, 0));
		db_end(&rows);
	}
	db_close(&db);
	return out;
}

enum cp_err view_error(const struct view *view, const char **text)
{
	*text = view->ledger.db.err_text;
	return view->ledger.db.err;
}

/* --- transactions ------------------------------------------------------------------- */

void view_begin(struct view *view)
{
	view->steps = 0;
	db_exec(&view->ledger.db, "BEGIN");
}

/* Ends also after an error, which keeps db_exec() from doing it: nobody waits
 * for a view that has given up. */
void view_end(struct view *view)
{
	view->steps = 0;
	arena_reset(&view->ledger.work);
	if (!sqlite3_get_autocommit(view->ledger.db.conn))
		sqlite3_exec(view->ledger.db.conn, "ROLLBACK", NULL, NULL, NULL);
}

void view_no_room(struct view *view)
{
	db_fail(&view->ledger.db, CP_NOMEM, "out of memory for the answer; ask for less at a time");
}

bool view_range_of(struct slice hex, struct view_range *out)
{
	char first[ID_HEX_LEN];
	char last[ID_HEX_LEN];

	if (hex.len == 0 || hex.len > ID_HEX_LEN)
		return false;
	memset(first, '0', sizeof(first));
	memset(last, 'f', sizeof(last));
	memcpy(first, hex.p, hex.len);
	memcpy(last, hex.p, hex.len);
	return id_from_hex(&out->first, slice_of(first, ID_HEX_LEN)) &&
	       id_from_hex(&out->last, slice_of(last, ID_HEX_LEN));
}

/* --- counts ---------------------------------------------------------------------------- */

uint64_t view_epoch(struct view *view)
{
	return (uint64_t)db_value(
	    &view->ledger.db, 0, "SELECT value FROM meta WHERE name = 'epoch'", "");
}

static void count_by_kind(struct view *view, struct view_counts *out)
{
	struct db_rows rows = db_query(&view->ledger.db,
	    "SELECT kind, count(*), min(queued_at) FROM outbox GROUP BY kind", "");

	out->outbox_oldest = TIME_NEVER;
	while (db_next(&rows)) {
		int64_t kind = db_int(&rows, 0);
		if (kind >= 0 && kind < VIEW_KINDS_MAX)
			out->outbox[kind] = db_int(&rows, 1);
		if (db_int(&rows, 2) < out->outbox_oldest)
			out->outbox_oldest = db_int(&rows, 2);
	}
	rows = db_query(&view->ledger.db, "SELECT state, count(*) FROM alert GROUP BY state", "");
	while (db_next(&rows)) {
		int64_t state = db_int(&rows, 0);
		if (state > 0 && state <= ALERT_RETRACTED)
			out->alerts[state] = db_int(&rows, 1);
	}
}

void view_counts(struct view *view, struct view_counts *out)
{
	static const struct {
		const char *sql;
		size_t offset;
	} counts[] = {
	    {"SELECT count(*) FROM session", offsetof(struct view_counts, sessions)},
	    {"SELECT count(*) FROM journal", offsetof(struct view_counts, journal)},
	    {"SELECT count(*) FROM stream", offsetof(struct view_counts, stream)},
	    {"SELECT count(*) FROM parked", offsetof(struct view_counts, parked)},
	    {"SELECT count(*) FROM conflict", offsetof(struct view_counts, conflicts)},
	    {"SELECT value FROM meta WHERE name = 'parked_expired'",
	        offsetof(struct view_counts, parked_expired)},
	    {"SELECT value FROM meta WHERE name = 'facts_passed_over'",
	        offsetof(struct view_counts, facts_passed_over)},
	    {"SELECT value FROM meta WHERE name = 'receipts_refused'",
	        offsetof(struct view_counts, receipts_refused)},
	    {"SELECT value FROM meta WHERE name = 'evicted_by_limit'",
	        offsetof(struct view_counts, evicted_by_limit)},
	    {"SELECT value FROM meta WHERE name = 'evicted_by_age'",
	        offsetof(struct view_counts, evicted_by_age)},
	    {"SELECT count(*) FROM unjudged", offsetof(struct view_counts, unjudged)},
	    {"SELECT count(*) FROM pending", offsetof(struct view_counts, pending)},
	    {"SELECT count(*) FROM session WHERE verdict_rev > 0",
	        offsetof(struct view_counts, verdicts)},
	};

	*out = (struct view_counts){0};
	view_begin(view);
	for (size_t i = 0; i < CP_COUNT(counts); i++) {
		int64_t count = db_value(&view->ledger.db, 0, counts[i].sql, "");
		memcpy((char *)out + counts[i].offset, &count, sizeof(count));
	}
	out->devices =
	    db_value(&view->ledger.db, 0, "SELECT count(*) FROM source WHERE id NOT IN (?, ?)",
	        "bb", slice_of(reading_head_office.b, ID_BYTES), slice_of(reading_box.b, ID_BYTES));
	count_by_kind(view, out);
	view_end(view);
}
