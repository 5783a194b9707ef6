/* listener_state.h - what the files of the listener share; nobody else's business.
 *
 * A connection's states, in this order and never back:
 *
 *   HANDSHAKE  a stranger: deadline, limits, no callback yet
 *   OPEN       past the gate: opened() was called
 *   LEAVING    not read any more; what was sent and the goodbye go out
 *   LINGERING  we have said FIN and throw away what still comes, so that the
 *              kernel does not answer it by a reset that overtakes our last words
 *   CLOSING    uv_close() was called; closed() and free() come with its callback
 *
 * A peer's FIN, a network error or a deadline goes to CLOSING from anywhere.
 *
 * While `shaking` is not HERE its TLS is a worker's: it is not read, its deadline
 * rests, and only the socket may be touched. Closed meanwhile, it is freed when the
 * worker has given it back.
 */
#ifndef IO_LISTENER_STATE_H
#define IO_LISTENER_STATE_H

#include "base/ring.h"
#include "io/handshake.h"
#include "io/listener.h"

#include <netinet/in.h>

enum conn_state {
	CONN_HANDSHAKE,
	CONN_OPEN,
	CONN_LEAVING,
	CONN_LINGERING,
	CONN_CLOSING,
};

struct conn {
	struct listener *listener;
	uint64_t id;
	enum conn_state state;
	enum close_reason reason;
	bool was_opened;
	bool is_paused;
	bool is_reading;
	bool is_writing; /* `sending` belongs to libuv */
	bool has_said_goodbye;
	bool was_at_worker;
	enum tls_reason refusal; /* of one that was open: said as an alert at the end */
	uint8_t owed;            /* what libuv and a worker have not given back */
	struct tls_conn *tls;    /* NULL until the first byte */
	struct handshake shaking;
	mono_ms left_ms;  /* of the deadline that rests */
	struct buf plain; /* what was sent in this turn */
	struct buf sending;
	mono_ms deadline_at; /* of the state, or of the write in OPEN */
	mono_ms wake_at;
	mono_ms armed_at; /* when the timer fires */
	struct ring dirty;
	struct ring stranger;
	struct in6_addr address; /* v4 mapped */
	uv_tcp_t tcp;
	uv_timer_t timer;
	uv_write_t write;
	uv_shutdown_t shutdown;
	char remote[LISTENER_REMOTE_LEN];
};

/* A socket that listens. */
struct door {
	struct listener *listener;
	uv_poll_t poll;
	int fd;
	uint16_t port;
	bool is_given;              /* by systemd, which knows where */
	struct sockaddr_storage at; /* else what it was bound to */
};

struct listener {
	uv_loop_t *loop;
	struct listener_limits limits;
	struct listener_ops ops;
	void *ctx;
	struct tls_config *config;
	struct handshakes *handshakes;
	struct listener_counters counters;
	struct conn **slots; /* slot_count of each: the highest limit that there was */
	uint32_t *generations;
	uint32_t *free_slots;
	uint32_t slot_count;
	uint32_t free_count;
	struct ring dirty;     /* to be flushed, or to be read after a pause */
	struct ring strangers; /* not yet authenticated */
	struct door *door;
	struct door *next_door; /* bound, between prepare and commit */
	unsigned handles;
	bool is_closing;
	void (*done)(void *ctx);
	uv_timer_t retry;
	uv_prepare_t turn_end;
	uint8_t cipher[TLS_FEED_MAX]; /* one read, then it is the connection's */
	uint8_t plain[TLS_RECORD_MAX];
};

#define LISTENER_FILES_RESERVE 16 /* descriptors that no device gets */

/* listener_accept.c */

/* A socket that listens, or the error as errno has it; *at is where, unless EINVAL. */
int listener_try(const char *address, uint16_t port, struct sockaddr_storage *at, int *fd);
enum cp_err door_new(
    struct listener *listener, const struct listener_place *place, struct door **out);
void door_open(struct door *door);
void door_close(struct door *door); /* what waits in its backlog is taken first */
void door_free(struct door *door);  /* one that was never opened; NULL is allowed */
bool door_is_at(const struct door *door, const struct listener_place *place);
void listener_raise_descriptor_limit(const struct listener_limits *limits);

/* listener_conn.c: the life of a connection. conn_open() takes the descriptor. */
void conn_open(struct listener *listener, int fd, const struct sockaddr_storage *from);
void conn_set_deadline(struct conn *conn, mono_ms in_ms);
void conn_wake_at(struct conn *conn, mono_ms at);
void conn_leave(struct conn *conn, enum close_reason reason, uint32_t leave_ms);
void conn_close(struct conn *conn, enum close_reason reason);
void conn_given_back(struct conn *conn);

/* listener_gate.c: from the first byte to the gate's answer (P7). */
void conn_shake(struct conn *conn, struct slice ciphertext);
void conn_shaken(struct handshake *handshake); /* at a worker */
void conn_tell_refusal(const struct conn *conn, enum tls_reason reason);
void conn_expel(struct conn *conn);

/* listener_stream.c: bytes in and out. */
void conn_start_reading(struct conn *conn);
void conn_stop_reading(struct conn *conn);
void conn_drain(struct conn *conn);
void conn_flush(struct conn *conn);
void conn_touch(struct conn *conn);
void conn_run_dirty(struct listener *listener);
size_t conn_held_bytes(const struct conn *conn);

/* listener.c */
void listener_handle_closed(struct listener *listener);
uint64_t listener_take_slot(struct listener *listener, struct conn *conn);
void listener_forget(struct conn *conn);

#define LEAVE_MS 5000          /* for what was sent to go out */
#define LEAVE_EXPELLED_MS 2000 /* with the look at the registry, within 5 s */
#define LEAVE_STOPPING_MS 1000
#define LINGER_MS 1000

#endif
