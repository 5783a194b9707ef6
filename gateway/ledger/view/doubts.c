#include "ledger/view/doubts.h"

#include "ledger/view/state.h"

/* A doubt is over with the next input about the clock: its end, or the restart that cut it.
 * That one is stamped by the clock of then. */
static struct view_doubt doubt_of(const struct db_rows *rows)
{
	int64_t late_by_ms = db_int(rows, 2) - db_int(rows, 1);
	bool is_settled = db_int(rows, 4) != 0;
	wall_ms end = db_int(rows, 3);

	return (struct view_doubt){
	    .from = db_int(rows, 0),
	    .until = end && is_settled ? end - late_by_ms
	             : end             ? end
	                               : TIME_NEVER,
	    .late_by_ms = late_by_ms,
	    .is_settled = is_settled,
	};
}

struct view_doubts view_doubts(struct view *view, struct arena *arena)
{
	struct view_doubt *items = NULL;
	size_t count = 0;
	size_t cap = 0;

	view_begin(view);
	struct db_rows rows = db_query(&view->ledger.db,
	    "SELECT j.recv, d.assumed, ifnull(d.known, d.assumed),"
	    " (SELECT e.recv FROM journal e WHERE e.source = ?1 AND e.boot = j.boot"
	    " AND e.seq > d.no AND e.kind = ?2 ORDER BY e.seq LIMIT 1),"
	    " d.known NOTNULL AND NOT d.is_lost"
	    " FROM doubt d JOIN journal j ON j.source = ?1 AND j.boot = 1 AND j.seq = d.no"
	    " ORDER BY d.no",
	    "ii", (int64_t)SOURCE_BOX, (int64_t)READING_BOX_CLOCK);
	while (db_next(&rows)) {
		struct view_doubt *grown = arena_push(arena, items, count, &cap, sizeof(*grown));
		if (!grown) {
			view_no_room(view);
			break;
		}
		items = grown;
		items[count++] = doubt_of(&rows);
	}
	db_end(&rows);
	view_end(view);
	return (struct view_doubts){.items = items, .count = count};
}

struct view_stamp view_stamp(const struct view_doubts *doubts, wall_ms stored)
{
	struct view_stamp stamp = {.at = stored};

	if (stored == 0 || stored == TIME_NEVER)
		return stamp;
	for (size_t i = 0; i < doubts->count; i++) {
		const struct view_doubt *doubt = &doubts->items[i];
		if (stored < doubt->from || stored >= doubt->until)
			continue;
		stamp.is_in_doubt = !doubt->is_settled;
		stamp.at = stored + (doubt->is_settled ? doubt->late_by_ms : 0);
		break;
	}
	return stamp;
}
