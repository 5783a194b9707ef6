#include "shell/downlink.h"

#include <stdlib.h>

static void remove_at(struct downlink *downlink, size_t at)
{
	free(downlink->items[at].bytes);
	downlink->count--;
	memmove(&downlink->items[at], &downlink->items[at + 1],
	    (downlink->count - at) * sizeof(downlink->items[0]));
}

void downlink_deinit(struct downlink *downlink)
{
	while (downlink->count)
		remove_at(downlink, downlink->count - 1);
}

static size_t first_to_expire(const struct downlink *downlink)
{
	size_t first = 0;

	for (size_t i = 1; i < downlink->count; i++)
		if (downlink->items[i].expires_at < downlink->items[first].expires_at)
			first = i;
	return first;
}

void downlink_keep(
    struct downlink *downlink, const struct id *device, struct slice payload, wall_ms expires_at)
{
	uint8_t *bytes = malloc(payload.len ? payload.len : 1);

	if (!bytes) {
		downlink->overflowed++;
		return;
	}
	memcpy(bytes, payload.p, payload.len);
	if (downlink->count == DOWNLINK_MAX) {
		remove_at(downlink, first_to_expire(downlink));
		downlink->overflowed++;
	}
	downlink->items[downlink->count++] = (struct downlink_message){
	    .device = *device,
	    .expires_at = expires_at,
	    .bytes = bytes,
	    .len = payload.len,
	};
}

const struct downlink_message *downlink_next(
    struct downlink *downlink, const struct id *device, wall_ms now)
{
	for (size_t i = 0; i < downlink->count;) {
		if (downlink->items[i].expires_at <= now) {
			remove_at(downlink, i);
			downlink->expired++;
		} else if (id_eq(&downlink->items[i].device, device)) {
			return &downlink->items[i];
		} else {
			i++;
		}
	}
	return NULL;
}

void downlink_drop(struct downlink *downlink, const struct downlink_message *message)
{
	remove_at(downlink, (size_t)(message - downlink->items));
}

uint32_t downlink_expiry_s(wall_ms expires_at, wall_ms now)
{
	wall_ms left = expires_at - now;

	return left <= MS_PER_SECOND ? 1 : (uint32_t)((left + MS_PER_SECOND - 1) / MS_PER_SECOND);
}
