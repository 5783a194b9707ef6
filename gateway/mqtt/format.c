#include "mqtt/format.h"

#include "mqtt/props.h"

#define PUBLISH_QOS_1 0x02
#define PUBLISH_DUP 0x08

/* Everything but PUBLISH is short: its remaining length fits one byte. */
struct writer {
	uint8_t bytes[64];
	size_t len;
};

static void put_u8(struct writer *writer, uint8_t value)
{
	CP_CHECK(writer->len < sizeof(writer->bytes));
	writer->bytes[writer->len++] = value;
}

static void put_u16(struct writer *writer, uint16_t value)
{
	put_u8(writer, (uint8_t)(value >> 8));
	put_u8(writer, (uint8_t)value);
}

static void put_u32(struct writer *writer, uint32_t value)
{
	put_u16(writer, (uint16_t)(value >> 16));
	put_u16(writer, (uint16_t)value);
}

static void put_flag(struct writer *writer, enum prop_id id, bool value)
{
	put_u8(writer, (uint8_t)id);
	put_u8(writer, value);
}

static void put_header(struct writer *writer, enum packet_type type)
{
	put_u8(writer, (uint8_t)(type << 4));
	put_u8(writer, 0); /* the length, filled in by finish() */
}

static enum cp_err finish(struct writer *writer, struct buf *out)
{
	writer->bytes[1] = (uint8_t)(writer->len - 2);
	return buf_append(out, writer->bytes, writer->len);
}

static void put_connack_props(struct writer *writer, const struct packet_connack *ack)
{
	size_t length_at = writer->len;

	put_u8(writer, 0);
	if (ack->has_session_expiry) {
		put_u8(writer, PROP_SESSION_EXPIRY);
		put_u32(writer, ack->session_expiry_s);
	}
	put_u8(writer, PROP_RECEIVE_MAXIMUM);
	put_u16(writer, ack->receive_maximum);
	put_flag(writer, PROP_RETAIN_AVAILABLE, false);
	put_u8(writer, PROP_MAXIMUM_PACKET_SIZE);
	put_u32(writer, ack->max_packet_bytes);
	if (ack->topic_alias_maximum > 0) {
		put_u8(writer, PROP_TOPIC_ALIAS_MAXIMUM);
		put_u16(writer, ack->topic_alias_maximum);
	}
	put_flag(writer, PROP_WILDCARD_AVAILABLE, false);
	put_flag(writer, PROP_SUBSCRIPTION_ID_AVAILABLE, false);
	put_flag(writer, PROP_SHARED_AVAILABLE, false);
	if (ack->has_server_keep_alive) {
		put_u8(writer, PROP_SERVER_KEEP_ALIVE);
		put_u16(writer, ack->server_keep_alive_s);
	}
	writer->bytes[length_at] = (uint8_t)(writer->len - length_at - 1);
}

enum cp_err packet_format_connack(struct buf *out, uint8_t level, const struct packet_connack *ack)
{
	struct writer writer = {0};

	put_header(&writer, PACKET_CONNACK);
	put_u8(&writer, ack->session_present);
	put_u8(&writer, ack->code);
	if (level == MQTT_LEVEL_5 && ack->code == 0)
		put_connack_props(&writer, ack);
	else if (level == MQTT_LEVEL_5)
		put_u8(&writer, 0);
	return finish(&writer, out);
}

enum cp_err packet_format_ack(
    struct buf *out, uint8_t level, enum packet_type type, struct packet_ack ack)
{
	struct writer writer = {0};

	put_header(&writer, type);
	put_u16(&writer, ack.packet_id);
	if (level == MQTT_LEVEL_5 && ack.code != 0)
		put_u8(&writer, ack.code);
	return finish(&writer, out);
}

enum cp_err packet_format_codes(
    struct buf *out, uint8_t level, enum packet_type type, uint16_t packet_id, struct slice codes)
{
	struct writer writer = {0};

	put_header(&writer, type);
	put_u16(&writer, packet_id);
	if (level == MQTT_LEVEL_5)
		put_u8(&writer, 0);
	if (level == MQTT_LEVEL_5 || type == PACKET_SUBACK) /* a 3.1.1 UNSUBACK has no codes */
		for (size_t i = 0; i < codes.len; i++)
			put_u8(&writer, codes.p[i]);
	return finish(&writer, out);
}

enum cp_err packet_format_pingresp(struct buf *out)
{
	struct writer writer = {0};

	put_header(&writer, PACKET_PINGRESP);
	return finish(&writer, out);
}

enum cp_err packet_format_disconnect(struct buf *out, uint8_t code)
{
	struct writer writer = {0};

	put_header(&writer, PACKET_DISCONNECT);
	put_u8(&writer, code);
	return finish(&writer, out);
}

/* --- PUBLISH: written in place, it may be large ------------------------------ */

#define EXPIRY_BYTES 5U

static size_t varint_len(size_t value)
{
	return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : 4;
}

static size_t publish_body_len(uint8_t level, const struct packet_out *publish)
{
	size_t len = 2 + publish->topic.len + publish->payload.len;

	if (publish->packet_id != 0)
		len += 2;
	if (level == MQTT_LEVEL_5)
		len += 1 + (publish->expiry_s ? EXPIRY_BYTES : 0);
	return len;
}

size_t packet_publish_len(uint8_t level, const struct packet_out *publish)
{
	size_t body_len = publish_body_len(level, publish);

	return 1 + varint_len(body_len) + body_len;
}

static uint8_t *copy(uint8_t *at, struct slice bytes)
{
	if (bytes.len > 0)
		memcpy(at, bytes.p, bytes.len);
	return at + bytes.len;
}

static void put_publish_head(struct writer *writer, uint8_t level, const struct packet_out *publish)
{
	size_t left = publish_body_len(level, publish);
	uint8_t flags = publish->packet_id ? PUBLISH_QOS_1 : 0;

	flags |= publish->is_dup ? PUBLISH_DUP : 0;

	put_u8(writer, (uint8_t)(PACKET_PUBLISH << 4 | flags));
	for (; left >= 0x80; left >>= 7)
		put_u8(writer, (uint8_t)(left | 0x80));
	put_u8(writer, (uint8_t)left);
	put_u16(writer, (uint16_t)publish->topic.len);
}

/* Between topic and payload. */
static void put_publish_middle(
    struct writer *writer, uint8_t level, const struct packet_out *publish)
{
	if (publish->packet_id != 0)
		put_u16(writer, publish->packet_id);
	if (level != MQTT_LEVEL_5)
		return;
	put_u8(writer, publish->expiry_s ? EXPIRY_BYTES : 0);
	if (publish->expiry_s) {
		put_u8(writer, PROP_MESSAGE_EXPIRY);
		put_u32(writer, publish->expiry_s);
	}
}

enum cp_err packet_format_publish(struct buf *out, uint8_t level, const struct packet_out *publish)
{
	struct writer head = {0};
	struct writer middle = {0};
	size_t len_bytes = packet_publish_len(level, publish);

	if (len_bytes > buf_room(out))
		return CP_FULL;
	uint8_t *at = buf_extend(out, len_bytes);
	if (!at)
		return CP_NOMEM;
	put_publish_head(&head, level, publish);
	put_publish_middle(&middle, level, publish);
	uint8_t *end = copy(at, slice_of(head.bytes, head.len));
	end = copy(end, publish->topic);
	end = copy(end, slice_of(middle.bytes, middle.len));
	end = copy(end, publish->payload);
	CP_CHECK(end == at + len_bytes);
	return CP_OK;
}
