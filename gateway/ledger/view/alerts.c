#include "ledger/view/state.h"

#include "care/time/civil.h"
#include "ledger/office/report.h"
#include "ledger/store/alert_rows.h"
#include "ledger/store/sessions.h"

#include <stdio.h>

/* An alert with everything that its local numbers stand for: SELECT
 * VIEW_COLUMNS FROM alert a, outbox x (in either order), then VIEW_JOINS. */
#define VIEW_COLUMNS                                                                               \
	ALERT_COLUMNS ", c.token, o.token, s.sid, r.id, k.token, v.token, x.n, "                   \
	              "x.queued_at, " SESSION_TS_SOURCE ", a.client != 0 AND c.token IS NULL, "    \
	              "coalesce((SELECT g.given_up = g.revision FROM fold g WHERE g.no = a.fold)," \
	              " a.given_up = a.revision), a.fold NOTNULL"
#define VIEW_JOINS                                                                                 \
	" LEFT JOIN client c ON c.no = a.client LEFT JOIN session s ON s.no = a.session"           \
	" LEFT JOIN source r ON r.no = s.source LEFT JOIN operator o ON o.no = s.operator"         \
	" LEFT JOIN operator k ON k.no = a.ack_by LEFT JOIN operator v ON v.no = a.override_by "
#define SELECT_ALERT                                                                               \
	"SELECT " VIEW_COLUMNS " FROM alert a LEFT JOIN outbox x ON x.kind = 1"                    \
	" AND x.key = CASE WHEN a.fold > 0 THEN a.fold ELSE a.id END" VIEW_JOINS

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
	out->is_given_up = db_int(rows, c + 10) != 0;
	out->is_told = db_int(rows, c + 11) != 0;
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

#define GONE_AT (ALERT_COLUMN_COUNT + 12) /* behind VIEW_COLUMNS */

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

/* Of those that are true and of no test, if any is: the worst, the first beginning, the last end.
 */
#define IS_TAKEN_BACK(a) "(" a ".state = 5 OR " a ".is_test)"
#define FOLD_OF                                                                                    \
	"SELECT min(CASE WHEN a.is_test THEN 5 WHEN a.state = 4 THEN 3 WHEN a.state = 3 THEN 4"    \
	" ELSE a.state END),"                                                                      \
	" max(a.severity), min(a.from_at), max(a.until_at), min(a.raised_at), max(a.cleared_at),"  \
	" max(a.is_late), max(a.max), max(a.lim), count(*), f.check_id, f.device_day & 65535,"     \
	" f.revision, r.id FROM fold f JOIN alert a ON a.fold = f.no"                              \
	" LEFT JOIN source r ON r.no = f.device_day >> 16 WHERE f.no = ?1"

#define DATE_BYTES 12 /* YYYYMMDD */

/* States in the order in which the most urgent one names that of all. */
static const enum alert_state fold_states[] = {
    0, ALERT_RAISED, ALERT_ACKED, ALERT_OVERRIDDEN, ALERT_CLEARED, ALERT_RETRACTED};

static void fold_of(
    const struct db_rows *rows, struct view_alert *out, char *subject, char onset[DATE_BYTES])
{
	enum alert_state state = fold_states[db_int(rows, 0)];
	struct finding *f = &out->alert.finding;

	*out = (struct view_alert){0};
	id_from_bytes(&out->device, db_blob(rows, 13));
	snprintf(onset, DATE_BYTES, "%u", civil_to_yyyymmdd((int32_t)db_int(rows, 11)));
	*f = (struct finding){
	    .check = (enum check)db_int(rows, 10),
	    .subject = id_is_zero(&out->device) ? "site" : id_hex(&out->device, subject),
	    .onset = onset,
	    .severity = (enum severity)db_int(rows, 1),
	    .from = db_int(rows, 2),
	    .until = db_int(rows, 3),
	    .value = db_int(rows, 7),
	    .limit = db_int(rows, 8),
	    .max = db_int(rows, 7),
	    .count = state == ALERT_RETRACTED ? 0 : (uint32_t)db_int(rows, 9),
	};
	out->alert.id = finding_id(f->check, f->subject, f->onset);
	out->alert.state = state;
	out->alert.raised_at = db_int(rows, 4);
	if (state == ALERT_CLEARED)
		out->alert.cleared_at = db_int(rows, 5);
	out->alert.is_late = db_int(rows, 6) != 0;
	out->alert.revision = (uint64_t)db_int(rows, 12);
}

static bool print_fold(struct outgoing *to, uint64_t n, int64_t no)
{
	struct view_outbox_row *out = &to->rows[to->count];
	char subject[ID_HEX_LEN + 1];
	char onset[DATE_BYTES];
	struct view_alert fold;
	struct db_rows rows = db_query(&to->view->ledger.db,
	    FOLD_OF " AND (NOT " IS_TAKEN_BACK(
	        "a") " OR NOT EXISTS(SELECT 1 FROM alert b"
	             " WHERE b.fold = ?1 AND b.fold > 0 AND NOT " IS_TAKEN_BACK("b") "))",
	    "i", no);

	if (!db_next(&rows))
		return false;
	fold_of(&rows, &fold, subject, onset);
	db_end(&rows);
	*out = (struct view_outbox_row){
	    .kind = OUTBOX_ALERT, .n = n, .topic = report_topic(OUTBOX_ALERT)};
	return report_fold(to->arena, to->style, to->epoch, n, &fold, &out->payload) == CP_OK;
}

static bool print_row(struct outgoing *to, const struct db_rows *rows)
{
	if (db_int(rows, GONE_AT))
		return view_outbox_gone(to, OUTBOX_ALERT, rows, GONE_AT);
	if (db_int(rows, GONE_AT + 5))
		return print_fold(
		    to, (uint64_t)db_int(rows, GONE_AT + 4), db_int(rows, GONE_AT + 5));
	return print_alert(to, rows);
}

void view_outbox_alerts(struct outgoing *to, uint64_t after)
{
	struct db_rows rows = db_query(&to->view->ledger.db,
	    "SELECT " VIEW_COLUMNS "," GONE_COLUMNS ", f.no "
	    "FROM outbox x LEFT JOIN alert a ON a.id = x.key" VIEW_JOINS GONE_JOIN
	    "LEFT JOIN fold f ON f.no = x.key "
	    "WHERE x.kind = ? AND x.n > ? AND (a.id NOTNULL OR g.kind NOTNULL OR f.no NOTNULL)"
	    " ORDER BY x.n LIMIT ?",
	    "iii", (int64_t)OUTBOX_ALERT, (int64_t)after, (int64_t)(to->max - to->count));

	while (!to->is_full && db_next(&rows)) {
		to->is_full = !print_row(to, &rows);
		to->count += !to->is_full;
	}
	db_end(&rows);
}
