/* client.h - one device's connection: TCP, mutual TLS 1.2, MQTT 3.1.1 at QoS 1.
 *
 * What:    non-blocking under the caller's epoll. One PUBLISH is one TLS record
 *          and one write, as devices do it.
 * Checks:  acknowledgements must come in the order of the PUBLISHes; whatever else
 *          is not expected, a refusal or an end of the connection included, ends
 *          the program (fail.h).
 * Memory:  the caller owns struct client; it must not move.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include "base/buf.h"
#include "base/id.h"

#include <openssl/ssl.h>

#define CLIENT_IN_FLIGHT_MAX 100
#define CLIENT_TOPIC_LEN 96

struct client;

struct client_ops {
	void (*ready)(struct client *client); /* connected and subscribed */
	void (*acked)(struct client *client, int64_t tag);
	void (*arrived)(struct client *client, struct slice payload); /* was acknowledged */
	void (*ponged)(struct client *client);
};

/* What all clients share. */
struct client_net {
	SSL_CTX *tls;
	const char *pki;
	uint16_t port;
	int epoll;
	const struct client_ops *ops;
};

enum client_state {
	CLIENT_HANDSHAKE,
	CLIENT_WAIT_CONNACK,
	CLIENT_WAIT_SUBACK,
	CLIENT_READY,
};

struct client {
	const struct client_net *net;
	struct id id;
	char topic[CLIENT_TOPIC_LEN];  /* PUBLISHes go there */
	char filter[CLIENT_TOPIC_LEN]; /* and what is subscribed to */
	enum client_state state;
	int fd;
	SSL *ssl;
	SSL_SESSION *session; /* of its last full handshake */
	bool is_resumed;      /* the handshake was a short one */
	bool is_blocked;      /* the socket takes nothing: wants EPOLLOUT */
	struct buf in;
	struct buf out;                     /* what the socket did not take */
	int64_t tags[CLIENT_IN_FLIGHT_MAX]; /* of what is not acknowledged, a ring */
	size_t from;
	size_t in_flight;
};

/* has_tickets: sessions are kept, to be resumed. */
SSL_CTX *client_tls_new(const char *pki, bool has_tickets);

/* Safe on a zeroed struct. filter NULL: its own `down`. */
void client_init(
    struct client *client, const struct client_net *net, const struct id *id, const char *filter);
void client_deinit(struct client *client);

/* Connects, from an address of its own in 127.0.0.0/8; ready() follows. */
void client_open(struct client *client, bool is_to_resume);
void client_close(struct client *client);

/* The socket can be read or written. */
void client_turn(struct client *client);

/* At most CLIENT_IN_FLIGHT_MAX at a time. */
void client_publish(struct client *client, struct slice payload, int64_t tag);

void client_ping(struct client *client);

#endif
