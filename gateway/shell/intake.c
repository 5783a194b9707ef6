#include "shell/intake.h"

#include "io/clock.h"
#include "io/log.h"
#include "shell/batcher.h"
#include "shell/ledger_thread.h"

#include <stdlib.h>
#include <uv.h>

/* Deadlines are wall time: look again now and then, in case the clock was set. */
#define DEADLINE_LOOK_MS (30 * MS_PER_SECOND)

/* How often the ledger looks for room on a full disk. */
#define ROOM_LOOK_MS 500

struct intake {
	struct batcher batcher;
	struct batch *batches[2]; /* one of them may be at the ledger */
	struct ledger_thread *thread;
	struct intake_ops ops;
	void *ctx;
	wall_ms next_deadline;
	bool has_failed;
	int64_t lacking_bytes; /* the disk is full (P11) */
	struct intake_counters counters;
	int64_t left_at_us; /* the batch that is at the ledger; 0: none is */
	struct batch *held; /* what the ledger could not take because of that */
	unsigned open_handles;
	uv_check_t end_of_turn; /* a batch leaves when all sockets of a turn were read */
	uv_timer_t departure;
	uv_timer_t deadline;
};

static void submit(struct intake *intake, struct batch *batch)
{
	intake->left_at_us = clock_mono_us();
	intake->counters.batches++;
	intake->counters.entries += batch->entry_count;
	ledger_thread_submit(intake->thread, batch);
}

static void depart(struct intake *intake)
{
	struct batch *batch =
	    intake->has_failed ? NULL : batcher_take(&intake->batcher, clock_mono());

	if (batch)
		submit(intake, batch);
}

static void on_end_of_turn(uv_check_t *check)
{
	depart(check->data);
}

static void on_departure(uv_timer_t *timer);

/* The timer only runs while a batch waits for its 5 ms. */
static void arm_departure(struct intake *intake)
{
	mono_ms wake = batcher_next_wake(&intake->batcher);

	if (wake == TIME_NEVER || uv_is_active((const uv_handle_t *)&intake->departure))
		return;
	mono_ms left = wake - clock_mono();
	uv_timer_start(&intake->departure, on_departure, left > 0 ? (uint64_t)left : 0, 0);
}

/* libuv counts from the beginning of its turn, so the timer may fire a little
 * before the 5 ms are over: the batch must not be left without one. */
static void on_departure(uv_timer_t *timer)
{
	depart(timer->data);
	arm_departure(timer->data);
}

static void on_deadline(uv_timer_t *timer);

static void arm_deadline(struct intake *intake)
{
	mono_ms left = DEADLINE_LOOK_MS;

	if (intake->lacking_bytes) {
		left = ROOM_LOOK_MS;
	} else if (intake->next_deadline != TIME_NEVER) {
		left = clock_until(intake->next_deadline);
		if (left > DEADLINE_LOOK_MS)
			left = DEADLINE_LOOK_MS;
	}
	uv_timer_start(&intake->deadline, on_deadline, left > 0 ? (uint64_t)left : 0, 0);
}

/* The disk is full: what was acknowledged upstream meanwhile is the ledger's all the
 * same, and it looks for room. */
static void send_held(struct intake *intake)
{
	struct batch *batch = intake->held;

	intake->held = NULL;
	batch_take_up(batch);
	batch_move_done(batch, intake->batcher.open);
	batch_move_look(batch, intake->batcher.open);
	submit(intake, batch);
}

static void on_deadline(uv_timer_t *timer)
{
	struct intake *intake = timer->data;

	if (intake->held) {
		send_held(intake);
		return;
	}
	if (intake->lacking_bytes || clock_wall() >= intake->next_deadline)
		batcher_due(&intake->batcher);
	else
		arm_deadline(intake);
	depart(intake);
}

static void measure(struct intake *intake, const struct batch *batch)
{
	histogram_add(&intake->counters.batch, clock_mono_us() - intake->left_at_us);
	histogram_add(&intake->counters.commit, batch->commit_us);
	for (size_t i = 0; i < EVICTED_WHYS; i++)
		intake->counters.evicted[i] += batch->evicted[i];
	intake->left_at_us = 0;
}

