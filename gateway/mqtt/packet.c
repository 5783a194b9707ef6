#include "mqtt/packet.h"

#include "mqtt/props.h"

#include "base/err.h"

/* --- the fixed header ---------------------------------------------------- */

/* [MQTT-2.1.3-1], in 3.1.1 [MQTT-2.2.2-2]: the low four bits are fixed for
 * everything but PUBLISH. */
static bool flags_are_valid(enum packet_type type, uint8_t flags)
{
	switch (type) {
	case PACKET_PUBLISH:
		return true;
	case PACKET_PUBREL:
	case PACKET_SUBSCRIBE:
	case PACKET_UNSUBSCRIBE:
		return flags == 2;
	default:
		return flags == 0;
	}
}

enum packet_progress packet_frame(
    struct slice bytes, size_t max_bytes, struct packet_frame *frame, enum mqtt_reason *reason)
{
	struct reader reader = {.rest = bytes};

	*frame = (struct packet_frame){0};
	*reason = MQTT_OK;
	if (bytes.len == 0)
		return PACKET_MORE;

	uint8_t first = reader_u8(&reader);
	frame->type = (enum packet_type)(first >> 4);
	frame->flags = first & 15;
	if (frame->type == 0)
		reader_fail(&reader, MQTT_BAD_TYPE);
	else if (!flags_are_valid(frame->type, frame->flags))
		reader_fail(&reader, MQTT_BAD_FLAGS);

	size_t body_bytes = reader_varint(&reader);
	if (reader.bad == MQTT_TRUNCATED)
		return PACKET_MORE;
	frame->len_bytes = bytes.len - reader.rest.len + body_bytes;
	if (frame->len_bytes > max_bytes)
		reader_fail(&reader, MQTT_TOO_LARGE);
	*reason = reader.bad;
	if (reader.bad)
		return PACKET_BAD;
	if (body_bytes > reader.rest.len)
		return PACKET_MORE;
	frame->body = slice_of(reader.rest.p, body_bytes);
	return PACKET_DONE;
}

/* --- CONNECT ------------------------------------------------------------- */

#define FLAG_RESERVED 0x01
#define FLAG_CLEAN_START 0x02
#define FLAG_WILL 0x04
#define FLAG_WILL_QOS_SHIFT 3
#define FLAG_WILL_RETAIN 0x20
#define FLAG_PASSWORD 0x40
#define FLAG_USER_NAME 0x80

static void read_protocol(struct reader *reader, struct packet *out)
{
	struct slice name = reader_binary(reader);

	if (!reader->bad && !slice_eq_str(name, "MQTT"))
		reader_fail(reader, MQTT_BAD_PROTOCOL_NAME);
	out->level = reader_u8(reader);
	out->has_level = !reader->bad;
	if (out->level != MQTT_LEVEL_311 && out->level != MQTT_LEVEL_5)
		reader_fail(reader, MQTT_BAD_LEVEL);
}

static uint8_t read_connect_flags(struct reader *reader, uint8_t level, struct packet_connect *out)
{
	uint8_t flags = reader_u8(reader);

	out->clean_start = flags & FLAG_CLEAN_START;
	out->has_will = flags & FLAG_WILL;
	out->will.qos = flags >> FLAG_WILL_QOS_SHIFT & 3;
	out->will.retain = flags & FLAG_WILL_RETAIN;

	if (flags & FLAG_RESERVED)
		reader_fail(reader, MQTT_BAD_CONNECT_FLAGS); /* [MQTT-3.1.2-3] */
	if (!out->has_will && (out->will.qos > 0 || out->will.retain))
		reader_fail(reader, MQTT_BAD_CONNECT_FLAGS); /* [MQTT-3.1.2-11], -13, -15 */
	if (out->will.qos > 2)
		reader_fail(reader, MQTT_BAD_QOS); /* [MQTT-3.1.2-12], in 3.1.1 -14 */
	if (level == MQTT_LEVEL_311 && (flags & FLAG_PASSWORD) && !(flags & FLAG_USER_NAME))
		reader_fail(reader, MQTT_BAD_CONNECT_FLAGS); /* 3.1.1 [MQTT-3.1.2-22] */
	return flags;
}

static void read_connect_props(struct reader *reader, struct packet_connect *out)
{
	struct props props;

	props_read(reader, IN_CONNECT, &props);
	if (props_has(&props, PROP_AUTH_DATA) && !props_has(&props, PROP_AUTH_METHOD))
		reader_fail(reader, MQTT_BAD_PROPERTY_VALUE); /* section 3.1.2.11.10 */
	out->session_expiry_s = props_number(&props, PROP_SESSION_EXPIRY, 0);
	out->receive_maximum = (uint16_t)props_number(&props, PROP_RECEIVE_MAXIMUM, UINT16_MAX);
	out->max_packet_bytes = props_number(&props, PROP_MAXIMUM_PACKET_SIZE, UINT32_MAX);
	out->has_auth_method = props_has(&props, PROP_AUTH_METHOD);
}

