/* window.h - decides what goes upstream next.
 *
 * What:    order, in-flight window and back-off of the connection to head office.
 * Not:     the rows (ledger/outbox), sending (io/upstream), its thread (upstream_thread).
 * Threads: none of its own.
 * Memory:  caller owns struct window; rows passed in are copied.
 * Time:    `now` is an argument; times never go backwards.
 * Promise: P5, P6. A row is offered again until window_done() names it. Never more than
 *          WINDOW_ROWS and WINDOW_BYTES in flight: Paho's queue has no bound in bytes.
 *
 *          window_connect()          window_connected()
 *     DOWN ----------------> CONNECTING -------------> UP
 *       ^                        |                     |
 *       +---- window_lost() -----+---------------------+
 *
 * A row is in flight exactly as long as Paho holds it. At a loss Paho gives back what it had
 * sent, but keeps what it had not, and sends that first when it is connected again: those rows
 * stay in flight, are not offered a second time, and their acknowledgement is a true one.
 */
#ifndef SHELL_WINDOW_H
#define SHELL_WINDOW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/time.h"

#define WINDOW_KINDS 9 /* the receipt of ours, and every ReportKind */
#define WINDOW_ROWS 100
#define WINDOW_BYTES (1U << 20)

/* The next attempt waits half to all of 1 s, 2 s ... 60 s; 1 s after one that lasted. */
#define WINDOW_BACKOFF_MIN_MS (1 * MS_PER_SECOND)
#define WINDOW_BACKOFF_MAX_MS (60 * MS_PER_SECOND)
#define WINDOW_GOOD_STAY_MS (10 * MS_PER_SECOND)

/* No answer to a connect, or no acknowledgement while rows are in flight. */
#define WINDOW_CONNECT_LIMIT_MS (30 * MS_PER_SECOND)
#define WINDOW_STALL_LIMIT_MS (60 * MS_PER_SECOND)

/* The rows of a kind share a topic: what the broker answers to one of them (no
 * rights, quota exceeded) holds for the kind, which then rests this long. */
#define WINDOW_PAUSE_MS (60 * MS_PER_SECOND)
#define WINDOW_PAUSED INT64_MAX /* in `after`: higher than any n, also for SQL */

/* The outbox is looked at this often even if nobody said that it has news. */
#define WINDOW_LOOK_MS (60 * MS_PER_SECOND)
#define WINDOW_RETRY_MS (1 * MS_PER_SECOND) /* after it could not be read */

/* With receipts: what the broker acknowledged and head office did not is offered again, a row
 * at most once in this time (a broker may lose its disk). Longer than a receiver that stores
 * every few minutes needs; nobody misses an alert sooner. */
#define WINDOW_RECEIPT_WAIT_MS (10 * MS_PER_MINUTE)

/* Kinds are urgencies, 0 the most urgent; n counts up within its kind. */
struct window_row {
	unsigned kind;
	uint64_t n;
};

struct window_slot {
	struct window_row row;
	size_t len_bytes;
	bool is_used;
};

enum window_state {
	WINDOW_DOWN,
	WINDOW_CONNECTING,
	WINDOW_UP,
};

struct window {
	enum window_state state;
	unsigned failures; /* in a row, without a connection that lasted between */
	mono_ms look_at;   /* the outbox may hold rows after `after` from then on */
	bool is_blocked;   /* the next row waits for bytes to come back */
	mono_ms since;     /* of the state */
	mono_ms connect_at;
	mono_ms progress_at;                /* last acknowledgement, or first row in flight */
	uint64_t after[WINDOW_KINDS];       /* rows up to here were offered, or WINDOW_PAUSED */
	mono_ms paused_until[WINDOW_KINDS]; /* TIME_NEVER: not paused */
	bool has_receipts;                /* set after init: rows stay until head office has them */
	mono_ms again_at;                 /* TIME_NEVER: no look back is due */
	uint64_t again_to[WINDOW_KINDS];  /* rows up to here are then old enough; and */
	uint64_t resume_at[WINDOW_KINDS]; /* those up to here were offered; 0: no look back */
	unsigned max_rows;                /* WINDOW_ROWS or what the broker takes */
	unsigned rows;
	size_t bytes;
	struct window_slot slots[WINDOW_ROWS];
};

void window_init(struct window *window, mono_ms now);
/* What the thread should do now; ask again after each thing done. */
enum window_todo {
	WINDOW_WAIT,    /* until window_next_wake() or news */
	WINDOW_CONNECT, /* call window_connect() and connect */
	WINDOW_FILL,    /* offer rows after `after`, most urgent first */
	WINDOW_GIVE_UP, /* the other side is silent: end it, window_forget(), window_lost() */
};
enum window_todo window_next(const struct window *window, mono_ms now);

/* TIME_NEVER when only news can change the answer of window_next(). */
mono_ms window_next_wake(const struct window *window);

void window_connect(struct window *window, mono_ms now);

/* receive_maximum: what the broker takes unacknowledged (MQTT 5 3.2.2.3.3). */
void window_connected(struct window *window, unsigned receive_maximum, mono_ms now);

/* Refused, lost or given up: the next attempt waits. `random`: any number, for jitter. */
void window_lost(struct window *window, mono_ms now, uint32_t random);

/* Paho was ended with all it held: nothing is in flight any more. */
void window_forget(struct window *window);

/* The outbox has news. */
void window_poke(struct window *window);

/* Begins to offer: how many rows to ask the outbox for after `after`. */
unsigned window_fill(struct window *window, mono_ms now) CP_MUST_CHECK;

enum window_answer {
	WINDOW_ADMITTED, /* send it with *token */
	WINDOW_KNOWN,    /* it is in flight or was acknowledged: skip it */
	WINDOW_FULL,     /* stop offering; what follows is not more urgent */
};
enum window_answer window_offer(struct window *window, struct window_row row, size_t len_bytes,
    mono_ms now, uint32_t *token) CP_MUST_CHECK;

/* Everything that the outbox holds was offered. */
void window_drained(struct window *window, mono_ms now);

/* It could not say what it holds. */
void window_unread(struct window *window, mono_ms now);

/* The three ends of being in flight. False: no such row is.
 * The receiver acknowledged it: *row is to be deleted. */
bool window_done(
    struct window *window, uint32_t token, mono_ms now, struct window_row *row) CP_MUST_CHECK;

/* The receiver does not want it now: it stays; its kind is paused, also over a loss. */
bool window_refused(
    struct window *window, uint32_t token, mono_ms now, struct window_row *row) CP_MUST_CHECK;

/* Nobody knows whether the receiver has it; offered again when connected. */
bool window_returned(struct window *window, uint32_t token) CP_MUST_CHECK;

#endif
