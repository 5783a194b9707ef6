/* outbox.c - what is sent next, printed as it is now (P5). */
#include "care/time/civil.h"
#include "ledger/days/aggregates.h"
#include "ledger/office/outbox.h"
#include "ledger/office/report.h"
#include "ledger/store/sessions.h"
#include "ledger/view/state.h"

#include "report.pb-c.h"

#include <inttypes.h>
#include <stdio.h>

#define KEY_BYTES 97 /* as the contract allows, and a NUL */

/* The key of what a state is about. */
typedef void key_fn(struct view *view, int64_t subject, char key[KEY_BYTES]);

static void key_of_session(struct view *view, int64_t no, char key[KEY_BYTES])
{
	struct session session = {0};
	struct db_rows rows =
	    db_query(&view->ledger.db, "SELECT s.sid, r.id" SESSION_FROM "WHERE s.no = ?", "i", no);

	if (db_next(&rows)) {
		id_from_bytes(&session.sid, db_blob(&rows, 0));
		id_from_bytes(&session.source, db_blob(&rows, 1));
	}
	db_end(&rows);
	session_name(&session, key, KEY_BYTES);
}

static void key_of_number(struct view *view, int64_t no, char key[KEY_BYTES])
{
	(void)view;
	snprintf(key, KEY_BYTES, "%" PRIu64, (uint64_t)no);
}

static void key_of_id(const struct db_rows *id, char key[KEY_BYTES])
{
	struct id named;

	id_from_bytes(&named, db_blob(id, 0));
	id_hex(&named, key);
}

static void key_of_device(struct view *view, int64_t no, char key[KEY_BYTES])
{
	struct db_rows rows =
	    db_query(&view->ledger.db, "SELECT id FROM source WHERE no = ?", "i", no);

	if (db_next(&rows))
		key_of_id(&rows, key);
	db_end(&rows);
}

static void key_of_case(struct view *view, int64_t no, char key[KEY_BYTES])
{
	struct db_rows rows =
	    db_query(&view->ledger.db, "SELECT key FROM name WHERE no = ?", "i", no);

	if (db_next(&rows))
		key_of_id(&rows, key);
	db_end(&rows);
}

static void key_of_box(struct view *view, int64_t no, char key[KEY_BYTES])
{
	(void)view;
	(void)no;
	snprintf(key, KEY_BYTES, "gateway");
}

static void key_of_input(struct view *view, int64_t no, char key[KEY_BYTES])
{
	struct db_rows rows =
	    db_query(&view->ledger.db, "SELECT key FROM name WHERE no = ?", "i", no);

	if (db_next(&rows))
		snprintf(key, KEY_BYTES, "%.*s", (int)db_blob(&rows, 0).len,
		    (const char *)db_blob(&rows, 0).p);
	db_end(&rows);
}

static void key_of_day(struct view *view, int64_t no, char key[KEY_BYTES])
{
	static const char *const selects[] = {
	    [AGGREGATE_OF_DEVICE] = "SELECT id FROM source WHERE no = ?",
	    [AGGREGATE_OF_OPERATOR] = "SELECT token FROM operator WHERE no = ?",
	};
	struct aggregate_key day = aggregates_key(no);
	uint32_t date = civil_to_yyyymmdd(day.day);
	char hex[ID_HEX_LEN + 1];
	struct id id = {0};

	if (day.of == AGGREGATE_OF_SITE) {
		snprintf(key, KEY_BYTES, "site/%" PRIu32, date);
		return;
	}
	struct db_rows rows = db_query(&view->ledger.db, selects[day.of], "i", day.who);
	if (db_next(&rows))
		id_from_bytes(&id, db_blob(&rows, 0));
	db_end(&rows);
	id_hex(&id, hex);
	snprintf(key, KEY_BYTES, "%s/%s/%" PRIu32,
	    day.of == AGGREGATE_OF_DEVICE ? "device" : "operator", hex, date);
}

/* The kinds that go up, the most urgent first (DESIGN section 6). */
static const struct {
	unsigned kind;
	enum subject_kind subject;
	key_fn *key; /* NULL: alerts, which have a table of their own */
} kinds_sent[] = {
    {OUTBOX_ALERT, SUBJECT_ROW, NULL},
    {OUTBOX_CASE, SUBJECT_CASE_STATE, key_of_case},
    {OUTBOX_SUMMARY, SUBJECT_SUMMARY, key_of_session},
    {OUTBOX_COURSE, SUBJECT_COURSE_STATE, key_of_number},
    {OUTBOX_DAY, SUBJECT_AGGREGATE, key_of_day},
    {OUTBOX_DEVICE, SUBJECT_DEVICE_STATE, key_of_device},
    {OUTBOX_HEALTH, SUBJECT_HEALTH, key_of_box},
    {OUTBOX_AUDIT, SUBJECT_AUDIT, key_of_input},
};

