/* How a session begins and ends: CONNECT and what it asks for, CONNACK, DISCONNECT. */
#include "mqtt/link_state.h"

#include "mqtt/format.h"
#include "mqtt/text.h"
#include "mqtt/topic.h"

/* --- CONNECT ----------------------------------------------------------------- */

/* P7. A will is a message to come: the same topic, and what MQTT 5 lets a server not
 * offer [MQTT-3.2.2-13]. */
static enum mqtt_reason judge_will(const struct link *link, const struct packet_will *will)
{
	if (!topic_is(will->topic, link->hex, TOPIC_UP))
		return MQTT_FOREIGN_TOPIC;
	if (link->level == MQTT_LEVEL_5 && will->retain)
		return MQTT_RETAIN_UNSUPPORTED;
	if (will->payload.len > link->config->max_will_bytes)
		return MQTT_WILL_TOO_LARGE;
	if (will->is_text && !mqtt_utf8_is_valid(will->payload))
		return MQTT_BAD_PAYLOAD_FORMAT; /* section 3.1.3.2.3 */
	return MQTT_OK;
}

static enum mqtt_reason judge_connect(const struct link *link, const struct packet_connect *connect)
{
	if (!slice_eq(connect->client_id, slice_of(link->hex, ID_HEX_LEN)))
		return MQTT_FOREIGN_CLIENT_ID;
	if (connect->has_auth_method)
		return MQTT_BAD_AUTH_METHOD;
	if (connect->max_packet_bytes < LINK_ANSWER_MAX_BYTES)
		return MQTT_SMALL_MAXIMUM;
	return connect->has_will ? judge_will(link, &connect->will) : MQTT_OK;
}

/* MQTT 5 is told [MQTT-3.1.2-21]. 3.1.1 cannot be, but lets a server end whom it
 * finds inactive (section 3.1.2.10). */
static uint16_t keep_alive_in_force(const struct link *link, uint16_t asked_s)
{
	uint16_t max_s = link->config->keep_alive_max_s;
	bool is_over = max_s > 0 && (asked_s == 0 || asked_s > max_s);

	return is_over ? max_s : asked_s;
}

static uint32_t expiry_in_force(const struct link *link, uint32_t asked_s)
{
	uint32_t max_s = link->config->session_expiry_max_s;

	return asked_s < max_s ? asked_s : max_s;
}

/* In 3.1.1 a session has no expiry: a clean one ends with the connection, another one
 * stays for as long as the server likes [MQTT-3.1.2-6], section 4.1. */
static uint32_t expiry_asked(const struct link *link, const struct packet_connect *connect)
{
	if (link->level == MQTT_LEVEL_5)
		return connect->session_expiry_s;
	return connect->clean_start ? 0 : UINT32_MAX;
}

static void keep_will(struct link *link, const struct packet_will *will)
{
	if (buf_append(&link->will, will->payload.p, will->payload.len))
		link_close(link, MQTT_NO_MEMORY);
	link->has_will = true;
	link->will_qos = will->qos;
	link->will_delay_s = will->delay_s;
}

static void take_terms(struct link *link, const struct packet_connect *connect)
{
	link->clean_start = connect->clean_start;
	link->asked_expiry_s = expiry_asked(link, connect);
	link->session_expiry_s = expiry_in_force(link, link->asked_expiry_s);
	link->asked_keep_alive_s = connect->keep_alive_s;
	link->keep_alive_s = keep_alive_in_force(link, connect->keep_alive_s);
	link->silence_max_ms = link->keep_alive_s * MS_PER_SECOND * 3 / 2; /* [MQTT-3.1.2-22] */
	link->out_flight_max = connect->receive_maximum < LINK_OUT_FLIGHT_MAX
	                           ? connect->receive_maximum
	                           : LINK_OUT_FLIGHT_MAX;
}

bool link_on_connect(struct link *link, struct packet *packet, struct link_event *event)
{
	const struct packet_connect *connect = &packet->connect;
	enum mqtt_reason reason = judge_connect(link, connect);

	link->client_max_packet_bytes = connect->max_packet_bytes;
	if (reason) {
		link_close(link, reason);
		return false;
	}
	take_terms(link, connect);
	link->state = LINK_WAIT_ACCEPT;
	if (connect->has_will)
		keep_will(link, &connect->will);

	*event = (struct link_event){.type = LINK_CONNECT};
	event->connect.level = link->level;
	event->connect.clean_start = link->clean_start;
	event->connect.session_expiry_s = link->session_expiry_s;
	event->connect.keep_alive_s = link->keep_alive_s;
	return link->state == LINK_WAIT_ACCEPT;
}

void link_accept(struct link *link, const struct link_session *session, mono_ms now)
{
	struct packet_connack ack = {
	    .session_present = session->is_present,
	    .has_session_expiry = link->session_expiry_s != link->asked_expiry_s,
	    .session_expiry_s = link->session_expiry_s,
	    .has_server_keep_alive = link->keep_alive_s != link->asked_keep_alive_s,
	    .server_keep_alive_s = link->keep_alive_s,
	    .receive_maximum = link->config->receive_maximum,
	    .topic_alias_maximum = link->config->topic_alias_maximum,
	    .max_packet_bytes = (uint32_t)link->config->max_packet_bytes,
	};
	bool was_stalled = link_is_stalled(link);

	if (link->state == LINK_ENDED)
		return;
	CP_CHECK(link->state == LINK_WAIT_ACCEPT);
	CP_CHECK(!session->is_present || !link->clean_start); /* [MQTT-3.2.2-2] */
	CP_CHECK(session->is_present || !session->is_subscribed);
	link->state = LINK_OPEN;
	link->was_accepted = true;
	link->is_subscribed = session->is_subscribed;
	link->granted_qos = session->granted_qos;
	link_answered(link, packet_format_connack(&link->out, link->level, &ack));
	link_note_reading(link, was_stalled, now);
}

/* --- DISCONNECT -------------------------------------------------------------- */

/* Only reason code 0 takes the will back [MQTT-3.14.4-3]; in 3.1.1 there is no other. */
bool link_on_disconnect(struct link *link, struct packet *packet, struct link_event *event)
{
	const struct packet_disconnect *disconnect = &packet->disconnect;

	(void)event;
	if (disconnect->session_expiry_s > 0 && link->asked_expiry_s == 0) {
		link_close(link, MQTT_EXPIRY_RAISED); /* section 3.14.2.2.2 */
		return false;
	}
	if (disconnect->has_session_expiry)
		link->session_expiry_s = expiry_in_force(link, disconnect->session_expiry_s);
	if (disconnect->code == 0)
		link->has_will = false;
	link_close(link, disconnect->code < 0x80 ? MQTT_CLIENT_DISCONNECT : MQTT_CLIENT_ERROR);
	return false;
}
