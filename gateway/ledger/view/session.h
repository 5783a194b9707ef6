/* session.h - one session, and what belongs to it.
 *
 * Calls, memory, errors, tokens: as in view.h.
 */
#ifndef LEDGER_VIEW_SESSION_H
#define LEDGER_VIEW_SESSION_H

#include "ledger/view/list.h"

struct view_session {
	struct session session;
	unsigned device_kind; /* Carepace__V1__DeviceKind; 0: no HELLO yet */
	const char *serial;   /* "" until then */
	uint32_t model;
	struct id client; /* tokens */
	struct id operator;
	bool is_forgotten;    /* as in view_alert */
	uint32_t verdict_rev; /* 0: none was given; with it: */
	wall_ms verdict_at;
	int decision; /* enum decision */
};

/* By its local number. False: no such session. */
bool view_session(struct view *view, struct arena *arena, int64_t no, struct view_session *out);

/* By the first digits of its sid, as view_alert_find(). Two devices may use the
 * same sid: that counts as two. */
int view_session_find(
    struct view *view, struct arena *arena, struct slice hex, struct view_session *out);

/* --- many sessions ------------------------------------------------------------------ */

struct view_session_filter {
	int64_t device; /* local number; 0: all */
	int64_t client; /* the same */
	uint32_t zones; /* those that have one of these; 0: all */
	event_ms since; /* that started then or later; 0: all */
};

struct view_session_row {
	struct view_session view;
	int64_t findings; /* but for the retracted ones */
	int64_t open;     /* of them */
	enum check worst; /* the most severe of them; 0: none */
	enum severity severity;
};

/* The newest first. NULL when there is none. */
struct view_session_row *view_sessions(struct view *view, struct arena *arena,
    const struct view_session_filter *filter, struct view_page *page, size_t *count);

/* --- what belongs to one --------------------------------------------------------------- */

/* What was in the session's slots, in order. NULL when there was nothing. */
struct cart_use *view_cart_uses(
    struct view *view, struct arena *arena, int64_t session, size_t *count);

/* The plan of a course as in force at a moment. False: there was none. */
bool view_plan(
    struct view *view, struct arena *arena, int64_t course, event_ms at, struct plan *out);

/* --- what people put right (R21) ------------------------------------------------- */

struct view_correction {
	int kind;             /* Carepace__V1__CorrectionKind */
	event_ms at;          /* since when it holds */
	struct id sid;        /* zero: of a merge */
	struct id client;     /* of a merge, else the client before; tokens, zero: nobody */
	struct id new_client; /* who takes over */
	struct id by;         /* token of who said so */
	uint32_t reason;
	bool is_by_head_office;
	bool is_in_force; /* no later one took its place */
};

/* Of a session, in order. NULL when nothing was put right. */
struct view_correction *view_corrections(
    struct view *view, struct arena *arena, const struct session *session, size_t *count);

/* Merges that made a client who it is; by its local number. */
struct view_correction *view_merges(
    struct view *view, struct arena *arena, int64_t client, size_t *count);

#endif
