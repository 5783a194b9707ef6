/* What outlives a connection: sessions and messages for a device; over a real ledger,
 * and over kill -9. */
#include "devices_bench.h"

#include <stdio.h>
#include <unistd.h>

/* Causes a message for the device that is worth a day. */
static void publish_bad(uint64_t conn, uint32_t seq)
{
	char hex[300];
	char text[600];

	heartbeat(seq, 200, hex);
	snprintf(text, sizeof(text), "32 [ %s %04x %s ]", UP, seq, hex);
	say(conn, text);
}

/* The receipt for it, as the device hears it at QoS 1. */
static ptrdiff_t heard_receipt(uint64_t conn, bool is_dup, uint16_t packet_id)
{
	char text[200];

	snprintf(text, sizeof(text), "'carepace/v1/device/%%id/down' %04x", packet_id);
	struct buf wanted = bytes_of(text);
	ptrdiff_t at = heard_bytes(conn, buf_bytes(&wanted));
	if (at > 4) /* two bytes of length before the topic, the packet's length, its first */
		assert_int_equal(
		    buf_bytes(&port.conns[conn].heard).p[at - 4], is_dup ? 0x3a : 0x32);
	buf_deinit(&wanted);
	return at;
}

/* --- sessions --------------------------------------------------------------------------- */

static void a_session_is_there_after_kill_9(void **state)
{
	(void)state;
	connect_and_hear(1, KEEP_311, CONNACK_311);
	subscribe(1);
	bench_restart();
	connect_and_hear(1, KEEP_311, PRESENT_311);
	publish_bad(1, 5);
	settle();
	assert_true(heard_receipt(1, false, 0x8001) > 0); /* it is still subscribed */
	assert_int_equal(devices_roster(devices)->counters.resumed, 1);
}

static void what_was_not_answered_need_not_be_there(void **state)
{
	(void)state;
	open_conn(1);
	say(1, KEEP_311);
	hears(1, ""); /* CONNACK waits for the row */
	assert_int_equal(devices_count(devices), 0);
	bench_restart();
	connect_and_hear(1, KEEP_311, CONNACK_311);
	assert_int_equal(devices_count(devices), 1);
	say(1, SUBSCRIBE);
	hears(1, "");
	bench_restart();
	connect_and_hear(1, KEEP_311, PRESENT_311);
	publish_bad(1, 5);
	settle();
	assert_int_equal(heard_receipt(1, false, 0x8001), -1);
}

static void unsubscribing_survives_too(void **state)
{
	(void)state;
	connect_and_hear(1, KEEP_311, CONNACK_311);
	subscribe(1);
	say(1, UNSUBSCRIBE);
	hears(1, "");
	settle();
	hears(1, UNSUBACK);
	bench_restart();
	connect_and_hear(1, KEEP_311, PRESENT_311);
	publish_bad(1, 5);
	settle();
	assert_int_equal(heard_receipt(1, false, 0x8001), -1);
}

/* The ordinary device: no row, no wait. */
static void a_clean_session_without_expiry_costs_no_row(void **state)
{
	(void)state;
	open_conn(1);
	say(1, CONNECT_311 SUBSCRIBE UNSUBSCRIBE SUBSCRIBE);
	hears(1, CONNACK_311 SUBACK UNSUBACK SUBACK);
	say(1, DISCONNECT);
	assert_int_equal(intake.batch->entry_count, 0);
	lose_conn(1);
	assert_int_equal(intake.batch->entry_count, 0);
	assert_int_equal(devices_roster(devices)->by_id.count, 0);
}

static void what_changes_nothing_is_not_written_again(void **state)
{
	(void)state;
	connect_and_hear(1, KEEP_311, CONNACK_311);
	subscribe(1);
	say(1, SUBSCRIBE);
	hears(1, SUBACK);
	assert_int_equal(intake.batch->entry_count, 0);
}

static void a_clean_start_ends_the_session(void **state)
{
	(void)state;
	connect_and_hear(1, KEEP_311, CONNACK_311);
	subscribe(1);
	lose_conn(1);
	settle();
	open_conn(2);
	say(2, CONNECT_311);
	hears(2, ""); /* the old row must go first */
	settle();
	hears(2, CONNACK_311);
	bench_restart();
	connect_and_hear(1, KEEP_311, CONNACK_311);
}

/* Nobody waits a thousand seconds for it. */
static void let_time_pass(void)
{
	struct id pen;

	assert_true(id_from_hex(&pen, slice_str(DEVICE)));
	roster_find(devices_roster(devices), &pen)->session.ends_at = 1;
}

