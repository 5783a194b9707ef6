/* The link and what outlives it: CONNECT waits for the session's row, SUBSCRIBE for
 * the subscription's; wills and session expiry are handed over at the end.
 */
#include "talk.h"

#include <stdio.h>

#define WILL_5 "10 [ \"MQTT\" 05 06 003c [ 11 00000e10 ] \"%id\" [ 18 0000003c ] " UP "\"bye\" ]"
#define WILL_311 "10 [ \"MQTT\" 04 16 003c \"%id\" " UP "\"bye\" ]"

static const struct link_session no_session;

static struct link_event wait_for_accept(struct link *link, const char *connect)
{
	struct buf bytes = bytes_of(connect);

	begin_with(link, &talk_config);
	link_feed(link, buf_bytes(&bytes));
	struct link_event event = next_event(link, 0);
	assert_int_equal(event.type, LINK_CONNECT);
	no_event(link, 0);
	buf_deinit(&bytes);
	return event;
}

static struct link_event end_of(struct link *link)
{
	struct link_event event = next_event(link, 0);

	assert_int_equal(event.type, LINK_CLOSED);
	return event;
}

/* --- CONNECT ------------------------------------------------------------------- */

static void connack_waits_for_the_row(void **state)
{
	struct link link;

	(void)state;
	(void)wait_for_accept(&link, CONNECT_5 "c0 00");
	hear(&link, "");
	assert_false(link_wants_read(&link));
	/* It is our ledger that is awaited: no deadline runs. */
	assert_true(link_next_wake(&link) == TIME_NEVER);
	link_tick(&link, 1000000);
	assert_int_equal(link.state, LINK_WAIT_ACCEPT);

	link_accept(&link, &no_session, 1000000);
	no_event(&link, 1000000);
	hear(&link, "20 [ 00 00 [ 21 0004 25 00 27 000007d0 22 0002 28 00 29 00 2a 00 ] ] d0 00");
	assert_true(link_wants_read(&link));
	link_deinit(&link);
}

static void keep_alive_counts_from_the_acceptance(void **state)
{
	struct link link;

	(void)state;
	(void)wait_for_accept(&link, "10 [ \"MQTT\" 04 02 000a \"%id\" ]");
	link_accept(&link, &no_session, 60000);
	assert_int_equal(link_next_wake(&link), 75000);
	link_deinit(&link);
}

/* Every packet behind CONNECT waits for the answer, also one that will end the link. */
static void what_follows_connect_waits_too(void **state)
{
	char text[128];
	struct link link;

	(void)state;
	for (unsigned type = 0; type < 16; type++) {
		unsigned flags =
		    type == PACKET_PUBREL || type == PACKET_SUBSCRIBE || type == PACKET_UNSUBSCRIBE
		        ? 2
		        : 0;
		snprintf(text, sizeof(text), "%s%02x 00", CONNECT_311, type << 4 | flags);
		(void)wait_for_accept(&link, text);
		hear(&link, "");
		link_accept(&link, &no_session, 0);
		hear(&link, "20 02 00 00");
		assert_int_equal(link.state, LINK_OPEN);
		if (type != PACKET_PINGREQ)
			(void)end_of(&link);
		else
			no_event(&link, 0);
		hear(&link, type == PACKET_PINGREQ ? "d0 00" : "");
		link_deinit(&link);
	}
}

static void an_old_session_goes_on(void **state)
{
	const struct link_session old = {
	    .is_present = true, .is_subscribed = true, .granted_qos = 1};
	uint16_t packet_id;
	struct link link;

	(void)state;
	(void)wait_for_accept(&link, "10 [ \"MQTT\" 04 00 0000 \"%id\" ]");
	link_accept(&link, &old, 0);
	hear(&link, "20 02 01 00");
	assert_int_equal(publish(&link, slice_str("x"), 1, 0, &packet_id), CP_OK);
	hear(&link, "32 [ " DOWN "0001 'x' ]");
	link_deinit(&link);
}

