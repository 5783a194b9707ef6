/* The link: what the protocol scripts cannot see. Its events, the order of
 * acknowledgements (P1), messages to the device, its end.
 */
#include "talk.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- events ---------------------------------------------------------------------- */

static void events_say_what_happened(void **state)
{
	struct buf bytes = bytes_of("10 [ \"MQTT\" 05 00 001e [ 11 00000e10 ] \"%id\" ]"
	                            "32 [ " UP "0007 [] 'hello' ]"
	                            "30 [ " UP "[] 'there' ]"
	                            "82 [ 0008 [] " DOWN "02 " UP "00 ]"
	                            "a2 [ 0009 [] " DOWN "]"
	                            "a2 [ 000a [] " DOWN "]"
	                            "82 [ 000b [] " UP "00 ]"
	                            "e0 01 80");
	struct link link;

	(void)state;
	begin_with(&link, &talk_config);
	link_feed(&link, buf_bytes(&bytes));

	struct link_event event = next_event(&link, 0);
	assert_int_equal(event.type, LINK_CONNECT);
	assert_int_equal(event.connect.level, MQTT_LEVEL_5);
	assert_int_equal(event.connect.session_expiry_s, 3600);
	assert_int_equal(event.connect.keep_alive_s, 30);
	assert_false(event.connect.clean_start);
	give(&link, &event, 0);

	event = next_event(&link, 0);
	assert_int_equal(event.type, LINK_PUBLISH);
	assert_true(slice_eq_str(event.publish.payload, "hello"));
	assert_int_equal(event.publish.packet_id, 7);
	assert_false(event.publish.dup);
	event = next_event(&link, 0);
	assert_int_equal(event.type, LINK_PUBLISH);
	assert_true(slice_eq_str(event.publish.payload, "there"));
	assert_int_equal(event.publish.packet_id, 0);

	event = next_event(&link, 0);
	assert_int_equal(event.type, LINK_REFUSED);
	event = next_event(&link, 0);
	assert_int_equal(event.type, LINK_SUBSCRIBED);
	assert_int_equal(event.subscribed.qos, 1);
	give(&link, &event, 0);
	event = next_event(&link, 0);
	assert_int_equal(event.type, LINK_UNSUBSCRIBED);
	give(&link, &event, 0);
	event = next_event(&link, 0);
	assert_int_equal(event.type, LINK_REFUSED);
	assert_int_equal(event.reason, MQTT_FOREIGN_TOPIC);
	event = next_event(&link, 0);
	assert_int_equal(event.type, LINK_CLOSED);
	assert_int_equal(event.reason, MQTT_CLIENT_ERROR);
	no_event(&link, 0);
	link_deinit(&link);
	buf_deinit(&bytes);
}

/* --- acknowledgements --------------------------------------------------------------- */

static void nothing_is_acknowledged_before_its_time(void **state)
{
	struct link link;

	(void)state;
	begin(&link, CONNECT_311);
	feed(&link, "32 [ " UP "0005 'a' ] 32 [ " UP "0006 'b' ] c0 00");
	hear(&link, "d0 00");
	link_ack(&link, 5, 0, 0);
	hear(&link, "40 02 0005");
	link_ack(&link, 6, 0, 0);
	hear(&link, "40 02 0006");
	link_deinit(&link);
}

static void a_foreign_topic_is_refused_in_its_turn(void **state)
{
	struct link link;

	(void)state;
	begin(&link, CONNECT_5);
	feed(&link,
	    "32 [ " UP "0001 [] 'a' ] 32 [ \"other\" 0002 [] 'b' ] 32 [ " UP "0003 [] 'c' ]");
	hear(&link, "");
	link_ack(&link, 1, 0, 0);
	hear(&link, "40 02 0001 40 03 0002 87");
	link_ack(&link, 3, 0, 0);
	hear(&link, "40 02 0003");
	link_deinit(&link);
}

/* Negative control of P1: the wrong order must stop the program. */
static void an_acknowledgement_out_of_order_stops_the_program(void **state)
{
	struct link link;
	int status = 0;

	(void)state;
	begin(&link, CONNECT_311);
	feed(&link, "32 [ " UP "0005 'a' ] 32 [ " UP "0006 'b' ]");
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)freopen("/dev/null", "w", stderr);
		signal(SIGABRT, SIG_DFL);
		link_ack(&link, 6, 0, 0);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	link_deinit(&link);
}

