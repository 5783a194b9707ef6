/* QoS 2 on the link: what the protocol scripts cannot see, and a device of its own
 * model that does at random what it may, while the owner acknowledges when it likes.
 */
#include "talk.h"

#include <stdio.h>

/* --- by hand ---------------------------------------------------------------------- */

static void pubrec_waits_for_the_ledger(void **state)
{
	struct buf bytes = bytes_of("34 [ " UP "0005 'a' ] 3c [ " UP "0005 'a' ] c0 00");
	struct link link;

	(void)state;
	begin(&link, CONNECT_311);
	link_feed(&link, buf_bytes(&bytes));
	struct link_event event = next_event(&link, 0);
	assert_int_equal(event.type, LINK_PUBLISH);
	assert_int_equal(event.publish.packet_id, 5);
	assert_int_equal(event.publish.qos, 2);
	assert_false(event.publish.dup);
	no_event(&link, 0); /* sent again is not a message again [MQTT-4.3.3-10] */
	hear(&link, "d0 00");
	link_ack(&link, 5, 0, 0);
	hear(&link, "50 02 0005");
	feed(&link, "62 02 0005");
	hear(&link, "70 02 0005");
	buf_deinit(&bytes);
	link_deinit(&link);
}

static void a_refused_message_frees_its_identifier(void **state)
{
	struct link link;

	(void)state;
	begin(&link, CONNECT_5);
	feed(&link, "34 [ " UP "0005 [] 'a' ]");
	link_ack(&link, 5, 0x99, 0);
	hear(&link, "50 03 0005 99");
	assert_int_equal(link.in_flight.qos2_count, 0);
	assert_null(link.in_flight.received);
	feed(&link, "32 [ " UP "0005 [] 'b' ]");
	link_ack(&link, 5, 0, 0);
	hear(&link, "40 02 0005");
	link_deinit(&link);

	begin(&link, CONNECT_311);
	feed(&link, "34 [ " UP "0005 'a' ]");
	link_ack(&link, 5, 0x99, 0);
	hear(&link, "");
	assert_int_equal(next_event(&link, 0).reason, MQTT_MESSAGE_REFUSED);
	link_deinit(&link);
}

/* P6: while one acknowledgement is ours to give, the link rests. When all of them wait
 * for the device, it must be read: only its PUBREL can free an identifier. */
static void rest_while_it_is_our_turn_read_while_it_is_the_device_s(void **state)
{
	struct link link;

	(void)state;
	begin(&link, CONNECT_5);
	feed(&link, "1..4 34 [ " UP "%n [] 'x' ]");
	for (uint16_t id = 1; id <= 4; id++) {
		assert_false(link_wants_read(&link));
		link_ack(&link, id, 0, 0);
	}
	assert_true(link_wants_read(&link));
	swallow(&link);
	feed(&link, "30 [ " UP "[] 'x' ] 62 02 0003 32 [ " UP "0009 [] 'x' ]");
	hear(&link, "70 02 0003");
	assert_false(link_wants_read(&link));
	link_ack(&link, 9, 0, 0);
	hear(&link, "40 02 0009");
	feed(&link, "34 [ " UP "0003 [] 'x' ]");
	link_ack(&link, 3, 0, 0);
	hear(&link, "50 02 0003");

	struct buf bytes = bytes_of("34 [ " UP "000a [] 'x' ]");
	link_feed(&link, buf_bytes(&bytes));
	assert_int_equal(next_event(&link, 0).reason, MQTT_OVER_RECEIVE_MAXIMUM);
	hear(&link, "e0 01 93");
	buf_deinit(&bytes);
	link_deinit(&link);
}

static void feed_packet(struct link *link, const void *bytes, size_t len_bytes)
{
	struct link_event event;

	link_feed(link, slice_of(bytes, len_bytes));
	while (link_next(link, 0, &event))
		link_ack(link, event.publish.packet_id, 0, 0);
}

/* P6: 3.1.1 has no receive maximum, so a device may use every identifier there is before
 * it releases the first. That costs 8 KB, and nothing afterwards. */