static void an_old_session_without_subscription(void **state)
{
	const struct link_session old = {.is_present = true};
	uint16_t packet_id;
	struct link link;

	(void)state;
	(void)wait_for_accept(&link, "10 [ \"MQTT\" 04 00 0000 \"%id\" ]");
	link_accept(&link, &old, 0);
	hear(&link, "20 02 01 00");
	assert_int_equal(publish(&link, slice_str("x"), 1, 0, &packet_id), CP_NOTFOUND);
	link_deinit(&link);
}

struct expiry {
	const char *connect;
	uint32_t in_force_s;
	const char *properties; /* of CONNACK, before the others; NULL: 3.1.1 */
};

/* 86,400 s is the maximum of these tests. */
static void session_expiry_is_told_where_it_is_not_as_asked(void **state)
{
	static const struct expiry rows[] = {
	    {"10 [ \"MQTT\" 05 02 0000 [] \"%id\" ]", 0, ""},
	    {"10 [ \"MQTT\" 05 02 0000 [ 11 00000e10 ] \"%id\" ]", 3600, ""},
	    {"10 [ \"MQTT\" 05 00 0000 [ 11 00015180 ] \"%id\" ]", 86400, ""},
	    {"10 [ \"MQTT\" 05 00 0000 [ 11 00015181 ] \"%id\" ]", 86400, "11 00015180"},
	    {"10 [ \"MQTT\" 05 00 0000 [ 11 ffffffff ] \"%id\" ]", 86400, "11 00015180"},
	    {"10 [ \"MQTT\" 04 02 0000 \"%id\" ]", 0, NULL},
	    {"10 [ \"MQTT\" 04 00 0000 \"%id\" ]", 86400, NULL},
	};
	char text[200];
	struct link link;

	(void)state;
	for (size_t i = 0; i < CP_COUNT(rows); i++) {
		struct link_event event = wait_for_accept(&link, rows[i].connect);
		assert_int_equal(event.connect.session_expiry_s, rows[i].in_force_s);
		link_accept(&link, &no_session, 0);
		snprintf(text, sizeof(text),
		    "20 [ 00 00 [ %s 21 0004 25 00 27 000007d0 22 0002 28 00 29 00 2a 00 ] ]",
		    rows[i].properties ? rows[i].properties : "");
		hear(&link, rows[i].properties ? text : "20 02 00 00");
		link_close(&link, MQTT_CONNECTION_LOST);
		event = end_of(&link);
		assert_int_equal(event.closed.session_expiry_s, rows[i].in_force_s);
		assert_false(event.closed.has_will);
		link_deinit(&link);
	}
}

/* --- turned away --------------------------------------------------------------------- */

/* What CONNACK and a server's DISCONNECT may say: MQTT 5, tables 3-1 and 3-13; 3.1.1,
 * table 3.1. */
static const uint8_t connack_codes[] = {0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
    0x8A, 0x8C, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F};
static const uint8_t disconnect_codes[] = {0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8D, 0x8E,
    0x8F, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0,
    0xA1, 0xA2};

static bool is_among(const uint8_t *codes, size_t count, uint8_t code)
{
	return memchr(codes, code, count) != NULL;
}