static void a_message_refused_for_good(void **state)
{
	struct link link;

	(void)state;
	begin(&link, CONNECT_5);
	feed(&link, "32 [ " UP "0005 [] 'a' ]");
	link_ack(&link, 5, 0x99, 0);
	hear(&link, "40 03 0005 99");
	link_deinit(&link);

	begin(&link, CONNECT_311);
	feed(&link, "32 [ " UP "0005 'a' ]");
	link_ack(&link, 5, 0x99, 0);
	hear(&link, "");
	struct link_event event = next_event(&link, 0);
	assert_int_equal(event.type, LINK_CLOSED);
	assert_int_equal(event.reason, MQTT_MESSAGE_REFUSED);
	link_deinit(&link);
}

/* --- messages to the device ------------------------------------------------------------ */

static void a_message_goes_down_once_subscribed(void **state)
{
	struct slice payload = slice_str("permit");
	uint16_t packet_id = 77;
	struct link link;

	(void)state;
	begin(&link, CONNECT_5);
	assert_int_equal(publish(&link, payload, 1, 0, &packet_id), CP_NOTFOUND);
	feed(&link, "82 [ 0001 [] " DOWN "01 ]");
	swallow(&link);

	assert_int_equal(publish(&link, payload, 1, 60, &packet_id), CP_OK);
	assert_int_equal(packet_id, 1);
	hear(&link, "32 [ " DOWN "0001 [ 02 0000003c ] 'permit' ]");
	assert_int_equal(publish(&link, payload, 0, 0, &packet_id), CP_OK);
	assert_int_equal(packet_id, 0);
	hear(&link, "30 [ " DOWN "[] 'permit' ]");

	feed(&link, "a2 [ 0002 [] " DOWN "]");
	assert_int_equal(publish(&link, payload, 1, 0, &packet_id), CP_NOTFOUND);
	link_deinit(&link);
}

static void the_granted_qos_is_the_most(void **state)
{
	uint16_t packet_id = 77;
	struct link link;

	(void)state;
	begin(&link, CONNECT_311);
	feed(&link, "82 [ 0001 " DOWN "00 ]");
	hear(&link, "90 03 0001 00");
	assert_int_equal(publish(&link, slice_str("x"), 1, 60, &packet_id), CP_OK);
	assert_int_equal(packet_id, 0);
	hear(&link, "30 [ " DOWN "'x' ]");
	link_deinit(&link);
}

static void the_device_s_limits_are_kept(void **state)
{
	static const uint8_t large[200];
	uint16_t packet_id;
	struct buf acks;
	struct link_event event;
	struct link link;

	(void)state;
	begin(&link, "10 [ \"MQTT\" 05 02 0000 [ 21 0002 27 00000080 ] \"%id\" ]");
	feed(&link, "82 [ 0001 [] " DOWN "01 ]");
	swallow(&link);
	assert_int_equal(publish(&link, slice_of(large, 200), 1, 0, &packet_id), CP_INVALID);
	/* 128 bytes: 2 header, 2 + 56 topic, 2 identifier, 1 properties, 65 payload */
	assert_int_equal(publish(&link, slice_of(large, 66), 1, 0, &packet_id), CP_INVALID);
	assert_int_equal(publish(&link, slice_of(large, 65), 1, 0, &packet_id), CP_OK);
	assert_int_equal(link_out(&link).len, 128);
	assert_int_equal(publish(&link, slice_str("2"), 1, 0, &packet_id), CP_OK);
	assert_int_equal(packet_id, 2);
	assert_int_equal(publish(&link, slice_str("3"), 1, 0, &packet_id), CP_FULL);
	assert_int_equal(publish(&link, slice_str("3"), 0, 0, &packet_id), CP_OK);

	acks = bytes_of("40 03 0001 97  40 02 0001  40 02 0002"); /* once each */
	link_feed(&link, buf_bytes(&acks));
	event = next_event(&link, 0);
	assert_int_equal(event.type, LINK_OUT_ACKED);
	assert_int_equal(event.out_acked.packet_id, 1);
	assert_int_equal(event.out_acked.code, 0x97);
	event = next_event(&link, 0);
	assert_int_equal(event.out_acked.packet_id, 2);
	assert_int_equal(event.out_acked.code, 0);
	no_event(&link, 0);
	assert_int_equal(publish(&link, slice_str("4"), 1, 0, &packet_id), CP_OK);
	assert_int_equal(packet_id, 3);
	buf_deinit(&acks);
	link_deinit(&link);
}