static void a_session_ends_when_its_time_is_over(void **state)
{
	const struct roster *roster = devices_roster(devices);

	(void)state;
	connect_and_hear(1, KEEP_311, CONNACK_311);
	lose_conn(1);
	settle();
	let_time_pass();
	devices_tick(devices);
	assert_int_equal(roster->counters.expired, 1);
	settle();
	assert_int_equal(roster->by_id.count, 0);
	bench_restart();
	connect_and_hear(1, KEEP_311, CONNACK_311);
}

static void whose_time_is_over_finds_no_session(void **state)
{
	(void)state;
	connect_and_hear(1, KEEP_311, CONNACK_311);
	lose_conn(1);
	settle();
	let_time_pass();
	connect_and_hear(2, KEEP_311, CONNACK_311);
}

/* [MQTT-3.1.4-3]: the session of a connection that still stands goes on, too. */
static void a_takeover_goes_on_with_the_session(void **state)
{
	(void)state;
	connect_and_hear(1, KEEP_311, CONNACK_311);
	subscribe(1);
	open_conn(2);
	say(2, KEEP_311); /* nothing changes in the store */
	hears(2, PRESENT_311);
	assert_true(port.conns[1].is_left);
	assert_int_equal(port.conns[1].reason, CLOSE_TAKEN_OVER);
	publish_bad(2, 5);
	settle();
	assert_true(heard_receipt(2, false, 0x8001) > 0);
	lose_conn(1); /* must not end what is the other's now */
	publish_bad(2, 6);
	settle();
	assert_true(heard_receipt(2, false, 0x8002) > 0);
}

/* The newer one is told that it is subscribed only when the store knows, too. */
static void a_takeover_waits_for_a_row_under_way(void **state)
{
	(void)state;
	connect_and_hear(1, KEEP_311, CONNACK_311);
	say(1, SUBSCRIBE);
	open_conn(2);
	say(2, KEEP_311);
	hears(2, "");
	settle();
	hears(2, PRESENT_311);
	hears(1, "");
	bench_restart();
	connect_and_hear(1, KEEP_311, PRESENT_311);
	publish_bad(1, 5);
	settle();
	assert_true(heard_receipt(1, false, 0x8001) > 0);
}

static void come_back(void)
{
	open_conn(2);
	say(2, KEEP_311);
}

/* What the ledger has at hand is not what the device is owed. */
static void an_older_row_is_no_answer(void **state)
{
	(void)state;
	connect_and_hear(1, KEEP_311, CONNACK_311);
	lose_conn(1);
	settle_while(come_back);
	hears(2, "");
	settle();
	hears(2, PRESENT_311);
}

static void a_session_is_not_answered_after_its_link(void **state)
{
	(void)state;
	open_conn(1);
	say(1, KEEP_311);
	lose_conn(1);
	settle();
	assert_int_equal(devices_count(devices), 0);
	settle();
	connect_and_hear(2, KEEP_311, PRESENT_311);
}

/* --- messages ------------------------------------------------------------------------------ */

static void a_message_is_sent_again_until_it_is_acknowledged(void **state)
{
	(void)state;
	connect_and_hear(1, KEEP_311, CONNACK_311);
	subscribe(1);
	publish_bad(1, 5);
	publish_bad(1, 6);
	settle();
	assert_true(heard_receipt(1, false, 0x8001) > 0);
	assert_true(heard_receipt(1, false, 0x8002) > heard_receipt(1, false, 0x8001));
	say(1, "40 02 8001");
	settle();
	lose_conn(1);
	settle();
	open_conn(2);
	say(2, KEEP_311);
	settle();
	assert_int_equal(heard_receipt(2, false, 0x8001), -1);
	assert_true(heard_receipt(2, true, 0x8002) > 0);
}

/* [MQTT-4.4.0-2] */
static void a_message_that_the_device_refused_is_over(void **state)
{
	char hex[300];
	char text[600];

	(void)state;
	heartbeat(5, 200, hex);
	snprintf(text, sizeof(text), "32 [ %s 0005 [] %s ]", UP, hex);
	open_conn(1);
	say(1, KEEP_5 "82 [ 0001 [] " DOWN "01 ]");
	settle(); /* CONNACK */
	settle(); /* SUBACK */
	say(1, text);
	settle();
	assert_true(heard_receipt(1, false, 0x8001) > 0);
	say(1, "40 03 8001 97");
	settle();
	lose_conn(1);
	settle();
	open_conn(2);
	say(2, KEEP_5);
	settle();
	assert_int_equal(heard_receipt(2, true, 0x8001), -1);
	assert_int_equal(devices_counters(devices)->downs_refused, 1);
}