size_t view_outbox_kinds(void)
{
	return CP_COUNT(kinds_sent);
}

unsigned view_outbox_kind(size_t rank)
{
	return kinds_sent[rank].kind;
}

bool view_outbox_gone(struct outgoing *to, unsigned kind, const struct db_rows *rows, int column)
{
	struct view_outbox_row *out = &to->rows[to->count];
	struct report_gone gone = {
	    .kind = kind,
	    .reason = (unsigned)db_int(rows, column),
	    .first_n = (uint64_t)db_int(rows, column + 1),
	    .last_n = (uint64_t)db_int(rows, column + 2),
	    .revision = (uint64_t)db_int(rows, column + 3),
	    .n = (uint64_t)db_int(rows, column + 4),
	};

	*out = (struct view_outbox_row){.kind = kind, .n = gone.n, .topic = report_topic(kind)};
	return report_gone(to->arena, to->style, to->epoch, &gone, &out->payload) == CP_OK;
}

static bool print_state(
    struct outgoing *to, unsigned kind, key_fn *key_of, const struct db_rows *rows)
{
	char *key = arena_alloc(to->arena, KEY_BYTES);
	struct report_state state = {
	    .kind = kind,
	    .n = (uint64_t)db_int(rows, 0),
	    .revision = (uint64_t)db_int(rows, 2),
	    .body = db_blob(rows, 3),
	    .key = key,
	};
	struct view_outbox_row *out = &to->rows[to->count];

	if (!key)
		return false;
	key_of(to->view, db_int(rows, 1), key);
	id_from_bytes(&state.client, db_blob(rows, 4));
	id_from_bytes(&state.operator, db_blob(rows, 5));
	*out = (struct view_outbox_row){.kind = kind, .n = state.n, .topic = report_topic(kind)};
	return report_state(to->arena, to->style, to->epoch, &state, &out->payload) == CP_OK;
}

#define GONE_AT 6 /* the first of GONE_COLUMNS */

/* Its two parts, one after the other, are one message. */
static void add_states(
    struct outgoing *to, unsigned kind, enum subject_kind subject, key_fn *key_of, uint64_t after)
{
	struct db_rows rows = db_query(&to->view->ledger.db,
	    "SELECT x.n, t.subject, t.revision, CAST(t.observed || t.body AS BLOB),"
	    " c.token, o.token," GONE_COLUMNS
	    "FROM outbox x LEFT JOIN state t ON t.kind = ? AND t.subject = x.key"
	    " LEFT JOIN client c ON c.no = t.client LEFT JOIN operator o ON o.no = "
	    "t.operator" GONE_JOIN
	    "WHERE x.kind = ? AND x.n > ? AND (t.kind NOTNULL OR g.kind NOTNULL)"
	    " ORDER BY x.n LIMIT ?",
	    "iiii", (int64_t)subject, (int64_t)kind, (int64_t)after,
	    (int64_t)(to->max - to->count));

	while (!to->is_full && db_next(&rows)) {
		to->is_full = !(db_int(&rows, GONE_AT) ? view_outbox_gone(to, kind, &rows, GONE_AT)
		                                       : print_state(to, kind, key_of, &rows));
		to->count += !to->is_full;
	}
	db_end(&rows);
}

size_t view_outbox(struct view *view, struct arena *arena, const struct report_style *style,
    const uint64_t *after, unsigned kinds, struct view_outbox_row *rows, size_t max)
{
	struct outgoing to = {
	    .view = view, .arena = arena, .style = style, .rows = rows, .max = max};

	view_begin(view);
	to.epoch = view_epoch(view);
	for (size_t i = 0; i < CP_COUNT(kinds_sent) && to.count < max && !to.is_full; i++) {
		unsigned kind = kinds_sent[i].kind;
		if (kind >= kinds)
			continue;
		if (kinds_sent[i].key)
			add_states(
			    &to, kind, kinds_sent[i].subject, kinds_sent[i].key, after[kind]);
		else
			view_outbox_alerts(&to, after[kind]);
	}
	if (to.is_full && to.count == 0)
		view_no_room(view);
	view_end(view);
	return view->ledger.db.err ? 0 : to.count;
}
