/* shell/intake.h with the real batcher and the real ledger, without a thread: a batch
 * leaves, is applied and comes back when the dice say so. */
#include "parties.h"

#include "care/zone.h"
#include "io/clock.h"
#include "ledger/ledger.h"
#include "shell/batcher.h"

#include <stdio.h>

static struct intake {
	struct batcher batcher;
	struct batch *batches[2];
	struct batch *away; /* at the ledger */
	bool is_applied;
} desk;

static struct ledger *ledger;
static struct zone zone; /* UTC */
static char path[512];

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

struct intake *desk_intake(void)
{
	return &desk;
}

/* --- the store ----------------------------------------------------------------------- */

static void open_ledger(void)
{
	struct ledger_config config = {
	    .path = path, .site = "model", .version = "1", .policy = policy_default(&zone)};
	char why[256];

	if (ledger_open(&config, clock_wall(), &ledger, why) != CP_OK)
		model_fail("the store: %s", why);
}

void desk_open(const char *folder)
{
	snprintf(path, sizeof(path), "%s/model.db", folder);
	for (size_t i = 0; i < 2; i++) {
		desk.batches[i] = batch_new();
		CP_CHECK(desk.batches[i]);
	}
	batcher_init(&desk.batcher, desk.batches[0], desk.batches[1], clock_mono());
	open_ledger();
}

void desk_close(void)
{
	ledger_close(ledger);
	batch_free(desk.batches[0]);
	batch_free(desk.batches[1]);
	desk = (struct intake){0};
}

void desk_empty(void)
{
	batch_reset(desk.batches[0]);
	batch_reset(desk.batches[1]);
	desk.away = NULL;
	desk.is_applied = false;
	batcher_init(&desk.batcher, desk.batches[0], desk.batches[1], clock_mono());
}

void desk_forget(void)
{
	desk_empty();
	ledger_close(ledger);
	open_ledger();
}

void desk_remember(struct roster *roster)
{
	CP_CHECK(devices_remember(ledger, roster) == CP_OK);
}

struct count {
	const struct id *device;
	size_t rows;
};

static void count_row(void *ctx, const struct batch_down *down)
{
	struct count *count = ctx;

	count->rows += id_eq(&down->device, count->device);
}

size_t desk_rows_of(const struct id *device)
{
	struct count count = {.device = device};

	CP_CHECK(ledger_each_down(ledger, count_row, &count) == CP_OK);
	return count.rows;
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