/* Whatever the reason to end a link may be, it never says what its packet has not. */
static void every_end_is_said_in_words_of_the_standard(void **state)
{
	struct link link;

	(void)state;
	for (int i = MQTT_OK + 1; i < MQTT_REASON_COUNT; i++) {
		(void)wait_for_accept(&link, CONNECT_5);
		link_close(&link, (enum mqtt_reason)i);
		struct slice out = link_out(&link);
		assert_true(out.len == 0 || (out.len == 5 && out.p[0] == 0x20 && out.p[2] == 0));
		if (out.len)
			assert_true(is_among(connack_codes, sizeof(connack_codes), out.p[3]));
		link_deinit(&link);

		(void)wait_for_accept(&link, CONNECT_311);
		link_close(&link, (enum mqtt_reason)i);
		out = link_out(&link);
		assert_true(out.len == 0 || (out.len == 4 && out.p[2] == 0));
		if (out.len)
			assert_in_range(out.p[3], 1, 5);
		link_deinit(&link);

		const struct mqtt_reason_row *row = mqtt_reason_row((enum mqtt_reason)i);
		bool is_connect_s = row->code >= 0x84 && row->code <= 0x8C && row->code != 0x87 &&
		                    row->code != 0x89 && row->code != 0x8B;
		if (is_connect_s)
			continue; /* found in CONNECT only */
		begin(&link, CONNECT_5);
		link_close(&link, (enum mqtt_reason)i);
		out = link_out(&link);
		assert_true(out.len == 0 || (out.len == 3 && out.p[0] == 0xe0));
		if (out.len)
			assert_true(is_among(disconnect_codes, sizeof(disconnect_codes), out.p[2]));
		link_deinit(&link);

		begin(&link, CONNECT_311);
		link_close(&link, (enum mqtt_reason)i);
		hear(&link, ""); /* a 3.1.1 server has no word for it */
		link_deinit(&link);
	}
}

static void turned_away_before_connack(void **state)
{
	struct link link;

	(void)state;
	(void)wait_for_accept(&link, WILL_5 "c0 00");
	link_close(&link, MQTT_SHUTDOWN);
	hear(&link, "20 03 00 88 00");
	struct link_event event = end_of(&link);
	assert_int_equal(event.reason, MQTT_SHUTDOWN);
	assert_false(event.closed.was_accepted);
	assert_false(event.closed.has_will); /* of a session that never was */
	link_accept(&link, &no_session, 0);  /* came too late */
	hear(&link, "");
	no_event(&link, 0);
	link_deinit(&link);

	(void)wait_for_accept(&link, WILL_311);
	link_close(&link, MQTT_REVOKED);
	hear(&link, "20 02 00 05");
	link_deinit(&link);
}

/* --- SUBSCRIBE ------------------------------------------------------------------------ */

static struct link_event wait_for_confirm(struct link *link, const char *text)
{
	struct buf bytes = bytes_of(text);

	link_feed(link, buf_bytes(&bytes));
	struct link_event event = next_event(link, 0);
	no_event(link, 0);
	buf_deinit(&bytes);
	return event;
}

static void suback_waits_for_the_row(void **state)
{
	uint16_t packet_id;
	struct link link;

	(void)state;
	begin(&link, "10 [ \"MQTT\" 04 02 000a \"%id\" ]");
	struct link_event event = wait_for_confirm(&link, "82 [ 0001 " DOWN "01 ] c0 00");
	assert_int_equal(event.type, LINK_SUBSCRIBED);
	assert_int_equal(event.subscribed.qos, 1);
	hear(&link, "");
	assert_false(link_wants_read(&link));
	assert_true(link_next_wake(&link) == TIME_NEVER);
	assert_int_equal(publish(&link, slice_str("x"), 1, 0, &packet_id), CP_NOTFOUND);

	link_confirm(&link, 100000);
	assert_int_equal(publish(&link, slice_str("x"), 1, 0, &packet_id), CP_OK);
	assert_int_equal(link_next_wake(&link), 115000);
	no_event(&link, 100000);
	hear(&link, "90 03 0001 01 32 [ " DOWN "0001 'x' ] d0 00");

	event = wait_for_confirm(&link, "a2 [ 0002 " DOWN "] c0 00");
	assert_int_equal(event.type, LINK_UNSUBSCRIBED);
	hear(&link, "");
	link_confirm(&link, 0);
	no_event(&link, 0);
	hear(&link, "b0 02 0002 d0 00");
	assert_int_equal(publish(&link, slice_str("x"), 1, 0, &packet_id), CP_NOTFOUND);
	link_deinit(&link);
}

