/* upstream.h - one connection to head office's broker: the only caller of Paho.
 *
 * What:    MQTT 5 over TLS with a client certificate. An object is one attempt
 *          and the connection that comes of it, to one server address; the
 *          next attempt is a new object, so that nothing of the old one can be
 *          taken for the new one's.
 * Not:     when to connect, what to send, what to do after a loss
 *          (shell/window, shell/upstream_thread).
 * Threads: one thread calls everything here. What Paho says on its own threads
 *          arrives as events in the mailbox and nowhere else.
 * Memory:  an event lives in its struct upstream, which brings the room for
 *          every answer it can get; but an UPSTREAM_ORDER is freed by
 *          upstream_event_done(). After upstream_close() no event is posted any
 *          more: take what the mailbox holds, then upstream_free().
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

struct upstream;

enum upstream_event_kind {
	UPSTREAM_CONNECTED,    /* CONNACK said yes */
	UPSTREAM_REFUSED,      /* the attempt failed: text says why and what to do */
	UPSTREAM_LOST,         /* the connection ended; nothing in flight is known */
	UPSTREAM_ACKED,        /* PUBACK with a success code, for `token` */
	UPSTREAM_NOT_ACKED,    /* the broker refused `token` */
	UPSTREAM_NO_ORDERS,    /* the broker refused the subscription */
	UPSTREAM_ORDER,        /* a message on .../down: payload */
	UPSTREAM_OVERRUN,      /* orders were dropped for want of room */
	UPSTREAM_DISCONNECTED, /* answer to upstream_disconnect() */
};

struct upstream_event {
	struct mail mail;
	enum upstream_event_kind kind;
	uint32_t generation;
	uint32_t token;           /* ACKED, NOT_ACKED */
	unsigned receive_maximum; /* CONNECTED: what the broker takes in flight */
	bool is_posted;           /* upstream.c's */
	const char *text;         /* REFUSED, LOST, NOT_ACKED, NO_ORDERS */
	struct slice payload;     /* ORDER; until upstream_event_done() */
	struct upstream *upstream;
};

/* Starts an attempt to reach config->servers[server]; the config is borrowed
 * until upstream_free(). Events carry `generation`. CP_NOMEM is the only error:
 * all else, a file that cannot be read too, arrives as UPSTREAM_REFUSED. */
enum cp_err upstream_open(struct upstream **out, const struct upstream_config *config, int server,
    uint32_t generation, struct mailbox *mailbox) CP_MUST_CHECK;

/* Asks for .../down, once, when connected. What is published after it finds the
 * subscription in place. */
enum cp_err upstream_subscribe(struct upstream *upstream) CP_MUST_CHECK;

/* QoS 1 to carepace/v1/site/<site>/<topic>; the payload is copied. `token` is
 * free to be used again when its ACKED or NOT_ACKED was taken. CP_NET: the
 * connection is not there, an UPSTREAM_LOST has come or will. */
enum cp_err upstream_publish(struct upstream *upstream, const char *topic, struct slice payload,
    uint32_t token) CP_MUST_CHECK;

/* Says goodbye, so that the broker does not take the end for an accident; the
 * answer may not come, wait for it with a limit. */
void upstream_disconnect(struct upstream *upstream, int limit_ms);

/* Takes about 0.1 s: Paho stops its threads. */
void upstream_close(struct upstream *upstream);

/* After upstream_close() and after the mailbox was emptied. NULL is allowed. */
void upstream_free(struct upstream *upstream);

/* The receiver has read the event. */
void upstream_event_done(struct upstream_event *event);

/* Orders dropped for want of room or because they are too large. */
uint64_t upstream_orders_dropped(const struct upstream *upstream);

#endif
