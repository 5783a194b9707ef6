/* PUBLISH from the device, and what acknowledges it (P1). */
#include "mqtt/link_state.h"

#include "mqtt/format.h"
#include "mqtt/topic.h"

/* --- acknowledgements ----------------------------------------------------------- */

static void answer(struct link *link, enum packet_type type, uint16_t packet_id, uint8_t code)
{
	struct packet_ack ack = {.packet_id = packet_id, .code = code};

	link_answered(link, packet_format_ack(&link->out, link->level, type, ack));
}

static void answer_waiting(struct link *link)
{
	struct flight_entry entry;

	while (flight_take(&link->in_flight, &entry))
		answer(link, entry.qos == 2 ? PACKET_PUBREC : PACKET_PUBACK, entry.ack.packet_id,
		    entry.ack.code);
}

void link_ack(struct link *link, uint16_t packet_id, uint8_t code, mono_ms now)
{
	bool was_stalled = link_is_stalled(link);

	if (link->state == LINK_ENDED)
		return;
	if (code >= 0x80 && link->level == MQTT_LEVEL_311) {
		link_close(link, MQTT_MESSAGE_REFUSED); /* 3.1.1 can only say yes */
		return;
	}
	flight_answer(&link->in_flight, packet_id, code);
	answer_waiting(link);
	link_note_reading(link, was_stalled, now);
}

/* The device has our PUBREC and forgets the message. One that we do not know is from
 * an older connection, and forgotten with it: what it named is kept (P1). A PUBREL
 * before its PUBREC would let the identifier mean another message too early. */
bool link_on_pubrel(struct link *link, struct packet *packet, struct link_event *event)
{
	const uint8_t packet_id_not_found = 0x92;
	uint16_t packet_id = packet->ack.packet_id;

	(void)event;
	if (flight_find(&link->in_flight, packet_id)) {
		link_close(link, MQTT_UNEXPECTED);
		return false;
	}
	bool is_known = flight_release(&link->in_flight, packet_id);
	answer(link, PACKET_PUBCOMP, packet_id, is_known ? 0 : packet_id_not_found);
	return false;
}

/* In MQTT 5 what waits for PUBREL counts, too; the device was told. A 3.1.1 device was
 * not, and may send its whole queue before it reads the first PUBREC (python3-paho-mqtt
 * 1.6.1 does): it would be turned away for ever. */
bool link_flight_is_full(const struct link *link)
{
	const struct flight *flight = &link->in_flight;
	size_t count = flight->count;

	if (link->level == MQTT_LEVEL_5)
		count += flight->received_count;
	return count >= link->config->receive_maximum;
}

/* --- PUBLISH ---------------------------------------------------------------------- */

/* What the topic alias says, if there is one, and what it says from now on. */
static enum mqtt_reason resolve_topic(
    struct link *link, const struct packet_publish *publish, bool *is_own)
{
	*is_own = topic_is(publish->topic, link->hex, TOPIC_UP);
	if (!publish->has_topic_alias)
		return MQTT_OK;
	if (publish->topic_alias == 0 || publish->topic_alias > link->config->topic_alias_maximum)
		return MQTT_TOPIC_ALIAS; /* [MQTT-3.3.2-8], [MQTT-3.3.2-9] */
	uint8_t *alias = &link->aliases[publish->topic_alias - 1];
	if (publish->topic.len > 0)
		*alias = *is_own ? LINK_ALIAS_UP : LINK_ALIAS_FOREIGN;
	*is_own = *alias == LINK_ALIAS_UP;
	return *alias == LINK_ALIAS_UNSET ? MQTT_UNKNOWN_ALIAS : MQTT_OK;
}

/* An identifier in flight: at QoS 2 the message may be sent again at any time
 * [MQTT-4.3.3-10], at QoS 1 in 3.1.1 with DUP. Otherwise it breaks [MQTT-2.2.1-3], and
 * PUBACK 0x91 is no way out: the device would take it for the answer to the first
 * message, which the ledger may be keeping at this moment. */
static enum mqtt_reason judge_identifier(const struct link *link,
    const struct packet_publish *publish, const struct flight_entry *earlier)
{
	bool is_received = flight_is_received(&link->in_flight, publish->packet_id);
	uint8_t qos = is_received ? 2 : earlier ? earlier->qos : 0;

	if (qos == 0)
		return link_flight_is_full(link) ? MQTT_OVER_RECEIVE_MAXIMUM : MQTT_OK;
	if (qos != publish->qos)
		return MQTT_PACKET_ID_IN_USE;
	if (qos == 1 && (link->level == MQTT_LEVEL_5 || !publish->dup))
		return MQTT_PACKET_ID_IN_USE;
	return MQTT_OK;
}

/* What ends the link. */
static enum mqtt_reason judge_publish(
    const struct link *link, const struct packet_publish *publish, bool is_own)
{
	bool is_v5 = link->level == MQTT_LEVEL_5;
	bool has_soft_refusal = is_v5 && publish->qos > 0;

	if (is_v5 && publish->retain)
		return MQTT_RETAIN_UNSUPPORTED; /* [MQTT-3.2.2-14] */
	if (!has_soft_refusal && !is_own)
		return MQTT_FOREIGN_TOPIC; /* 3.1.1 [MQTT-3.3.5-2] */
	return MQTT_OK;
}

/* True when it is the one in flight once more. One answer must do for both while none
 * was given: a second one would later acknowledge another message. Only a PUBREC that
 * the device may have lost is said again. */
static bool is_repetition(
    struct link *link, const struct packet_publish *publish, const struct flight_entry *earlier)
{
	if (earlier)
		return true;
	if (!flight_is_received(&link->in_flight, publish->packet_id))
		return false;
	answer(link, PACKET_PUBREC, publish->packet_id, 0);
	return true;
}

static bool wait_for_ack(struct link *link, const struct packet_publish *publish, bool is_own)
{
	struct flight_entry entry = {.ack.packet_id = publish->packet_id, .qos = publish->qos};

	if (!is_own) {
		entry.ack.code = mqtt_reason_row(MQTT_FOREIGN_TOPIC)->code;
		entry.is_answered = true;
	}
	if (flight_push(&link->in_flight, entry)) {
		link_close(link, MQTT_NO_MEMORY);
		return false;
	}
	answer_waiting(link);
	return true;
}

bool link_on_publish(struct link *link, struct packet *packet, struct link_event *event)
{
	const struct packet_publish *publish = &packet->publish;
	const struct flight_entry *earlier = NULL;
	bool is_own;
	enum mqtt_reason reason = resolve_topic(link, publish, &is_own);

	if (!reason)
		reason = judge_publish(link, publish, is_own);
	if (!reason && publish->qos > 0) {
		earlier = flight_find(&link->in_flight, publish->packet_id);
		reason = judge_identifier(link, publish, earlier);
	}
	if (reason) {
		link_close(link, reason);
		return false;
	}
	if (publish->qos > 0 &&
	    (is_repetition(link, publish, earlier) || !wait_for_ack(link, publish, is_own)))
		return false;
	if (!is_own)
		return link_refused(event, MQTT_FOREIGN_TOPIC);

	*event = (struct link_event){.type = LINK_PUBLISH};
	event->publish.payload = publish->payload;
	event->publish.packet_id = publish->packet_id;
	event->publish.qos = publish->qos;
	event->publish.dup = publish->dup;
	return true;
}