static void read_will(struct reader *reader, uint8_t level, struct packet_will *will)
{
	if (level == MQTT_LEVEL_5) {
		struct props props;
		props_read(reader, IN_WILL, &props);
		will->delay_s = props_number(&props, PROP_WILL_DELAY, 0);
		will->is_text = props_number(&props, PROP_PAYLOAD_FORMAT, 0);
	}
	will->topic = reader_text(reader);
	will->payload = reader_binary(reader);
	if (!mqtt_topic_is_valid(will->topic))
		reader_fail(reader, MQTT_BAD_TOPIC);
}

static void parse_connect(
    struct reader *reader, const struct packet_frame *frame, struct packet *out)
{
	struct packet_connect *connect = &out->connect;

	(void)frame;
	*connect =
	    (struct packet_connect){.receive_maximum = UINT16_MAX, .max_packet_bytes = UINT32_MAX};
	read_protocol(reader, out);
	uint8_t flags = read_connect_flags(reader, out->level, connect);
	connect->keep_alive_s = reader_u16(reader);
	if (out->level == MQTT_LEVEL_5)
		read_connect_props(reader, connect);
	connect->client_id = reader_text(reader);
	if (connect->has_will)
		read_will(reader, out->level, &connect->will);
	if (flags & FLAG_USER_NAME)
		(void)reader_text(reader);
	if (flags & FLAG_PASSWORD)
		(void)reader_binary(reader);
}

/* --- PUBLISH and its answers ---------------------------------------------- */

static uint16_t read_packet_id(struct reader *reader)
{
	uint16_t packet_id = reader_u16(reader);

	if (packet_id == 0)
		reader_fail(
		    reader, MQTT_ZERO_PACKET_ID); /* [MQTT-2.2.1-3], in 3.1.1 [MQTT-2.3.1-1] */
	return packet_id;
}

static void parse_publish(
    struct reader *reader, const struct packet_frame *frame, struct packet *out)
{
	struct packet_publish *publish = &out->publish;

	*publish = (struct packet_publish){
	    .qos = frame->flags >> 1 & 3,
	    .dup = frame->flags & 8,
	    .retain = frame->flags & 1,
	};
	if (publish->qos > 2)
		reader_fail(reader, MQTT_BAD_QOS); /* [MQTT-3.3.1-4] */
	if (publish->dup && publish->qos == 0)
		reader_fail(reader, MQTT_DUP_AT_QOS_0); /* [MQTT-3.3.1-2] */

	publish->topic = reader_text(reader);
	if (publish->qos > 0)
		publish->packet_id = read_packet_id(reader);
	if (out->level == MQTT_LEVEL_5) {
		struct props props;
		props_read(reader, IN_PUBLISH, &props);
		publish->has_topic_alias = props_has(&props, PROP_TOPIC_ALIAS);
		publish->topic_alias = (uint16_t)props_number(&props, PROP_TOPIC_ALIAS, 0);
	}
	bool is_aliased = publish->has_topic_alias && publish->topic.len == 0;
	if (!is_aliased && !mqtt_topic_is_valid(publish->topic))
		reader_fail(reader, MQTT_BAD_TOPIC); /* [MQTT-3.3.2-2], [MQTT-4.7.3-1] */
	publish->payload = reader_take(reader, reader->rest.len);
}

/* The reason codes that a client may put into each packet: MQTT 5, sections
 * 3.4.2.1, 3.5.2.1, 3.6.2.1, 3.7.2.1, 3.14.2.1. */
static bool client_may_say(enum packet_type type, uint8_t code)
{
	static const uint8_t received[] = {0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99};
	static const uint8_t released[] = {0x00, 0x92};
	static const uint8_t disconnect[] = {
	    0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99};

	switch (type) {
	case PACKET_PUBACK:
	case PACKET_PUBREC:
		return memchr(received, code, sizeof(received));
	case PACKET_PUBREL:
	case PACKET_PUBCOMP:
		return memchr(released, code, sizeof(released));
	default:
		return memchr(disconnect, code, sizeof(disconnect));
	}
}

static uint8_t read_reason_code(struct reader *reader, enum packet_type type)
{
	uint8_t code = reader_u8(reader);

	if (!client_may_say(type, code))
		reader_fail(reader, MQTT_BAD_REASON_CODE);
	return code;
}

/* MQTT 5 leaves off what is zero or empty at the end: reason code and
 * properties may both be missing (sections 3.4.2.1 and 3.14.2.1). */
static void parse_ack(struct reader *reader, const struct packet_frame *frame, struct packet *out)
{
	out->ack = (struct packet_ack){.packet_id = read_packet_id(reader)};
	if (out->level != MQTT_LEVEL_5 || reader->rest.len == 0)
		return;
	out->ack.code = read_reason_code(reader, frame->type);
	if (reader->rest.len > 0) {
		struct props props;
		props_read(reader, IN_ACK, &props);
	}
}

