#include "ledger/store/sessions.h"

#include "ledger/judging/guards.h"
#include "ledger/merges.h"
#include "ledger/store/store.h"

#define SESSIONS_KEPT_BYTES (32U << 20) /* some 10,000 treatments at once */

/* session.flags */
enum {
	FLAG_START = 1 << 0,
	FLAG_END = 1 << 1,
	FLAG_REPLAY = 1 << 2,
	FLAG_TEST = 1 << 3,
	FLAG_EXPOSING = 1 << 4,
	FLAG_COMPLETED = 1 << 5,
	FLAG_VOID = 1 << 6,      /* SESSION_IS_VOID */
	FLAG_TS_SOURCE = 3 << 8, /* SESSION_TS_SOURCE: enum ts_source, from TS_DEVICE on */
};
#define FLAG_TS_SHIFT 8

static int64_t flags_of(const struct session *s)
{
	return (s->has_start ? FLAG_START : 0) | (s->has_end ? FLAG_END : 0) |
	       (s->is_replay ? FLAG_REPLAY : 0) | (s->is_test ? FLAG_TEST : 0) |
	       (s->is_exposing ? FLAG_EXPOSING : 0) | (s->is_completed ? FLAG_COMPLETED : 0) |
	       (s->is_void ? FLAG_VOID : 0) |
	       (s->ts_source > TS_DEVICE ? (s->ts_source - TS_DEVICE) << FLAG_TS_SHIFT : 0);
}

struct session session_of_row(const struct db_rows *rows, int c)
{
	struct session s = {
	    .no = db_int(rows, c),
	    .device = db_int(rows, c + 1),
	    .fold = {.first_at = db_int(rows, c + 4),
	        .last_at = db_int(rows, c + 5),
	        .start_from = db_int(rows, c + 6),
	        .stream_from = db_int(rows, c + 7),
	        .exposed_from = db_int(rows, c + 8),
	        .exposed_until = db_int(rows, c + 9),
	        .active_ms = db_int(rows, c + 10),
	        .pulses = db_int(rows, c + 11),
	        .stream_first = db_int(rows, c + 30),
	        .stream_last = db_int(rows, c + 31)},
	    .boot = (uint32_t)db_int(rows, c + 12),
	    .seq = (uint32_t)db_int(rows, c + 13),
	    .state = (enum session_state)db_int(rows, c + 14),
	    .client = db_int(rows, c + 16),
	    .operator_no = db_int(rows, c + 17),
	    .course = db_int(rows, c + 18),
	    .phase = (enum phase)db_int(rows, c + 19),
	    .modality = (enum modality)db_int(rows, c + 20),
	    .zones = (uint32_t)db_int(rows, c + 21),
	    .start = db_int(rows, c + 22),
	    .end = db_int(rows, c + 23),
	    .day = (int32_t)db_int(rows, c + 24),
	    .exposed_from = db_int(rows, c + 25),
	    .exposed_until = db_int(rows, c + 26),
	    .visit = db_int(rows, c + 27),
	    .booking = db_int(rows, c + 28),
	    .model = (int32_t)db_int(rows, c + 29),
	    .seal = db_int(rows, c + 32),
	    .sealed = db_int(rows, c + 33),
	};
	int64_t flags = db_int(rows, c + 15);

	s.has_start = flags & FLAG_START;
	s.has_end = flags & FLAG_END;
	s.is_replay = flags & FLAG_REPLAY;
	s.is_test = flags & FLAG_TEST;
	s.is_exposing = flags & FLAG_EXPOSING;
	s.is_completed = flags & FLAG_COMPLETED;
	s.is_void = flags & FLAG_VOID;
	s.ts_source = (enum ts_source)(TS_DEVICE + ((flags & FLAG_TS_SOURCE) >> FLAG_TS_SHIFT));
	id_from_bytes(&s.source, db_blob(rows, c + 2));
	id_from_bytes(&s.sid, db_blob(rows, c + 3));
	/* While it runs, its end is its last message: the fold knows it best. */
	if (!s.has_end)
		s.end = s.fold.last_at;
	if (s.fold.exposed_from != TIME_NEVER) {
		s.exposed_from = s.fold.exposed_from;
		s.exposed_until = s.fold.exposed_until;
	}
	return s;
}

bool sessions_load(struct ledger *ledger, int64_t no, struct session *out)
{
	const struct session *kept = kept_sessions_get(&ledger->kept_sessions, no);

	if (kept) {
		*out = *kept;
		return true;
	}
	struct db_rows rows =
	    db_query(&ledger->db, "SELECT " SESSION_COLUMNS SESSION_FROM "WHERE s.no = ?", "i", no);

	if (!db_next(&rows))
		return false;
	*out = session_of_row(&rows, 0);
	db_end(&rows);
	kept_sessions_put(&ledger->kept_sessions, out);
	return true;
}

