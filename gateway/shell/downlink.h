/* downlink.h - messages that wait for devices, in memory: one queue a device.
 *
 * What:    which message goes to a device next. A device's messages never overtake each
 *          other. One without a row (R19: a verdict is worth 2 s) is over when the link
 *          has it; one with a row when the device has acknowledged it, and until then
 *          it is sent again on each new link, under the same packet identifier.
 * Not:     the rows (ledger/down_rows): downlink_next_over() says which may go.
 * Bounds:  DOWNLINK_DEVICE_MAX messages of a device and DOWNLINK_BYTES_MAX in all;
 *          beyond, the oldest goes, counted (P6, P8). A device's own limit is hit
 *          first, unless messages are large, so that no device takes another's place.
 * Memory:  bytes put in are copied. A queue is the caller's, who empties it before it
 *          dies; the downlink must not move.
 * Time:    wall times, given by the caller. Pure.
 */
#ifndef SHELL_DOWNLINK_H
#define SHELL_DOWNLINK_H

#include "ledger/batch.h"

#define DOWNLINK_DEVICE_MAX 32
#define DOWNLINK_BYTES_MAX (8U << 20)

struct downlink_message {
	struct downlink_message *next; /* younger, of the same device; or over */
	struct downlink_message *older, *younger;
	struct downlink_queue *queue;
	struct id device;
	uint64_t n; /* its row; 0: none */
	wall_ms expires_at;
	bool is_under_way; /* the present link has it */
	bool is_repeated;  /* an earlier link of this session may have had it */
	size_t len;
	uint8_t bytes[];
};

struct downlink_queue {
	struct downlink_message *first; /* oldest */
	size_t count;
};

struct downlink_counters {
	uint64_t expired;
	uint64_t dropped; /* a limit, or no memory */
};

struct downlink {
	struct downlink_message *oldest, *youngest; /* of all */
	struct downlink_message *over;              /* their rows may go */
	size_t bytes;
	struct downlink_counters counters;
};

void downlink_deinit(struct downlink *downlink); /* safe on a zeroed struct, which is empty */

void downlink_put(
    struct downlink *downlink, struct downlink_queue *queue, const struct batch_down *down);

/* It must not be sent any more: if it waits, it is over, and so if the link has it. */
void downlink_take_back(struct downlink *downlink, struct downlink_queue *queue, uint64_t n);

/* One that the store remembers: it may have been sent before. */
void downlink_put_back(
    struct downlink *downlink, struct downlink_queue *queue, const struct batch_down *down);

/* What is to be sent next, or NULL. Then say what became of it: under way, or over. */
struct downlink_message *downlink_next(
    struct downlink *downlink, struct downlink_queue *queue, wall_ms now);
void downlink_over(struct downlink *downlink, struct downlink_message *message);

/* The one under way with this packet identifier, or NULL. */
struct downlink_message *downlink_find(struct downlink_queue *queue, uint16_t packet_id);

/* 0: the link may choose. n rises, so two of a device are equal only if one waits while
 * LINK_OWNER_IDS others come and go. */
uint16_t downlink_packet_id(const struct downlink_message *message);

/* The link has ended, or the session, too: then its identifiers are forgotten. */
void downlink_cut(struct downlink_queue *queue);
void downlink_forget(struct downlink_queue *queue);

void downlink_expire(struct downlink *downlink, wall_ms now);

/* A message whose row may go. False: none. */
bool downlink_next_over(struct downlink *downlink, struct batch_over *out);

/* Seconds left, rounded up, at least 1: MQTT's message expiry. */
uint32_t downlink_expiry_s(wall_ms expires_at, wall_ms now);

#endif
