#include "ledger/view/news.h"

#include "ledger/view/state.h"

size_t view_raised(struct view *view, wall_ms since, struct id *ids, size_t max)
{
	size_t count = 0;

	view_begin(view);
	struct db_rows rows = db_query(&view->ledger.db,
	    "SELECT id FROM alert WHERE raised_at >= ? ORDER BY raised_at, id LIMIT ?", "ii",
	    (int64_t)since, (int64_t)max);
	while (db_next(&rows))
		count += id_from_bytes(&ids[count], db_blob(&rows, 0));
	view_end(view);
	return count;
}

size_t view_new_sessions(struct view *view, int64_t after, int64_t *nos, size_t max)
{
	size_t count = 0;

	view_begin(view);
	struct db_rows rows = db_query(&view->ledger.db,
	    "SELECT no FROM session WHERE no > ? ORDER BY no LIMIT ?", "ii", after, (int64_t)max);
	while (db_next(&rows))
		nos[count++] = db_int(&rows, 0);
	view_end(view);
	return count;
}

int64_t view_last_session(struct view *view)
{
	view_begin(view);
	int64_t last = db_value(&view->ledger.db, 0, "SELECT max(no) FROM session", "");
	view_end(view);
	return last;
}
