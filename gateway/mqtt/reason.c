#include "mqtt/reason.h"

#include "base/err.h"

/* clang-format off */
static const struct mqtt_reason_row rows[MQTT_REASON_COUNT] = {
	[MQTT_OK] = {0x00, 0, "mqtt_ok", "nothing is wrong"},

	[MQTT_BAD_TYPE] = {0x81, 0, "mqtt_bad_type", "packet type 0"},
	[MQTT_BAD_FLAGS] = {0x81, 0, "mqtt_bad_flags", "reserved flags in the fixed header"},
	[MQTT_BAD_LENGTH] = {0x81, 0, "mqtt_bad_length", "a length that is not encoded as the standard says"},
	[MQTT_TOO_LARGE] = {0x95, 0, "mqtt_too_large", "a packet larger than the maximum"},
	[MQTT_TRUNCATED] = {0x81, 0, "mqtt_truncated", "a field that goes beyond the end of its packet"},
	[MQTT_TRAILING_BYTES] = {0x81, 0, "mqtt_trailing_bytes", "bytes behind the last field"},
	[MQTT_BAD_UTF8] = {0x81, 0, "mqtt_bad_utf8", "text that is not valid UTF-8 or holds U+0000"},
	[MQTT_BAD_PROTOCOL_NAME] = {0x00, 0, "mqtt_bad_protocol_name", "a protocol that is not MQTT"},
	[MQTT_BAD_LEVEL] = {0x84, 1, "mqtt_bad_level", "an MQTT version other than 3.1.1 and 5.0"},
	[MQTT_BAD_CONNECT_FLAGS] = {0x81, 0, "mqtt_bad_connect_flags", "connect flags that contradict each other"},
	[MQTT_BAD_QOS] = {0x81, 0, "mqtt_bad_qos", "QoS 3"},
	[MQTT_DUP_AT_QOS_0] = {0x82, 0, "mqtt_dup_at_qos_0", "a duplicate flag at QoS 0"},
	[MQTT_ZERO_PACKET_ID] = {0x82, 0, "mqtt_zero_packet_id", "packet identifier 0"},
	[MQTT_BAD_TOPIC] = {0x82, 0, "mqtt_bad_topic", "a topic name that is empty or has wildcards"},
	[MQTT_BAD_FILTER] = {0x82, 0, "mqtt_bad_filter", "a topic filter that is empty or has misplaced wildcards"},
	[MQTT_NO_FILTER] = {0x82, 0, "mqtt_no_filter", "a subscription without a topic filter"},
	[MQTT_BAD_OPTIONS] = {0x81, 0, "mqtt_bad_options", "reserved bits in the subscription options"},
	[MQTT_BAD_OPTION_VALUE] = {0x82, 0, "mqtt_bad_option_value", "QoS 3 or retain handling 3 in a subscription"},
	[MQTT_BAD_PROPERTY] = {0x81, 0, "mqtt_bad_property", "a property that does not exist or not in this packet"},
	[MQTT_REPEATED_PROPERTY] = {0x82, 0, "mqtt_repeated_property", "a property that may come once came twice"},
	[MQTT_BAD_PROPERTY_VALUE] = {0x82, 0, "mqtt_bad_property_value", "a property with a value that is not allowed"},
	[MQTT_BAD_REASON_CODE] = {0x82, 0, "mqtt_bad_reason_code", "a reason code that this packet does not have"},

	[MQTT_UNEXPECTED] = {0x82, 0, "mqtt_unexpected", "a packet that may not come now, or never from a client"},
	[MQTT_FOREIGN_CLIENT_ID] = {0x85, 2, "mqtt_foreign_client_id", "a client identifier other than the certificate's"},
	[MQTT_FOREIGN_TOPIC] = {0x87, 5, "mqtt_foreign_topic", "a topic that is not the device's own"},
	[MQTT_BAD_AUTH_METHOD] = {0x8C, 0, "mqtt_bad_auth_method", "an authentication method; the certificate is enough"},
	[MQTT_SMALL_MAXIMUM] = {0x95, 0, "mqtt_small_maximum", "a maximum packet size too small for our answers"},
	[MQTT_WILL_TOO_LARGE] = {0x97, 0, "mqtt_will_too_large", "a will larger than the maximum"},
	[MQTT_BAD_PAYLOAD_FORMAT] = {0x99, 0, "mqtt_bad_payload_format", "a payload that is said to be text and is not UTF-8"},
	[MQTT_RETAIN_UNSUPPORTED] = {0x9A, 0, "mqtt_retain_unsupported", "a retained message, which is not offered"},
	[MQTT_TOPIC_ALIAS] = {0x94, 0, "mqtt_topic_alias", "topic alias 0, or one above the maximum"},
	[MQTT_UNKNOWN_ALIAS] = {0x82, 0, "mqtt_unknown_alias", "a topic alias that was given no topic"},
	[MQTT_OVER_RECEIVE_MAXIMUM] = {0x93, 0, "mqtt_over_receive_maximum", "more unacknowledged messages than the receive maximum"},
	[MQTT_PACKET_ID_IN_USE] = {0x82, 0, "mqtt_packet_id_in_use", "a packet identifier that is still in use"},
	[MQTT_WILDCARD_UNSUPPORTED] = {0xA2, 0, "mqtt_wildcard_unsupported", "a wildcard subscription, which is not offered"},
	[MQTT_SHARED_UNSUPPORTED] = {0x9E, 0, "mqtt_shared_unsupported", "a shared subscription, which is not offered"},
	[MQTT_SUBSCRIPTION_ID_UNSUPPORTED] = {0xA1, 0, "mqtt_subscription_id_unsupported", "a subscription identifier, which is not offered"},
	[MQTT_TOO_MANY_FILTERS] = {0x97, 0, "mqtt_too_many_filters", "too many topic filters in one packet"},
	[MQTT_EXPIRY_RAISED] = {0x82, 0, "mqtt_expiry_raised", "a session expiry in DISCONNECT that CONNECT did not have"},
	[MQTT_CONNECT_TIMEOUT] = {0x00, 0, "mqtt_connect_timeout", "no CONNECT in time"},
	[MQTT_KEEP_ALIVE_TIMEOUT] = {0x8D, 0, "mqtt_keep_alive_timeout", "silence for longer than the keep alive allows"},
	[MQTT_CLIENT_DISCONNECT] = {0x00, 0, "mqtt_client_disconnect", "the device disconnected"},
	[MQTT_CLIENT_ERROR] = {0x00, 0, "mqtt_client_error", "the device disconnected because of an error"},

	[MQTT_CONNECTION_LOST] = {0x00, 0, "mqtt_connection_lost", "the connection was lost"},
	[MQTT_TAKEN_OVER] = {0x8E, 3, "mqtt_taken_over", "the same device connected again"},
	[MQTT_SHUTDOWN] = {0x8B, 3, "mqtt_shutdown", "the gateway is stopping"},
	[MQTT_REVOKED] = {0x98, 5, "mqtt_revoked", "the device is no longer registered"},
	[MQTT_OVER_QUOTA] = {0x97, 0, "mqtt_over_quota", "the device exceeded its limits"},
	[MQTT_OVER_CONNECT_RATE] = {0x9F, 3, "mqtt_over_connect_rate", "the device connects too often; look at its network and its power"},
	[MQTT_MESSAGE_REFUSED] = {0x83, 0, "mqtt_message_refused", "a message that cannot be acknowledged"},
	[MQTT_NO_MEMORY] = {0x89, 3, "mqtt_no_memory", "the gateway has no memory"},
};
/* clang-format on */

const struct mqtt_reason_row *mqtt_reason_row(enum mqtt_reason reason)
{
	CP_CHECK(reason < MQTT_REASON_COUNT);
	return &rows[reason];
}
