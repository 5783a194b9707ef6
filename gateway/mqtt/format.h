/* format.h - writes MQTT 3.1.1 and 5.0 packets: what a server sends.
 *
 * Memory:  appends to the caller's buffer.
 * Errors:  CP_FULL or CP_NOMEM of that buffer, which is then unchanged.
 */
#ifndef MQTT_FORMAT_H
#define MQTT_FORMAT_H

#include "base/buf.h"
#include "mqtt/packet.h"

struct packet_connack {
	uint8_t code; /* 3.1.1: the return code. The rest is MQTT 5's, and only with code 0 */
	bool session_present;
	bool has_server_keep_alive;
	bool has_session_expiry;
	uint16_t receive_maximum;
	uint16_t topic_alias_maximum;
	uint16_t server_keep_alive_s;
	uint32_t session_expiry_s;
	uint32_t max_packet_bytes;
};

struct packet_out { /* a PUBLISH to the client */
	struct slice topic;
	struct slice payload;
	uint32_t expiry_s;  /* 0 = none */
	uint16_t packet_id; /* 0 = QoS 0, otherwise QoS 1 */
	bool is_dup;
};

size_t packet_publish_len(uint8_t level, const struct packet_out *publish);

enum cp_err packet_format_connack(
    struct buf *out, uint8_t level, const struct packet_connack *ack) CP_MUST_CHECK;
enum cp_err packet_format_publish(
    struct buf *out, uint8_t level, const struct packet_out *publish) CP_MUST_CHECK;
/* PUBACK, PUBREC, PUBCOMP */
enum cp_err packet_format_ack(
    struct buf *out, uint8_t level, enum packet_type type, struct packet_ack ack) CP_MUST_CHECK;
/* SUBACK, UNSUBACK; at most MQTT_MAX_FILTERS codes */
enum cp_err packet_format_codes(struct buf *out, uint8_t level, enum packet_type type,
    uint16_t packet_id, struct slice codes) CP_MUST_CHECK;
enum cp_err packet_format_pingresp(struct buf *out) CP_MUST_CHECK;
/* MQTT 5 only: a 3.1.1 server has no DISCONNECT. */
enum cp_err packet_format_disconnect(struct buf *out, uint8_t code) CP_MUST_CHECK;

#endif
