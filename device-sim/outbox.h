/* outbox.h - what a device has to say until the gateway has acknowledged it.
 *
 * What:    messages in order, each kept until its PUBACK; after a loss of the
 *          connection everything in flight is offered again.
 * Memory:  a copy of every message, at most OUTBOX_MAX_MESSAGES and
 *          OUTBOX_MAX_BYTES; pointers die at the next put or ack.
 * Threads: one.
 */
#ifndef SIM_OUTBOX_H
#define SIM_OUTBOX_H

#include "base/err.h"
#include "base/hash.h"

#define OUTBOX_MAX_MESSAGES 65536
#define OUTBOX_MAX_BYTES (32u << 20)

enum message_state {
	MESSAGE_WAITING,
	MESSAGE_IN_FLIGHT,
	MESSAGE_ACKED,
};

struct message {
	uint32_t boot;
	uint32_t seq;
	uint8_t *bytes; /* owned: the payload without the stamp of sending */
	size_t len;
	uint8_t hash[HASH_BYTES]; /* message_hash() */
	unsigned times_sent;
	bool is_buffered; /* recorded when there was no link: a replay at once */
	bool is_start;    /* a SESSION_START: its answer is timed */
	bool is_repeat;   /* said once more on purpose: counted apart */
	enum message_state state;
};

struct outbox {
	struct message *ring;
	size_t cap; /* a power of two */
	size_t head;
	size_t count;
	size_t next; /* distance from head: everything before was offered */
	size_t in_flight;
	size_t bytes;
};

void outbox_init(struct outbox *outbox);
void outbox_deinit(struct outbox *outbox);

/* Copies the bytes. CP_FULL at the maximum, CP_NOMEM; nothing is changed then.
 * `is_first` puts it before everything that is not yet acknowledged. */
enum cp_err outbox_put(
    struct outbox *outbox, const struct message *message, bool is_first) CP_MUST_CHECK;

/* The next message to send, NULL when all are acknowledged or in flight. */
struct message *outbox_next(struct outbox *outbox);
void outbox_sent(struct outbox *outbox, struct message *message);

/* False when nothing of that name waits for an acknowledgement: it came twice.
 * Otherwise *out is the message as it was; its bytes are gone. */
bool outbox_acked(struct outbox *outbox, uint32_t boot, uint32_t seq, struct message *out);

/* The connection is gone: whatever was in flight waits again. */
void outbox_rewind(struct outbox *outbox);

static inline bool outbox_is_empty(const struct outbox *outbox)
{
	return outbox->count == 0;
}

#endif
