/* PUBLISH to the device. */
#include "mqtt/link_state.h"

#include "mqtt/format.h"
#include "mqtt/topic.h"

/* Its place, or out_flight_count. */
static size_t find_out(const struct link *link, uint16_t packet_id)
{
	size_t i = 0;

	while (i < link->out_flight_count && link->out_flight[i] != packet_id)
		i++;
	return i;
}

static bool is_in_flight(const struct link *link, uint16_t packet_id)
{
	return find_out(link, packet_id) < link->out_flight_count;
}

/* 1 .. LINK_OWNER_IDS - 1, in turn. */
static uint16_t next_out_id(struct link *link)
{
	do
		link->last_out_id = (uint16_t)(link->last_out_id % (LINK_OWNER_IDS - 1) + 1);
	while (is_in_flight(link, link->last_out_id));
	return link->last_out_id;
}

/* [MQTT-3.3.4-9]; and an identifier of the owner's that is still on its way waits. */
static bool flight_is_full(const struct link *link, uint16_t packet_id)
{
	return link->out_flight_count >= link->out_flight_max || is_in_flight(link, packet_id);
}

enum cp_err link_publish(struct link *link, const struct link_message *message, uint16_t *packet_id)
{
	uint8_t topic[TOPIC_MAX_BYTES];
	bool is_acked = message->qos > 0 && link->granted_qos > 0;
	struct packet_out publish = {
	    .payload = message->payload,
	    .expiry_s = message->expiry_s,
	    .packet_id = is_acked,                 /* any but 0, for the length */
	    .is_dup = is_acked && message->is_dup, /* [MQTT-3.3.1-2] */
	};

	CP_CHECK(message->packet_id == 0 || message->packet_id >= LINK_OWNER_IDS);
	if (link->state != LINK_OPEN || !link->is_subscribed)
		return CP_NOTFOUND;
	publish.topic = topic_format(link->hex, TOPIC_DOWN, topic);
	size_t len_bytes = packet_publish_len(link->level, &publish);
	if (len_bytes > link->client_max_packet_bytes || len_bytes > link->config->max_out_bytes)
		return CP_INVALID;
	if (link->out.len + len_bytes > link->config->max_out_bytes)
		return CP_FULL;
	if (is_acked && flight_is_full(link, message->packet_id))
		return CP_FULL;

	if (is_acked)
		publish.packet_id = message->packet_id ? message->packet_id : next_out_id(link);
	enum cp_err err = packet_format_publish(&link->out, link->level, &publish);
	if (err)
		return err;
	if (is_acked)
		link->out_flight[link->out_flight_count++] = publish.packet_id;
	*packet_id = publish.packet_id;
	return CP_OK;
}

/* One that we do not know is passed over, as every broker does: its message is
 * settled already. */
bool link_on_puback(struct link *link, struct packet *packet, struct link_event *event)
{
	size_t i = find_out(link, packet->ack.packet_id);

	if (i == link->out_flight_count)
		return false;
	link->out_flight[i] = link->out_flight[--link->out_flight_count];
	*event = (struct link_event){.type = LINK_OUT_ACKED};
	event->out_acked.packet_id = packet->ack.packet_id;
	event->out_acked.code = packet->ack.code;
	return true;
}
