#include "heard.h"

#include "mqtt/reason.h"

static void note(struct heard *heard, struct slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		heard->hash = heard->hash * 31 + bytes.p[i];
}

static uint16_t number_at(struct slice bytes, size_t at)
{
	CP_CHECK(bytes.len >= at + 2);
	return (uint16_t)(bytes.p[at] << 8 | bytes.p[at + 1]);
}

/* Of PUBACK, PUBREC, PUBCOMP; left out is 0. */
static uint8_t code_of(const struct heard *heard, struct slice body)
{
	CP_CHECK(body.len == 2 || (body.len == 3 && heard->link->level == MQTT_LEVEL_5));
	return body.len == 3 ? body.p[2] : 0;
}

static void on_connack(struct heard *heard, struct slice body)
{
	CP_CHECK(!heard->has_connack && body.len >= 2);
	CP_CHECK((body.p[1] == 0) == heard->is_accepted);
	CP_CHECK(body.p[0] == heard->is_present);
	heard->has_connack = true;
	heard->is_over = body.p[1] != 0;
}

static size_t find(const uint16_t *ids, size_t count, uint16_t id)
{
	size_t i = 0;

	while (i < count && ids[i] != id)
		i++;
	return i;
}

/* Ours, in their order; or a refusal that the link gives by itself; or, at QoS 2, once
 * more what was said before. */
static void on_ack(struct heard *heard, struct slice body, uint8_t qos)
{
	struct heard_ack said = {number_at(body, 0), qos, code_of(heard, body)};
	const struct heard_ack *next = &heard->given[heard->given_from];
	size_t at = find(heard->received, heard->received_count, said.packet_id);
	bool is_ours = heard->given_from < heard->given_to && next->packet_id == said.packet_id &&
	               next->qos == qos && next->code == said.code;

	if (is_ours) {
		heard->given_from++;
	} else if (said.code == 0) {
		CP_CHECK(qos == 2 && at < heard->received_count);
		return;
	} else {
		CP_CHECK(said.code == mqtt_reason_row(MQTT_FOREIGN_TOPIC)->code);
		return;
	}
	if (qos == 2 && said.code < 0x80) {
		CP_CHECK(at == heard->received_count && at < CP_COUNT(heard->received));
		heard->received[heard->received_count++] = said.packet_id;
	}
}

static void on_pubcomp(struct heard *heard, struct slice body)
{
	uint8_t code = code_of(heard, body);
	size_t at = find(heard->received, heard->received_count, number_at(body, 0));
	bool was_received = at < heard->received_count;

	if (was_received)
		heard->received[at] = heard->received[--heard->received_count];
	CP_CHECK(heard->link->level == MQTT_LEVEL_311 || was_received == (code == 0));
}

static void on_publish(struct heard *heard, uint8_t flags, struct slice body)
{
	uint8_t qos = flags >> 1 & 3;
	size_t topic_len = number_at(body, 0);

	CP_CHECK(qos <= 1 && (flags & 1) == 0 && (qos > 0 || flags == 0));
	CP_CHECK(heard->link->is_subscribed && qos <= heard->link->granted_qos);
	if (qos == 0)
		return;
	uint16_t id = number_at(body, 2 + topic_len);
	CP_CHECK(id != 0 && find(heard->sent, heard->sent_count, id) == heard->sent_count);
	CP_CHECK(heard->sent_count < heard->link->out_flight_max);
	heard->sent[heard->sent_count++] = id;
}

static void on_packet(struct heard *heard, const struct packet_frame *frame)
{
	CP_CHECK(!heard->is_over);
	CP_CHECK((frame->type == PACKET_CONNACK) == !heard->has_connack);
	CP_CHECK(frame->len_bytes <= heard->link->client_max_packet_bytes);
	fuzz_mark(3000 + frame->type);
	switch (frame->type) {
	case PACKET_CONNACK:
		on_connack(heard, frame->body);
		break;
	case PACKET_PUBACK:
	case PACKET_PUBREC:
		on_ack(heard, frame->body, frame->type == PACKET_PUBACK ? 1 : 2);
		break;
	case PACKET_PUBCOMP:
		on_pubcomp(heard, frame->body);
		break;
	case PACKET_SUBACK:
	case PACKET_UNSUBACK:
		CP_CHECK(!heard->owes_confirm && number_at(frame->body, 0) != 0);
		break;
	case PACKET_PUBLISH:
		on_publish(heard, frame->flags, frame->body);
		break;
	case PACKET_DISCONNECT:
		CP_CHECK(heard->link->level == MQTT_LEVEL_5 && heard->link->state == LINK_ENDED);
		heard->is_over = true;
		break;
	default:
		CP_CHECK(frame->type == PACKET_PINGRESP && frame->body.len == 0);
	}
}

