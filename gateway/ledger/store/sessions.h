/* sessions.h - the rows of `session`: folds of what devices say, and derived columns.
 *
 * A session that rows spoke about stays open in memory over batches, and its fold is
 * written when it is needed: before anything is judged, and at the latest after
 * FOLDS_KEPT_MS. Meta 'stream_folded' is the row of the stream up to which the
 * folds are written; what follows changes nothing that is stored, and is applied
 * again after a crash (P3).
 */
#ifndef LEDGER_STORE_SESSIONS_H
#define LEDGER_STORE_SESSIONS_H

#include "care/session.h"
#include "ledger/state.h"

#define FOLDS_KEPT_MS 1000
#define FOLDS_KEPT_ROWS 8192

struct open_session {
	struct open_session *next; /* in its bucket */
	struct open_session *next_dirty;
	struct session session; /* derived columns as stored */
	event_ms last_attach;
	/* Since its fold was written: */
	event_ms started;      /* a START came, at; TIME_NEVER if none */
	event_ms start_before; /* what was known to be its START before that */
	bool is_dirty;
	bool is_loud;

	struct open_guard *guard; /* ledger/judging/guards.h; NULL: not in memory */
};

/* In memory, or NULL. */
struct open_session *sessions_in_memory(
    struct ledger *ledger, int64_t source, const struct id *sid);

/* Made on first sight. NULL only when db.err is set. */
struct open_session *sessions_open(
    struct ledger *ledger, int64_t source, const struct id *source_id, const struct id *sid);

/* Its fold was counted again: other times, other neighbours. */
void sessions_replace_fold(
    struct ledger *ledger, struct open_session *open, const struct session_fold *fold);

/* Its fold was added to. By what is late or was buffered, not loud: that may join
 * visits of the past and is not waited with. */
void sessions_mark_dirty(struct ledger *ledger, struct open_session *open, bool is_loud);

/* When folds must be written at the latest; TIME_NEVER: none waits. */
wall_ms sessions_flush_at(const struct ledger *ledger);

/* Writes the folds that wait, touches what they change. */
void sessions_flush(struct ledger *ledger);

/* No fold waits: what follows the mark speaks about no session. */
void sessions_mark_folded(struct ledger *ledger);

/* Columns of SELECT SESSION_COLUMNS FROM session s JOIN source r ON r.no = s.source. */
#define SESSION_COLUMNS                                                                            \
	"s.no, s.source, r.id, s.sid, s.first_at, s.last_at, s.start_from, s.stream_from,"         \
	" s.exposed_first, s.exposed_last, s.active_ms, s.pulses, s.boot, s.seq, s.state,"         \
	" s.flags, s.client, s.operator, s.course, s.phase, s.modality, s.zones, s.start_at,"      \
	" s.end_at, s.day, s.exposed_from, s.exposed_until, s.visit, s.booking, s.model,"          \
	" s.stream_first, s.stream_last, s.seal, s.sealed"
#define SESSION_COLUMN_COUNT 34
#define SESSION_FROM " FROM session s JOIN source r ON r.no = s.source "

/* enum ts_source of the session s. */
#define SESSION_TS_SOURCE "1 + ((s.flags >> 8) & 3)"
#define SESSION_HAS_START "s.flags & 1 != 0"
#define SESSION_IS_VOID "s.flags & 64 != 0"
#define SESSION_IS_OVER "s.state IN (4, 5)"
/* Over, dated, no test, not voided: aggregate_counts(). */
#define SESSION_COUNTS SESSION_IS_OVER " AND s.flags & 584 = 0"

/* The session in columns c, c + 1, ... */
struct session session_of_row(const struct db_rows *rows, int c);

/* False: no such session. */
bool sessions_load(struct ledger *ledger, int64_t no, struct session *out);

/* The exposing session that a session's device had before it; no 0: none. R22: a test
 * treats nobody. */
void sessions_load_former(
    struct ledger *ledger, const struct session *session, struct session *out);

/* R23: of the devices that use a sid the first one has it; what others tell of the sid is
 * about its session. When a session starts at another moment, those of the others must know. */
bool sessions_owns_sid(struct ledger *ledger, const struct session *session);
void sessions_touch_twins(struct ledger *ledger, const struct session *session, bool is_loud);

/* The others on its device of which it, if it begins at a moment, is or was the former. */
void sessions_touch_followers(
    struct ledger *ledger, const struct session *session, event_ms start, bool is_loud);

/* Writes the derived columns (not the fold, not the visit). */
void sessions_save(struct ledger *ledger, const struct session *session, event_ms last_attach);
void sessions_save_visit(struct ledger *ledger, int64_t no, int64_t visit);

/* Most samples only lengthen what is known. These change an answer: the first
 * sign of treatment, exposure earlier than known, later exposure that may decide
 * which of several cartridges it was, and anything about a session that was
 * thought to be over. */
bool sessions_stream_matters(const struct open_session *open, const struct session_fold *more);

#endif
