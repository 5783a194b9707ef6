#include "devices_bench.h"

#include "io/clock.h"
#include "care/time/zone.h"
#include "io/log.h"
#include "ledger/ledger.h"
#include "telemetry.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* --- the port --------------------------------------------------------------------- */

struct listener port;
struct intake intake;
struct devices *devices;
size_t entries_at_close;

enum cp_err listener_open(uv_loop_t *loop, const struct listener_place *place,
    struct tls_config *config, const struct listener_limits *limits, const struct listener_ops *ops,
    void *ctx, struct listener **out)
{
	(void)loop, (void)place, (void)config, (void)limits;
	port = (struct listener){.ops = *ops, .ctx = ctx};
	for (uint64_t conn = 1; conn <= CONNS_MAX; conn++)
		buf_init(&port.conns[conn].heard, 64 * 1024);
	*out = &port;
	return CP_OK;
}

void listener_close(struct listener *listener, void (*done)(void *ctx))
{
	for (uint64_t conn = 1; conn <= CONNS_MAX; conn++) {
		if (listener->conns[conn].is_open)
			listener->ops.closed(listener->ctx, conn, CLOSE_STOPPING);
		buf_deinit(&listener->conns[conn].heard);
	}
	done(listener->ctx);
}

enum cp_err listener_send(struct listener *listener, uint64_t conn, struct slice plain)
{
	return listener->is_full ? CP_FULL
	                         : buf_append(&listener->conns[conn].heard, plain.p, plain.len);
}

void listener_pause(struct listener *listener, uint64_t conn)
{
	listener->conns[conn].is_paused = true;
}

void listener_resume(struct listener *listener, uint64_t conn)
{
	listener->conns[conn].is_paused = false;
}

void listener_disconnect(struct listener *listener, uint64_t conn, enum close_reason reason)
{
	listener->conns[conn].is_left = true;
	listener->conns[conn].reason = reason;
}

void listener_wake_at(struct listener *listener, uint64_t conn, mono_ms when)
{
	(void)listener, (void)conn, (void)when; /* the tests wake when they like */
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

const char *listener_remote(const struct listener *listener, uint64_t conn)
{
	(void)listener, (void)conn;
	return "192.0.2.7:51234";
}

const char *close_reason_name(enum close_reason reason)
{
	(void)reason;
	return "-";
}

void open_conn(uint64_t conn)
{
	struct tls_peer peer = {.kind = PKI_PEN, .name = "Pen"};

	assert_true(id_from_hex(&peer.device, slice_str(DEVICE)));
	port.conns[conn].is_open = true;
	port.ops.opened(port.ctx, conn, &peer);
}

void lose_conn(uint64_t conn)
{
	port.conns[conn].is_open = false;
	port.ops.closed(port.ctx, conn, CLOSE_PEER);
}

void receive(uint64_t conn, struct slice bytes)
{
	assert_false(port.conns[conn].is_paused || port.conns[conn].is_left);
	assert_true(bytes.len <= TLS_RECORD_MAX);
	port.ops.received(port.ctx, conn, bytes);
}

void say(uint64_t conn, const char *text)
{
	struct buf bytes = bytes_of(text);

	receive(conn, buf_bytes(&bytes));
	buf_deinit(&bytes);
}

/* --- the intake --------------------------------------------------------------------- */

bool intake_is_full(const struct intake *in)
{
	return batch_is_full(in->batch) || in->lacking_bytes;
}

int64_t intake_lacking_bytes(const struct intake *in)
{
	return in->lacking_bytes;
}

struct batch *intake_batch(struct intake *in)
{
	return in->batch;
}

void intake_added(struct intake *in, bool is_urgent)
{
	(void)in, (void)is_urgent;
}

/* --- begin and end ---------------------------------------------------------------------- */

static struct batch *spare;
static struct roster roster;
static struct ledger *ledger;
static struct zone zone;
static char folder[64];
static char path[80];

static void open_devices(void)
{
	const struct devices_config config = {
	    .link = {.max_packet_bytes = 2000,
	        .max_out_bytes = 200,
	        .max_will_bytes = 100,
	        .connect_timeout_ms = 5000,
	        .session_expiry_max_s = 1000,
	        .receive_maximum = 4},
	    .roster = &roster,
	};

	assert_int_equal(devices_open(NULL, &config, &intake, &devices), CP_OK);
}

int bench_set_up(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	intake.batch = batch_new();
	spare = batch_new();
	assert_true(intake.batch && spare);
	roster_init(&roster);
	open_devices();
	return 0;
}

static void gone(void *ctx)
{
	(void)ctx;
}

static void close_devices(void)
{
	devices_close(devices, gone, NULL);
	roster_deinit(&roster);
	entries_at_close = intake.batch->entry_count;
	batch_reset(intake.batch);
}

static void open_store(void)
{
	struct ledger_config config = {
	    .path = path, .site = "ber", .version = "1", .policy = policy_default(&zone)};
	char why[256];

	assert_int_equal(ledger_open(&config, clock_wall(), &ledger, why), CP_OK);
	assert_int_equal(devices_remember(ledger, &roster), CP_OK);
}

void bench_open_ledger(void)
{
	snprintf(folder, sizeof(folder), "%s/devices-XXXXXX", P_tmpdir);
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/store", folder);
	open_store();
}

void bench_restart(void)
{
	close_devices();
	ledger_close(ledger);
	roster_init(&roster);
	open_store();
	open_devices();
}

static void remove_store(void)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	char name[128];

	ledger_close(ledger);
	ledger = NULL;
	for (size_t i = 0; i < CP_COUNT(suffixes); i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		unlink(name);
	}
	rmdir(folder);
}

