#include "ledger/judging/guards.h"

#include "ledger/clocks.h"
#include "ledger/seals.h"

#include <stdlib.h>

#define ROW_BYTES_MAX (8U << 20) /* one message of 64 kB, decoded */

/* --- messages outside the stream, in their turn --------------------------------------------- */

struct said {
	int64_t name;
	const struct reading *reading;
};

static int compare_said(const void *a, const void *b)
{
	int64_t x = ((const struct said *)a)->name;
	int64_t y = ((const struct said *)b)->name;

	return (x > y) - (x < y);
}

/* Those that may still be folded. False: the arena is full. */
static bool gather_said(struct arena *arena, const struct guard *guard,
    const struct session_history *history, struct said_list *out)
{
	*out = (struct said_list){0};
	out->items = arena_alloc(arena, (history->facts.count + 1) * sizeof(*out->items));
	if (!out->items)
		return false;
	for (size_t i = 0; i < history->facts.count; i++) {
		const struct reading *reading = &history->facts.items[i].reading;
		struct said said = {message_no(reading->boot, reading->seq), reading};
		if (guard_is_next(guard, said.name))
			out->items[out->count++] = said;
	}
	qsort(out->items, out->count, sizeof(*out->items), compare_said);
	return true;
}

static void fold(struct open_guard *w, const struct reading *reading)
{
	guard_fold(&w->guard, &w->limits, reading);
	w->is_saved = false;
}

static void fold_said_before(struct open_guard *w, struct said_list *said, int64_t name)
{
	for (; said->next < said->count && said->items[said->next].name < name; said->next++)
		fold(w, said->items[said->next].reading);
}

/* --- a message comes --------------------------------------------------------------------- */

struct stored {
	uint32_t version;
	uint32_t len_bytes;
	uint8_t limits[LIMITS_HASH_BYTES];
	struct guard guard;
};

/* What is stored was folded beyond this message, which had to wait (after a crash): it
 * would never be folded on. */
static void forget_if_beyond(struct ledger *ledger, int64_t session, int64_t name)
{
	struct stored stored;
	bool is_beyond = false;
	struct db_rows rows =
	    db_query(&ledger->db, "SELECT fold FROM guard WHERE session = ?", "i", session);

	if (!db_next(&rows))
		return;
	struct slice blob = db_blob(&rows, 0);
	if (blob.len == sizeof(stored)) {
		memcpy(&stored, blob.p, sizeof(stored));
		is_beyond = !guard_is_next(&stored.guard, name);
	}
	db_end(&rows);
	if (is_beyond)
		db_run(&ledger->db, "DELETE FROM guard WHERE session = ?", "i", session);
}

/* In a recount. */
static void fold_in_turn(struct open_guard *w, const struct reading *reading)
{
	int64_t name = message_no(reading->boot, reading->seq);

	if (!w || w->is_stale)
		return;
	if (!guard_is_next(&w->guard, name)) {
		w->is_stale = true;
		return;
	}
	fold_said_before(w, &w->ahead, name);
	fold(w, reading);
}

bool guards_add(struct ledger *ledger, struct open_session *open, const struct reading *reading)
{
	struct open_guard *w = open->guard;
	int64_t name = message_no(reading->boot, reading->seq);

	if (ledger->config.is_recount) {
		fold_in_turn(w, reading);
		return false;
	}
	if (!w || (!w->is_stale && !guard_is_next(&w->guard, name)))
		forget_if_beyond(ledger, open->session.no, name);
	if (!w)
		return true;
	if (!guard_is_next(&w->guard, name))
		w->is_stale = true;
	if (w->is_stale)
		return w->is_quiet;

	enum guard_news news = guard_fold(&w->guard, &w->limits, reading);
	w->is_saved = false;
	w->is_amended |= news != GUARD_NOTHING;
	return news == GUARD_STEP || w->is_quiet;
}

void guards_forget(struct ledger *ledger, struct open_session *open)
{
	db_run(&ledger->db, "DELETE FROM guard WHERE session = ?", "i", open->session.no);
	if (open->guard)
		open->guard->is_stale = true;
}

void guards_flush(struct ledger *ledger, const struct open_session *open)
{
	if (open->guard && (open->guard->is_stale || open->guard->is_amended))
		touched_add(&ledger->touched[SUBJECT_SESSION], &ledger->scratch, open->session.no,
		    open->is_loud);
}

/* --- stored ------------------------------------------------------------------------------- */

static const uint8_t *hash_of_limits(struct open_guard *w)
{
	if (!w->has_hash)
		limits_hash(&w->limits, w->limits_hash);
	w->has_hash = true;
	return w->limits_hash;
}

