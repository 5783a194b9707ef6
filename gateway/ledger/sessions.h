/* sessions.h - the rows of `session`: folds while a batch runs, then derived columns. */
#ifndef LEDGER_SESSIONS_H
#define LEDGER_SESSIONS_H

#include "care/session.h"
#include "ledger/state.h"

/* A session that rows of this batch speak about. Lives in the scratch arena. */
struct open_session {
	struct open_session *next; /* in its bucket */
	struct session session;    /* derived columns as before the batch */
	event_ms last_attach;
	event_ms started;      /* a START came in this batch, at; TIME_NEVER if none */
	event_ms start_before; /* what was known to be its START before the batch */
	bool is_dirty;
	bool is_loud;
};

/* Made on first sight. NULL only when db.err is set. */
struct open_session *sessions_open(
    struct ledger *ledger, int64_t source, const struct id *source_id, const struct id *sid);

/* Writes the folds of all open sessions, touches what they change, forgets them. */
void sessions_flush(struct ledger *ledger);

/* Columns of SELECT SESSION_COLUMNS FROM session s JOIN source r ON r.no = s.source. */
#define SESSION_COLUMNS                                                                            \
	"s.no, s.source, r.id, s.sid, s.first_at, s.last_at, s.start_from, s.stream_from,"         \
	" s.exposed_first, s.exposed_last, s.active_ms, s.pulses, s.boot, s.seq, s.state,"         \
	" s.flags, s.client, s.operator, s.course, s.phase, s.modality, s.zones, s.start_at,"      \
	" s.end_at, s.day, s.exposed_from, s.exposed_until, s.visit"
#define SESSION_COLUMN_COUNT 28
#define SESSION_FROM " FROM session s JOIN source r ON r.no = s.source "

/* The session in columns c, c + 1, ... */
struct session session_of_row(const struct db_rows *rows, int c);

/* False: no such session. */
bool sessions_load(struct ledger *ledger, int64_t no, struct session *out);

/* Writes the derived columns (not the fold, not the visit). */
void sessions_save(struct ledger *ledger, const struct session *session, event_ms last_attach);

#endif