static void on_returned(void *ctx, struct batch *batch, enum cp_err err)
{
	struct intake *intake = ctx;

	if (err) {
		intake->has_failed = true;
		intake->ops.failed(intake->ctx, err);
		return;
	}
	measure(intake, batch);
	bool has_changed = (intake->lacking_bytes != 0) != (batch->lacking_bytes != 0);
	intake->next_deadline = batch->next_wake;
	intake->lacking_bytes = batch->lacking_bytes;
	intake->counters.times_full += has_changed && batch->lacking_bytes;
	if (has_changed)
		intake->ops.room_changed(intake->ctx, batch->lacking_bytes);
	intake->ops.settled(intake->ctx, batch);
	if (batch->lacking_bytes && (batch->held_count || batch->done_count))
		intake->held = batch; /* none leaves before it */
	else
		batcher_returned(&intake->batcher, batch);
	depart(intake); /* a full one has waited for this */
	intake->ops.has_room(intake->ctx);
	arm_deadline(intake);
	arm_departure(intake);
}

static void start_timers(struct intake *intake, uv_loop_t *loop)
{
	uv_check_init(loop, &intake->end_of_turn);
	uv_timer_init(loop, &intake->departure);
	uv_timer_init(loop, &intake->deadline);
	intake->end_of_turn.data = intake;
	intake->departure.data = intake;
	intake->deadline.data = intake;
	intake->open_handles = 3;
	uv_check_start(&intake->end_of_turn, on_end_of_turn);
}

enum cp_err intake_open(struct uv_loop_s *loop, struct ledger *ledger, const struct intake_ops *ops,
    void *ctx, struct intake **out)
{
	struct intake *intake = calloc(1, sizeof(*intake));
	struct batch *a = batch_new();
	struct batch *b = batch_new();

	*out = NULL;
	if (!intake || !a || !b) {
		log_error("out of memory for the ledger's batches");
		ledger_close(ledger);
		goto failed;
	}
	intake->batches[0] = a;
	intake->batches[1] = b;
	intake->ops = *ops;
	intake->ctx = ctx;
	intake->next_deadline = TIME_NEVER;
	batcher_init(&intake->batcher, a, b, clock_mono());
	if (ledger_thread_start(&intake->thread, loop, ledger, on_returned, intake))
		goto failed;
	start_timers(intake, loop);
	/* What was due while the program was down (R7), and what is pending. */
	batcher_due(&intake->batcher);
	uv_timer_start(&intake->deadline, on_deadline, 0, 0);
	*out = intake;
	return CP_OK;

failed:
	batch_free(a);
	batch_free(b);
	free(intake);
	return CP_NOMEM;
}

bool intake_is_full(const struct intake *intake)
{
	return intake->has_failed || intake->lacking_bytes || batch_is_full(intake->batcher.open);
}

struct batch *intake_batch(struct intake *intake)
{
	return intake->batcher.open;
}

void intake_added(struct intake *intake, bool is_urgent)
{
	batcher_added(&intake->batcher, is_urgent, clock_mono());
	arm_departure(intake);
}

void intake_look(struct intake *intake, const struct watch_look *look)
{
	intake->batcher.open->look = *look;
	batcher_due(&intake->batcher);
	depart(intake);
}

int64_t intake_lacking_bytes(const struct intake *intake)
{
	return intake->lacking_bytes;
}

const struct intake_counters *intake_counters(const struct intake *intake)
{
	return &intake->counters;
}

size_t intake_waiting(const struct intake *intake)
{
	return intake->batcher.open->entry_count;
}

int64_t intake_busy_ms(const struct intake *intake, mono_ms now)
{
	return intake->left_at_us ? now - intake->left_at_us / 1000 : 0;
}

bool intake_answers(void *intake)
{
	return ledger_thread_answers(((struct intake *)intake)->thread);
}

bool intake_is_empty(const struct intake *intake)
{
	return batcher_is_empty(&intake->batcher);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct intake *intake = handle->data;

	if (--intake->open_handles == 0)
		free(intake);
}

void intake_close(struct intake *intake)
{
	if (!intake)
		return;
	ledger_thread_stop(intake->thread);
	batch_free(intake->batches[0]);
	batch_free(intake->batches[1]);
	uv_close((uv_handle_t *)&intake->end_of_turn, on_handle_closed);
	uv_close((uv_handle_t *)&intake->departure, on_handle_closed);
	uv_close((uv_handle_t *)&intake->deadline, on_handle_closed);
}