static void parse_disconnect(
    struct reader *reader, const struct packet_frame *frame, struct packet *out)
{
	out->disconnect = (struct packet_disconnect){0};
	if (out->level != MQTT_LEVEL_5 || reader->rest.len == 0)
		return;
	out->disconnect.code = read_reason_code(reader, frame->type);
	if (reader->rest.len > 0) {
		struct props props;
		props_read(reader, IN_DISCONNECT, &props);
		out->disconnect.has_session_expiry = props_has(&props, PROP_SESSION_EXPIRY);
		out->disconnect.session_expiry_s = props_number(&props, PROP_SESSION_EXPIRY, 0);
	}
}

static void parse_empty(struct reader *reader, const struct packet_frame *frame, struct packet *out)
{
	(void)reader;
	(void)frame;
	(void)out;
}

/* --- SUBSCRIBE and UNSUBSCRIBE --------------------------------------------- */

#define OPTION_QOS 0x03
#define OPTION_RETAIN_HANDLING_SHIFT 4
#define OPTIONS_RESERVED_5 0xC0
#define OPTIONS_RESERVED_311 0xFC

/* 3.1.1 [MQTT-3.8.3-4]; MQTT 5 [MQTT-3.8.3-5] and section 3.8.3.1. */
static void check_options(struct reader *reader, uint8_t level, uint8_t options)
{
	uint8_t reserved = level == MQTT_LEVEL_5 ? OPTIONS_RESERVED_5 : OPTIONS_RESERVED_311;

	if (options & reserved)
		reader_fail(reader, MQTT_BAD_OPTIONS);
	if ((options & OPTION_QOS) == 3 || (options >> OPTION_RETAIN_HANDLING_SHIFT & 3) == 3)
		reader_fail(reader, MQTT_BAD_OPTION_VALUE);
}

static void check_filters(struct reader *reader, uint8_t level, struct packet_filters *filters)
{
	while (reader->rest.len > 0 && !reader->bad) {
		struct slice topic = reader_text(reader);
		if (!mqtt_filter_is_valid(topic))
			reader_fail(
			    reader, MQTT_BAD_FILTER); /* [MQTT-4.7.1-1], -2, [MQTT-4.7.3-1] */
		if (filters->has_options)
			check_options(reader, level, reader_u8(reader));
		filters->count++;
	}
	if (filters->count == 0)
		reader_fail(reader, MQTT_NO_FILTER); /* [MQTT-3.8.3-2], [MQTT-3.10.3-2] */
}

static void parse_filters(
    struct reader *reader, const struct packet_frame *frame, struct packet *out)
{
	struct packet_filters *filters = &out->filters;
	bool is_subscribe = frame->type == PACKET_SUBSCRIBE;

	*filters = (struct packet_filters){.has_options = is_subscribe};
	filters->packet_id = read_packet_id(reader);
	if (out->level == MQTT_LEVEL_5) {
		struct props props;
		props_read(reader, is_subscribe ? IN_SUBSCRIBE : IN_UNSUBSCRIBE, &props);
		filters->has_subscription_id = props_has(&props, PROP_SUBSCRIPTION_ID);
	}
	filters->rest = reader->rest;
	check_filters(reader, out->level, filters);
}

bool packet_next_filter(struct packet_filters *filters, struct packet_filter *out)
{
	struct reader reader = {.rest = filters->rest};

	if (filters->rest.len == 0)
		return false;
	*out = (struct packet_filter){.topic = reader_binary(&reader)};
	if (filters->has_options) {
		uint8_t options = reader_u8(&reader);
		out->qos = options & OPTION_QOS;
	}
	CP_CHECK(!reader.bad);
	filters->rest = reader.rest;
	return true;
}

/* --- all of them ------------------------------------------------------------ */

typedef void parse_fn(struct reader *reader, const struct packet_frame *frame, struct packet *out);

static parse_fn *const parsers[16] = {
    [PACKET_CONNECT] = parse_connect,
    [PACKET_PUBLISH] = parse_publish,
    [PACKET_PUBACK] = parse_ack,
    [PACKET_PUBREC] = parse_ack,
    [PACKET_PUBREL] = parse_ack,
    [PACKET_PUBCOMP] = parse_ack,
    [PACKET_SUBSCRIBE] = parse_filters,
    [PACKET_UNSUBSCRIBE] = parse_filters,
    [PACKET_PINGREQ] = parse_empty,
    [PACKET_DISCONNECT] = parse_disconnect,
};

enum mqtt_reason packet_parse(const struct packet_frame *frame, uint8_t level, struct packet *out)
{
	struct reader reader = {.rest = frame->body};

	out->type = frame->type;
	out->level = level;
	out->has_level = false;
	if (!parsers[frame->type])
		return MQTT_UNEXPECTED;
	parsers[frame->type](&reader, frame, out);
	reader_end(&reader);
	return reader.bad;
}
