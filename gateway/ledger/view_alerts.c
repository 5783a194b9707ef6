#include "ledger/view_state.h"

#include "ledger/alert_rows.h"
#include "ledger/report.h"
#include "ledger/sessions.h"

/* An alert with everything that its local numbers stand for: SELECT
 * VIEW_COLUMNS FROM alert a, outbox x (in either order), then VIEW_JOINS. */
#define VIEW_COLUMNS                                                                               \
	ALERT_COLUMNS ", c.token, o.token, s.sid, r.id, k.token, v.token, x.n, "                   \
	              "x.queued_at, " SESSION_TS_SOURCE ", a.client != 0 AND c.token IS NULL"
#define VIEW_JOINS                                                                                 \
	" LEFT JOIN client c ON c.no = a.client LEFT JOIN session s ON s.no = a.session"           \
	" LEFT JOIN source r ON r.no = s.source LEFT JOIN operator o ON o.no = s.operator"         \
	" LEFT JOIN operator k ON k.no = a.ack_by LEFT JOIN operator v ON v.no = a.override_by "
#define SELECT_ALERT                                                                               \
	"SELECT " VIEW_COLUMNS                                                                     \
	" FROM alert a LEFT JOIN outbox x ON x.kind = 1 AND x.key = a.id" VIEW_JOINS

/* False when the arena is full. */
static bool alert_of(struct arena *arena, const struct db_rows *rows, struct view_alert *out)
{
	const int c = ALERT_COLUMN_COUNT;

	*out = (struct view_alert){0};
	if (!alert_of_row(arena, rows, &out->alert))
		return false;
	id_from_bytes(&out->client, db_blob(rows, c));
	id_from_bytes(&out->operator, db_blob(rows, c + 1));
	id_from_bytes(&out->sid, db_blob(rows, c + 2));
	id_from_bytes(&out->device, db_blob(rows, c + 3));
	id_from_bytes(&out->ack_by, db_blob(rows, c + 4));
	id_from_bytes(&out->override_by, db_blob(rows, c + 5));
	out->outbox_n = (uint64_t)db_int(rows, c + 6);
	out->queued_at = db_int(rows, c + 7);
	out->ts_source = (enum ts_source)db_int(rows, c + 8);
	out->is_forgotten = db_int(rows, c + 9) != 0;
	return true;
}

struct view_alert *view_alerts(
    struct view *view, struct arena *arena, const struct view_filter *filter, size_t *count)
{
	struct view_alert *alerts = NULL;
	size_t cap = 0;

	*count = 0;
	view_begin(view);
	struct db_rows rows = db_query(&view->ledger.db,
	    SELECT_ALERT "WHERE (?1 OR a.state NOT IN (?2, ?3)) AND (?4 = 0 OR a.check_id = ?4)"
	                 " AND a.raised_at >= ?5"
	                 " ORDER BY CASE WHEN ?6 THEN a.severity ELSE 0 END DESC,"
	                 " a.raised_at DESC, a.from_at DESC, a.id LIMIT ?7",
	    "iiiiiii", (int64_t)filter->with_closed, (int64_t)ALERT_CLEARED,
	    (int64_t)ALERT_RETRACTED, (int64_t)filter->check, (int64_t)filter->since,
	    (int64_t)(filter->order == VIEW_WORST_FIRST),
	    filter->max ? (int64_t)filter->max : INT64_C(-1));
	while (db_next(&rows)) {
		struct view_alert *grown = arena_push(arena, alerts, *count, &cap, sizeof(*alerts));
		if (!grown || !alert_of(arena, &rows, &grown[*count])) {
			view_no_room(view);
			break;
		}
		alerts = grown;
		(*count)++;
	}
	db_end(&rows);
	view_end(view);
	return alerts;
}

int view_alert_find(
    struct view *view, struct arena *arena, struct slice hex, struct view_alert *out)
{
	struct view_range range;
	struct view_alert second;
	int found = 0;

	if (!view_range_of(hex, &range))
		return 0;
	view_begin(view);
	struct db_rows rows = db_query(&view->ledger.db,
	    SELECT_ALERT "WHERE a.id BETWEEN ? AND ? ORDER BY a.id LIMIT 2", "bb",
	    slice_of(range.first.b, ID_BYTES), slice_of(range.last.b, ID_BYTES));
	while (db_next(&rows)) {
		if (!alert_of(arena, &rows, found ? &second : out)) {
			view_no_room(view);
			break;
		}
		found++;
	}
	db_end(&rows);
	view_end(view);
	return view->ledger.db.err ? 0 : found;
}

/* --- outbox -------------------------------------------------------------------------- */

#define GONE_AT (ALERT_COLUMN_COUNT + 10) /* behind VIEW_COLUMNS */

static bool print_alert(struct outgoing *to, const struct db_rows *rows)
{
	struct view_outbox_row *out = &to->rows[to->count];
	struct view_alert alert;

	if (!alert_of(to->arena, rows, &alert))
		return false;
	*out = (struct view_outbox_row){
	    .kind = OUTBOX_ALERT, .n = alert.outbox_n, .topic = report_topic(OUTBOX_ALERT)};
	return report_alert(to->arena, to->style, to->epoch, out->n, &alert, &out->payload) ==
	       CP_OK;
}

void view_outbox_alerts(struct outgoing *to, uint64_t after)
{
	struct db_rows rows = db_query(&to->view->ledger.db,
	    "SELECT " VIEW_COLUMNS "," GONE_COLUMNS
	    "FROM outbox x LEFT JOIN alert a ON a.id = x.key" VIEW_JOINS GONE_JOIN
	    "WHERE x.kind = ? AND x.n > ? AND (a.id NOTNULL OR g.kind NOTNULL)"
	    " ORDER BY x.n LIMIT ?",
	    "iii", (int64_t)OUTBOX_ALERT, (int64_t)after, (int64_t)(to->max - to->count));

	while (!to->is_full && db_next(&rows)) {
		to->is_full =
		    !(db_int(&rows, GONE_AT) ? view_outbox_gone(to, OUTBOX_ALERT, &rows, GONE_AT)
		                             : print_alert(to, &rows));
		to->count += !to->is_full;
	}
	db_end(&rows);
}
