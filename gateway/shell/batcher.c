#include "shell/batcher.h"

void batcher_init(struct batcher *batcher, struct batch *a, struct batch *b, mono_ms now)
{
	*batcher = (struct batcher){
	    .open = a,
	    .spare = b,
	    .oldest_at = TIME_NEVER,
	    .second_at = now,
	};
}

void batcher_added(struct batcher *batcher, bool is_urgent, mono_ms now)
{
	if (batcher->oldest_at == TIME_NEVER)
		batcher->oldest_at = now;
	batcher->has_urgent |= is_urgent;
}

void batcher_due(struct batcher *batcher)
{
	batcher->is_due = true;
}

static bool may_hurry(struct batcher *batcher, mono_ms now)
{
	if (now - batcher->second_at >= MS_PER_SECOND) {
		batcher->second_at = now;
		batcher->urgent_in_second = 0;
	}
	return batcher->urgent_in_second < BATCHER_URGENT_PER_S;
}

static bool wants_to_leave(struct batcher *batcher, mono_ms now)
{
	if (batcher->is_due)
		return true;
	if (batcher->oldest_at == TIME_NEVER)
		return false;
	if (batch_is_full(batcher->open) || now - batcher->oldest_at >= BATCHER_DELAY_MS)
		return true;
	if (!batcher->has_urgent || !may_hurry(batcher, now))
		return false;
	batcher->urgent_in_second++;
	return true;
}

struct batch *batcher_take(struct batcher *batcher, mono_ms now)
{
	if (!batcher->spare || !wants_to_leave(batcher, now))
		return NULL;

	struct batch *leaving = batcher->open;
	batcher->open = batcher->spare;
	batcher->spare = NULL;
	batcher->oldest_at = TIME_NEVER;
	batcher->has_urgent = false;
	batcher->is_due = false;
	return leaving;
}

void batcher_returned(struct batcher *batcher, struct batch *batch)
{
	CP_CHECK(!batcher->spare);
	batch_reset(batch);
	batcher->spare = batch;
}

mono_ms batcher_next_wake(const struct batcher *batcher)
{
	if (!batcher->spare || batcher->oldest_at == TIME_NEVER)
		return TIME_NEVER;
	return batcher->oldest_at + BATCHER_DELAY_MS;
}
