#include "ledger/batch.h"

#include <stdlib.h>

struct batch *batch_new(void)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	if (!batch)
		return NULL;
	arena_init(&batch->arena, 64 * 1024, BATCH_ARENA_BYTES_MAX);
	batch_reset(batch);
	return batch;
}

void batch_free(struct batch *batch)
{
	if (!batch)
		return;
	arena_deinit(&batch->arena);
	free(batch);
}

static void forget_answer(struct batch *batch)
{
	batch->lacking_bytes = 0;
	batch->downs = NULL;
	batch->down_count = 0;
	batch->down_cap = 0;
	batch->next_wake = TIME_NEVER;
	batch->has_outbox_news = false;
	batch->receipt = (struct office_receipt){0};
	batch->unjudged = 0;
	batch->fault = RECEIPT_GOOD;
	memset(batch->evicted, 0, sizeof(batch->evicted));
}

void batch_reset(struct batch *batch)
{
	arena_reset(&batch->arena);
	batch->entry_count = 0;
	batch->held_count = 0;
	batch->payload_bytes = 0;
	batch->done_count = 0;
	batch->retry = (struct batch_retry){0};
	batch->own = (struct own_policy){0};
	batch->acknowledge_count = 0;
	batch->look = (struct watch_look){0};
	batch->clock = (struct clock_reading){0};
	forget_answer(batch);
}

bool batch_is_full(const struct batch *batch)
{
	return batch->entry_count >= BATCH_ENTRIES_MAX || batch->payload_bytes >= BATCH_BYTES_MAX ||
	       batch->arena.used_bytes >= BATCH_ARENA_FULL;
}

void batch_hold(struct batch *batch)
{
	batch->held_count = batch->entry_count;
	batch->entry_count = 0;
}

void batch_take_up(struct batch *batch)
{
	batch->entry_count = batch->held_count;
	batch->held_count = 0;
	batch->retry = (struct batch_retry){0};
	batch->own = (struct own_policy){0};
	batch->acknowledge_count = 0;
	forget_answer(batch);
}

void batch_move_done(struct batch *to, struct batch *from)
{
	size_t room = BATCH_DONE_MAX - to->done_count;
	size_t count = from->done_count < room ? from->done_count : room;

	memcpy(to->done + to->done_count, from->done, count * sizeof(*to->done));
	memmove(from->done, from->done + count, (from->done_count - count) * sizeof(*from->done));
	to->done_count += count;
	from->done_count -= count;
}

void batch_move_look(struct batch *to, struct batch *from)
{
	to->look = from->look;
	from->look = (struct watch_look){0};
}

struct batch_entry *batch_add(struct batch *batch)
{
	if (batch->entry_count == CP_COUNT(batch->entries))
		return NULL;
	struct batch_entry *entry = &batch->entries[batch->entry_count++];
	*entry = (struct batch_entry){0};
	return entry;
}

static bool add_done(struct batch *batch, struct batch_done done)
{
	if (batch->done_count == BATCH_DONE_MAX)
		return false;
	batch->done[batch->done_count++] = done;
	return true;
}

bool batch_add_done(struct batch *batch, uint32_t kind, uint64_t n)
{
	return add_done(batch, (struct batch_done){.kind = kind, .n = n});
}

bool batch_add_receipt(struct batch *batch, uint64_t epoch, uint32_t kind, uint64_t n)
{
	return add_done(
	    batch, (struct batch_done){.kind = kind, .n = n, .is_receipt = true, .epoch = epoch});
}

bool batch_add_down(struct batch *batch, const struct batch_down *down)
{
	struct batch_down *downs = arena_push(
	    &batch->arena, batch->downs, batch->down_count, &batch->down_cap, sizeof(*downs));

	if (!downs)
		return false;
	batch->downs = downs;
	downs[batch->down_count++] = *down;
	return true;
}
