/* upstream_gate.h - the upstream thread's way to its source, until it is shut.
 *
 * What:    passes each call on while the gate is open. shut() returns when a call
 *          under way has ended; after it the source may be freed, wherever the
 *          thread stands.
 * Threads: shut from any; all else from the upstream thread. Only shut() ever waits
 *          for the lock, so a call costs no system call.
 */
#ifndef SHELL_UPSTREAM_GATE_H
#define SHELL_UPSTREAM_GATE_H

#include <pthread.h>

#include "shell/upstream_thread.h"

struct upstream_gate {
	struct upstream_source source;
	void *ctx;
	pthread_mutex_t lock; /* held while the source is called */
	bool is_shut;
};

void upstream_gate_init(
    struct upstream_gate *gate, const struct upstream_source *source, void *ctx);
void upstream_gate_deinit(struct upstream_gate *gate);
void upstream_gate_shut(struct upstream_gate *gate);

/* As in struct upstream_source. Shut: UPSTREAM_LATER, no room, nothing. */
size_t upstream_gate_next(struct upstream_gate *gate, const uint64_t after[WINDOW_KINDS],
    struct upstream_item *items, size_t max);
bool upstream_gate_order(struct upstream_gate *gate, struct slice payload);
void upstream_gate_done(struct upstream_gate *gate, const struct window_row *rows, size_t count);
void upstream_gate_state(struct upstream_gate *gate, bool is_connected, const char *text);

#endif
