/* upstream.h - the connection to head office's broker: the only caller of Paho.
 *
 * What:    MQTT 5 over TLS with a client certificate. One object connects, loses
 *          and connects again. Paho keeps what it was given and had not sent
 *          when a connection was lost, and sends it first in the next one; to
 *          destroy the object instead would leak that (Paho 1.3.12).
 * Not:     when to connect, what to send, what to do after a loss
 *          (shell/window, shell/upstream_thread).
 * Threads: one thread calls everything here. What Paho says on its own threads
 *          arrives as events in the mailbox and nowhere else.
 * Memory:  an event lives in struct upstream, which brings the room for every
 *          answer it can get; but an UPSTREAM_ORDER is freed by
 *          upstream_event_done(). After upstream_close() no event is posted any
 *          more: take what the mailbox holds, then upstream_free().
 * Promise: each publish has exactly one answer: ACKED, NOT_ACKED or RETURNED;
 *          unless upstream_close() comes first.
 * Bounds:  UPSTREAM_TOKENS publishes, UPSTREAM_ORDERS_MAX orders and
 *          UPSTREAM_ORDER_BYTES_MAX bytes of them not yet done (P6).
 * Log:     none; the text of a failure is in the event.
 */
#ifndef IO_UPSTREAM_H
#define IO_UPSTREAM_H

#include "base/err.h"
#include "base/slice.h"
#include "io/mailbox.h"

#define UPSTREAM_TOKENS 100
#define UPSTREAM_PAYLOAD_MAX (64U << 10)
#define UPSTREAM_ORDERS_MAX 256
#define UPSTREAM_ORDER_BYTES_MAX (1U << 20)
#define UPSTREAM_TEXT_MAX 256

struct upstream_config {
	char *const *servers; /* "ssl://host:port" each, tried in this order */
	int server_count;     /* 0: no head office; the rest may be NULL */
	const char *site;     /* [a-z0-9-]{1,32} */
	const char *client_id;
	const char *ca_file;          /* PEM: who may be head office's broker */
	const char *certificate_file; /* PEM, ours, with its chain */
	const char *key_file;         /* PEM */
};

/* A copy that owns its strings; deinit is safe on a zeroed struct. */
enum cp_err upstream_config_copy(
    struct upstream_config *out, const struct upstream_config *from) CP_MUST_CHECK;
void upstream_config_deinit(struct upstream_config *copy);

struct upstream;

enum upstream_event_kind {
	UPSTREAM_CONNECTED,    /* CONNACK said yes */
	UPSTREAM_REFUSED,      /* the attempt failed: text says why and what to do */
	UPSTREAM_LOST,         /* the connection ended */
	UPSTREAM_ACKED,        /* PUBACK with a success code, for `token` */
	UPSTREAM_NOT_ACKED,    /* the broker refused `token` */
	UPSTREAM_RETURNED,     /* lost while `token` waited for its PUBACK */
	UPSTREAM_NO_ORDERS,    /* the broker refused the subscription */
	UPSTREAM_ORDER,        /* a message on .../down: payload */
	UPSTREAM_OVERRUN,      /* orders were dropped for want of room */
	UPSTREAM_DISCONNECTED, /* answer to upstream_disconnect() */
};

struct upstream_event {
	struct mail mail;
	enum upstream_event_kind kind;
	bool is_posted;           /* upstream.c's */
	uint32_t token;           /* ACKED, NOT_ACKED, RETURNED */
	unsigned receive_maximum; /* CONNECTED: what the broker takes in flight */
	const char *text;         /* REFUSED, LOST, DISCONNECTED, NOT_ACKED, NO_ORDERS */
	struct slice payload;     /* ORDER; until upstream_event_done() */
	struct upstream *upstream;
};

/* Connects to nobody yet. The config is borrowed until upstream_free(). */
enum cp_err upstream_open(struct upstream **out, const struct upstream_config *config,
    struct mailbox *mailbox) CP_MUST_CHECK;

/* Starts an attempt to reach config->servers[server]: CONNECTED or REFUSED comes.
 * Not while one is under way or connected. */
void upstream_connect(struct upstream *upstream, int server);

/* Asks for .../down, once, when connected. What is published after it finds the
 * subscription in place. */
enum cp_err upstream_subscribe(struct upstream *upstream) CP_MUST_CHECK;

/* QoS 1 to carepace/v1/site/<site>/<topic>; the payload is copied. `token` is
 * free to be used again when its answer was taken. CP_NET: not connected; this
 * publish has no answer, but an UPSTREAM_LOST has come or will. */
enum cp_err upstream_publish(struct upstream *upstream, const char *topic, struct slice payload,
    uint32_t token) CP_MUST_CHECK;

/* Says goodbye, so that the broker does not take the end for an accident. The
 * DISCONNECTED may be long in coming when the broker stalls: have a limit. */
void upstream_disconnect(struct upstream *upstream);

/* Takes about 0.1 s: Paho stops its threads. For the end, and for an object that
 * does not answer. */
void upstream_close(struct upstream *upstream);

/* After upstream_close() and after the mailbox was emptied. NULL is allowed. */
void upstream_free(struct upstream *upstream);

/* The receiver has read the event. */
void upstream_event_done(struct upstream_event *event);

/* Orders dropped for want of room, or too large, since the last call. */
uint64_t upstream_take_orders_dropped(struct upstream *upstream);

#endif
