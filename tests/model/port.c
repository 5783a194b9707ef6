/* io/listener.h and io/clock.h in memory and virtual time. */
#include "parties.h"

#include "io/clock.h"
#include "shell/devices_state.h"

#include <stdatomic.h>
#include <stdlib.h>

#define MONO_0 1000

static _Atomic mono_ms now = MONO_0;
static wall_ms wall_0 = INT64_C(1790000000000);

static struct listener {
	struct listener_ops ops;
	void *ctx;
	bool is_dead;
	struct listener_counters counters;
} port;

mono_ms clock_mono(void)
{
	return atomic_load(&now);
}

int64_t clock_mono_us(void)
{
	return 1000 * clock_mono();
}

wall_ms clock_wall(void)
{
	return wall_0 + atomic_load(&now);
}

mono_ms clock_until(wall_ms at)
{
	return at - clock_wall();
}

mono_ms clock_since_boot(void)
{
	return clock_mono();
}

struct clock_reading clock_read(void)
{
	return (struct clock_reading){
	    .is_taken = true,
	    .since_boot = clock_since_boot(),
	    .wall = clock_wall(),
	    .is_synced = true,
	};
}

void clock_assume(int64_t offset_ms)
{
	CP_CHECK(offset_ms == TIME_NEVER);
}

void port_begin(wall_ms wall)
{
	atomic_store(&now, MONO_0);
	wall_0 = wall - MONO_0;
}

static struct conn *conn_of(uint64_t id)
{
	return &model.conns[id - 1];
}

/* --- what the gateway calls -------------------------------------------------------- */

enum cp_err listener_open(uv_loop_t *loop, const struct listener_place *place,
    struct tls_config *config, const struct listener_limits *limits, const struct listener_ops *ops,
    void *ctx, struct listener **out)
{
	(void)loop, (void)place, (void)config, (void)limits;
	port = (struct listener){.ops = *ops, .ctx = ctx};
	*out = &port;
	return CP_OK;
}

void listener_close(struct listener *listener, void (*done)(void *ctx))
{
	for (size_t i = 0; i < model.conn_count; i++) {
		struct conn *conn = &model.conns[i];
		if (!conn->is_open)
			continue;
		conn->is_open = false;
		listener->ops.closed(listener->ctx, conn->id, CLOSE_STOPPING);
	}
	done(listener->ctx);
}

enum cp_err listener_send(struct listener *listener, uint64_t id, struct slice plain)
{
	struct conn *conn = conn_of(id);

	if (listener->is_dead || !conn->is_open)
		return CP_NOTFOUND;
	if (plain.len > conn->room)
		return CP_FULL;
	conn->room -= plain.len;
	oracle_sent(conn, plain);
	return buf_append(&conn->heard, plain.p, plain.len);
}

void listener_pause(struct listener *listener, uint64_t id)
{
	(void)listener;
	conn_of(id)->is_paused = true;
}

void listener_resume(struct listener *listener, uint64_t id)
{
	(void)listener;
	conn_of(id)->is_paused = false;
}

void listener_disconnect(struct listener *listener, uint64_t id, enum close_reason reason)
{
	struct conn *conn = conn_of(id);

	if (listener->is_dead || conn->is_left)
		return;
	conn->is_left = true;
	conn->reason = reason;
	oracle_ended(conn, reason);
}

void listener_wake_at(struct listener *listener, uint64_t id, mono_ms at)
{
	(void)listener;
	conn_of(id)->wake_at = at;
}

void listener_set_config(struct listener *listener, struct tls_config *config)
{
	(void)listener, (void)config;
}

uint16_t listener_port(const struct listener *listener)
{
	(void)listener;
	return 8883;
}

const struct listener_counters *listener_counters(const struct listener *listener)
{
	return &listener->counters;
}

const char *listener_remote(const struct listener *listener, uint64_t id)
{
	(void)listener, (void)id;
	return "192.0.2.7:51234";
}

const char *close_reason_name(enum close_reason reason)
{
	(void)reason;
	return "-";
}

/* --- what the gateway does with what arrives ------------------------------------------ */

void __real_devices_take_connect(
    struct devices *devices, struct device_link *dl, const struct link_event *event);
void __wrap_devices_take_connect(
    struct devices *devices, struct device_link *dl, const struct link_event *event);

/* Not when its bytes arrive: a device that has sent too much rests, whatever it says. */
void __wrap_devices_take_connect(
    struct devices *devices, struct device_link *dl, const struct link_event *event)
{
	oracle_connect_arrived(conn_of(dl->conn));
	__real_devices_take_connect(devices, dl, event);
}

/* --- what the dice do ---------------------------------------------------------------- */

struct conn *port_connect(struct client *client)
{
	struct tls_peer peer = {.kind = client->device->kind, .name = "Pen"};

	if (model.conn_count == MODEL_CONNS_MAX)
		return NULL;
	struct conn *conn = &model.conns[model.conn_count++];
	*conn = (struct conn){
	    .id = model.conn_count,
	    .client = client,
	    .is_open = true,
	    .wake_at = TIME_NEVER,
	    .room = SIZE_MAX / 2,
	    .opened_at = clock_mono(),
	};
	buf_init(&conn->said, 1024 * 1024);
	buf_init(&conn->heard, 1024 * 1024);
	peer.device = client->device->id;
	port.ops.opened(port.ctx, conn->id, &peer);
	return conn;
}

void port_deliver(struct conn *conn, size_t len)
{
	if (len > conn->said.len)
		len = conn->said.len;
	if (!conn->is_open || conn->is_left || conn->is_paused || len == 0)
		return;
	uint8_t *bytes = malloc(len);
	CP_CHECK(bytes);
	memcpy(bytes, buf_bytes(&conn->said).p, len);
	buf_consume(&conn->said, len);
	port.ops.received(port.ctx, conn->id, slice_of(bytes, len));
	free(bytes);
}

/* Whatever was on its way is lost; the gateway hears of it now. */
void port_cut(struct conn *conn)
{
	buf_consume(&conn->said, conn->said.len);
	if (!conn->is_open)
		return;
	conn->is_open = false;
	if (!conn->is_left)
		oracle_ended(conn, CLOSE_NETWORK);
	port.ops.closed(port.ctx, conn->id, conn->is_left ? conn->reason : CLOSE_NETWORK);
}

void port_kill(void)
{
	port.is_dead = true;
}

void port_pass_time(mono_ms ms)
{
	atomic_fetch_add(&now, ms);
	for (size_t i = 0; i < model.conn_count; i++) {
		struct conn *conn = &model.conns[i];
		if (!conn->is_open || conn->is_left || conn->wake_at > clock_mono())
			continue;
		conn->wake_at = TIME_NEVER;
		port.ops.woken(port.ctx, conn->id);
	}
	devices_tick(model.gateway);
}
