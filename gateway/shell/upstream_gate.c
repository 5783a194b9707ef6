#include "shell/upstream_gate.h"

void upstream_gate_init(struct upstream_gate *gate, const struct upstream_source *source, void *ctx)
{
	*gate = (struct upstream_gate){.source = *source, .ctx = ctx};
	pthread_mutex_init(&gate->lock, NULL); /* cannot fail without attributes */
}

void upstream_gate_deinit(struct upstream_gate *gate)
{
	pthread_mutex_destroy(&gate->lock);
}

void upstream_gate_shut(struct upstream_gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	gate->is_shut = true;
	pthread_mutex_unlock(&gate->lock);
}

/* True: the source stays until leave(). */
static bool enter(struct upstream_gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	if (!gate->is_shut)
		return true;
	pthread_mutex_unlock(&gate->lock);
	return false;
}

static void leave(struct upstream_gate *gate)
{
	pthread_mutex_unlock(&gate->lock);
}

size_t upstream_gate_next(struct upstream_gate *gate, const uint64_t after[WINDOW_KINDS],
    struct upstream_item *items, size_t max)
{
	if (!enter(gate))
		return UPSTREAM_LATER;
	size_t found = gate->source.next(gate->ctx, after, items, max);
	leave(gate);
	CP_CHECK(found <= max || found == UPSTREAM_LATER);
	return found;
}

bool upstream_gate_order(struct upstream_gate *gate, struct slice payload)
{
	if (!enter(gate))
		return false;
	bool is_taken = gate->source.order(gate->ctx, payload);
	leave(gate);
	return is_taken;
}

void upstream_gate_done(struct upstream_gate *gate, const struct window_row *rows, size_t count)
{
	if (!enter(gate))
		return;
	gate->source.done(gate->ctx, rows, count);
	leave(gate);
}

void upstream_gate_state(struct upstream_gate *gate, bool is_connected, const char *text)
{
	if (!enter(gate))
		return;
	gate->source.state(gate->ctx, is_connected, text);
	leave(gate);
}
