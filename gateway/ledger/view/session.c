#include "ledger/view/session.h"

#include "care/verdict.h"
#include "ledger/judging/history.h"
#include "ledger/judging/verdicts.h"
#include "ledger/policies.h"
#include "ledger/store/cart_rows.h"
#include "ledger/store/journal.h"
#include "ledger/store/sessions.h"
#include "ledger/view/state.h"

#include "telemetry.pb-c.h"

/* --- sessions -------------------------------------------------------------------- */

#define VIEW_COLUMNS                                                                               \
	SESSION_COLUMNS ", r.kind, r.serial, r.model, c.token, o.token, s.verdict_rev,"            \
	                " s.verdict_at, s.verdict, s.client != 0 AND c.token IS NULL"
#define VIEW_COLUMN_COUNT (SESSION_COLUMN_COUNT + 9)
#define VIEW_FROM                                                                                  \
	SESSION_FROM                                                                               \
	"LEFT JOIN client c ON c.no = s.client LEFT JOIN operator o ON o.no = s.operator "
#define SELECT_SESSION "SELECT " VIEW_COLUMNS VIEW_FROM

static void session_of(
    struct view *view, struct arena *arena, const struct db_rows *rows, struct view_session *out)
{
	const int c = SESSION_COLUMN_COUNT;
	const char *serial = db_text(rows, c + 1);

	*out = (struct view_session){
	    .session = session_of_row(rows, 0),
	    .device_kind = (unsigned)db_int(rows, c),
	    .serial = (const char *)arena_copy(arena, slice_of(serial, strlen(serial) + 1)).p,
	    .model = (uint32_t)db_int(rows, c + 2),
	    .verdict_rev = (uint32_t)db_int(rows, c + 5),
	    .verdict_at = db_int(rows, c + 6),
	    .decision = verdicts_decision(arena, db_blob(rows, c + 7)),
	    .is_forgotten = db_int(rows, c + 8) != 0,
	};
	id_from_bytes(&out->client, db_blob(rows, c + 3));
	id_from_bytes(&out->operator, db_blob(rows, c + 4));
	if (!out->serial)
		view_no_room(view);
}

bool view_session(struct view *view, struct arena *arena, int64_t no, struct view_session *out)
{
	bool is_found = false;

	view_begin(view);
	struct db_rows rows = db_query(&view->ledger.db, SELECT_SESSION "WHERE s.no = ?", "i", no);
	if (db_next(&rows)) {
		session_of(view, arena, &rows, out);
		is_found = true;
		db_end(&rows);
	}
	view_end(view);
	return is_found && !view->ledger.db.err;
}

int view_session_find(
    struct view *view, struct arena *arena, struct slice hex, struct view_session *out)
{
	struct view_range range;
	struct view_session second;
	int found = 0;

	if (!view_range_of(hex, &range))
		return 0;
	view_begin(view);
	struct db_rows rows = db_query(&view->ledger.db,
	    SELECT_SESSION "WHERE s.sid BETWEEN ? AND ? ORDER BY s.sid, s.no LIMIT 2", "bb",
	    slice_of(range.first.b, ID_BYTES), slice_of(range.last.b, ID_BYTES));
	for (; db_next(&rows); found++)
		session_of(view, arena, &rows, found ? &second : out);
	view_end(view);
	return view->ledger.db.err ? 0 : found;
}

/* --- many ---------------------------------------------------------------------------- */

/* Its findings are few and lie beside one another in alert_by_session. */
#define ALERTS "FROM alert a WHERE a.session = s.no AND a.session != 0 AND a.state "
#define SELECT_ROW                                                                                 \
	"SELECT " VIEW_COLUMNS ", (SELECT count(*) " ALERTS "!= ?1), (SELECT count(*) " ALERTS     \
	"NOT IN (?1, ?2)), (SELECT a.severity << 16 | a.check_id " ALERTS                          \
	"!= ?1 ORDER BY a.severity DESC, a.check_id LIMIT 1)" VIEW_FROM
#define WHERE_ROW                                                                                  \
	" s.start_at >= ?3 AND (s.start_at, s.no) < (?4, ?5) AND (?6 = 0 OR s.zones & ?6)"         \
	" AND (?7 = 0 OR s.source = ?7) AND (?8 = 0 OR s.client = ?8)"                             \
	" ORDER BY s.start_at DESC, s.no DESC LIMIT ?9"

