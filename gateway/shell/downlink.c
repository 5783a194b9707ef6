#include "shell/downlink.h"

#include "mqtt/link_event.h"

#include <stdlib.h>

static size_t cost_of(const struct downlink_message *message)
{
	return sizeof(*message) + message->len;
}

/* --- the two lists ------------------------------------------------------------------ */

static void append(struct downlink *downlink, struct downlink_message *message)
{
	struct downlink_message **end = &message->queue->first;

	while (*end)
		end = &(*end)->next;
	*end = message;
	message->queue->count++;

	message->older = downlink->youngest;
	*(downlink->youngest ? &downlink->youngest->younger : &downlink->oldest) = message;
	downlink->youngest = message;
	downlink->bytes += cost_of(message);
}

static void take_out(struct downlink *downlink, struct downlink_message *message)
{
	struct downlink_message **at = &message->queue->first;

	while (*at != message)
		at = &(*at)->next;
	*at = message->next;
	message->queue->count--;

	*(message->older ? &message->older->younger : &downlink->oldest) = message->younger;
	*(message->younger ? &message->younger->older : &downlink->youngest) = message->older;
	downlink->bytes -= cost_of(message);
}

void downlink_over(struct downlink *downlink, struct downlink_message *message)
{
	take_out(downlink, message);
	if (message->n == 0) {
		free(message);
		return;
	}
	message->next = downlink->over;
	downlink->over = message;
}

void downlink_deinit(struct downlink *downlink)
{
	struct batch_over over;

	while (downlink->oldest)
		downlink_over(downlink, downlink->oldest);
	while (downlink_next_over(downlink, &over))
		;
}

bool downlink_next_over(struct downlink *downlink, struct batch_over *out)
{
	struct downlink_message *message = downlink->over;

	if (!message)
		return false;
	*out = (struct batch_over){.device = message->device, .n = message->n};
	downlink->over = message->next;
	free(message);
	return true;
}

/* --- in --------------------------------------------------------------------------------- */

static void drop(struct downlink *downlink, struct downlink_message *message)
{
	downlink_over(downlink, message);
	downlink->counters.dropped++;
}

static void put(struct downlink *downlink, struct downlink_queue *queue,
    const struct batch_down *down, bool is_repeated)
{
	struct downlink_message *message = malloc(sizeof(*message) + down->payload.len);

	if (!message) {
		downlink->counters.dropped++; /* its row, if it has one, is for the next start */
		return;
	}
	*message = (struct downlink_message){
	    .queue = queue,
	    .device = down->device,
	    .n = down->n,
	    .expires_at = down->expires_at,
	    .is_repeated = is_repeated,
	    .len = down->payload.len,
	};
	if (down->payload.len > 0)
		memcpy(message->bytes, down->payload.p, down->payload.len);
	append(downlink, message);
	if (queue->count > DOWNLINK_DEVICE_MAX)
		drop(downlink, queue->first);
	while (downlink->bytes > DOWNLINK_BYTES_MAX)
		drop(downlink, downlink->oldest);
}

void downlink_put(
    struct downlink *downlink, struct downlink_queue *queue, const struct batch_down *down)
{
	put(downlink, queue, down, false);
}

void downlink_put_back(
    struct downlink *downlink, struct downlink_queue *queue, const struct batch_down *down)
{
	put(downlink, queue, down, true);
}

void downlink_take_back(struct downlink *downlink, struct downlink_queue *queue, uint64_t n)
{
	struct downlink_message *message = queue->first;

	while (message && message->n != n)
		message = message->next;
	if (message)
		downlink_over(downlink, message);
}

/* --- out ---------------------------------------------------------------------------------- */

static void expire(struct downlink *downlink, struct downlink_message *message)
{
	downlink_over(downlink, message);
	downlink->counters.expired++;
}

struct downlink_message *downlink_next(
    struct downlink *downlink, struct downlink_queue *queue, wall_ms now)
{
	struct downlink_message *message = queue->first;

	while (message && (message->is_under_way || message->expires_at <= now)) {
		struct downlink_message *next = message->next;
		if (!message->is_under_way)
			expire(downlink, message);
		message = next;
	}
	return message;
}

uint16_t downlink_packet_id(const struct downlink_message *message)
{
	return message->n ? (uint16_t)(LINK_OWNER_IDS + message->n % LINK_OWNER_IDS) : 0;
}

struct downlink_message *downlink_find(struct downlink_queue *queue, uint16_t packet_id)
{
	struct downlink_message *message = queue->first;

	while (message && !(message->is_under_way && downlink_packet_id(message) == packet_id))
		message = message->next;
	return message;
}

void downlink_cut(struct downlink_queue *queue)
{
	for (struct downlink_message *message = queue->first; message; message = message->next) {
		message->is_repeated |= message->is_under_way;
		message->is_under_way = false;
	}
}

void downlink_forget(struct downlink_queue *queue)
{
	for (struct downlink_message *message = queue->first; message; message = message->next)
		message->is_repeated = message->is_under_way = false;
}

void downlink_expire(struct downlink *downlink, wall_ms now)
{
	struct downlink_message *younger;

	for (struct downlink_message *message = downlink->oldest; message; message = younger) {
		younger = message->younger;
		if (message->expires_at <= now)
			expire(downlink, message);
	}
}

uint32_t downlink_expiry_s(wall_ms expires_at, wall_ms now)
{
	wall_ms left = expires_at - now;

	return left <= MS_PER_SECOND ? 1 : (uint32_t)((left + MS_PER_SECOND - 1) / MS_PER_SECOND);
}
