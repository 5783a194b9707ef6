/* inbox.h - what Paho's threads have to tell, in order, for the one loop.
 *
 * What:    a bounded queue. Callbacks only post; the loop does all the rest.
 * Threads: inbox_post() any, inbox_take() one.
 * Memory:  at most `max_events`. Answers to what we sent always find room: a
 *          device has a bounded window, and the queue is made for all of them.
 *          What the gateway sends may fill half of it and then has to wait.
 */
#ifndef SIM_INBOX_H
#define SIM_INBOX_H

#include "base/err.h"
#include "base/slice.h"
#include "base/time.h"

enum event_kind {
	EVENT_CONNECTED,
	EVENT_CONNECT_FAILED,
	EVENT_SUBSCRIBED,
	EVENT_SUBSCRIBE_FAILED,
	EVENT_ACKED,
	EVENT_SEND_FAILED,
	EVENT_DOWN,
	EVENT_LOST,
	EVENT_DISCONNECTED,
};

#define EVENT_WHY_BYTES 96

struct event {
	enum event_kind kind;
	size_t device;
	uint32_t generation; /* of the connection it belongs to */
	mono_ms at;
	uint32_t boot; /* ACKED, SEND_FAILED: the message's name */
	uint32_t seq;
	uint32_t receive_max; /* CONNECTED: 0 = not told */
	bool is_refusal;      /* SEND_FAILED: the gateway said no, the link may stand */
	uint8_t *bytes;       /* DOWN: owned by whoever holds the event */
	size_t len;
	const char *topic;         /* DOWN: lies behind the bytes */
	char why[EVENT_WHY_BYTES]; /* of a failure, for people */
};

struct inbox;

enum cp_err inbox_new(size_t max_events, struct inbox **out) CP_MUST_CHECK;
void inbox_free(struct inbox *inbox);

/* False when it is an EVENT_DOWN and there is no room now; nothing was taken. */
bool inbox_post(struct inbox *inbox, const struct event *event);

/* Waits until there is an event or the moment has come. False: none. */
bool inbox_take(struct inbox *inbox, mono_ms until, struct event *out);

#endif
