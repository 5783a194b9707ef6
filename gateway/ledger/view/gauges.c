#include "ledger/view/gauges.h"

#include "ledger/view/state.h"

static void read_outbox(struct view *view, struct view_gauges *out)
{
	struct db_rows rows = db_query(&view->ledger.db,
	    "SELECT kind, count(*), min(queued_at) FROM outbox GROUP BY kind", "");

	for (size_t i = 0; i < VIEW_KINDS_MAX; i++)
		out->outbox_oldest[i] = TIME_NEVER;
	while (db_next(&rows)) {
		int64_t kind = db_int(&rows, 0);
		if (kind < 0 || kind >= VIEW_KINDS_MAX)
			continue;
		out->outbox[kind] = db_int(&rows, 1);
		out->outbox_oldest[kind] = db_int(&rows, 2);
	}
}

static void read_open(struct view *view, struct view_gauges *out)
{
	struct db_rows rows = db_query(&view->ledger.db,
	    "SELECT check_id, severity, count(*), sum(state = 1) FROM alert WHERE state IN (1, 2, "
	    "4)"
	    " GROUP BY check_id, severity",
	    "");

	while (db_next(&rows)) {
		struct view_open open = {
		    .check = (enum check)db_int(&rows, 0),
		    .severity = (enum severity)db_int(&rows, 1),
		    .count = db_int(&rows, 2),
		};
		if (open.severity < SEVERITY_COUNT)
			out->open_by_severity[open.severity] += open.count;
		if (open.severity < SEVERITY_COUNT)
			out->raised_by_severity[open.severity] += db_int(&rows, 3);
		if (out->open_count < VIEW_OPEN_MAX)
			out->open[out->open_count++] = open;
	}
}

void view_gauges(struct view *view, struct view_gauges *out)
{
	*out = (struct view_gauges){0};
	view_begin(view);
	read_outbox(view, out);
	read_open(view, out);
	view_end(view);
}

size_t view_groups(struct view *view, struct view_group *out, size_t max)
{
	size_t count = 0;

	view_begin(view);
	/* A bare column beside one max() is of the row that has it. */
	struct db_rows rows = db_query(&view->ledger.db,
	    "SELECT id, count(*), max((state = 1) * (1 << 62) + raised_at) AS newest FROM alert"
	    " WHERE state IN (1, 2, 4) GROUP BY check_id, severity"
	    " ORDER BY newest >= 1 << 62 DESC, severity DESC, newest DESC LIMIT ?",
	    "i", (int64_t)max);
	while (db_next(&rows)) {
		out[count].count = db_int(&rows, 1);
		count += id_from_bytes(&out[count].newest, db_blob(&rows, 0));
	}
	view_end(view);
	return count;
}

size_t view_worst(struct view *view, struct id *ids, size_t max)
{
	size_t count = 0;

	view_begin(view);
	struct db_rows rows = db_query(&view->ledger.db,
	    "SELECT id FROM alert WHERE state IN (1, 2, 4)"
	    " ORDER BY severity DESC, raised_at DESC, id LIMIT ?",
	    "i", (int64_t)max);
	while (db_next(&rows))
		count += id_from_bytes(&ids[count], db_blob(&rows, 0));
	view_end(view);
	return count;
}

void view_today(struct view *view, event_ms since, struct view_today *out)
{
	struct db *db = &view->ledger.db;

	view_begin(view);
	struct db_rows rows = db_query(db,
	    "SELECT count(*), max(max(coalesce(seen_at, 0), beat_at)) FROM source"
	    " WHERE seen_at IS NOT NULL OR beat_at != 0",
	    "");
	*out = (struct view_today){
	    .sessions = db_value(
	        db, 0, "SELECT count(*) FROM session WHERE start_at >= ?", "i", (int64_t)since)};
	if (db_next(&rows)) {
		out->devices = db_int(&rows, 0);
		out->last_heard = db_int(&rows, 1);
	}
	db_end(&rows);
	view_end(view);
}
