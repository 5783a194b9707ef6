/* reason.h - why a packet was refused or a link ended: one list, one table.
 *
 * What:    every reason with its MQTT 5 reason code, its 3.1.1 CONNACK return
 *          code, the counter it counts under and a sentence for the log.
 * Not:     deciding what follows (mqtt/link) or logging (the shell).
 * Codes:   where the standard leaves the choice, 0x81 means "cannot be read" and
 *          0x82 "could be read, is not allowed" (MQTT 5, section 1.2).
 */
#ifndef MQTT_REASON_H
#define MQTT_REASON_H

#include <stdint.h>

enum mqtt_reason {
	MQTT_OK = 0,

	/* the bytes: found by packet_frame() and packet_parse() */
	MQTT_BAD_TYPE,
	MQTT_BAD_FLAGS,
	MQTT_BAD_LENGTH,
	MQTT_TOO_LARGE,
	MQTT_TRUNCATED,
	MQTT_TRAILING_BYTES,
	MQTT_BAD_UTF8,
	MQTT_BAD_PROTOCOL_NAME,
	MQTT_BAD_LEVEL,
	MQTT_BAD_CONNECT_FLAGS,
	MQTT_BAD_QOS,
	MQTT_DUP_AT_QOS_0,
	MQTT_ZERO_PACKET_ID,
	MQTT_BAD_TOPIC,
	MQTT_BAD_FILTER,
	MQTT_NO_FILTER,
	MQTT_BAD_OPTIONS,
	MQTT_BAD_OPTION_VALUE,
	MQTT_BAD_PROPERTY,
	MQTT_REPEATED_PROPERTY,
	MQTT_BAD_PROPERTY_VALUE,
	MQTT_BAD_REASON_CODE,

	/* the conversation: found by the link */
	MQTT_UNEXPECTED,
	MQTT_FOREIGN_CLIENT_ID,
	MQTT_FOREIGN_TOPIC,
	MQTT_BAD_AUTH_METHOD,
	MQTT_SMALL_MAXIMUM,
	MQTT_WILL_TOO_LARGE,
	MQTT_BAD_PAYLOAD_FORMAT,
	MQTT_RETAIN_UNSUPPORTED,
	MQTT_TOPIC_ALIAS,
	MQTT_UNKNOWN_ALIAS,
	MQTT_OVER_RECEIVE_MAXIMUM,
	MQTT_PACKET_ID_IN_USE,
	MQTT_WILDCARD_UNSUPPORTED,
	MQTT_SHARED_UNSUPPORTED,
	MQTT_SUBSCRIPTION_ID_UNSUPPORTED,
	MQTT_TOO_MANY_FILTERS,
	MQTT_EXPIRY_RAISED,
	MQTT_CONNECT_TIMEOUT,
	MQTT_KEEP_ALIVE_TIMEOUT,
	MQTT_CLIENT_DISCONNECT,
	MQTT_CLIENT_ERROR,

	/* the gateway: given to link_close() */
	MQTT_CONNECTION_LOST,
	MQTT_TAKEN_OVER,
	MQTT_SHUTDOWN,
	MQTT_REVOKED,
	MQTT_OVER_QUOTA,
	MQTT_OVER_CONNECT_RATE,
	MQTT_MESSAGE_REFUSED,
	MQTT_NO_MEMORY,

	MQTT_REASON_COUNT
};

struct mqtt_reason_row {
	uint8_t code;        /* MQTT 5 reason code; 0 = nothing is said */
	uint8_t return_code; /* 3.1.1 CONNACK return code; 0 = close without CONNACK */
	const char *counter; /* "mqtt_bad_utf8" */
	const char *text;    /* "text that is not valid UTF-8" */
};

const struct mqtt_reason_row *mqtt_reason_row(enum mqtt_reason reason);

#endif