/* P6, and no deadlock: it reads whenever nothing is owed and nothing waits. */
static void check_reading(const struct heard *heard)
{
	const struct link *link = heard->link;
	bool owes = heard->owes_accept || heard->owes_confirm;
	bool is_idle = !owes && !heard_owes_ack(heard) && link_out(link).len == 0;

	CP_CHECK(!link_wants_read(link) || (!owes && !link->is_paused && !heard->is_closed));
	if (is_idle && !link->is_paused && link->state != LINK_ENDED)
		CP_CHECK(link_wants_read(link));
}

/* What was written since the last look. */
static void read_new(struct heard *heard)
{
	struct slice out = slice_from(link_out(heard->link), heard->scanned);
	struct packet_frame frame;
	enum mqtt_reason reason;

	CP_CHECK(!heard->is_closed || out.len == 0);
	heard->scanned += out.len;
	note(heard, out);
	while (out.len > 0) {
		CP_CHECK(packet_frame(out, SIZE_MAX, &frame, &reason) == PACKET_DONE);
		on_packet(heard, &frame);
		out = slice_from(out, frame.len_bytes);
	}
}

void heard_out(struct heard *heard)
{
	read_new(heard);
	check_reading(heard);
}

void heard_sent(struct heard *heard, size_t len_bytes)
{
	heard->scanned -= len_bytes;
}

struct heard_ack heard_acknowledge(struct heard *heard, uint8_t code)
{
	struct heard_ack ack = heard->owed[heard->owed_from++];

	ack.code = code;
	CP_CHECK(heard->given_to < HEARD_ACKS_MAX);
	heard->given[heard->given_to++] = ack;
	return ack;
}

static void on_out_acked(struct heard *heard, uint16_t packet_id)
{
	size_t at = find(heard->sent, heard->sent_count, packet_id);

	CP_CHECK(at < heard->sent_count);
	heard->sent[at] = heard->sent[--heard->sent_count];
}

static void on_message(struct heard *heard, const struct link_event *event)
{
	CP_CHECK((event->publish.qos > 0) == (event->publish.packet_id != 0));
	CP_CHECK(event->publish.payload.len <= heard->link->config->max_packet_bytes);
	if (event->publish.qos == 0)
		return;
	CP_CHECK(heard->owed_to < HEARD_ACKS_MAX);
	heard->owed[heard->owed_to++] =
	    (struct heard_ack){.packet_id = event->publish.packet_id, .qos = event->publish.qos};
	size_t in_flight = heard->owed_to - heard->owed_from;
	if (heard->link->level == MQTT_LEVEL_5) /* 3.1.1 does not know the receive maximum */
		in_flight += heard->received_count;
	CP_CHECK(in_flight <= heard->link->config->receive_maximum);
}

void heard_event(struct heard *heard, const struct link_event *event)
{
	bool is_open = heard->is_accepted && !heard->is_closed;

	read_new(heard); /* it was said before this happened */
	CP_CHECK(!heard->is_closed && (!heard->owes_accept || event->type == LINK_CLOSED));
	CP_CHECK(is_open || event->type == LINK_CONNECT || event->type == LINK_CLOSED);
	fuzz_mark(3100 + event->type * 128 + event->reason);
	switch (event->type) {
	case LINK_CONNECT:
		CP_CHECK(!heard->is_accepted);
		heard->owes_accept = true;
		break;
	case LINK_PUBLISH:
		on_message(heard, event);
		break;
	case LINK_SUBSCRIBED:
	case LINK_UNSUBSCRIBED:
		CP_CHECK(!heard->owes_confirm);
		heard->owes_confirm = true;
		break;
	case LINK_OUT_ACKED:
		on_out_acked(heard, event->out_acked.packet_id);
		break;
	case LINK_REFUSED:
		CP_CHECK(event->reason != MQTT_OK);
		break;
	case LINK_CLOSED:
		CP_CHECK(
		    event->reason != MQTT_OK && event->closed.was_accepted == heard->is_accepted);
		CP_CHECK(!event->closed.has_will || heard->is_accepted);
		CP_CHECK(event->closed.will.payload.len <= heard->link->config->max_will_bytes);
		heard->is_closed = true;
		break;
	}
}
