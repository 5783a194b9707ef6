/* Devices between a port and an intake in memory: room in the batch and in the
 * socket, takeover, and what goes down. Links, messages and answers are the real ones.
 */
#include "io/clock.h"
#include "io/log.h"
#include "shell/devices.h"
#include "talk.h"

#include <stdio.h>

#define PING "c0 00 "
#define SUBSCRIBE_311 "82 [ 0001 " DOWN "01 ] "
#define CONNS_MAX 2

/* --- the port --------------------------------------------------------------------- */

struct port_conn {
	bool is_open;
	bool is_paused;
	bool is_left;
	enum close_reason reason;
	struct buf heard; /* by the device */
};

static struct listener {
	struct listener_ops ops;
	void *ctx;
	bool is_full; /* its sockets take nothing */
	struct listener_counters counters;
	struct port_conn conns[CONNS_MAX + 1];
} port;

enum cp_err listener_open(uv_loop_t *loop, const char *address, uint16_t number,
    struct tls_config *config, const struct listener_limits *limits, const struct listener_ops *ops,
    void *ctx, struct listener **out)
{
	(void)loop, (void)address, (void)number, (void)config, (void)limits;
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

static void open_conn(uint64_t conn)
{
	struct tls_peer peer = {.kind = PKI_PEN, .name = "Pen"};

	assert_true(id_from_hex(&peer.device, slice_str(DEVICE)));
	port.conns[conn].is_open = true;
	port.ops.opened(port.ctx, conn, &peer);
}

static void receive(uint64_t conn, struct slice bytes)
{
	assert_false(port.conns[conn].is_paused || port.conns[conn].is_left);
	assert_true(bytes.len <= TLS_RECORD_MAX);
	port.ops.received(port.ctx, conn, bytes);
}

static void say(uint64_t conn, const char *text)
{
	struct buf bytes = bytes_of(text);

	receive(conn, buf_bytes(&bytes));
	buf_deinit(&bytes);
}

/* --- the intake --------------------------------------------------------------------- */

static struct intake {
	struct batch *batch;
} intake;

bool intake_is_full(const struct intake *in)
{
	return batch_is_full(in->batch);
}

struct batch *intake_batch(struct intake *in)
{
	return in->batch;
}

void intake_added(struct intake *in, bool is_urgent)
{
	(void)in, (void)is_urgent;
}

/* Others have brought so much. */
static void fill_batch(size_t count)
{
	while (intake.batch->entry_count < count)
		assert_non_null(batch_add(intake.batch));
}

static struct devices *devices;

static void make_room(void)
{
	batch_reset(intake.batch);
	devices_has_room(devices);
}

static void settle(void)
{
	devices_settled(devices, intake.batch);
	make_room();
}

/* --- begin and end ---------------------------------------------------------------------- */

static int setup(void **state)
{
	static const struct devices_config config = {
	    .link = {.max_packet_bytes = 2000,
	        .max_out_bytes = 200,
	        .connect_timeout_ms = 5000,
	        .receive_maximum = 4},
	};

	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	intake.batch = batch_new();
	assert_non_null(intake.batch);
	return devices_open(NULL, &config, &intake, &devices);
}

static void gone(void *ctx)
{
	(void)ctx;
}

static int teardown(void **state)
{
	(void)state;
	devices_close(devices, gone, NULL);
	batch_free(intake.batch);
	return 0;
}

/* --- room --------------------------------------------------------------------------------- */

/* `count` times the same, behind what is there. */
static void append(struct buf *record, const char *text, size_t count)
{
	struct buf bytes = bytes_of(text);

	while (count-- > 0)
		assert_int_equal(buf_append(record, buf_bytes(&bytes).p, bytes.len), CP_OK);
	buf_deinit(&bytes);
}

/* The worst that a device can do: it does not read its answers until its link stalls
 * in the middle of a record of the smallest messages; then it reads, and brings as
 * many again, while others have almost filled the batch. */
static void a_burst_stops_at_a_full_batch(const char *connect, const char *tiny)
{
	struct buf first;
	struct buf second;

	buf_init(&first, TLS_RECORD_MAX);
	buf_init(&second, TLS_RECORD_MAX);
	append(&first, PING, 450);
	append(&first, tiny, 260);
	append(&second, tiny, 277);
	open_conn(1);
	say(1, connect);
	port.is_full = true;
	receive(1, buf_bytes(&first));
	assert_int_equal(intake.batch->entry_count, 0);
	assert_true(port.conns[1].is_paused);

	fill_batch(BATCH_ENTRIES_MAX - 1);
	port.is_full = false;
	port.ops.woken(port.ctx, 1);
	assert_int_equal(intake.batch->entry_count, BATCH_ENTRIES_MAX - 1 + 260);
	receive(1, buf_bytes(&second)); /* the room is gone meanwhile: it is kept */
	assert_int_equal(intake.batch->entry_count, BATCH_ENTRIES_MAX - 1 + 260);
	assert_true(port.conns[1].is_paused);

	make_room();
	assert_int_equal(intake.batch->entry_count, 277);
	assert_false(port.conns[1].is_paused);
	assert_int_equal(devices_counters(devices)->messages, 260 + 277);
	buf_deinit(&first);
	buf_deinit(&second);
}

static void a_burst_of_3_1_1_stops_at_a_full_batch(void **state)
{
	(void)state;
	a_burst_stops_at_a_full_batch(CONNECT_311, "30 [ " UP "]");
}

static void a_burst_of_5_stops_at_a_full_batch(void **state)
{
	(void)state;
	a_burst_stops_at_a_full_batch(CONNECT_5, "30 [ " UP "[] ]");
}

static void what_came_while_the_batch_was_full_is_taken_later(void **state)
{
	(void)state;
	open_conn(1);
	say(1, CONNECT_311);
	fill_batch(BATCH_ENTRIES_MAX);
	say(1, "30 [ " UP "]");
	assert_true(port.conns[1].is_paused);
	assert_int_equal(devices_counters(devices)->messages, 0);
	port.ops.woken(port.ctx, 1); /* changes nothing */
	make_room();
	assert_false(port.conns[1].is_paused);
	assert_int_equal(intake.batch->entry_count, 1);
}

static void a_takeover_that_waited_for_room_ends_the_older_link(void **state)
{
	(void)state;
	open_conn(1);
	say(1, CONNECT_5);
	open_conn(2);
	fill_batch(BATCH_ENTRIES_MAX);
	say(2, CONNECT_5);
	assert_false(port.conns[1].is_left);
	make_room();
	assert_true(port.conns[1].is_left);
	assert_int_equal(port.conns[1].reason, CLOSE_TAKEN_OVER);
	assert_false(port.conns[2].is_left);
}

/* --- down ----------------------------------------------------------------------------------- */

static void tell(const char *text, wall_ms expires_at)
{
	struct id pen;

	assert_true(id_from_hex(&pen, slice_str(DEVICE)));
	assert_true(batch_add_down(intake.batch, &pen, slice_str(text), expires_at));
}

/* Where the text is in what the device heard; -1: it is not. */
static ptrdiff_t heard(uint64_t conn, const char *text)
{
	struct slice all = buf_bytes(&port.conns[conn].heard);
	const uint8_t *found = memmem(all.p, all.len, text, strlen(text));

	return found ? found - all.p : -1;
}

static void a_message_does_not_overtake_one_that_found_no_room(void **state)
{
	wall_ms until = clock_wall() + 60000;

	(void)state;
	open_conn(1);
	say(1, CONNECT_311 SUBSCRIBE_311);
	tell("the first one, which fills more than half of what may wait", until);
	tell("revision 1, for which there is no room behind the first one ..........", until);
	tell("revision 2", until);
	settle();
	assert_true(heard(1, "the first one") >= 0);
	assert_true(heard(1, "revision 1") > heard(1, "the first one"));
	assert_true(heard(1, "revision 2") > heard(1, "revision 1"));
	assert_int_equal(devices_counters(devices)->downs_kept, 2);
	assert_int_equal(devices_counters(devices)->downs_sent, 3);
}

static void a_message_waits_for_the_subscription_unless_it_is_late(void **state)
{
	wall_ms now = clock_wall();

	(void)state;
	open_conn(1);
	say(1, CONNECT_311);
	tell("verdict", now + 60000);
	tell("too late", now);
	settle();
	assert_int_equal(heard(1, "verdict"), -1);
	say(1, SUBSCRIBE_311);
	assert_true(heard(1, "verdict") > 0);
	assert_int_equal(heard(1, "too late"), -1);
	assert_int_equal(devices_downlink_counters(devices)->expired, 1);
	assert_int_equal(devices_downlink_counters(devices)->dropped, 0);
}

/* A message that is parked, but with a name, so that there is a receipt for it. */
static void park_one(uint64_t conn, const char *publish)
{
	say(conn, publish);
	assert_int_equal(intake.batch->entry_count, 1);
	struct batch_entry *entry = &intake.batch->entries[0];
	assert_int_equal(entry->what, BATCH_PARK);
	entry->outcome = BATCH_PARKED;
	entry->reading.boot = 1;
	entry->reading.seq = 77;
	settle();
}

static void receipts_are_for_those_who_listen(void **state)
{
	const struct devices_counters *counters = devices_counters(devices);

	(void)state;
	open_conn(1);
	say(1, CONNECT_311);
	park_one(1, "32 [ " UP "0001 ]");
	assert_int_equal(counters->acknowledged, 1);
	assert_int_equal(devices_downlink_counters(devices)->dropped, 1);
	say(1, SUBSCRIBE_311);
	assert_int_equal(counters->downs_sent, 0);
	park_one(1, "32 [ " UP "0002 ]");
	assert_int_equal(counters->downs_sent, 1);
	assert_int_equal(devices_downlink_counters(devices)->dropped, 1);
}

static void only_a_yes_that_left_is_an_acknowledgement(void **state)
{
	const struct devices_counters *counters = devices_counters(devices);

	(void)state;
	open_conn(1);
	say(1, CONNECT_5 "32 [ " UP "0001 [] ]");
	intake.batch->entries[0].gate = READING_FOREIGN;
	settle();
	assert_true(heard(1, "\x40\x03") > 0); /* told, but not as stored */
	say(1, "32 [ " UP "0002 [] ] e0 00");
	assert_true(port.conns[1].is_left);
	settle();
	assert_int_equal(counters->messages, 2);
	assert_int_equal(counters->acknowledged, 0);
}

#define devices_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    devices_test(a_burst_of_3_1_1_stops_at_a_full_batch),
	    devices_test(a_burst_of_5_stops_at_a_full_batch),
	    devices_test(what_came_while_the_batch_was_full_is_taken_later),
	    devices_test(a_takeover_that_waited_for_room_ends_the_older_link),
	    devices_test(a_message_does_not_overtake_one_that_found_no_room),
	    devices_test(a_message_waits_for_the_subscription_unless_it_is_late),
	    devices_test(receipts_are_for_those_who_listen),
	    devices_test(only_a_yes_that_left_is_an_acknowledgement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
