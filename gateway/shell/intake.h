/* intake.h - the loop's side of the ledger: entries in, durable batches out.
 *
 * What:    holds the open batch, sends it when the batcher says so, wakes the
 *          ledger for its deadlines, and hands what came back to whoever waits.
 * Use:     if (!intake_is_full()) { fill intake_batch() by batch_add() and its
 *          arena, then intake_added(); }  Beyond full there is room for
 *          BATCH_ENTRIES_SLACK more: whoever adds several looks again in time.
 * Order:   settled() runs on the loop after the commit was fsynced and before the
 *          batch is emptied: the one place from which acknowledgements leave (P1).
 * Full:    when the disk is full (P11) intake is full too, and says so once, and once
 *          when there is room again, by itself. What was read before waits in its
 *          batch, unacknowledged; what head office has acknowledged goes on
 *          leaving the outbox: batch_add_done() needs no room.
 * Threads: the loop's only.
 */
#ifndef SHELL_INTAKE_H
#define SHELL_INTAKE_H

#include "base/histogram.h"
#include "ledger/ledger.h"

struct intake;
struct uv_loop_s;

struct intake_ops {
	void (*settled)(void *ctx, const struct batch *batch);
	void (*room_changed)(void *ctx, int64_t lacking_bytes); /* 0: there is room again */
	void (*has_room)(void *ctx);                /* after settled(): the next may be filled */
	void (*failed)(void *ctx, enum cp_err err); /* the store is gone: stop (P11) */
};

/* Takes the ledger over, also on an error. */
enum cp_err intake_open(struct uv_loop_s *loop, struct ledger *ledger, const struct intake_ops *ops,
    void *ctx, struct intake **out) CP_MUST_CHECK;

bool intake_is_full(const struct intake *intake);
struct batch *intake_batch(struct intake *intake);
void intake_added(struct intake *intake, bool is_urgent);

/* Goes with the next batch; one that waits is replaced. */
void intake_look(struct intake *intake, const struct watch_look *look);

/* What must be freed on the disk before devices are served again; 0: nothing. */
int64_t intake_lacking_bytes(const struct intake *intake);

struct intake_counters {
	uint64_t batches;
	uint64_t entries; /* of these */
	uint64_t times_full;
	uint64_t evicted[EVICTED_WHYS]; /* from the outbox */
	struct histogram commit;        /* until a batch was on disk */
	struct histogram batch;         /* from its departure until it came back */
};

const struct intake_counters *intake_counters(const struct intake *intake);

/* Entries that wait for their batch to leave. */
size_t intake_waiting(const struct intake *intake);

/* How long the ledger has been at the batch that it has; 0: it has none. */
int64_t intake_busy_ms(const struct intake *intake, mono_ms now);

/* Nothing waits and nothing is at the ledger. */
bool intake_is_empty(const struct intake *intake);

/* A heartbeat_fn of a struct intake: whether the ledger's thread answers. */
bool intake_answers(void *intake);

/* Waits for the batch under way, closes the ledger. What was not sent is not
 * acknowledged and will be sent again by its devices. NULL is allowed. Run the
 * loop afterwards until its handles are closed. */
void intake_close(struct intake *intake);

#endif
