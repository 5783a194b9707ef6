/* shell/intake.h with the real batcher and the real ledger, without a thread: a batch
 * leaves, is applied and comes back when the dice say so. */
#include "parties.h"

#include "io/clock.h"
#include "ledger/ledger.h"
#include "shell/batcher.h"

static struct intake {
	struct batcher batcher;
	struct batch *batches[2];
	struct batch *away; /* at the ledger */
	bool is_applied;
} desk;

static struct ledger *ledger;

/* --- what the gateway calls -------------------------------------------------------- */

bool intake_is_full(const struct intake *intake)
{
	return batch_is_full(intake->batcher.open);
}

int64_t intake_lacking_bytes(const struct intake *intake)
{
	(void)intake;
	return 0; /* a full disk is for tests/fault */
}

struct batch *intake_batch(struct intake *intake)
{
	return intake->batcher.open;
}

void intake_added(struct intake *intake, bool is_urgent)
{
	batcher_added(&intake->batcher, is_urgent, clock_mono());
}

/* --- the desk ------------------------------------------------------------------------- */

void desk_open(void)
{
	for (size_t i = 0; i < 2; i++) {
		desk.batches[i] = batch_new();
		CP_CHECK(desk.batches[i]);
	}
}

void desk_close(void)
{
	batch_free(desk.batches[0]);
	batch_free(desk.batches[1]);
	desk = (struct intake){0};
}

struct intake *desk_start(struct roster *roster)
{
	char why[256];

	ledger = model_store_open(roster, why);
	MODEL_CHECK(ledger, "the store: %s", why);
	batcher_init(&desk.batcher, desk.batches[0], desk.batches[1], clock_mono());
	return &desk;
}

void desk_stop(void)
{
	ledger_close(ledger);
	batch_reset(desk.batches[0]);
	batch_reset(desk.batches[1]);
	desk.away = NULL;
	desk.is_applied = false;
}

/* --- the way of a batch ---------------------------------------------------------------- */

void desk_depart(void)
{
	if (!desk.away)
		desk.away = batcher_take(&desk.batcher, clock_mono());
}

void desk_apply(void)
{
	if (!desk.away || desk.is_applied)
		return;
	desk.away->clock = clock_read();
	if (ledger_apply(ledger, desk.away, clock_wall()) != CP_OK)
		model_fail("the store: %s", ledger_error(ledger));
	desk.is_applied = true;
}

void desk_return(void)
{
	struct batch *batch = desk.away;

	if (!batch || !desk.is_applied)
		return;
	desk.away = NULL;
	desk.is_applied = false;
	devices_settled(model.gateway, batch);
	batcher_returned(&desk.batcher, batch);
	devices_has_room(model.gateway);
}

bool desk_is_idle(void)
{
	return batcher_is_empty(&desk.batcher);
}
