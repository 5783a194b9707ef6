/* upstream_thread.h - carries the outbox to head office, one acknowledged row
 * after the other, and head office's orders back.
 *
 * What:    the thread that owns the connection: connects, sends what window.h
 *          says, reconnects with back-off. The only caller of io/upstream.
 * Not:     the outbox: it asks struct upstream_source.
 * Threads: start and stop from one thread; poke and receipt from any. The
 *          source is called on the upstream thread only, never after stop.
 * Memory:  config and source are copied, ctx is the caller's; so is what next()
 *          answers with, see stop.
 * Bounds:  window.h upwards; io/upstream.h downwards; one receipt is kept.
 * Promise: P5. done() names only rows that the broker acknowledged.
 */
#ifndef SHELL_UPSTREAM_THREAD_H
#define SHELL_UPSTREAM_THREAD_H

#include "io/upstream.h"
#include "shell/window.h"

/* Kind 0 is the receipt's; the outbox uses 1 to WINDOW_KINDS - 1 as urgency. */
struct upstream_item {
	struct window_row row;
	const char *topic; /* "alert": the level after carepace/v1/site/<site>/ */
	struct slice payload;
};

#define UPSTREAM_LATER SIZE_MAX

struct upstream_source {
	/* Writes up to `max` rows with n > after[kind], in the order (kind, n);
	 * returns how many, 0 only when there are no more, UPSTREAM_LATER when it
	 * cannot say now: asked again in WINDOW_RETRY_MS. Bytes and topics are the
	 * source's until the next call; at most UPSTREAM_PAYLOAD_MAX bytes each. */
	size_t (*next)(
	    void *ctx, const uint64_t after[WINDOW_KINDS], struct upstream_item *items, size_t max);

	/* Acknowledged: delete them. A row may be named that is gone already. */
	void (*done)(void *ctx, const struct window_row *rows, size_t count);

	/* They stay all the same until head office says that it has them: offered again
	 * (WINDOW_RECEIPT_WAIT_MS). */
	bool has_receipts;

	/* A message on .../down, borrowed. False: no room. It is then dropped and
	 * counted, and the connection taken down, so that head office goes on from
	 * the receipt at the next connect. */
	bool (*order)(void *ctx, struct slice payload);

	/* The connection came or went; `text` is the sentence in the log. */
	void (*state)(void *ctx, bool is_connected, const char *text);
};

struct upstream_thread;

/* CP_NOTFOUND when the configuration names no server: nothing is started. */
enum cp_err upstream_thread_start(struct upstream_thread **out,
    const struct upstream_config *config, const struct upstream_source *source,
    void *ctx) CP_MUST_CHECK;

/* The outbox has news. Never blocks; calls between two looks count as one. */
void upstream_thread_poke(struct upstream_thread *thread);

/* Whether it has answered since it was asked last; asks again (shell/pulse.h). */
bool upstream_thread_answers(struct upstream_thread *thread);

/* Replaces the receipt: sent now if connected, and at every connect. False:
 * out of memory, the one before stays. */
bool upstream_thread_receipt(struct upstream_thread *thread, struct slice payload) CP_MUST_CHECK;

struct upstream_counts {
	uint64_t sent;           /* handed to Paho, a second time after a return */
	uint64_t acknowledged;   /* named to done() */
	uint64_t refused;        /* by the broker, each kept and offered again */
	uint64_t returned;       /* sent when a connection was lost; offered again */
	uint64_t orders;         /* messages from head office that were taken */
	uint64_t orders_dropped; /* no room, or larger than UPSTREAM_PAYLOAD_MAX */
	uint64_t connects;
	uint64_t losses;
};
void upstream_thread_counts(struct upstream_thread *thread, struct upstream_counts *out);

/* Disconnects, then ends the thread, within 2 s and a call of the source that is
 * under way. False: a name server holds Paho up for longer, and the thread is left
 * behind, which is right only at the end of the program. It calls the source no
 * more, but may still read what next() answered with last: that must stay. NULL is
 * allowed. */
bool upstream_thread_stop(struct upstream_thread *thread) CP_MUST_CHECK;

#endif
