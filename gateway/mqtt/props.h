/* props.h - MQTT 5 properties from a client.
 *
 * What:    one table says which property may come where, how often, and with
 *          which values (MQTT 5, table 2-4 and section 2.2.2).
 * Memory:  numbers are kept; text and binary data are checked and passed over,
 *          because this server uses none of them.
 */
#ifndef MQTT_PROPS_H
#define MQTT_PROPS_H

#include "mqtt/reader.h"

enum prop_id {
	PROP_PAYLOAD_FORMAT = 0x01,
	PROP_MESSAGE_EXPIRY = 0x02,
	PROP_CONTENT_TYPE = 0x03,
	PROP_RESPONSE_TOPIC = 0x08,
	PROP_CORRELATION_DATA = 0x09,
	PROP_SUBSCRIPTION_ID = 0x0B,
	PROP_SESSION_EXPIRY = 0x11,
	PROP_SERVER_KEEP_ALIVE = 0x13,
	PROP_AUTH_METHOD = 0x15,
	PROP_AUTH_DATA = 0x16,
	PROP_REQUEST_PROBLEM_INFO = 0x17,
	PROP_WILL_DELAY = 0x18,
	PROP_REQUEST_RESPONSE_INFO = 0x19,
	PROP_SERVER_REFERENCE = 0x1C,
	PROP_REASON_STRING = 0x1F,
	PROP_RECEIVE_MAXIMUM = 0x21,
	PROP_TOPIC_ALIAS_MAXIMUM = 0x22,
	PROP_TOPIC_ALIAS = 0x23,
	PROP_MAXIMUM_QOS = 0x24,
	PROP_RETAIN_AVAILABLE = 0x25,
	PROP_USER_PROPERTY = 0x26,
	PROP_MAXIMUM_PACKET_SIZE = 0x27,
	PROP_WILDCARD_AVAILABLE = 0x28,
	PROP_SUBSCRIPTION_ID_AVAILABLE = 0x29,
	PROP_SHARED_AVAILABLE = 0x2A,
	PROP_ID_END
};

enum prop_place {
	IN_CONNECT = 1 << 0,
	IN_WILL = 1 << 1,
	IN_PUBLISH = 1 << 2,
	IN_ACK = 1 << 3, /* PUBACK, PUBREC, PUBREL, PUBCOMP */
	IN_SUBSCRIBE = 1 << 4,
	IN_UNSUBSCRIBE = 1 << 5,
	IN_DISCONNECT = 1 << 6,
};

struct props {
	uint64_t seen;                /* bit per id */
	uint32_t number[PROP_ID_END]; /* only where seen */
};

/* Reads the length and the properties; errors stay in the reader. */
void props_read(struct reader *reader, enum prop_place place, struct props *out);

static inline bool props_has(const struct props *props, enum prop_id id)
{
	return props->seen >> id & 1;
}

static inline uint32_t props_number(const struct props *props, enum prop_id id, uint32_t absent)
{
	return props_has(props, id) ? props->number[id] : absent;
}

#endif
