/* Devices between a port and an intake in memory: room in the batch and in the
 * socket, takeover, and what goes down.
 */
#include "devices_bench.h"

#include "io/clock.h"

#define PING "c0 00 "
#define SUBSCRIBE_311 "82 [ 0001 " DOWN "01 ] "

/* Others have brought so much. */
static void fill_batch(size_t count)
{
	while (intake.batch->entry_count < count)
		assert_non_null(batch_add(intake.batch));
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

/* Pulses without anything in them: 90 bytes of memory from one on the wire. */
#define EMPTY_PULSES 900

static struct buf swollen_publish(void)
{
	static Carepace__V1__Pulse empty = CAREPACE__V1__PULSE__INIT;
	Carepace__V1__Pulse *pulses[EMPTY_PULSES];
	Carepace__V1__Pulses body = CAREPACE__V1__PULSES__INIT;
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;
	uint8_t payload[2000];
	struct id pen;

	assert_true(id_from_hex(&pen, slice_str(DEVICE)));
	for (size_t i = 0; i < EMPTY_PULSES; i++)
		pulses[i] = &empty;
	body.sid = up.source = (ProtobufCBinaryData){.len = ID_BYTES, .data = pen.b};
	body.n_pulse = EMPTY_PULSES;
	body.pulse = pulses;
	up.body_case = CAREPACE__V1__UP__BODY_PULSES;
	up.pulses = &body;
	size_t len = carepace__v1__up__pack(&up, payload);

	struct buf topic = bytes_of(UP);
	struct buf packet;
	size_t rest = topic.len + len;
	const uint8_t head[] = {0x30, (uint8_t)(rest & 0x7F) | 0x80, (uint8_t)(rest >> 7)};
	buf_init(&packet, TLS_RECORD_MAX);
	assert_int_equal(buf_append(&packet, head, sizeof(head)), CP_OK);
	assert_int_equal(buf_append(&packet, buf_bytes(&topic).p, topic.len), CP_OK);
	assert_int_equal(buf_append(&packet, payload, len), CP_OK);
	buf_deinit(&topic);
	return packet;
}

/* One device cannot take the memory that a batch has for all. */
static void a_batch_is_full_before_its_memory_is(void **state)
{
	struct buf packet = swollen_publish();

	(void)state;
	open_conn(1);
	say(1, CONNECT_311);
	while (!port.conns[1].is_paused)
		receive(1, buf_bytes(&packet));
	assert_false(port.conns[1].is_left);
	assert_in_range(intake.batch->entry_count, 10, BATCH_ENTRIES_MAX / 2);
	for (size_t i = 0; i < intake.batch->entry_count; i++)
		assert_int_not_equal(intake.batch->entries[i].gate, READING_NOMEM);
	assert_true(intake.batch->arena.used_bytes < BATCH_ARENA_BYTES_MAX / 2);
	buf_deinit(&packet);
}

/* P11: nobody is read, so nobody is seen to leave; who comes back takes no more room. */
static void on_a_full_disk_a_device_has_one_connection(void **state)
{
	(void)state;
	open_conn(1);
	say(1, CONNECT_5);
	intake.lacking_bytes = 1;
	say(1, PING);
	assert_true(port.conns[1].is_paused);
	open_conn(2);
	open_conn(3);
	say(2, CONNECT_5);
	assert_true(port.conns[1].is_left);
	say(3, CONNECT_5);
	assert_true(port.conns[2].is_left);
	lose_conn(1);
	lose_conn(2);
	intake.lacking_bytes = 0;
	make_room();
	assert_false(port.conns[3].is_left || port.conns[3].is_paused);
	assert_true(heard(3, "\x20") >= 0);
	assert_int_equal(devices_count(devices), 1);
}

/* --- down ----------------------------------------------------------------------------------- */

static void tell(const char *text, wall_ms expires_at)
{
	struct id pen;

	assert_true(id_from_hex(&pen, slice_str(DEVICE)));
	struct batch_down down = {
	    .device = pen, .payload = slice_str(text), .expires_at = expires_at};
	assert_true(batch_add_down(intake.batch, &down));
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
	assert_int_equal(devices_roster(devices)->downlink.counters.expired, 1);
	assert_int_equal(devices_roster(devices)->downlink.counters.dropped, 0);
}

/* [MQTT-3.3.2-6]; never 0, which would mean for ever. */
static void a_message_says_how_long_it_is_still_worth_something(void **state)
{
	(void)state;
	assert_int_equal(downlink_expiry_s(61000, 1000), 60);
	assert_int_equal(downlink_expiry_s(61000, 31000), 30);
	assert_int_equal(downlink_expiry_s(61000, 31001), 30);
	assert_int_equal(downlink_expiry_s(61000, 60999), 1);
	assert_int_equal(downlink_expiry_s(61000, 61001), 1);
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

#define devices_test(f) cmocka_unit_test_setup_teardown(f, bench_set_up, bench_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    devices_test(a_burst_of_3_1_1_stops_at_a_full_batch),
	    devices_test(a_burst_of_5_stops_at_a_full_batch),
	    devices_test(what_came_while_the_batch_was_full_is_taken_later),
	    devices_test(a_takeover_that_waited_for_room_ends_the_older_link),
	    devices_test(a_batch_is_full_before_its_memory_is),
	    devices_test(on_a_full_disk_a_device_has_one_connection),
	    devices_test(a_message_does_not_overtake_one_that_found_no_room),
	    devices_test(a_message_waits_for_the_subscription_unless_it_is_late),
	    cmocka_unit_test(a_message_says_how_long_it_is_still_worth_something),
	    devices_test(only_a_yes_that_left_is_an_acknowledgement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
