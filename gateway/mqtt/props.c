#include "mqtt/props.h"

enum prop_type {
	TYPE_NONE,
	TYPE_BYTE,
	TYPE_U16,
	TYPE_U32,
	TYPE_VARINT,
	TYPE_TEXT,
	TYPE_TOPIC,
	TYPE_BINARY,
	TYPE_PAIR
};

struct prop_rule {
	enum prop_type type;
	unsigned places; /* where a client may send it */
	uint32_t min;
	uint32_t max;
};

#define ANYWHERE                                                                                   \
	(IN_CONNECT | IN_WILL | IN_PUBLISH | IN_ACK | IN_SUBSCRIBE | IN_UNSUBSCRIBE | IN_DISCONNECT)

/* What is missing here only a server sends, or does not exist. A topic alias of
 * 0 has a reason code of its own and is left to the link. */
/* clang-format off */
static const struct prop_rule rules[PROP_ID_END] = {
	[PROP_PAYLOAD_FORMAT] = {TYPE_BYTE, IN_PUBLISH | IN_WILL, 0, 1},
	[PROP_MESSAGE_EXPIRY] = {TYPE_U32, IN_PUBLISH | IN_WILL, 0, UINT32_MAX},
	[PROP_CONTENT_TYPE] = {TYPE_TEXT, IN_PUBLISH | IN_WILL, 0, 0},
	[PROP_RESPONSE_TOPIC] = {TYPE_TOPIC, IN_PUBLISH | IN_WILL, 0, 0},
	[PROP_CORRELATION_DATA] = {TYPE_BINARY, IN_PUBLISH | IN_WILL, 0, 0},
	[PROP_SUBSCRIPTION_ID] = {TYPE_VARINT, IN_SUBSCRIBE, 1, UINT32_MAX},
	[PROP_SESSION_EXPIRY] = {TYPE_U32, IN_CONNECT | IN_DISCONNECT, 0, UINT32_MAX},
	[PROP_AUTH_METHOD] = {TYPE_TEXT, IN_CONNECT, 0, 0},
	[PROP_AUTH_DATA] = {TYPE_BINARY, IN_CONNECT, 0, 0},
	[PROP_REQUEST_PROBLEM_INFO] = {TYPE_BYTE, IN_CONNECT, 0, 1},
	[PROP_WILL_DELAY] = {TYPE_U32, IN_WILL, 0, UINT32_MAX},
	[PROP_REQUEST_RESPONSE_INFO] = {TYPE_BYTE, IN_CONNECT, 0, 1},
	[PROP_REASON_STRING] = {TYPE_TEXT, IN_ACK | IN_DISCONNECT, 0, 0},
	[PROP_RECEIVE_MAXIMUM] = {TYPE_U16, IN_CONNECT, 1, UINT16_MAX},
	[PROP_TOPIC_ALIAS_MAXIMUM] = {TYPE_U16, IN_CONNECT, 0, UINT16_MAX},
	[PROP_TOPIC_ALIAS] = {TYPE_U16, IN_PUBLISH, 0, UINT16_MAX},
	[PROP_USER_PROPERTY] = {TYPE_PAIR, ANYWHERE, 0, 0},
	[PROP_MAXIMUM_PACKET_SIZE] = {TYPE_U32, IN_CONNECT, 1, UINT32_MAX},
};
/* clang-format on */

static uint32_t read_number(struct reader *reader, enum prop_type type)
{
	switch (type) {
	case TYPE_BYTE:
		return reader_u8(reader);
	case TYPE_U16:
		return reader_u16(reader);
	case TYPE_U32:
		return reader_u32(reader);
	default:
		return reader_varint(reader);
	}
}

static void read_value(struct reader *reader, const struct prop_rule *rule, uint32_t *number)
{
	switch (rule->type) {
	case TYPE_PAIR:
		(void)reader_text(reader);
		(void)reader_text(reader);
		return;
	case TYPE_TEXT:
		(void)reader_text(reader);
		return;
	case TYPE_BINARY:
		(void)reader_binary(reader);
		return;
	case TYPE_TOPIC:
		if (!mqtt_topic_is_valid(reader_text(reader)))
			reader_fail(reader, MQTT_BAD_TOPIC);
		return;
	default:
		*number = read_number(reader, rule->type);
		if (*number < rule->min || *number > rule->max)
			reader_fail(reader, MQTT_BAD_PROPERTY_VALUE);
	}
}

void props_read(struct reader *reader, enum prop_place place, struct props *out)
{
	out->seen = 0;

	struct reader inner = {.bad = MQTT_OK};
	inner.rest = reader_take(reader, reader_varint(reader));
	while (inner.rest.len > 0 && !inner.bad) {
		/* The identifier is a variable byte integer, of which one byte is enough
		 * for all that exist. */
		uint8_t id = reader_u8(&inner);
		if (id >= PROP_ID_END || !(rules[id].places & place)) {
			reader_fail(&inner, MQTT_BAD_PROPERTY);
			break;
		}
		if (out->seen >> id & 1 && rules[id].type != TYPE_PAIR)
			reader_fail(&inner, MQTT_REPEATED_PROPERTY);
		out->seen |= UINT64_C(1) << id;
		read_value(&inner, &rules[id], &out->number[id]);
	}
	if (inner.bad)
		reader_fail(reader, inner.bad);
}