/* --- the next on a device ----------------------------------------------------------- */

#define IS_NOT_ENDED "flags & 2 = 0"     /* without FLAG_END */
#define IS_TREATMENT "s.flags & 24 = 16" /* FLAG_EXPOSING without FLAG_TEST */

void sessions_load_former(struct ledger *ledger, const struct session *session, struct session *out)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT " SESSION_COLUMNS SESSION_FROM "WHERE s.source = ?1 AND s.start_at <= ?2"
	    " AND (s.start_at, s.boot, s.seq) < (?2, ?3, ?4) AND s.no != ?5 AND " IS_TREATMENT
	    " ORDER BY s.start_at DESC, s.boot DESC, s.seq DESC LIMIT 1",
	    "iiiii", session->device, (int64_t)session->start, (int64_t)session->boot,
	    (int64_t)session->seq, session->no);

	*out = (struct session){0};
	if (!db_next(&rows))
		return;
	*out = session_of_row(&rows, 0);
	db_end(&rows);
}

void sessions_touch_followers(
    struct ledger *ledger, const struct session *session, event_ms start, bool is_loud)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT s.no, " IS_TREATMENT ", s.start_at FROM session s WHERE s.source = ?"
	    " AND s.start_at >= ? AND s.no != ? ORDER BY s.start_at, s.boot, s.seq",
	    "iii", session->device, (int64_t)start, session->no);

	while (db_next(&rows)) {
		touched_add(
		    &ledger->touched[SUBJECT_SESSION], &ledger->scratch, db_int(&rows, 0), is_loud);
		if (db_int(&rows, 1) && db_int(&rows, 2) > start)
			break;
	}
	db_end(&rows);
}

bool sessions_owns_sid(struct ledger *ledger, const struct session *session)
{
	return !db_value(&ledger->db, 0,
	    "SELECT 1 FROM session s JOIN source r ON r.no = s.source WHERE s.sid = ?1"
	    " AND s.no != ?2 AND (s.start_at, r.id) < (?3, ?4) LIMIT 1",
	    "biib", slice_of(session->sid.b, ID_BYTES), session->no, (int64_t)session->start,
	    slice_of(session->source.b, ID_BYTES));
}

void sessions_touch_twins(struct ledger *ledger, const struct session *session, bool is_loud)
{
	struct db_rows rows =
	    db_query(&ledger->db, "SELECT no FROM session WHERE sid = ? AND no != ?", "bi",
	        slice_of(session->sid.b, ID_BYTES), session->no);

	while (db_next(&rows))
		touched_add(
		    &ledger->touched[SUBJECT_SESSION], &ledger->scratch, db_int(&rows, 0), is_loud);
}

/* --- rows ------------------------------------------------------------------------------ */

static struct open_session **bucket_of(struct ledger *ledger, int64_t source, const struct id *sid)
{
	/* A sid is a UUID: any of its bytes spreads well enough. */
	size_t spread = (size_t)sid->b[14] << 8 | sid->b[15];

	return &ledger->open[(spread ^ (size_t)source) % SESSION_BUCKETS];
}

struct open_session *sessions_in_memory(struct ledger *ledger, int64_t source, const struct id *sid)
{
	struct open_session *open = *bucket_of(ledger, source, sid);

	while (open && !(open->session.device == source && id_eq(&open->session.sid, sid)))
		open = open->next;
	return open;
}

void sessions_save(struct ledger *ledger, const struct session *s, event_ms last_attach)
{
	db_run(&ledger->db,
	    "UPDATE session SET boot = ?, seq = ?, state = ?, flags = ?, client = ?, operator = ?,"
	    " course = ?, phase = ?, modality = ?, zones = ?, start_at = ?, end_at = ?, day = ?,"
	    " exposed_from = ?, exposed_until = ?, last_attach = ?, booking = ?, model = ?"
	    " WHERE no = ?",
	    "iiiiiiiiiiiiiiiiiii", (int64_t)s->boot, (int64_t)s->seq, (int64_t)s->state,
	    flags_of(s), s->client, s->operator_no, s->course, (int64_t)s->phase,
	    (int64_t)s->modality, (int64_t)s->zones, (int64_t)s->start, (int64_t)s->end,
	    (int64_t)s->day, (int64_t)s->exposed_from, (int64_t)s->exposed_until,
	    (int64_t)last_attach, s->booking, (int64_t)s->model, s->no);
	kept_sessions_forget(&ledger->kept_sessions, s->no);
	struct open_session *open = sessions_in_memory(ledger, s->device, &s->sid);
	if (!open)
		return;
	open->session = *s;
	open->last_attach = last_attach;
}