static bool load(struct ledger *ledger, int64_t session, struct open_guard *w)
{
	struct stored stored;
	bool is_good = false;
	struct db_rows rows =
	    db_query(&ledger->db, "SELECT fold FROM guard WHERE session = ?", "i", session);

	if (!db_next(&rows))
		return false;
	struct slice blob = db_blob(&rows, 0);
	if (blob.len == sizeof(stored)) {
		memcpy(&stored, blob.p, sizeof(stored));
		is_good = stored.version == GUARD_VERSION && stored.len_bytes == sizeof(stored) &&
		          memcmp(stored.limits, hash_of_limits(w), sizeof(stored.limits)) == 0;
	}
	db_end(&rows);
	if (is_good)
		memcpy(&w->guard, &stored.guard, sizeof(w->guard));
	return is_good;
}

static bool has_stream(const struct session *session)
{
	return session->fold.stream_first <= session->fold.stream_last;
}

/* Before the stream begins there is nothing that would take long to fold again. */
static void save(struct ledger *ledger, const struct session *session, struct open_guard *w)
{
	struct stored stored;

	if (w->is_saved || w->guard.rows == 0 || !has_stream(session) || session->seal ||
	    ledger->config.is_recount)
		return;
	memset(&stored, 0, sizeof(stored));
	stored.version = GUARD_VERSION;
	stored.len_bytes = sizeof(stored);
	memcpy(stored.limits, hash_of_limits(w), sizeof(stored.limits));
	memcpy(&stored.guard, &w->guard, sizeof(stored.guard));
	db_run(&ledger->db,
	    "INSERT INTO guard(session, fold) VALUES(?, ?) ON CONFLICT DO UPDATE SET"
	    " fold = excluded.fold",
	    "ib", session->no, slice_of(&stored, sizeof(stored)));
	w->is_saved = true;
}

/* --- folded from the rows ------------------------------------------------------------------- */

struct refold {
	struct ledger *ledger;
	const struct session *session;
	struct open_guard *w;
	struct arena row; /* one message long */
	struct said_list said;
	bool has_set_aside; /* rows that may not be read, or are not applied yet */
};

/* What ended the program when it was applied is not read here either. What waits for its
 * turn comes as a late row when it is applied. */
static bool is_set_aside(struct refold *r, const struct stream_name *name)
{
	return r->has_set_aside &&
	       db_value(&r->ledger->db, 0,
	           "SELECT 1 FROM unjudged WHERE kind = 0 AND subject = ?1 AND boot = ?2 AND seq = "
	           "?3"
	           " UNION ALL SELECT 1 FROM pending WHERE kind = 0 AND subject = ?1 AND boot = ?2"
	           " AND seq = ?3",
	           "iii", name->source, (int64_t)name->boot, (int64_t)name->seq);
}

static void fold_row(struct refold *r, const struct stream_name *name)
{
	struct reading reading;

	if (is_set_aside(r, name))
		return;
	struct db_rows rows = db_query(r->ledger->stream_db,
	    "SELECT " STREAM_COLUMNS " FROM stream j WHERE no = ?", "i", name->row);
	if (!db_next(&rows))
		return;
	struct journal_row row = journal_row_of(&rows);
	enum reading_result result = row.kind == READING_HEARTBEAT
	                                 ? READING_PARKED
	                                 : journal_decode(&r->row, &row, &reading);
	if (result == READING_NOMEM)
		db_fail(&r->ledger->db, CP_NOMEM, "out of memory for a row of the stream");
	if (result == READING_OK && !reading.is_test && id_eq(&reading.sid, &r->session->sid)) {
		clocks_date_again(r->ledger, &reading, &row);
		fold(r->w, &reading);
	}
	db_end(&rows);
	arena_reset(&r->row);
}

/* One boot's, as far as they are folded at all. */
static void fold_boot(struct refold *r, int64_t first, int64_t last)
{
	size_t count = 0;
	struct stream_name *names =
	    stream_names_range(r->ledger, r->session->device, first, last, &count);

	for (size_t i = 0; i < count && !r->ledger->db.err; i++) {
		fold_said_before(r->w, &r->said, message_no(names[i].boot, names[i].seq));
		fold_row(r, &names[i]);
	}
}

/* From `first` on, of a session whose first message of all has the name `origin`. */
static void fold_stream(struct refold *r, int64_t origin, int64_t first, int64_t last)
{
	for (uint32_t i = 0; i < GUARD_BOOTS_MAX; i++) {
		uint32_t boot = message_no_boot(origin) + i;
		uint32_t seq = i ? 0 : message_no_seq(origin);
		int64_t from = message_no(boot, seq);
		int64_t until = message_no(boot,
		    seq + (GUARD_SEQS_MAX - 1) < seq ? UINT32_MAX : seq + (GUARD_SEQS_MAX - 1));
		if (boot < i) /* there is no boot after the highest */
			return;
		from = from > first ? from : first;
		until = until < last ? until : last;
		if (from <= until)
			fold_boot(r, from, until);
	}
}