static void a_311_device_may_use_every_identifier(void **state)
{
	struct buf publish = bytes_of("34 [ " UP "0000 'x' ]");
	struct link link;

	(void)state;
	begin(&link, CONNECT_311);
	for (uint32_t id = 1; id <= UINT16_MAX; id++) {
		publish.p[publish.len - 3] = (uint8_t)(id >> 8);
		publish.p[publish.len - 2] = (uint8_t)id;
		feed_packet(&link, publish.p, publish.len);
		assert_int_equal(link_out(&link).len, 4);
		swallow(&link);
	}
	assert_int_equal(link.in_flight.received_count, UINT16_MAX);
	for (uint32_t id = UINT16_MAX; id > 0; id--) {
		const uint8_t pubrel[] = {0x62, 2, (uint8_t)(id >> 8), (uint8_t)id};
		feed_packet(&link, pubrel, sizeof(pubrel));
		assert_int_equal(link_out(&link).p[0], 0x70);
		swallow(&link);
	}
	assert_int_equal(link.state, LINK_OPEN);
	assert_int_equal(link.in_flight.received_count, 0);
	assert_null(link.in_flight.received);
	buf_deinit(&publish);
	link_deinit(&link);
}

/* The set of identifiers is the connection's: a new one begins empty. */
static void a_new_connection_knows_no_identifier(void **state)
{
	const struct link_session old = {.is_present = true};
	struct buf connect = bytes_of("10 [ \"MQTT\" 04 00 0000 \"%id\" ]");
	struct link link;

	(void)state;
	begin_with(&link, &talk_config);
	link_feed(&link, buf_bytes(&connect));
	assert_int_equal(next_event(&link, 0).type, LINK_CONNECT);
	link_accept(&link, &old, 0);
	no_event(&link, 0);
	swallow(&link);
	feed(&link, "62 02 0001");
	hear(&link, "70 02 0001");
	buf_deinit(&connect);
	link_deinit(&link);
}

/* --- at random ----------------------------------------------------------------------- */

enum slot_state {
	SLOT_FREE,
	SLOT_SENT,     /* PUBLISH is on its way */
	SLOT_RECEIVED, /* PUBREC came */
	SLOT_RELEASED, /* PUBREL is on its way */
};

struct slot { /* a packet identifier: its place + 1 */
	enum slot_state state;
	unsigned message;
	uint8_t qos;
};

struct model {
	struct link link;
	uint32_t seed;
	bool is_v5;
	struct slot slots[4]; /* as many as the receive maximum */
	unsigned sent;        /* messages at QoS 1 and 2, numbered from 0 */
	unsigned told;        /* of those, as events */
	unsigned durable;     /* of those, the owner has acknowledged */
	unsigned heard;       /* of those, acknowledgements that came */
	unsigned repeated;
	unsigned completed;
};

static uint32_t pick(struct model *model, uint32_t count)
{
	model->seed ^= model->seed << 13;
	model->seed ^= model->seed >> 17;
	model->seed ^= model->seed << 5;
	return model->seed % count;
}

static void take_events(struct model *model)
{
	struct link_event event;
	char payload[16];

	while (link_next(&model->link, 0, &event)) {
		assert_int_equal(event.type, LINK_PUBLISH);
		if (event.publish.qos == 0)
			continue;
		snprintf(payload, sizeof(payload), "m%u", model->told++);
		assert_true(slice_eq_str(event.publish.payload, payload));
	}
}

static void say(struct model *model, const char *text)
{
	struct buf bytes = bytes_of(text);

	assert_true(link_wants_read(&model->link));
	link_feed(&model->link, buf_bytes(&bytes));
	take_events(model);
	buf_deinit(&bytes);
}

static void send_message(struct model *model, unsigned i, bool is_dup)
{
	struct slot *slot = &model->slots[i];
	char text[100];

	snprintf(text, sizeof(text), "%02x [ \"carepace/v1/device/" DEVICE "/up\" %04x %s 'm%u' ]",
	    0x30 | slot->qos << 1 | is_dup << 3, i + 1, model->is_v5 ? "[]" : "", slot->message);
	say(model, text);
}

static void act(struct model *model)
{
	unsigned i = pick(model, 4);
	struct slot *slot = &model->slots[i];
	char text[32];

	switch (slot->state) {
	case SLOT_FREE:
		*slot = (struct slot){SLOT_SENT, model->sent++, (uint8_t)(1 + pick(model, 2))};
		send_message(model, i, false);
		break;
	case SLOT_SENT:
	case SLOT_RECEIVED:
		if (slot->state == SLOT_RECEIVED && pick(model, 2)) {
			slot->state = SLOT_RELEASED;
			snprintf(text, sizeof(text), "62 02 %04x", i + 1);
			say(model, text);
		} else if (slot->qos == 2 && !model->is_v5) { /* [MQTT-4.4.0-1] */
			model->repeated++;
			send_message(model, i, true);
		}
		break;
	case SLOT_RELEASED:
		break;
	}
}