void sessions_save_visit(struct ledger *ledger, int64_t no, int64_t visit)
{
	db_run(&ledger->db, "UPDATE session SET visit = ? WHERE no = ?", "ii", visit, no);
	kept_sessions_forget(&ledger->kept_sessions, no);
}

/* --- open sessions ---------------------------------------------------------------- */

static bool load_open(
    struct ledger *ledger, struct open_session *open, int64_t source, const struct id *sid)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT " SESSION_COLUMNS ", s.last_attach" SESSION_FROM
	    "WHERE s.source = ? AND s.sid = ?",
	    "ib", source, slice_of(sid->b, ID_BYTES));

	if (!db_next(&rows))
		return false;
	open->session = session_of_row(&rows, 0);
	open->last_attach = db_int(&rows, SESSION_COLUMN_COUNT);
	db_end(&rows);
	return true;
}

/* Clients whose history from elsewhere names a sid of this site: it was an echo. */
static void touch_echoes(struct ledger *ledger, const struct id *sid)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT DISTINCT j.client FROM name n JOIN fact f ON f.kind = n.kind AND f.subject = "
	    "n.no"
	    " JOIN journal j USING(source, boot, seq)"
	    " WHERE n.kind = ? AND n.key = ? AND f.topic = ?",
	    "ibi", (int64_t)SUBJECT_SID, slice_of(sid->b, ID_BYTES),
	    FACT_TOPIC(READING_CLIENT_HISTORY, 0));

	while (db_next(&rows))
		touched_add(&ledger->touched[SUBJECT_CLIENT], &ledger->scratch,
		    merges_client(ledger, db_int(&rows, 0)), false);
}

static void make_open(struct ledger *ledger, struct open_session *open, int64_t source,
    const struct id *source_id, const struct id *sid)
{
	db_run(&ledger->db,
	    "INSERT INTO session(source, sid, first_at, last_at, start_from, stream_from,"
	    " exposed_first, exposed_last, active_ms, pulses) VALUES(?, ?, 0, 0, 0, 0, 0, 0, 0, 0)",
	    "ib", source, slice_of(sid->b, ID_BYTES));
	open->session = (struct session){
	    .no = db_last_rowid(&ledger->db),
	    .device = source,
	    .source = *source_id,
	    .sid = *sid,
	    .fold = SESSION_FOLD_EMPTY,
	};
	open->last_attach = INT64_MIN;
	touch_echoes(ledger, sid);
}

struct open_session *sessions_open(
    struct ledger *ledger, int64_t source, const struct id *source_id, const struct id *sid)
{
	struct open_session *open = sessions_in_memory(ledger, source, sid);
	if (open)
		return open;

	open = arena_zalloc(&ledger->running, sizeof(*open));
	if (!open) {
		db_fail(&ledger->db, CP_NOMEM, "out of memory for the open sessions");
		return NULL;
	}
	open->started = TIME_NEVER;
	if (!load_open(ledger, open, source, sid))
		make_open(ledger, open, source, source_id, sid);
	if (ledger->db.err)
		return NULL;
	open->start_before = open->session.fold.start_from;
	struct open_session **bucket = bucket_of(ledger, source, sid);
	open->next = *bucket;
	*bucket = open;
	return open;
}

void sessions_mark_dirty(struct ledger *ledger, struct open_session *open, bool is_loud)
{
	if (!ledger->dirty)
		ledger->dirty_since = ledger->now;
	if (!is_loud)
		ledger->dirty_since = INT64_MIN;
	open->is_loud |= is_loud;
	if (open->is_dirty)
		return;
	open->is_dirty = true;
	open->next_dirty = ledger->dirty;
	ledger->dirty = open;
}

void sessions_replace_fold(
    struct ledger *ledger, struct open_session *open, const struct session_fold *fold)
{
	event_ms before = open->session.fold.start_from;
	event_ms after = fold->start_from;

	open->session.fold = *fold;
	open->started = before < after ? before : after;
	open->start_before = before < after ? after : before;
	sessions_mark_dirty(ledger, open, false);
}

wall_ms sessions_flush_at(const struct ledger *ledger)
{
	bool was_set_back = ledger->dirty && ledger->now < ledger->dirty_since; /* the clock */

	if (ledger->stream_last - ledger->stream_folded >= FOLDS_KEPT_ROWS || was_set_back)
		return ledger->now;
	return ledger->dirty ? ledger->dirty_since + FOLDS_KEPT_MS : TIME_NEVER;
}