/* By the index that leaves the least to read. */
static const char *sql_for(const struct view_session_filter *filter)
{
	if (filter->client)
		return SELECT_ROW "WHERE s.client = ?8 AND s.client != 0 AND" WHERE_ROW;
	if (filter->device)
		return SELECT_ROW "WHERE s.source = ?7 AND" WHERE_ROW;
	return SELECT_ROW "WHERE" WHERE_ROW;
}

static struct db_rows query_page(
    struct view *view, const struct view_session_filter *filter, const struct view_page *page)
{
	struct db *db = &view->ledger.db;
	event_ms start =
	    db_value(db, INT64_MAX, "SELECT start_at FROM session WHERE no = ?", "i", page->after);

	return db_query(db, sql_for(filter), "iiiiiiiii", (int64_t)ALERT_RETRACTED,
	    (int64_t)ALERT_CLEARED, (int64_t)filter->since, (int64_t)start, view_page_below(page),
	    (int64_t)filter->zones, filter->device, filter->client, (int64_t)page->max + 1);
}

struct view_session_row *view_sessions(struct view *view, struct arena *arena,
    const struct view_session_filter *filter, struct view_page *page, size_t *count)
{
	struct page_reader reader = page_begin(view, arena, page, sizeof(struct view_session_row));
	struct db_rows rows = query_page(view, filter, page);
	struct view_session_row *row;

	while ((row = page_row(&reader, &rows))) {
		session_of(view, arena, &rows, &row->view);
		row->findings = db_int(&rows, VIEW_COLUMN_COUNT);
		row->open = db_int(&rows, VIEW_COLUMN_COUNT + 1);
		row->worst = (enum check)(db_int(&rows, VIEW_COLUMN_COUNT + 2) & 0xffff);
		row->severity = (enum severity)(db_int(&rows, VIEW_COLUMN_COUNT + 2) >> 16);
	}
	return page_end(&reader, &rows, count);
}

/* --- cartridges ------------------------------------------------------------------- */

struct cart_use *view_cart_uses(
    struct view *view, struct arena *arena, int64_t session, size_t *count)
{
	struct cart_use *uses = NULL;
	size_t cap = 0;

	*count = 0;
	view_begin(view);
	struct db_rows rows = db_query(&view->ledger.db,
	    "SELECT " CART_USE_COLUMNS CART_USE_FROM
	    "WHERE u.session = ? ORDER BY u.from_at, u.boot, u.seq",
	    "i", session);
	while (db_next(&rows)) {
		struct cart_use *grown = arena_push(arena, uses, *count, &cap, sizeof(*uses));
		if (!grown) {
			view_no_room(view);
			break;
		}
		uses = grown;
		uses[(*count)++] = cart_use_of_row(&rows, 0);
	}
	db_end(&rows);
	view_end(view);
	return uses;
}

/* --- plans -------------------------------------------------------------------------- */

/* As the judge chooses: the highest revision whose event time is not later. */
bool view_plan(
    struct view *view, struct arena *arena, int64_t course, event_ms at, struct plan *out)
{
	bool is_found = false;

	view_begin(view);
	struct db_rows rows = db_query(&view->ledger.db,
	    "SELECT " JOURNAL_COLUMNS " FROM fact f JOIN journal j USING(source, boot, seq)"
	    " WHERE f.kind = ?1 AND f.subject = ?2 AND f.ts <= ?3"
	    " AND (f.until IS NULL OR f.until > ?3) ORDER BY f.ts, j.boot, j.seq",
	    "iii", (int64_t)SUBJECT_COURSE, course, (int64_t)at);
	while (db_next(&rows)) {
		struct journal_row row = journal_row_of(&rows);
		struct fact said = {.client = row.client};
		if (reading_from_journal(arena, row.payload, true, &said.reading) != READING_OK ||
		    said.reading.kind != READING_PLAN)
			continue;
		struct plan plan = history_plan_of(&said);
		plan.said = NULL;
		if (is_found && plan.revision <= out->revision)
			continue;
		*out = plan;
		is_found = true;
	}
	view_end(view);
	return is_found && !view->ledger.db.err;
}

/* --- policies ----------------------------------------------------------------------- */

bool view_policy(struct view *view, struct arena *arena, struct policy *policy)
{
	view_begin(view);
	bool ok = policies_read(&view->ledger.db, arena, policy);
	view_end(view);
	return ok;
}
