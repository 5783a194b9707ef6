#include "care/correction.h"
#include "ledger/merges.h"
#include "ledger/store/journal.h"
#include "ledger/store/names.h"
#include "ledger/view/session.h"
#include "ledger/view/state.h"

#define KIND(name) CAREPACE__V1__CORRECTION_KIND__CORRECTION_##name

struct list {
	struct view *view;
	struct arena *arena;
	struct view_correction *items;
	size_t count;
	size_t cap;
	struct id sid;
	struct id client;    /* whose the session is so far */
	int64_t merged_into; /* whose merges are asked for */
};

/* A later word of its kind; of a merge, about the same client. */
static void take_its_place(struct list *list, const struct view_correction *later)
{
	for (size_t i = 0; i < list->count; i++) {
		struct view_correction *earlier = &list->items[i];
		if (earlier->kind == later->kind &&
		    (later->kind != KIND(MERGE_CLIENTS) || id_eq(&earlier->client, &later->client)))
			earlier->is_in_force = false;
	}
}

static void add(struct list *list, struct view_correction correction)
{
	struct view_correction *grown =
	    arena_push(list->arena, list->items, list->count, &list->cap, sizeof(*list->items));

	if (!grown) {
		view_no_room(list->view);
		return;
	}
	take_its_place(list, &correction);
	list->items = grown;
	list->items[list->count++] = correction;
}

/* A row of the SELECT below. */
static void take(struct list *list, const struct db_rows *rows)
{
	struct ledger *ledger = &list->view->ledger;
	struct journal_row row = journal_row_of(rows);
	const int c = JOURNAL_COLUMN_COUNT;
	struct reading reading;

	if (journal_decode(&ledger->work, &row, &reading) != READING_OK)
		return;
	struct view_correction correction = {
	    .kind = correction_kind(&reading),
	    .at = db_int(rows, c),
	    .reason = correction_reason(&reading),
	    .is_by_head_office = reading.kind == READING_HQ_CORRECTION,
	    .is_in_force = true,
	};
	id_from_bytes(&correction.client, db_blob(rows, c + 1));
	id_from_bytes(&correction.new_client, db_blob(rows, c + 2));
	id_from_bytes(&correction.by, db_blob(rows, c + 3));
	if (correction.kind == KIND(MERGE_CLIENTS)) {
		if (merges_client(ledger, row.client) == list->merged_into ||
		    merges_client(ledger, row.client2) == list->merged_into)
			add(list, correction);
		return;
	}
	correction.sid = list->sid;
	correction.client = list->client;
	if (correction.kind == KIND(REASSIGN_CLIENT)) {
		if (!row.client2) /* to nobody: it has no effect */
			return;
		list->client = correction.new_client;
	}
	add(list, correction);
}

static void read_about(struct list *list, enum subject_kind kind, int64_t subject)
{
	struct db_rows rows = db_query(&list->view->ledger.db,
	    "SELECT " JOURNAL_COLUMNS ", f.ts, a.token, b.token, o.token"
	    " FROM fact f JOIN journal j USING(source, boot, seq) JOIN source r ON r.no = j.source"
	    " LEFT JOIN client a ON a.no = j.client LEFT JOIN client b ON b.no = j.client2"
	    " LEFT JOIN operator o ON o.no = j.operator"
	    " WHERE f.kind = ? AND f.subject = ? AND f.topic IN (?, ?, ?)"
	    " ORDER BY f.ts, r.id, j.boot, j.seq",
	    "iiiii", (int64_t)kind, subject, FACT_TOPIC(READING_CORRECTION, 0),
	    FACT_TOPIC(READING_COUNT_OVERRIDE, 0), FACT_TOPIC(READING_HQ_CORRECTION, 0));

	while (db_next(&rows))
		take(list, &rows);
}

/* Whom its START named. */
static struct id first_client(struct view *view, const struct session *session)
{
	struct id token = {0};
	struct db_rows rows = db_query(&view->ledger.db,
	    "SELECT c.token FROM journal j JOIN client c ON c.no = j.client"
	    " WHERE j.source = ? AND j.boot = ? AND j.seq = ?",
	    "iii", session->device, (int64_t)session->boot, (int64_t)session->seq);

	if (db_next(&rows)) {
		id_from_bytes(&token, db_blob(&rows, 0));
		db_end(&rows);
	}
	return token;
}

struct view_correction *view_corrections(
    struct view *view, struct arena *arena, const struct session *session, size_t *count)
{
	struct list list = {.view = view, .arena = arena, .sid = session->sid};

	view_begin(view);
	int64_t no = names_known(&view->ledger, SUBJECT_SID, slice_of(session->sid.b, ID_BYTES));
	list.client = first_client(view, session);
	if (no)
		read_about(&list, SUBJECT_SID, no);
	view_end(view);
	*count = list.count;
	return list.items;
}

struct view_correction *view_merges(
    struct view *view, struct arena *arena, int64_t client, size_t *count)
{
	struct list list = {.view = view, .arena = arena, .merged_into = client};

	view_begin(view);
	if (client)
		read_about(&list, SUBJECT_SITE, 0);
	view_end(view);
	*count = list.count;
	return list.items;
}
