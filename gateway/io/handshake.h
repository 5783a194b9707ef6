/* handshake.h - the threads that do the public-key arithmetic of TLS.
 *
 * What:    a full mutual handshake costs 5 to 10 ms of CPU (mbedTLS 2.28), and on
 *          the loop every device would wait for it. Workers, one less than there
 *          are cores and of low priority, call tls_handshake() instead.
 * Order:   a handshake that was begun goes before a new one, so that a flood of
 *          new ones cannot make the work on begun ones worthless; otherwise
 *          oldest first.
 * Owner:   between handshakes_put() and done(), or a handshakes_take_back() that
 *          said true, nobody else may touch the connection.
 * Bounds:  P6. The queue holds what its owners made; a worker has two of them.
 * Threads: all calls and done(): the loop's.
 */
#ifndef IO_HANDSHAKE_H
#define IO_HANDSHAKE_H

#include "base/ring.h"
#include "io/mailbox.h"
#include "io/tls.h"

struct handshakes;
struct handshake_worker;

enum handshake_place {
	HANDSHAKE_HERE,
	HANDSHAKE_QUEUED,
	HANDSHAKE_AT_WORK,
};

/* Zeroed, it is HERE. Embedded in what owns the connection. */
struct handshake {
	enum handshake_place place;
	struct tls_conn *tls;
	wall_ms now;
	enum tls_event event; /* what tls_handshake() answered */
	struct handshake_worker *worker;
	struct ring queue;
	struct mail mail;
};

typedef void handshake_fn(struct handshake *handshake);

/* Threads: one less than cores, at least one. CP_NOMEM without memory, descriptors
 * or threads. */
enum cp_err handshakes_new(
    struct uv_loop_s *loop, handshake_fn *done, struct handshakes **out) CP_MUST_CHECK;

/* Nothing may be queued or at work. NULL is allowed. */
void handshakes_free(struct handshakes *handshakes);

/* `has_begun`: cost was spent on it before. */
void handshakes_put(struct handshakes *handshakes, struct handshake *handshake,
    struct tls_conn *tls, bool has_begun);

/* False: a worker has it, done() will come. */
bool handshakes_take_back(struct handshake *handshake);

#endif
