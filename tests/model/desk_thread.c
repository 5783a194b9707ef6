/* shell/intake.h as it is, with the ledger's thread beside this one.
 *
 * The loop runs only when the dice say so: then a batch comes back and the next one leaves,
 * and a seed rolls the same way every time. What the thread does with a batch meanwhile is
 * its own time, and the thread sanitizer watches both. */
#include "parties.h"

#include "ledger/ledger.h"
#include "shell/batcher.h"
#include "shell/ledger_thread.h"

#include <uv.h>

static uv_loop_t loop;
static struct intake *intake;
static const struct batch *away; /* at the ledger */

/* --- what is seen of a batch on its way -------------------------------------------------- */

struct batch *__real_batcher_take(struct batcher *batcher, mono_ms now);
struct batch *__wrap_batcher_take(struct batcher *batcher, mono_ms now);

struct batch *__wrap_batcher_take(struct batcher *batcher, mono_ms now)
{
	struct batch *batch = __real_batcher_take(batcher, now);

	if (batch)
		away = batch;
	return batch;
}

void __real_ledger_thread_stop(struct ledger_thread *thread);
void __wrap_ledger_thread_stop(struct ledger_thread *thread);

/* It ends when the batch under way is applied, of which nobody will hear. */
void __wrap_ledger_thread_stop(struct ledger_thread *thread)
{
	__real_ledger_thread_stop(thread);
	if (away)
		oracle_applied(away);
	away = NULL;
}

/* --- what intake calls --------------------------------------------------------------------- */

static void on_settled(void *ctx, const struct batch *batch)
{
	(void)ctx;
	away = NULL;
	oracle_applied(batch);
	devices_settled(model.gateway, batch);
}

static void on_room_changed(void *ctx, int64_t lacking_bytes)
{
	(void)ctx, (void)lacking_bytes;
	model_fail("the disk is full");
}

static void on_room(void *ctx)
{
	(void)ctx;
	devices_has_room(model.gateway);
}

static void on_failed(void *ctx, enum cp_err err)
{
	(void)ctx;
	model_fail("the store: %s", cp_err_text(err));
}

/* --- the desk --------------------------------------------------------------------------------- */

void desk_open(void)
{
	CP_CHECK(uv_loop_init(&loop) == 0);
}

void desk_close(void)
{
	CP_CHECK(uv_loop_close(&loop) == 0);
}

struct intake *desk_start(struct roster *roster)
{
	static const struct intake_ops ops = {
	    .settled = on_settled,
	    .room_changed = on_room_changed,
	    .has_room = on_room,
	    .failed = on_failed,
	};

	char why[256];
	struct ledger *ledger = model_store_open(roster, why);
	MODEL_CHECK(ledger, "the store: %s", why);
	CP_CHECK(intake_open(&loop, ledger, &ops, NULL, &intake) == CP_OK);
	return intake;
}

void desk_stop(void)
{
	intake_close(intake);
	intake = NULL;
	uv_run(&loop, UV_RUN_DEFAULT);
}

void desk_depart(void)
{
	if (!away)
		uv_run(&loop, UV_RUN_NOWAIT);
}

void desk_apply(void)
{
	/* The thread does, as soon as it may. */
}

void desk_return(void)
{
	const struct batch *batch = away;

	while (batch && away == batch)
		uv_run(&loop, UV_RUN_ONCE);
}

bool desk_is_idle(void)
{
	return intake_is_empty(intake);
}