static void messages_are_acknowledged_while_a_subscription_waits(void **state)
{
	struct link link;

	(void)state;
	begin(&link, CONNECT_311);
	feed(&link, "34 [ " UP "0001 'x' ]");
	(void)wait_for_confirm(&link, "82 [ 0002 " DOWN "00 ]");
	link_ack(&link, 1, 0, 0);
	hear(&link, "50 02 0001");
	assert_false(link_wants_read(&link));
	link_confirm(&link, 0);
	hear(&link, "90 03 0002 00");
	link_deinit(&link);
}

static void what_changes_no_row_is_answered_at_once(void **state)
{
	struct link link;

	(void)state;
	begin(&link, CONNECT_5);
	struct link_event event = wait_for_confirm(&link, "82 [ 0001 [] " UP "01 ]");
	assert_int_equal(event.type, LINK_REFUSED);
	hear(&link, "90 04 0001 00 87");
	feed(&link, "a2 [ 0002 [] " DOWN "]");
	hear(&link, "b0 04 0002 00 11");
	assert_true(link_wants_read(&link));
	link_deinit(&link);
}

static void each_subscription_is_told_again(void **state)
{
	uint16_t packet_id;
	struct link link;

	(void)state;
	begin(&link, CONNECT_311);
	assert_int_equal(wait_for_confirm(&link, "82 [ 0001 " DOWN "01 ]").type, LINK_SUBSCRIBED);
	link_confirm(&link, 0);
	struct link_event event = wait_for_confirm(&link, "82 [ 0002 " DOWN "01 " DOWN "00 ]");
	assert_int_equal(event.type, LINK_SUBSCRIBED);
	assert_int_equal(event.subscribed.qos, 0); /* the last one counts */
	link_confirm(&link, 0);
	assert_int_equal(publish(&link, slice_str("x"), 1, 0, &packet_id), CP_OK);
	hear(&link, "90 03 0001 01 90 04 0002 01 00 30 [ " DOWN "'x' ]");
	link_deinit(&link);
}

static void a_link_that_ends_tells_no_change_any_more(void **state)
{
	struct buf bytes = bytes_of("82 [ 0001 [] " UP "01 " DOWN "01 ]");
	struct link link;

	(void)state;
	begin(&link, CONNECT_5);
	link_feed(&link, buf_bytes(&bytes));
	assert_int_equal(next_event(&link, 0).type, LINK_REFUSED);
	link_close(&link, MQTT_SHUTDOWN);
	(void)end_of(&link);
	link_confirm(&link, 0);
	hear(&link, "e0 01 8b");
	buf_deinit(&bytes);
	link_deinit(&link);
}

/* --- the end -------------------------------------------------------------------------------- */

static void begin_with_will(struct link *link, const char *connect)
{
	(void)wait_for_accept(link, connect);
	link_accept(link, &no_session, 0);
	swallow(link);
}

static void expect_will(const struct link_event *event, uint8_t qos, uint32_t delay_s)
{
	assert_true(event->closed.was_accepted);
	assert_true(event->closed.has_will);
	assert_true(slice_eq_str(event->closed.will.payload, "bye"));
	assert_int_equal(event->closed.will.qos, qos);
	assert_int_equal(event->closed.will.delay_s, delay_s);
}