static void acknowledge(struct model *model)
{
	if (model->durable == model->told)
		return;
	for (unsigned i = 0; i < 4; i++) {
		const struct slot *slot = &model->slots[i];
		if (slot->state != SLOT_SENT || slot->message != model->durable)
			continue;
		model->durable++;
		link_ack(&model->link, (uint16_t)(i + 1),
		    model->is_v5 && pick(model, 5) == 0 ? 0x97 : 0, 0);
		take_events(model);
		return;
	}
	fail_msg("message %u has no identifier", model->durable);
}

/* P1: never before the owner's word, and in the order of the messages. */
static void hear_ack(struct model *model, struct slot *slot, uint8_t code)
{
	if (slot->state == SLOT_RECEIVED || slot->state == SLOT_RELEASED) {
		assert_int_equal(slot->qos, 2);
		assert_int_equal(code, 0);
		return; /* PUBREC again */
	}
	assert_int_equal(slot->state, SLOT_SENT);
	assert_int_equal(slot->message, model->heard++);
	assert_true(slot->message < model->durable);
	slot->state = slot->qos == 2 && code < 0x80 ? SLOT_RECEIVED : SLOT_FREE;
}

static void hear_one(struct model *model, struct slice packet)
{
	struct slot *slot = &model->slots[packet.p[3] - 1];
	uint8_t code = packet.len > 4 ? packet.p[4] : 0;

	switch (packet.p[0] >> 4) {
	case PACKET_PUBACK:
		assert_int_equal(slot->qos, 1);
		hear_ack(model, slot, code);
		break;
	case PACKET_PUBREC:
		hear_ack(model, slot, code);
		break;
	case PACKET_PUBCOMP:
		assert_int_equal(slot->state, SLOT_RELEASED);
		assert_int_equal(code, 0);
		slot->state = SLOT_FREE;
		model->completed++;
		break;
	default:
		fail_msg("packet type %d", packet.p[0] >> 4);
	}
}

static void hear_some(struct model *model)
{
	while (link_out(&model->link).len > 0) {
		struct slice out = link_out(&model->link);
		size_t len_bytes = 2 + out.p[1];
		hear_one(model, slice_of(out.p, len_bytes));
		link_sent(&model->link, len_bytes, 0);
		if (pick(model, 4) == 0)
			return;
	}
}

static void any_order_keeps_every_message_once(void **state)
{
	unsigned sent = 0;
	unsigned repeated = 0;
	unsigned completed = 0;

	(void)state;
	for (uint32_t seed = 1; seed <= 400; seed++) {
		struct model model = {.seed = seed * 2654435761U, .is_v5 = seed % 2};
		begin(&model.link, model.is_v5 ? CONNECT_5 : CONNECT_311);
		for (unsigned step = 0; step < 200; step++) {
			uint32_t turn = pick(&model, 3);
			if (turn == 0 && link_wants_read(&model.link))
				act(&model);
			else if (turn == 1)
				acknowledge(&model);
			else
				hear_some(&model);
			assert_true(model.link.in_flight.qos2_count <= 4);
		}
		while (model.durable < model.sent)
			acknowledge(&model);
		while (link_out(&model.link).len > 0)
			hear_some(&model);
		assert_int_equal(model.told, model.sent);
		assert_int_equal(model.heard, model.sent);
		assert_int_equal(model.link.state, LINK_OPEN);
		sent += model.sent;
		repeated += model.repeated;
		completed += model.completed;
		link_deinit(&model.link);
	}
	assert_true(sent > 4000 && repeated > 1000 && completed > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pubrec_waits_for_the_ledger),
	    cmocka_unit_test(a_refused_message_frees_its_identifier),
	    cmocka_unit_test(rest_while_it_is_our_turn_read_while_it_is_the_device_s),
	    cmocka_unit_test(a_311_device_may_use_every_identifier),
	    cmocka_unit_test(a_new_connection_knows_no_identifier),
	    cmocka_unit_test(any_order_keeps_every_message_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
