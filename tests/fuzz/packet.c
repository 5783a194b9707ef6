/* One MQTT packet, as both versions.
 *
 *   first byte: bit 0 MQTT 5, bit 1 a small maximum; then the bytes
 *
 * What must hold: a view lies inside its packet; a packet is not whole before its last
 * byte and not another one because of what follows; what was read and written again
 * reads the same.
 */
#include "fuzz.h"

#include "mqtt/format.h"

#define SMALL_MAX 40
#define USUAL_MAX 66000
#define HEADER_MAX 5

static enum packet_progress frame_of(
    struct slice bytes, size_t max_bytes, struct packet_frame *frame, enum mqtt_reason *reason)
{
	*reason = MQTT_OK;
	enum packet_progress progress = packet_frame(bytes, max_bytes, frame, reason);
	CP_CHECK((progress == PACKET_BAD) == (*reason != MQTT_OK));
	return progress;
}

/* With less of the bytes: not whole yet, or bad for the same reason. */
static void check_prefixes(struct slice bytes, size_t max_bytes, size_t whole,
    enum packet_progress last, enum mqtt_reason why)
{
	for (size_t len = 0; len < whole && len <= HEADER_MAX; len++) {
		uint8_t *begun = fuzz_copy(slice_of(bytes.p, len));
		struct packet_frame frame;
		enum mqtt_reason reason;

		enum packet_progress progress =
		    frame_of(slice_of(begun, len), max_bytes, &frame, &reason);
		CP_CHECK(progress != PACKET_DONE);
		CP_CHECK(progress == PACKET_MORE || (last == PACKET_BAD && reason == why));
		free(begun);
	}
}

static enum mqtt_reason parse_all(
    struct slice bytes, uint8_t level, struct packet_frame *frame, struct packet *packet)
{
	enum mqtt_reason reason;

	CP_CHECK(frame_of(bytes, SIZE_MAX, frame, &reason) == PACKET_DONE);
	CP_CHECK(frame->len_bytes == bytes.len);
	return packet_parse(frame, level, packet);
}

static void check_filters(struct slice body, struct packet_filters filters)
{
	struct packet_filter filter;
	size_t count = 0;

	while (packet_next_filter(&filters, &filter)) {
		CP_CHECK(filter.topic.len > 0 && fuzz_is_within(body, filter.topic));
		CP_CHECK(filter.qos <= 2);
		count++;
	}
	CP_CHECK(count == filters.count && count >= 1);
}

static void check_connect(struct slice body, const struct packet *packet)
{
	const struct packet_connect *connect = &packet->connect;

	CP_CHECK(packet->has_level && connect->receive_maximum > 0);
	CP_CHECK(connect->max_packet_bytes > 0);
	CP_CHECK(fuzz_is_within(body, connect->client_id));
	if (!connect->has_will)
		return;
	CP_CHECK(connect->will.qos <= 2 && connect->will.topic.len > 0);
	CP_CHECK(fuzz_is_within(body, connect->will.topic));
	CP_CHECK(fuzz_is_within(body, connect->will.payload));
}

/* --- written and read again ---------------------------------------------------- */

static struct packet read_back(struct buf *out, uint8_t level)
{
	uint8_t *bytes = fuzz_copy(buf_bytes(out));
	struct packet_frame frame;
	struct packet packet;

	CP_CHECK(parse_all(slice_of(bytes, out->len), level, &frame, &packet) == MQTT_OK);
	free(bytes); /* the caller compares numbers; slices were compared by length */
	return packet;
}

static void check_publish(struct slice body, uint8_t level, const struct packet_publish *publish)
{
	struct packet_out again = {
	    .topic = publish->topic, .payload = publish->payload, .packet_id = publish->packet_id};
	struct packet_frame frame;
	struct packet packet;
	struct buf out;

	CP_CHECK(publish->qos <= 2 && (publish->qos > 0) == (publish->packet_id != 0));
	CP_CHECK(fuzz_is_within(body, publish->topic) && fuzz_is_within(body, publish->payload));
	CP_CHECK(publish->topic.len > 0 || publish->has_topic_alias);
	if (publish->topic.len == 0)
		return;
	buf_init(&out, USUAL_MAX + 16);
	if (packet_format_publish(&out, level, &again) == CP_OK) {
		CP_CHECK(out.len == packet_publish_len(level, &again));
		CP_CHECK(parse_all(buf_bytes(&out), level, &frame, &packet) == MQTT_OK);
		CP_CHECK(slice_eq(packet.publish.topic, publish->topic));
		CP_CHECK(slice_eq(packet.publish.payload, publish->payload));
		CP_CHECK(packet.publish.packet_id == publish->packet_id);
	}
	buf_deinit(&out);
}

static void check_ack(uint8_t level, const struct packet *packet)
{
	struct buf out;

	buf_init(&out, 64);
	CP_CHECK(packet->ack.packet_id != 0);
	CP_CHECK(packet_format_ack(&out, level, packet->type, packet->ack) == CP_OK);
	struct packet again = read_back(&out, level);
	CP_CHECK(again.type == packet->type && again.ack.packet_id == packet->ack.packet_id);
	CP_CHECK(again.ack.code == packet->ack.code);
	buf_deinit(&out);
}

static void check_packet(const struct packet_frame *frame, uint8_t level, struct packet *packet)
{
	CP_CHECK(packet->type == frame->type);
	switch (packet->type) {
	case PACKET_CONNECT:
		check_connect(frame->body, packet);
		break;
	case PACKET_PUBLISH:
		check_publish(frame->body, level, &packet->publish);
		break;
	case PACKET_PUBACK:
	case PACKET_PUBREC:
	case PACKET_PUBCOMP:
		check_ack(level, packet);
		break;
	case PACKET_PUBREL: /* a server at QoS 1 never sends one */
		CP_CHECK(packet->ack.packet_id != 0);
		break;
	case PACKET_SUBSCRIBE:
	case PACKET_UNSUBSCRIBE:
		CP_CHECK(packet->filters.packet_id != 0);
		check_filters(frame->body, packet->filters);
		break;
	default:
		break;
	}
}

void fuzz_one(struct slice bytes)
{
	uint8_t how = fuzz_take_byte(&bytes);
	uint8_t level = how & 1 ? MQTT_LEVEL_5 : MQTT_LEVEL_311;
	size_t max_bytes = how & 2 ? SMALL_MAX : USUAL_MAX;
	struct packet_frame frame;
	struct packet packet;
	enum mqtt_reason reason;

	enum packet_progress progress = frame_of(bytes, max_bytes, &frame, &reason);
	size_t whole = progress == PACKET_DONE ? frame.len_bytes : bytes.len;
	CP_CHECK(whole <= bytes.len && (progress != PACKET_DONE || whole <= max_bytes));
	check_prefixes(bytes, max_bytes, whole, progress, reason);
	if (progress != PACKET_DONE)
		return;

	/* Behind the packet's end there is nothing to be read. */
	uint8_t *exact = fuzz_copy(slice_of(bytes.p, whole));
	reason = parse_all(slice_of(exact, whole), level, &frame, &packet);
	fuzz_mark(((unsigned)reason * 16 + frame.type) * 2 + (how & 1));
	if (reason == MQTT_OK)
		check_packet(&frame, level, &packet);
	free(exact);
}