static int64_t origin_of(const struct refold *r)
{
	int64_t origin = r->session->fold.stream_first;

	if (r->w->guard.rows)
		return r->w->guard.first;
	if (r->said.count && r->said.items[0].name < origin)
		origin = r->said.items[0].name;
	return origin;
}

static void fold_on(
    struct ledger *ledger, const struct session_history *history, struct open_guard *w)
{
	struct refold r = {.ledger = ledger, .session = history->session, .w = w};
	const struct session_fold *span = &history->session->fold;
	int64_t first = span->stream_first;

	if (!gather_said(&ledger->work, &w->guard, history, &r.said)) {
		db_fail(&ledger->db, CP_NOMEM, "a history is larger than a judge call may be");
		return;
	}
	if (w->guard.rows && w->guard.last >= first)
		first = w->guard.last + 1;
	if (first <= span->stream_last) {
		arena_init(&r.row, 64 * 1024, ROW_BYTES_MAX);
		r.has_set_aside = db_value(&ledger->db, 0,
		    "SELECT EXISTS(SELECT 1 FROM unjudged WHERE kind = 0) OR"
		    " EXISTS(SELECT 1 FROM pending WHERE kind = 0)",
		    "");
		fold_stream(&r, origin_of(&r), first, span->stream_last);
		arena_deinit(&r.row);
	}
	fold_said_before(w, &r.said, INT64_MAX);
}

/* --- for the judge ------------------------------------------------------------------------- */

/* A running session's lies in memory from its first judge on, in a recount that of each
 * session whose stream it has read. */
static struct open_guard *place_for(struct ledger *ledger, const struct session *session)
{
	struct open_session *open = sessions_in_memory(ledger, session->device, &session->sid);
	bool is_recount = ledger->config.is_recount;

	if (!open || (is_recount ? !open->guard : !session_is_open(session))) {
		if (open)
			open->guard = NULL;
		return arena_zalloc(&ledger->work, sizeof(struct open_guard));
	}
	if (!open->guard)
		open->guard = arena_zalloc(&ledger->running, sizeof(struct open_guard));
	return open->guard;
}

/* What is not in memory under these limits is loaded, or begun. */
static void refresh(
    struct ledger *ledger, const struct session_history *history, struct open_guard *w)
{
	struct limits before;
	bool is_late = w->is_stale;

	memcpy(&before, &w->limits, sizeof(before)); /* equal limits are equal bytes */
	if (!seals_limits(ledger, history->session, &w->limits))
		limits_of(history, &ledger->config.policy, &w->limits);
	if (w->is_begun && !is_late && memcmp(&before, &w->limits, sizeof(before)) == 0) {
		fold_said_before(w, &w->ahead, INT64_MAX);
		return;
	}
	w->has_hash = false;
	w->is_begun = true;
	w->is_stale = false;
	w->is_saved =
	    !is_late && has_stream(history->session) && load(ledger, history->session->no, w);
	if (!w->is_saved && !seals_guard(ledger, history->session, &w->guard))
		guard_begin(&w->guard, &w->limits);
	fold_on(ledger, history, w);
}

/* What a list points to must live as long as the guard. */
static bool keep_said(struct arena *arena, struct said_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct reading *said = list->items[i].reading;
		struct reading *kept = arena_alloc(arena, sizeof(*kept));
		if (!kept || reading_from_journal(arena, said->payload, false, kept))
			return false;
		kept->ts = said->ts;
		kept->ts_source = said->ts_source;
		list->items[i].reading = kept;
	}
	return true;
}

void guards_begin(
    struct ledger *ledger, const struct session_history *history, struct open_session *open)
{
	struct open_guard *w = arena_zalloc(&ledger->running, sizeof(*w));

	/* Else it is folded from the rows when it is judged. */
	if (!w || !gather_said(&ledger->running, &w->guard, history, &w->ahead) ||
	    !keep_said(&ledger->running, &w->ahead))
		return;
	limits_of(history, &ledger->config.policy, &w->limits);
	guard_begin(&w->guard, &w->limits);
	w->is_begun = true;
	open->guard = w;
}

void guards_complete(struct ledger *ledger, struct session_history *history, wall_ms now)
{
	const struct session *session = history->session;
	struct open_guard *w = place_for(ledger, session);

	if (!w) {
		db_fail(&ledger->db, CP_NOMEM, "out of memory for the stream of a session");
		return;
	}
	refresh(ledger, history, w);
	save(ledger, session, w);
	w->is_amended = false;
	w->is_quiet = session_is_open(session) && now - session->fold.last_at > w->limits.silent_ms;
	history->limits = &w->limits;
	history->guard = &w->guard;
}