/* R13: a session without END reaches 120 min beyond its last message. When the
 * client has a later one, that reach decides whose visit it belongs to. */
static bool is_followed(struct ledger *ledger, const struct session *session)
{
	return session_has_client(session) && !session->has_end &&
	       db_value(&ledger->db, 0,
	           "SELECT 1 FROM session WHERE client = ? AND client != 0 AND start_at > ? LIMIT "
	           "1",
	           "ii", session->client, (int64_t)session->start);
}

/* R23: a START ends what the device had before it: the session of the START before
 * this one, and what came since without a START of its own, unless they have their END.
 * A START that turns out to be earlier than known frees what began in between. */
static void touch_former(struct ledger *ledger, const struct open_session *open)
{
	event_ms until = open->started;
	if (open->start_before != TIME_NEVER && open->start_before > until)
		until = open->start_before;
	int64_t former = db_value(&ledger->db, INT64_MIN,
	    "SELECT max(start_from) FROM session WHERE source = ? AND start_from < ?", "ii",
	    open->session.device, (int64_t)open->started);
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT no FROM session WHERE source = ?1 AND start_from >= ?2 AND start_from < ?3"
	    " AND " IS_NOT_ENDED " UNION ALL SELECT no FROM session WHERE source = ?1"
	    " AND start_from = ?4 AND first_at > ?2 AND first_at < ?3 AND " IS_NOT_ENDED,
	    "iiii", open->session.device, former, (int64_t)until, TIME_NEVER);

	while (db_next(&rows))
		touched_add(&ledger->touched[SUBJECT_SESSION], &ledger->scratch, db_int(&rows, 0),
		    open->is_loud);
}

static void flush(struct ledger *ledger, struct open_session *open)
{
	const struct session *session = &open->session;
	const struct session_fold *fold = &session->fold;

	db_run(&ledger->db,
	    "UPDATE session SET first_at = ?, last_at = ?, start_from = ?, stream_from = ?,"
	    " exposed_first = ?, exposed_last = ?, active_ms = ?, pulses = ?, stream_first = ?,"
	    " stream_last = ? WHERE no = ?",
	    "iiiiiiiiiii", (int64_t)fold->first_at, (int64_t)fold->last_at,
	    (int64_t)fold->start_from, (int64_t)fold->stream_from, (int64_t)fold->exposed_from,
	    (int64_t)fold->exposed_until, fold->active_ms, fold->pulses, fold->stream_first,
	    fold->stream_last, session->no);
	kept_sessions_forget(&ledger->kept_sessions, session->no);
}

/* Whom the written fold concerns. */
static void touch_with(struct ledger *ledger, const struct open_session *open)
{
	guards_flush(ledger, open);
	if (is_followed(ledger, &open->session))
		touched_add(&ledger->touched[SUBJECT_CLIENT], &ledger->scratch,
		    open->session.client, open->is_loud);
	if (open->started != TIME_NEVER)
		touch_former(ledger, open);
}

bool sessions_stream_matters(const struct open_session *open, const struct session_fold *more)
{
	const struct session_fold *fold = &open->session.fold;

	if (!session_is_open(&open->session))
		return true;
	if (fold->stream_from == TIME_NEVER || more->exposed_from < fold->exposed_from ||
	    more->first_at < fold->first_at)
		return true;
	return fold->exposed_until < open->last_attach && fold->exposed_until < more->exposed_until;
}

static void forget_all(struct ledger *ledger)
{
	memset(ledger->open, 0, sizeof(ledger->open));
	arena_reset(&ledger->running);
}

void sessions_mark_folded(struct ledger *ledger)
{
	CP_CHECK(!ledger->dirty);
	if (ledger->stream_folded != ledger->stream_last)
		store_set_meta(ledger, "stream_folded", ledger->stream_last);
	ledger->stream_folded = ledger->stream_last;
}

void sessions_flush(struct ledger *ledger)
{
	for (struct open_session *open = ledger->dirty; open; open = open->next_dirty)
		flush(ledger, open);
	for (struct open_session *open = ledger->dirty; open; open = open->next_dirty) {
		if (!ledger->config.is_recount) /* judges everybody */
			touch_with(ledger, open);
		open->started = TIME_NEVER;
		open->start_before = open->session.fold.start_from;
		open->is_dirty = open->is_loud = false;
	}
	ledger->dirty = NULL;
	sessions_mark_folded(ledger);
	if (ledger->running.used_bytes > SESSIONS_KEPT_BYTES)
		forget_all(ledger);
}
