#include "io/listener_state.h"

#include "io/clock.h"
#include "io/log.h"

#include <stdlib.h>
#include <unistd.h>

/* --- names ---------------------------------------------------------------- */

uint64_t listener_take_slot(struct listener *listener, struct conn *conn)
{
	CP_CHECK(listener->free_count > 0);
	uint32_t slot = listener->free_slots[--listener->free_count];

	if (++listener->generations[slot] == 0)
		listener->generations[slot] = 1; /* no id is 0 */
	listener->slots[slot] = conn;
	listener->counters.connections++;
	return (uint64_t)listener->generations[slot] << 32 | slot;
}

static struct conn *find(const struct listener *listener, uint64_t id)
{
	uint32_t slot = (uint32_t)id;

	if (slot >= listener->slot_count)
		return NULL;
	struct conn *conn = listener->slots[slot];
	return conn && conn->id == id ? conn : NULL;
}

static struct conn *find_open(const struct listener *listener, uint64_t id)
{
	struct conn *conn = find(listener, id);

	return conn && conn->state == CONN_OPEN ? conn : NULL;
}

/* --- life ----------------------------------------------------------------- */

static void free_listener(struct listener *listener)
{
	handshakes_free(listener->handshakes);
	tls_config_drop(listener->config);
	free(listener->slots);
	free(listener->generations);
	free(listener->free_slots);
	free(listener);
}

void listener_handle_closed(struct listener *listener)
{
	if (--listener->handles > 0)
		return;
	void (*done)(void *ctx) = listener->done;
	void *ctx = listener->ctx;
	free_listener(listener);
	if (done)
		done(ctx);
}

static void handle_closed(uv_handle_t *handle)
{
	listener_handle_closed(handle->data);
}

static void close_if_empty(struct listener *listener)
{
	if (!listener->is_closing || listener->counters.connections > 0)
		return;
	uv_close((uv_handle_t *)&listener->retry, handle_closed);
	uv_close((uv_handle_t *)&listener->turn_end, handle_closed);
}

void listener_forget(struct conn *conn)
{
	struct listener *listener = conn->listener;
	uint32_t slot = (uint32_t)conn->id;

	listener->slots[slot] = NULL;
	listener->free_slots[listener->free_count++] = slot;
	listener->counters.connections--;
	close_if_empty(listener);
}

void listener_close(struct listener *listener, void (*done)(void *ctx))
{
	CP_CHECK(!listener->is_closing);
	listener->is_closing = true;
	listener->done = done;
	uv_timer_stop(&listener->retry);
	door_close(listener->door);
	listener_abandon(listener);
	for (uint32_t i = 0; i < listener->slot_count; i++) {
		struct conn *conn = listener->slots[i];
		if (conn && conn->state == CONN_OPEN)
			conn_leave(conn, CLOSE_STOPPING, LEAVE_STOPPING_MS);
		else if (conn)
			conn_close(conn, CLOSE_STOPPING);
	}
	close_if_empty(listener);
}

static void turn_ends(uv_prepare_t *prepare)
{
	conn_run_dirty(prepare->data);
}

/* Room for so many connections; there may be more already. */
static bool have_slots(struct listener *listener, uint32_t count)
{
	struct conn **slots = realloc(listener->slots, count * sizeof(struct conn *));
	listener->slots = slots ? slots : listener->slots;
	uint32_t *generations = realloc(listener->generations, count * sizeof(uint32_t));
	listener->generations = generations ? generations : listener->generations;
	uint32_t *free_slots = realloc(listener->free_slots, count * sizeof(uint32_t));
	listener->free_slots = free_slots ? free_slots : listener->free_slots;

	if (!slots || !generations || !free_slots)
		return false;
	for (uint32_t i = count; i > listener->slot_count; i--) {
		slots[i - 1] = NULL;
		generations[i - 1] = 0;
		free_slots[listener->free_count++] = i - 1;
	}
	listener->slot_count = count;
	return true;
}

static struct listener *new_listener(uv_loop_t *loop, const struct listener_limits *limits)
{
	struct listener *listener = calloc(1, sizeof(*listener));

	if (!listener)
		return NULL;
	listener->loop = loop;
	listener->limits = *limits;
	ring_init(&listener->dirty);
	ring_init(&listener->strangers);
	if (!have_slots(listener, limits->connections)) {
		free_listener(listener);
		return NULL;
	}
	return listener;
}

/* From here on libuv owes a close callback for each handle. */
static void start(struct listener *listener)
{
	listener->handles = 2;
	listener->retry.data = listener->turn_end.data = listener;
	CP_CHECK(uv_timer_init(listener->loop, &listener->retry) == 0);
	CP_CHECK(uv_prepare_init(listener->loop, &listener->turn_end) == 0);
	CP_CHECK(uv_prepare_start(&listener->turn_end, turn_ends) == 0);
	door_open(listener->door);
	listener_raise_descriptor_limit(&listener->limits);
}

