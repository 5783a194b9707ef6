#include "outbox.h"

#include <stdlib.h>

#define FIRST_CAP 64

static struct message *at(const struct outbox *outbox, size_t index)
{
	return &outbox->ring[(outbox->head + index) & (outbox->cap - 1)];
}

void outbox_init(struct outbox *outbox)
{
	*outbox = (struct outbox){0};
}

void outbox_deinit(struct outbox *outbox)
{
	for (size_t i = 0; i < outbox->count; i++)
		free(at(outbox, i)->bytes);
	free(outbox->ring);
	*outbox = (struct outbox){0};
}

static enum cp_err make_room(struct outbox *outbox)
{
	if (outbox->count < outbox->cap)
		return CP_OK;
	size_t cap = outbox->cap ? outbox->cap * 2 : FIRST_CAP;
	struct message *ring = calloc(cap, sizeof(*ring));

	if (!ring)
		return CP_NOMEM;
	for (size_t i = 0; i < outbox->count; i++)
		ring[i] = *at(outbox, i);
	free(outbox->ring);
	outbox->ring = ring;
	outbox->cap = cap;
	outbox->head = 0;
	return CP_OK;
}

enum cp_err outbox_put(struct outbox *outbox, const struct message *message, bool is_first)
{
	if (outbox->count >= OUTBOX_MAX_MESSAGES || outbox->bytes + message->len > OUTBOX_MAX_BYTES)
		return CP_FULL;
	enum cp_err err = make_room(outbox);

	if (err)
		return err;
	uint8_t *bytes = malloc(message->len + 1); /* an empty payload is a block too */

	if (!bytes)
		return CP_NOMEM;
	memcpy(bytes, message->bytes, message->len);
	if (is_first) {
		outbox->head = (outbox->head + outbox->cap - 1) & (outbox->cap - 1);
		outbox->next = 0;
	}
	outbox->count++;
	struct message *slot = at(outbox, is_first ? 0 : outbox->count - 1);

	*slot = *message;
	slot->bytes = bytes;
	slot->state = MESSAGE_WAITING;
	slot->times_sent = 0;
	outbox->bytes += message->len;
	return CP_OK;
}

struct message *outbox_next(struct outbox *outbox)
{
	while (outbox->next < outbox->count && at(outbox, outbox->next)->state != MESSAGE_WAITING)
		outbox->next++;
	return outbox->next < outbox->count ? at(outbox, outbox->next) : NULL;
}

void outbox_sent(struct outbox *outbox, struct message *message)
{
	CP_CHECK(message->state == MESSAGE_WAITING);
	message->state = MESSAGE_IN_FLIGHT;
	message->times_sent++;
	outbox->in_flight++;
}

/* The oldest copy: what is said twice stands here twice. */
static struct message *find(const struct outbox *outbox, uint32_t boot, uint32_t seq)
{
	for (size_t i = 0; i < outbox->next; i++) {
		struct message *message = at(outbox, i);

		if (message->state == MESSAGE_IN_FLIGHT && message->boot == boot &&
		    message->seq == seq)
			return message;
	}
	return NULL;
}

static void drop_acked_head(struct outbox *outbox)
{
	while (outbox->count > 0 && at(outbox, 0)->state == MESSAGE_ACKED) {
		outbox->head = (outbox->head + 1) & (outbox->cap - 1);
		outbox->count--;
		outbox->next -= outbox->next > 0;
	}
}

bool outbox_acked(struct outbox *outbox, uint32_t boot, uint32_t seq, struct message *out)
{
	/* One that was offered last still lies at `next`. */
	(void)outbox_next(outbox);
	struct message *message = find(outbox, boot, seq);

	if (!message)
		return false;
	message->state = MESSAGE_ACKED;
	*out = *message;
	out->bytes = NULL;
	free(message->bytes);
	message->bytes = NULL;
	outbox->bytes -= message->len;
	outbox->in_flight--;
	drop_acked_head(outbox);
	return true;
}

void outbox_rewind(struct outbox *outbox)
{
	for (size_t i = 0; i < outbox->count; i++) {
		struct message *message = at(outbox, i);

		if (message->state == MESSAGE_IN_FLIGHT)
			message->state = MESSAGE_WAITING;
	}
	outbox->in_flight = 0;
	outbox->next = 0;
}
