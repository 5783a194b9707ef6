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

static void drop_at(struct downlink *downlink, size_t at)
{
	remove_at(downlink, at);
	downlink->counters.dropped++;
}

/* Of the device's own first: its flood must not cost another its verdict. */
static void make_room(struct downlink *downlink, const struct id *device)
{
	size_t own = 0;
	size_t oldest = 0;

	for (size_t i = downlink->count; i-- > 0;) {
		if (!id_eq(&downlink->items[i].device, device))
			continue;
		own++;
		oldest = i;
	}
	if (own >= DOWNLINK_DEVICE_MAX)
		drop_at(downlink, oldest);
	else if (downlink->count == DOWNLINK_MAX)
		drop_at(downlink, first_to_expire(downlink));
}

void downlink_keep(
    struct downlink *downlink, const struct id *device, struct slice payload, wall_ms expires_at)
{
	uint8_t *bytes = malloc(payload.len ? payload.len : 1);

	if (!bytes) {
		downlink->counters.dropped++;
		return;
	}
	memcpy(bytes, payload.p, payload.len);
	make_room(downlink, device);
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
			downlink->counters.expired++;
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