/* The first message stays unacknowledged while the others go once around. */
static void packet_identifiers_in_flight_are_not_used_again(void **state)
{
	const unsigned last = LINK_OWNER_IDS - 1;
	uint16_t packet_id;
	struct link link;
	char ack[32];

	(void)state;
	begin(&link, CONNECT_5);
	feed(&link, "82 [ 0001 [] " DOWN "01 ]");
	swallow(&link);
	assert_int_equal(publish(&link, slice_str("x"), 1, 0, &packet_id), CP_OK);
	assert_int_equal(packet_id, 1);
	for (unsigned i = 2; i <= last + 3; i++) {
		assert_int_equal(publish(&link, slice_str("x"), 1, 0, &packet_id), CP_OK);
		assert_int_equal(packet_id, i <= last ? i : i - last + 1);
		swallow(&link);
		if (i % 1000 != 0 && i < last - 5) {
			link.out_flight_count = 1; /* a PUBACK, without 32,000 of them */
			continue;
		}
		snprintf(ack, sizeof(ack), "40 02 %04x", packet_id);
		feed(&link, ack);
		assert_int_equal(link.out_flight_count, 1);
	}
	link_deinit(&link);
}

/* [MQTT-3.10.4-3]; and a full window holds up nothing else [MQTT-4.9.0-3]. */
static void what_is_on_its_way_is_finished(void **state)
{
	uint16_t packet_id;
	struct link link;

	(void)state;
	begin(&link, "10 [ \"MQTT\" 05 02 0000 [ 21 0001 ] \"%id\" ]");
	feed(&link, "82 [ 0001 [] " DOWN "01 ]");
	swallow(&link);
	assert_int_equal(publish(&link, slice_str("x"), 1, 0, &packet_id), CP_OK);
	assert_int_equal(publish(&link, slice_str("y"), 1, 0, &packet_id), CP_FULL);
	swallow(&link);
	feed(&link, "c0 00 32 [ " UP "0003 [] 'up' ] a2 [ 0002 [] " DOWN "]");
	link_ack(&link, 3, 0, 0);
	hear(&link, "d0 00 b0 04 0002 00 00 40 02 0003");

	struct buf ack = bytes_of("40 02 0001");
	link_feed(&link, buf_bytes(&ack));
	assert_int_equal(next_event(&link, 0).type, LINK_OUT_ACKED);
	no_event(&link, 0);
	buf_deinit(&ack);
	link_deinit(&link);
}

/* Durable messages have identifiers of their own, and go out again after a reconnect. */
static void the_owner_may_choose_the_identifier(void **state)
{
	struct link_message message = {
	    .payload = slice_str("x"), .qos = 1, .packet_id = 0x8001, .is_dup = true};
	uint16_t packet_id;
	struct link link;

	(void)state;
	begin(&link, CONNECT_311);
	feed(&link, "82 [ 0001 " DOWN "01 ]");
	swallow(&link);
	assert_int_equal(link_publish(&link, &message, &packet_id), CP_OK);
	assert_int_equal(packet_id, 0x8001);
	hear(&link, "3a [ " DOWN "8001 'x' ]");
	assert_int_equal(link_publish(&link, &message, &packet_id), CP_FULL); /* on its way */
	assert_int_equal(publish(&link, slice_str("y"), 1, 0, &packet_id), CP_OK);
	hear(&link, "32 [ " DOWN "0001 'y' ]");

	struct buf ack = bytes_of("40 02 8001");
	link_feed(&link, buf_bytes(&ack));
	assert_int_equal(next_event(&link, 0).out_acked.packet_id, 0x8001);
	no_event(&link, 0);
	assert_int_equal(link_publish(&link, &message, &packet_id), CP_OK);
	hear(&link, "3a [ " DOWN "8001 'x' ]");

	message.qos = 0; /* then there is neither an identifier nor DUP [MQTT-3.3.1-2] */
	assert_int_equal(link_publish(&link, &message, &packet_id), CP_OK);
	assert_int_equal(packet_id, 0);
	hear(&link, "30 [ " DOWN "'x' ]");
	buf_deinit(&ack);
	link_deinit(&link);
}

