/* packet.h - reads MQTT 3.1.1 and 5.0 packets: bytes into views.
 *
 * What:    everything that a client may send.
 * Not:     whether it may come now (mqtt/link); writing (mqtt/format).
 * Memory:  none. A view borrows from the bytes it was read from.
 * Errors:  packet_frame() answers DONE, MORE or BAD; the reason says which rule
 *          was broken (mqtt/reason.h). Everything the standard lets a server
 *          refuse as malformed is refused.
 */
#ifndef MQTT_PACKET_H
#define MQTT_PACKET_H

#include "base/slice.h"
#include "mqtt/reason.h"

enum packet_type {
	PACKET_CONNECT = 1,
	PACKET_CONNACK,
	PACKET_PUBLISH,
	PACKET_PUBACK,
	PACKET_PUBREC,
	PACKET_PUBREL,
	PACKET_PUBCOMP,
	PACKET_SUBSCRIBE,
	PACKET_SUBACK,
	PACKET_UNSUBSCRIBE,
	PACKET_UNSUBACK,
	PACKET_PINGREQ,
	PACKET_PINGRESP,
	PACKET_DISCONNECT,
	PACKET_AUTH,
};

#define MQTT_LEVEL_311 4
#define MQTT_LEVEL_5 5
#define MQTT_MAX_FILTERS 32 /* in one SUBSCRIBE or UNSUBSCRIBE; our limit */

struct packet_frame {
	enum packet_type type; /* known from the first byte on, also with MORE */
	uint8_t flags;
	struct slice body; /* behind the fixed header */
	size_t len_bytes;  /* of the whole packet */
};

enum packet_progress {
	PACKET_DONE,
	PACKET_MORE,
	PACKET_BAD
};

struct packet_will {
	struct slice topic;
	struct slice payload;
	uint32_t delay_s;
	uint8_t qos;
	bool retain;
	bool is_text; /* payload format indicator 1 */
};

struct packet_connect {
	struct slice client_id;
	struct packet_will will; /* when has_will */
	uint32_t session_expiry_s;
	uint32_t max_packet_bytes; /* UINT32_MAX: no limit */
	uint16_t receive_maximum;  /* 65535 where nothing was said */
	uint16_t keep_alive_s;
	bool clean_start;
	bool has_will;
	bool has_auth_method;
};

struct packet_publish {
	struct slice topic; /* empty only with a topic alias */
	struct slice payload;
	uint16_t packet_id; /* 0 at QoS 0 */
	uint16_t topic_alias;
	uint8_t qos;
	bool dup;
	bool retain;
	bool has_topic_alias;
};

struct packet_ack { /* PUBACK, PUBREC, PUBREL, PUBCOMP */
	uint16_t packet_id;
	uint8_t code; /* 0 in 3.1.1 */
};

struct packet_filters {    /* SUBSCRIBE, UNSUBSCRIBE: already checked */
	struct slice rest; /* for packet_next_filter() */
	size_t count;
	uint16_t packet_id;
	bool has_options; /* SUBSCRIBE */
	bool has_subscription_id;
};

struct packet_filter {
	struct slice topic;
	uint8_t qos;
};

struct packet_disconnect {
	uint32_t session_expiry_s;
	uint8_t code;
	bool has_session_expiry;
};

struct packet {
	enum packet_type type;
	uint8_t level;  /* CONNECT: as asked, when has_level */
	bool has_level; /* CONNECT only; also true when what follows is bad */
	union {
		struct packet_connect connect;
		struct packet_publish publish;
		struct packet_ack ack;
		struct packet_filters filters;
		struct packet_disconnect disconnect;
	};
};

/* Finds the end of the first packet. A packet of more than max_bytes is BAD as
 * soon as its length can be read. */
enum packet_progress packet_frame(
    struct slice bytes, size_t max_bytes, struct packet_frame *frame, enum mqtt_reason *reason);

/* `level` is the connection's, and not looked at for CONNECT. Types that only a
 * server sends, and AUTH, are MQTT_UNEXPECTED. */
enum mqtt_reason packet_parse(const struct packet_frame *frame, uint8_t level, struct packet *out);

/* Takes the next filter off; false at the end. */
bool packet_next_filter(struct packet_filters *filters, struct packet_filter *out);

#endif