static void after_kill_9_the_message_keeps_its_identifier(void **state)
{
	(void)state;
	connect_and_hear(1, KEEP_311, CONNACK_311);
	subscribe(1);
	for (uint32_t seq = 5; seq < 8; seq++)
		publish_bad(1, seq);
	settle();
	say(1, "40 02 8001");
	settle();
	bench_restart();
	open_conn(1);
	say(1, KEEP_311);
	settle();
	assert_int_equal(heard(1, "\x20\x02\x01"), 0); /* CONNACK first */
	assert_int_equal(heard_receipt(1, true, 0x8001), -1);
	assert_true(heard_receipt(1, true, 0x8002) > 0);
	assert_true(heard_receipt(1, true, 0x8003) > heard_receipt(1, true, 0x8002));
	assert_int_equal(devices_counters(devices)->downs_again, 2);

	/* Not on the same link again, and after PUBACK never. */
	deaf(1);
	devices_tick(devices);
	hears(1, "");
	say(1, "40 02 8002 40 02 8003");
	settle();
	settle();
	bench_restart();
	connect_and_hear(1, KEEP_311, PRESENT_311);
}

/* A session that is new knows nothing of identifiers: the message is new to it. */
static void a_new_session_hears_it_for_the_first_time(void **state)
{
	(void)state;
	connect_and_hear(1, KEEP_311, CONNACK_311);
	subscribe(1);
	publish_bad(1, 5);
	settle();
	deaf(1);
	lose_conn(1);
	settle();
	connect_and_hear(2, CONNECT_311, CONNACK_311);
	say(2, SUBSCRIBE);
	assert_true(heard_receipt(2, false, 0x8001) > 0);
}

static void at_qos_0_it_is_over_when_it_is_sent(void **state)
{
	(void)state;
	connect_and_hear(1, KEEP_311, CONNACK_311);
	say(1, "82 [ 0001 " DOWN "00 ]");
	settle();
	publish_bad(1, 5);
	settle();
	assert_int_equal(devices_counters(devices)->downs_sent, 1);
	settle(); /* its row goes */
	bench_restart();
	connect_and_hear(1, KEEP_311, PRESENT_311);
}

static void messages_wait_for_a_device_without_a_session(void **state)
{
	(void)state;
	open_conn(1);
	say(1, CONNECT_311);
	publish_bad(1, 5);
	settle();
	bench_restart();
	open_conn(1);
	say(1, CONNECT_311 SUBSCRIBE);
	assert_true(heard_receipt(1, false, 0x8001) > 0);
}

static void too_many_messages_lose_their_oldest(void **state)
{
	(void)state;
	open_conn(1);
	say(1, CONNECT_311);
	for (uint32_t seq = 1; seq <= DOWNLINK_DEVICE_MAX + 2; seq++) {
		publish_bad(1, seq);
		settle();
	}
	assert_int_equal(devices_roster(devices)->downlink.counters.dropped, 2);
	settle(); /* their rows go */
	bench_restart();
	open_conn(1);
	port.conns[1].heard.max_bytes = 64 * 1024;
	say(1, CONNECT_311 SUBSCRIBE);
	assert_int_equal(heard_receipt(1, false, 0x8002), -1);
	assert_true(heard_receipt(1, false, 0x8003) > 0);
}

#define session_test(f) cmocka_unit_test_setup_teardown(f, bench_set_up_ledger, bench_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    session_test(a_session_is_there_after_kill_9),
	    session_test(what_was_not_answered_need_not_be_there),
	    session_test(unsubscribing_survives_too),
	    session_test(a_clean_session_without_expiry_costs_no_row),
	    session_test(what_changes_nothing_is_not_written_again),
	    session_test(a_clean_start_ends_the_session),
	    session_test(a_session_ends_when_its_time_is_over),
	    session_test(whose_time_is_over_finds_no_session),
	    session_test(a_takeover_goes_on_with_the_session),
	    session_test(a_takeover_waits_for_a_row_under_way),
	    session_test(an_older_row_is_no_answer),
	    session_test(a_session_is_not_answered_after_its_link),
	    session_test(a_message_is_sent_again_until_it_is_acknowledged),
	    session_test(a_message_that_the_device_refused_is_over),
	    session_test(after_kill_9_the_message_keeps_its_identifier),
	    session_test(a_new_session_hears_it_for_the_first_time),
	    session_test(at_qos_0_it_is_over_when_it_is_sent),
	    session_test(messages_wait_for_a_device_without_a_session),
	    session_test(too_many_messages_lose_their_oldest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