/* [MQTT-3.1.2-8]: lost, silent, taken over, not well behaved. */
static void a_will_is_handed_over_when_the_device_did_not_say_goodbye(void **state)
{
	static const enum mqtt_reason ours[] = {
	    MQTT_CONNECTION_LOST, MQTT_TAKEN_OVER, MQTT_SHUTDOWN, MQTT_REVOKED, MQTT_OVER_QUOTA};
	struct link_event event;
	struct link link;

	(void)state;
	for (size_t i = 0; i < CP_COUNT(ours); i++) {
		begin_with_will(&link, WILL_5);
		link_close(&link, ours[i]);
		event = end_of(&link);
		assert_int_equal(event.reason, ours[i]);
		expect_will(&event, 0, 60);
		assert_int_equal(event.closed.session_expiry_s, 3600);
		link_deinit(&link);
	}

	begin_with_will(&link, WILL_5);
	link_tick(&link, 90000);
	event = end_of(&link);
	assert_int_equal(event.reason, MQTT_KEEP_ALIVE_TIMEOUT);
	expect_will(&event, 0, 60);
	link_deinit(&link);

	begin_with_will(&link, WILL_311);
	struct buf bytes = bytes_of("90 00");
	link_feed(&link, buf_bytes(&bytes));
	event = end_of(&link);
	assert_int_equal(event.reason, MQTT_UNEXPECTED);
	expect_will(&event, 2, 0);
	buf_deinit(&bytes);
	link_deinit(&link);
}

struct goodbye {
	const char *connect;
	const char *disconnect;
	enum mqtt_reason reason;
	bool has_will;
	uint32_t expiry_s;
};

static void disconnect_says_what_becomes_of_will_and_session(void **state)
{
	static const struct goodbye rows[] = {
	    {WILL_311, "e0 00", MQTT_CLIENT_DISCONNECT, false, 0},
	    {WILL_5, "e0 00", MQTT_CLIENT_DISCONNECT, false, 3600},
	    {WILL_5, "e0 01 00", MQTT_CLIENT_DISCONNECT, false, 3600},
	    {WILL_5, "e0 01 04", MQTT_CLIENT_DISCONNECT, true, 3600},
	    {WILL_5, "e0 01 80", MQTT_CLIENT_ERROR, true, 3600},
	    {WILL_5, "e0 [ 00 [ 11 00000007 ] ]", MQTT_CLIENT_DISCONNECT, false, 7},
	    {WILL_5, "e0 [ 00 [ 11 00000000 ] ]", MQTT_CLIENT_DISCONNECT, false, 0},
	    {WILL_5, "e0 [ 04 [ 11 ffffffff ] ]", MQTT_CLIENT_DISCONNECT, true, 86400},
	    {"10 [ \"MQTT\" 05 06 003c [] \"%id\" [] " UP "\"bye\" ]", "e0 [ 00 [ 11 00000001 ] ]",
	        MQTT_EXPIRY_RAISED, true, 0},
	};
	struct link link;

	(void)state;
	for (size_t i = 0; i < CP_COUNT(rows); i++) {
		begin_with_will(&link, rows[i].connect);
		struct buf bytes = bytes_of(rows[i].disconnect);
		link_feed(&link, buf_bytes(&bytes));
		struct link_event event = end_of(&link);
		assert_int_equal(event.reason, rows[i].reason);
		assert_int_equal(event.closed.has_will, rows[i].has_will);
		assert_int_equal(event.closed.session_expiry_s, rows[i].expiry_s);
		buf_deinit(&bytes);
		link_deinit(&link);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(connack_waits_for_the_row),
	    cmocka_unit_test(keep_alive_counts_from_the_acceptance),
	    cmocka_unit_test(what_follows_connect_waits_too),
	    cmocka_unit_test(an_old_session_goes_on),
	    cmocka_unit_test(an_old_session_without_subscription),
	    cmocka_unit_test(session_expiry_is_told_where_it_is_not_as_asked),
	    cmocka_unit_test(every_end_is_said_in_words_of_the_standard),
	    cmocka_unit_test(turned_away_before_connack),
	    cmocka_unit_test(suback_waits_for_the_row),
	    cmocka_unit_test(messages_are_acknowledged_while_a_subscription_waits),
	    cmocka_unit_test(what_changes_no_row_is_answered_at_once),
	    cmocka_unit_test(each_subscription_is_told_again),
	    cmocka_unit_test(a_link_that_ends_tells_no_change_any_more),
	    cmocka_unit_test(a_will_is_handed_over_when_the_device_did_not_say_goodbye),
	    cmocka_unit_test(disconnect_says_what_becomes_of_will_and_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