enum cp_err listener_open(uv_loop_t *loop, const struct listener_place *place,
    struct tls_config *config, const struct listener_limits *limits, const struct listener_ops *ops,
    void *ctx, struct listener **out)
{
	struct listener *listener = new_listener(loop, limits);

	*out = NULL;
	if (!listener) {
		log_error("no memory for the listener");
		return CP_NOMEM;
	}
	enum cp_err err = handshakes_new(loop, conn_shaken, &listener->handshakes);
	if (err)
		log_error("cannot start threads for TLS: out of memory, descriptors or threads");
	else
		err = door_new(listener, place, &listener->door);
	if (err) {
		free_listener(listener);
		return err;
	}
	listener->config = tls_config_hold(config);
	listener->ops = *ops;
	listener->ctx = ctx;
	start(listener);
	*out = listener;
	return CP_OK;
}

/* --- what the shell asks for ---------------------------------------------- */

uint16_t listener_port(const struct listener *listener)
{
	return listener->door->port;
}

const struct listener_counters *listener_counters(const struct listener *listener)
{
	return &listener->counters;
}

enum cp_err listener_prepare(
    struct listener *listener, const struct listener_place *place, uint32_t connections)
{
	listener_abandon(listener);
	if (connections > listener->slot_count && !have_slots(listener, connections)) {
		log_error("no memory for %u connections", connections);
		return CP_NOMEM;
	}
	if (door_is_at(listener->door, place))
		return CP_OK;
	return door_new(listener, place, &listener->next_door);
}

void listener_abandon(struct listener *listener)
{
	door_free(listener->next_door);
	listener->next_door = NULL;
}

void listener_commit(struct listener *listener, const struct listener_limits *limits)
{
	struct door *old = listener->door;

	CP_CHECK(limits->connections <= listener->slot_count);
	listener->limits = *limits;
	listener_raise_descriptor_limit(limits);
	if (!listener->next_door)
		return;
	listener->door = listener->next_door;
	listener->next_door = NULL;
	door_open(listener->door);
	door_close(old);
}

void listener_set_config(struct listener *listener, struct tls_config *config)
{
	struct tls_config *old = listener->config;
	wall_ms now = clock_wall();
	struct tls_peer peer;

	listener->config = tls_config_hold(config);
	tls_config_drop(old);
	for (uint32_t i = 0; i < listener->slot_count; i++) {
		struct conn *conn = listener->slots[i];
		if (!conn || conn->state != CONN_OPEN)
			continue;
		conn->refusal = tls_identity(conn->tls, config, now, &peer);
		if (conn->refusal != TLS_OK)
			conn_touch(conn); /* the rest from the loop, not from in here */
	}
}

enum cp_err listener_send(struct listener *listener, uint64_t id, struct slice plain)
{
	struct conn *conn = find_open(listener, id);

	if (!conn)
		return CP_NOTFOUND;
	if (plain.len == 0)
		return CP_OK;
	size_t held = conn_held_bytes(conn);
	size_t max_bytes = listener->limits.write_max_bytes;
	if (held > max_bytes || plain.len > max_bytes - held)
		return CP_FULL;
	enum cp_err err = buf_append(&conn->plain, plain.p, plain.len);
	if (!err)
		conn_touch(conn);
	return err;
}

void listener_pause(struct listener *listener, uint64_t id)
{
	struct conn *conn = find_open(listener, id);

	if (!conn)
		return;
	conn->is_paused = true;
	conn_stop_reading(conn);
}

void listener_resume(struct listener *listener, uint64_t id)
{
	struct conn *conn = find_open(listener, id);

	if (!conn || !conn->is_paused)
		return;
	conn->is_paused = false;
	conn_touch(conn); /* delivers from the loop, not from in here */
}

void listener_wake_at(struct listener *listener, uint64_t id, mono_ms at)
{
	struct conn *conn = find_open(listener, id);

	if (conn)
		conn_wake_at(conn, at);
}

void listener_disconnect(struct listener *listener, uint64_t id, enum close_reason reason)
{
	struct conn *conn = find_open(listener, id);

	if (conn)
		conn_leave(conn, reason, LEAVE_MS);
}

const char *listener_remote(const struct listener *listener, uint64_t id)
{
	const struct conn *conn = find(listener, id);

	return conn ? conn->remote : "-";
}

const char *close_reason_name(enum close_reason reason)
{
	static const char *const names[CLOSE_REASON_COUNT] = {
	    [CLOSE_PEER] = "peer",
	    [CLOSE_NETWORK] = "network",
	    [CLOSE_TLS] = "tls",
	    [CLOSE_STALLED] = "stalled",
	    [CLOSE_NOT_ALLOWED] = "not_allowed",
	    [CLOSE_STOPPING] = "stopping",
	    [CLOSE_DISCONNECT] = "disconnect",
	    [CLOSE_REFUSED] = "refused",
	    [CLOSE_PROTOCOL] = "protocol",
	    [CLOSE_KEEP_ALIVE] = "keep_alive",
	    [CLOSE_TAKEN_OVER] = "taken_over",
	    [CLOSE_LIMIT] = "limit",
	};

	CP_CHECK((size_t)reason < CLOSE_REASON_COUNT);
	return names[reason];
}