int bench_tear_down(void **state)
{
	(void)state;
	close_devices();
	batch_free(intake.batch);
	batch_free(spare);
	if (ledger)
		remove_store();
	return 0;
}

/* --- what the device hears ------------------------------------------------------------------ */

ptrdiff_t heard_bytes(uint64_t conn, struct slice wanted)
{
	struct slice all = buf_bytes(&port.conns[conn].heard);
	const uint8_t *found = memmem(all.p, all.len, wanted.p, wanted.len);

	return found ? found - all.p : -1;
}

ptrdiff_t heard(uint64_t conn, const char *text)
{
	return heard_bytes(conn, slice_str(text));
}

void hears(uint64_t conn, const char *text)
{
	struct buf *all = &port.conns[conn].heard;
	struct buf wanted = bytes_of(text);

	if (!slice_eq(buf_bytes(all), buf_bytes(&wanted)))
		fail_msg("connection %d did not hear %s", (int)conn, text);
	buf_consume(all, all->len);
	buf_deinit(&wanted);
}

/* --- the batch -------------------------------------------------------------------------------- */

/* The open batch leaves; the other one is open meanwhile, as in the real intake. */
static void leave(void (*with)(const struct batch *batch))
{
	struct batch *leaving = intake.batch;

	intake.batch = spare;
	spare = leaving;
	with(leaving);
	batch_reset(leaving);
	devices_has_room(devices);
}

static void forget(const struct batch *batch)
{
	(void)batch;
}

static void apply(const struct batch *batch)
{
	if (ledger) {
		spare->clock = clock_read();
		assert_int_equal(ledger_apply(ledger, spare, spare->clock.wall), CP_OK);
	}
	devices_settled(devices, batch);
}

void make_room(void)
{
	leave(forget);
}

void settle(void)
{
	leave(apply);
}

static void (*meanwhile)(void);

static void apply_later(const struct batch *batch)
{
	meanwhile();
	apply(batch);
}

void settle_while(void (*it_is_away)(void))
{
	meanwhile = it_is_away;
	leave(apply_later);
}

/* --- conversations -------------------------------------------------------------------- */

int bench_set_up_ledger(void **state)
{
	int failed = bench_set_up(state);

	bench_open_ledger();
	return failed;
}

void connect_and_hear(uint64_t conn, const char *connect, const char *connack)
{
	open_conn(conn);
	say(conn, connect);
	settle();
	hears(conn, connack);
}

void subscribe(uint64_t conn)
{
	say(conn, SUBSCRIBE);
	settle();
	hears(conn, SUBACK);
}

/* One moment for a whole run: what is sent again must be the same. */
static wall_ms said_at;

void heartbeat(uint32_t seq, uint32_t battery_pct, char hex[300])
{
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;
	Carepace__V1__Heartbeat body = CAREPACE__V1__HEARTBEAT__INIT;
	struct id pen;
	uint8_t bytes[140];

	assert_true(id_from_hex(&pen, slice_str(DEVICE)));
	if (!said_at)
		said_at = clock_wall();
	up.source = (ProtobufCBinaryData){.len = ID_BYTES, .data = pen.b};
	up.boot = 1;
	up.seq = seq;
	up.ts_ms = said_at; /* a device whose clock is off would be told the time */
	up.mono_ms = 1000;
	body.state = CAREPACE__V1__DEVICE_STATE__DEVICE_IDLE;
	body.has_battery_pct = 1;
	body.battery_pct = battery_pct;
	up.body_case = CAREPACE__V1__UP__BODY_HEARTBEAT;
	up.heartbeat = &body;
	size_t len = protobuf_c_message_pack(&up.base, bytes);
	for (size_t i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
}

void deaf(uint64_t conn)
{
	buf_consume(&port.conns[conn].heard, port.conns[conn].heard.len);
}