static void what_waits_to_be_written_is_bounded(void **state)
{
	static const uint8_t payload[200];
	uint16_t packet_id;
	size_t count = 0;
	struct link link;

	(void)state;
	begin(&link, CONNECT_311);
	feed(&link, "82 [ 0001 " DOWN "00 ]");
	swallow(&link);
	while (publish(&link, slice_of(payload, 200), 0, 0, &packet_id) == CP_OK)
		assert_true(++count < 10);
	assert_true(count > 1);
	assert_true(link_out(&link).len <= talk_config.max_out_bytes);
	assert_int_equal(publish(&link, slice_of(payload, 200), 0, 0, &packet_id), CP_FULL);

	/* Answers have their own room. */
	feed(&link, "c0 00 32 [ " UP "0001 'x' ]");
	assert_true(link_wants_read(&link));
	link_ack(&link, 1, 0, 0);
	swallow(&link);
	assert_int_equal(publish(&link, slice_of(payload, 200), 0, 0, &packet_id), CP_OK);
	link_deinit(&link);
}

/* [MQTT-3.2.2-18] */
static void no_alias_where_none_is_offered(void **state)
{
	struct link_config plain = talk_config;
	struct link link;

	(void)state;
	plain.topic_alias_maximum = 0;
	begin_with(&link, &plain);
	feed(&link, CONNECT_5);
	hear(&link, "20 [ 00 00 [ 21 0004 25 00 27 000007d0 28 00 29 00 2a 00 ] ]");
	feed(&link, "30 [ " UP "[ 23 0001 ] 'x' ]");
	hear(&link, "e0 01 94");
	link_deinit(&link);
}

/* --- ending ---------------------------------------------------------------------------------- */

static void an_ended_link_is_deaf_and_dumb(void **state)
{
	uint16_t packet_id;
	struct link link;

	(void)state;
	begin(&link, CONNECT_5);
	feed(&link, "82 [ 0001 [] " DOWN "01 ] 32 [ " UP "0002 [] 'x' ]");
	swallow(&link);
	link_close(&link, MQTT_SHUTDOWN);
	link_close(&link, MQTT_TAKEN_OVER);
	hear(&link, "e0 01 8b");

	struct link_event event = next_event(&link, 0);
	assert_int_equal(event.type, LINK_CLOSED);
	assert_int_equal(event.reason, MQTT_SHUTDOWN);
	assert_false(link_wants_read(&link));
	link_ack(&link, 2, 0, 0);
	feed(&link, "c0 00");
	link_tick(&link, 1000000);
	link_pause(&link);
	link_resume(&link, 0);
	assert_int_equal(publish(&link, slice_str("x"), 0, 0, &packet_id), CP_NOTFOUND);
	no_event(&link, 0);
	hear(&link, "");
	link_deinit(&link);
}

static void closing_before_connect_says_nothing(void **state)
{
	struct link link;

	(void)state;
	begin_with(&link, &talk_config);
	link_close(&link, MQTT_SHUTDOWN);
	hear(&link, "");
	assert_int_equal(next_event(&link, 0).reason, MQTT_SHUTDOWN);
	link_deinit(&link);

	struct link zeroed = {0};
	link_deinit(&zeroed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(events_say_what_happened),
	    cmocka_unit_test(nothing_is_acknowledged_before_its_time),
	    cmocka_unit_test(a_foreign_topic_is_refused_in_its_turn),
	    cmocka_unit_test(an_acknowledgement_out_of_order_stops_the_program),
	    cmocka_unit_test(a_message_refused_for_good),
	    cmocka_unit_test(a_message_goes_down_once_subscribed),
	    cmocka_unit_test(the_granted_qos_is_the_most),
	    cmocka_unit_test(the_device_s_limits_are_kept),
	    cmocka_unit_test(packet_identifiers_in_flight_are_not_used_again),
	    cmocka_unit_test(what_is_on_its_way_is_finished),
	    cmocka_unit_test(the_owner_may_choose_the_identifier),
	    cmocka_unit_test(what_waits_to_be_written_is_bounded),
	    cmocka_unit_test(no_alias_where_none_is_offered),
	    cmocka_unit_test(an_ended_link_is_deaf_and_dumb),
	    cmocka_unit_test(closing_before_connect_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
