#include "ledger/past/replay.h"

#include "care/alert.h"
#include "ledger/gate.h"
#include "ledger/state.h"

#include <stdio.h>

/* Without time going on: what was parked is tried in steps. */
#define WAKES_MAX 100000

static void count(struct replay_counts *counts, const struct batch_entry *entry)
{
	counts->entries++;
	counts->readings += entry->outcome == BATCH_NEW;
	counts->duplicates += entry->outcome == BATCH_DUPLICATE;
	counts->conflicts += entry->outcome == BATCH_CONFLICT;
	counts->parked += entry->outcome == BATCH_PARKED;
	counts->foreign += entry->gate == READING_FOREIGN;
	counts->privacy += entry->gate == READING_PRIVACY;
	counts->receipts += entry->what == BATCH_REFUSED && entry->gate <= READING_RANGE;
	counts->out_of_range += entry->what == BATCH_READING && entry->gate == READING_RANGE;
}

static enum cp_err apply(struct replay *replay, wall_ms now)
{
	struct batch *batch = replay->batch;
	enum cp_err err = ledger_apply(replay->ledger, batch, now);

	for (size_t i = 0; i < batch->entry_count; i++)
		count(&replay->counts, &batch->entries[i]);
	replay->now = now;
	replay->next_wake = batch->next_wake;
	batch_reset(batch);
	if (!err && ledger_wants_checkpoint(replay->ledger) != CHECKPOINT_NONE)
		err = ledger_checkpoint(replay->ledger);
	return err;
}

static enum cp_err depart(struct replay *replay)
{
	return replay->batch->entry_count ? apply(replay, replay->now) : CP_OK;
}

/* Everything that is due until then, each at its moment. */
static enum cp_err advance(struct replay *replay, wall_ms until)
{
	unsigned wakes = 0;

	while (replay->next_wake <= until) {
		wakes = replay->next_wake > replay->now ? 0 : wakes + 1;
		CP_CHECK(wakes < WAKES_MAX);
		enum cp_err err = apply(
		    replay, replay->next_wake > replay->now ? replay->next_wake : replay->now);
		if (err)
			return err;
	}
	return CP_OK;
}

enum cp_err replay_open(
    struct replay *replay, const struct ledger_config *config, wall_ms now, char why[256])
{
	*replay = (struct replay){
	    .now = now, .next_wake = now, .batch = batch_new(), .has_own = config->own_count > 0};
	if (replay->batch)
		return ledger_open(config, now, &replay->ledger, why);
	snprintf(why, 256, "out of memory");
	return CP_NOMEM;
}

void replay_close(struct replay *replay)
{
	ledger_close(replay->ledger);
	batch_free(replay->batch);
}

static const struct batch_entry *pass_gate(struct batch *batch, const struct log_entry *entry)
{
	wall_ms at = entry->received_ms;

	if (entry->is_own)
		return gate_take_own(batch, entry->payload, at);
	if (entry->is_order)
		return gate_take_order(batch, entry->payload, at);
	return gate_take_device(batch, entry->payload, &entry->device,
	    entry->kind == CAREPACE__V1__DEVICE_KIND__DEVICE_TABLET, at);
}

enum cp_err replay_take(struct replay *replay, const struct log_entry *entry)
{
	struct batch *batch = replay->batch;
	wall_ms at = entry->received_ms;
	enum cp_err err = CP_OK;

	if (entry->is_own && replay->has_own) {
		replay->counts.entries++;
		replay->counts.own++;
		return CP_OK;
	}

	if (batch_is_full(batch) || at >= replay->next_wake ||
	    (batch->entry_count && at >= replay->began_at + REPLAY_SPAN_MS))
		err = depart(replay);
	if (!err)
		err = advance(replay, at);
	if (err)
		return err;
	if (batch->entry_count == 0)
		replay->began_at = at;
	replay->now = at;

	const struct batch_entry *added = pass_gate(batch, entry);
	if (added->gate == READING_NOMEM)
		return CP_NOMEM;
	return added->what == BATCH_READING && reading_is_urgent(added->reading.kind)
	           ? depart(replay)
	           : CP_OK;
}

enum cp_err replay_finish(struct replay *replay, wall_ms until)
{
	enum cp_err err = depart(replay);

	return err ? err : advance(replay, until);
}

const char *replay_error(const struct replay *replay)
{
	const char *text = ledger_error(replay->ledger);

	return *text ? text : "out of memory";
}

void replay_each_check(struct replay *replay, replay_check_fn *take, void *ctx)
{
	struct db_rows rows = db_query(&replay->ledger->db,
	    "SELECT check_id, count(*), sum(state != ?1) FROM alert WHERE state != ?2"
	    " GROUP BY check_id ORDER BY check_id",
	    "ii", (int64_t)ALERT_CLEARED, (int64_t)ALERT_RETRACTED);

	while (db_next(&rows))
		take(ctx, (unsigned)db_int(&rows, 0), db_int(&rows, 1), db_int(&rows, 2));
}
