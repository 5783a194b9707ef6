/* listener.h - the port that devices connect to.
 *
 * What:    TCP by libuv, one tls_conn each, the gate (P7), deadlines and limits;
 *          above it there is only plaintext of a known device.
 * Names:   a connection is a uint64_t (slot and generation), never 0 and never
 *          used twice. A call that names a closed one finds nothing.
 * Calls:   callbacks come from the loop, never from inside a function of this
 *          header. Inside a callback every function here may be called.
 *          opened() once the gate said yes; received() with plaintext that is
 *          borrowed; woken() when a time set by listener_wake_at() has come;
 *          expelled() when a new configuration does not allow it any more: what is
 *          sent now still leaves, then it is closed;
 *          closed() exactly once for every opened(), as its last callback.
 *          A refused connection is never seen: counted and logged here.
 * Order:   what was sent in one turn of the loop leaves at the end of the turn in
 *          one write, in as few TLS records as possible.
 * Bounds:  P6. listener_send() says CP_FULL; a connection that takes nothing for
 *          30 s is closed; a paused one is not read and delivers nothing.
 * Threads: the loop's only.
 * Signals: SIGPIPE must be ignored; libuv writes to sockets whose peer is gone.
 */
#ifndef IO_LISTENER_H
#define IO_LISTENER_H

#include "io/tls.h"

#include <uv.h>

#define LISTENER_BACKLOG 4096
#define LISTENER_REMOTE_LEN 64

/* Why a connection that was opened ended. */
enum close_reason {
	CLOSE_PEER,        /* the device closed it */
	CLOSE_NETWORK,     /* reset, timeout of TCP */
	CLOSE_TLS,         /* a broken or forged record */
	CLOSE_STALLED,     /* took nothing for write_stall_ms */
	CLOSE_NOT_ALLOWED, /* the new configuration does not know it any more */
	CLOSE_STOPPING,    /* listener_close() */
	/* What the shell says by listener_disconnect(): */
	CLOSE_DISCONNECT, /* the device said DISCONNECT */
	CLOSE_REFUSED,    /* CONNECT was refused */
	CLOSE_PROTOCOL,   /* malformed or forbidden MQTT */
	CLOSE_KEEP_ALIVE, /* silent for too long */
	CLOSE_TAKEN_OVER, /* the same device connected again */
	CLOSE_LIMIT,      /* over a limit of its own */
	CLOSE_REASON_COUNT,
};

struct listener_ops {
	void (*opened)(void *ctx, uint64_t conn, const struct tls_peer *peer);
	void (*received)(void *ctx, uint64_t conn, struct slice plaintext);
	void (*woken)(void *ctx, uint64_t conn);
	void (*expelled)(void *ctx, uint64_t conn);
	void (*closed)(void *ctx, uint64_t conn, enum close_reason reason);
};

struct listener_limits {
	uint32_t connections;            /* all of them, authenticated or not */
	uint32_t strangers;              /* not yet authenticated: then the slowest goes */
	uint32_t handshakes_per_address; /* not yet authenticated, one address */
	uint32_t handshake_ms;           /* from accept to the gate */
	uint32_t write_stall_ms;
	uint32_t write_max_bytes; /* waiting to be sent, one connection */
};

#define LISTENER_LIMITS_DEFAULT                                                                    \
	{                                                                                          \
		.connections = 4000, .strangers = 2000, .handshakes_per_address = 100,             \
		.handshake_ms = 10000, .write_stall_ms = 30000, .write_max_bytes = 262144          \
	}

struct listener_counters {
	uint64_t accepted;
	uint64_t accept_failures;  /* no descriptor to spare, no memory */
	uint64_t over_connections; /* closed at once: limits.connections */
	uint64_t over_address;     /* closed at once: limits.handshakes_per_address */
	uint64_t over_strangers;   /* closed for another one: limits.strangers */
	uint64_t handshakes_ok;
	uint64_t handshakes_resumed; /* of these */
	uint64_t handshakes_timed_out;
	uint64_t refused[TLS_REASON_COUNT];
	uint64_t closed[CLOSE_REASON_COUNT];
	uint64_t received_bytes; /* ciphertext */
	uint64_t sent_bytes;
	uint32_t connections; /* now */
	uint32_t opened;      /* now, of these past the gate */
};

struct listener;

/* Where. A socket that listens already goes before the address; it must have the port. */
struct listener_place {
	const char *address; /* an IP address ("0.0.0.0", "::" takes both) */
	uint16_t port;       /* 0 lets the system choose */
	int fd;              /* the listener's from here on; LISTENER_BINDS: there is none */
};
#define LISTENER_BINDS (-1)

/* CP_BUSY: the port is taken; CP_CONFIG: not an address, another port; CP_NET. Holds the
 * config. */
enum cp_err listener_open(uv_loop_t *loop, const struct listener_place *place,
    struct tls_config *config, const struct listener_limits *limits, const struct listener_ops *ops,
    void *ctx, struct listener **out) CP_MUST_CHECK;

/* Every connection ends with CLOSE_STOPPING; then `done`, and the listener is no
 * more. Takes at most a second or two. */
void listener_close(struct listener *listener, void (*done)(void *ctx));

uint16_t listener_port(const struct listener *listener);
const struct listener_counters *listener_counters(const struct listener *listener);

/* What a reload changes, in two steps: prepare does all that can fail and says why (CP_BUSY: the
 * port is taken), then commit or abandon. Port and address as they are: the socket stays. The new
 * one listens before the old one is closed, and connections stay, also those that are more
 * than the new limit. */
enum cp_err listener_prepare(struct listener *listener, const struct listener_place *place,
    uint32_t connections) CP_MUST_CHECK;
void listener_commit(struct listener *listener, const struct listener_limits *limits);
void listener_abandon(struct listener *listener);

/* For new connections. A live one that the new registry does not allow is closed
 * (CLOSE_NOT_ALLOWED), the others keep the config they have. */
void listener_set_config(struct listener *listener, struct tls_config *config);

/* Copies. CP_FULL: nothing was taken, wait or close; CP_NOTFOUND: it is gone. */
enum cp_err listener_send(struct listener *listener, uint64_t id, struct slice plain) CP_MUST_CHECK;

/* While paused nothing is read from the socket and nothing is delivered. */
void listener_pause(struct listener *listener, uint64_t id);
void listener_resume(struct listener *listener, uint64_t id);

/* One time per connection; a new one replaces it, TIME_NEVER takes it back. */
void listener_wake_at(struct listener *listener, uint64_t id, mono_ms at);

/* What was sent before still leaves; nothing is delivered any more but closed(). */
void listener_disconnect(struct listener *listener, uint64_t id, enum close_reason reason);

/* "192.0.2.7:51234"; "-" when it is gone. */
const char *listener_remote(const struct listener *listener, uint64_t id);

/* "keep_alive", for counters and logs. */
const char *close_reason_name(enum close_reason reason);

#endif
