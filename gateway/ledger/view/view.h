/* view.h - reads a store, beside the running gateway or without it.
 *
 * What:    a read-only connection: alerts, the policy, counts, and the next rows of the
 *          outbox, printed as they are now (P5). Beside it: view/session.h (a session
 *          and what belongs to it), view/parked.h, and view/list.h (devices, sessions,
 *          clients, cartridges, page by page).
 * Threads: one per struct view. Any number of views beside the one writer.
 * Memory:  answers lie in the arena given; nothing borrows from the store.
 * Locks:   each call is one read transaction that has ended when it returns, and
 *          is interrupted after VIEW_STEPS_MAX: a long one would keep the
 *          write-ahead log from starting anew.
 * Errors:  sticky, like those of ledger/db: view_error() says what; close and
 *          open again. An answer after an error is "nothing".
 * Tokens:  are given whole; whoever prints them for people cuts them (P10).
 */
#ifndef LEDGER_VIEW_VIEW_H
#define LEDGER_VIEW_VIEW_H

#include "care/alert.h"
#include "care/history.h"
#include "care/policy.h"

#define LEDGER_FILE_NAME "carepace.db" /* in the folder store.path */

/* Of SQLite's virtual machine: one to two seconds on a small box. */
#define VIEW_STEPS_MAX 40000000

struct view;

/* On an error *out is NULL and `why` is one sentence. CP_NOTFOUND: no store
 * there. CP_BUSY, CP_CORRUPT, CP_NEWER, CP_IO. */
enum cp_err view_open(struct view **out, const char *path, char why[256]) CP_MUST_CHECK;
void view_close(struct view *view); /* NULL is allowed */

/* What a store says of its clinic: "site", "timezone"; "" when it does not, or cannot be read. */
#define VIEW_META_BYTES 64
const char *view_meta(const char *path, const char *name, char out[VIEW_META_BYTES]);

/* CP_OK and "" while all is well. */
enum cp_err view_error(const struct view *view, const char **text);

/* --- alerts -------------------------------------------------------------------- */

struct view_alert {
	struct alert alert;
	struct id client;   /* token; this and the other ids: zero = none */
	bool is_forgotten;  /* there is a client, and nobody has the token any more */
	struct id operator; /* token of the session's operator */
	struct id sid;
	struct id device;
	struct id ack_by; /* tokens */
	struct id override_by;
	enum ts_source ts_source;
	uint64_t outbox_n; /* waits for head office; 0: it has it as it is, unless: */
	bool is_given_up;  /* it was evicted from the outbox */
	bool is_told;      /* it was or will be: not so a test's (R22) */
	wall_ms queued_at; /* since when it waits */
};

enum view_order {
	VIEW_NEWEST_FIRST,
	VIEW_WORST_FIRST /* and of one severity the newest */
};

struct view_filter {
	bool with_closed; /* also CLEARED and RETRACTED */
	enum check check; /* 0: all */
	wall_ms since;    /* raised then or later; 0: all */
	enum view_order order;
	size_t max; /* 0: all */
};

/* NULL when there is none. */
struct view_alert *view_alerts(
    struct view *view, struct arena *arena, const struct view_filter *filter, size_t *count);

/* By the first digits of its id. Returns how many begin so, at most 2; *out is
 * the one when it is 1. Anything but 1 to 32 digits of 0-9a-f: 0. */
int view_alert_find(
    struct view *view, struct arena *arena, struct slice hex, struct view_alert *out);

/* --- policy ---------------------------------------------------------------------- */

/* What holds for the site and held before; lies in the arena, but for its zone. */
bool view_policy(struct view *view, struct arena *arena, struct policy *policy);

/* --- the outbox, for the sender -------------------------------------------------- */

/* How head office is spoken to; borrowed. */
struct report_style {
	const char *site;
	const char *tz; /* the clinic's time zone by its name; NULL: not told */
	bool is_json;   /* else protobuf's bytes */
};

struct view_outbox_row {
	unsigned kind; /* ReportKind */
	uint64_t n;
	const char *topic; /* last level: "alert"; static */
	struct slice payload;
};

/* Up to `max` rows, the most urgent kinds first and of a kind the lowest n, each with
 * n > after[kind], for kinds below `kinds`. Fewer than there are when the arena is full;
 * the next call goes on. */
size_t view_outbox(struct view *view, struct arena *arena, const struct report_style *style,
    const uint64_t *after, unsigned kinds, struct view_outbox_row *rows, size_t max);

/* Of this store; in every report. */
uint64_t view_epoch(struct view *view);

/* --- counts ------------------------------------------------------------------------ */

#define VIEW_KINDS_MAX 16

struct view_counts {
	int64_t devices; /* that said anything; head office and the box are none */
	int64_t sessions;
	int64_t journal;
	int64_t stream;
	int64_t parked;
	int64_t parked_expired;    /* deleted after 30 days */
	int64_t facts_passed_over; /* 1: somebody told more than a judge takes */
	int64_t receipts_refused;  /* of head office's, that cannot be true */
	int64_t evicted_by_limit;  /* from the outbox; both are told to head office */
	int64_t evicted_by_age;
	int64_t conflicts;
	int64_t unjudged;
	int64_t pending;
	int64_t verdicts;                    /* sessions that were given one */
	int64_t alerts[ALERT_RETRACTED + 1]; /* by enum alert_state */
	int64_t outbox[VIEW_KINDS_MAX];      /* by ReportKind */
	wall_ms outbox_oldest;               /* TIME_NEVER: it is empty */
};

void view_counts(struct view *view, struct view_counts *out);

#endif
