/* SUBSCRIBE and UNSUBSCRIBE. What changes the durable row is answered when the owner
 * has confirmed it, the rest at once. */
#include "mqtt/link_state.h"

#include "mqtt/format.h"
#include "mqtt/text.h"
#include "mqtt/topic.h"

/* --- the answer ------------------------------------------------------------------ */

static void begin_change(struct link *link, enum packet_type type, uint16_t packet_id)
{
	link->change = (struct link_change){
	    .type = type,
	    .packet_id = packet_id,
	    .is_told = true,
	    .is_subscribed = link->is_subscribed,
	    .granted_qos = link->granted_qos,
	};
}

static void add_code(struct link_change *change, uint8_t code)
{
	CP_CHECK(change->code_count < MQTT_MAX_FILTERS);
	change->codes[change->code_count++] = code;
}

static void answer_change(struct link *link)
{
	struct link_change *change = &link->change;

	link_answered(link, packet_format_codes(&link->out, link->level, change->type + 1,
	                        change->packet_id, slice_of(change->codes, change->code_count)));
	*change = (struct link_change){0};
}

bool link_tell_change(struct link *link, struct link_event *event)
{
	struct link_change *change = &link->change;

	if (link->state == LINK_ENDED || change->type == 0 || change->is_told)
		return false;
	change->is_told = true;
	*event = (struct link_event){
	    .type = change->is_subscribed ? LINK_SUBSCRIBED : LINK_UNSUBSCRIBED};
	event->subscribed.qos = change->granted_qos;
	return true;
}

void link_confirm(struct link *link, mono_ms now)
{
	bool was_stalled = link_is_stalled(link);

	if (link->state == LINK_ENDED)
		return;
	CP_CHECK(link->change.type != 0 && link->change.is_told);
	link->is_subscribed = link->change.is_subscribed;
	link->granted_qos = link->change.granted_qos;
	answer_change(link);
	link_note_reading(link, was_stalled, now);
}

/* --- SUBSCRIBE --------------------------------------------------------------------- */

static enum mqtt_reason judge_identifier(const struct link *link, uint16_t packet_id)
{
	const struct flight *flight = &link->in_flight;
	bool is_used = flight_find(flight, packet_id) || flight_is_received(flight, packet_id);

	return is_used ? MQTT_PACKET_ID_IN_USE : MQTT_OK;
}

/* MQTT 5, sections 3.2.2.3.11 to 3.2.2.3.13: not offered, so asking is an error.
 * 3.1.1 has no such words: there it is a topic that is not the device's own. */
static enum mqtt_reason judge_filters(const struct link *link, struct packet_filters filters)
{
	struct packet_filter filter;

	if (filters.count > MQTT_MAX_FILTERS)
		return MQTT_TOO_MANY_FILTERS;
	if (filters.has_subscription_id)
		return MQTT_SUBSCRIPTION_ID_UNSUPPORTED;
	while (filters.has_options && link->level == MQTT_LEVEL_5 &&
	       packet_next_filter(&filters, &filter)) {
		if (mqtt_filter_is_shared(filter.topic))
			return MQTT_SHARED_UNSUPPORTED;
		if (mqtt_filter_has_wildcard(filter.topic))
			return MQTT_WILDCARD_UNSUPPORTED;
	}
	return judge_identifier(link, filters.packet_id);
}

static uint8_t subscribe_one(struct link *link, const struct packet_filter *filter)
{
	if (!topic_is(filter->topic, link->hex, TOPIC_DOWN))
		return link->level == MQTT_LEVEL_5 ? mqtt_reason_row(MQTT_FOREIGN_TOPIC)->code
		                                   : 0x80;
	link->change.is_told = false;
	link->change.is_subscribed = true;
	link->change.granted_qos = filter->qos > 1 ? 1 : filter->qos;
	return link->change.granted_qos;
}

bool link_on_subscribe(struct link *link, struct packet *packet, struct link_event *event)
{
	struct packet_filters *filters = &packet->filters;
	enum mqtt_reason reason = judge_filters(link, *filters);
	struct packet_filter filter;
	bool is_refused = false;

	if (reason) {
		link_close(link, reason);
		return false;
	}
	begin_change(link, PACKET_SUBSCRIBE, filters->packet_id);
	while (packet_next_filter(filters, &filter)) {
		uint8_t code = subscribe_one(link, &filter);
		add_code(&link->change, code);
		is_refused |= code >= 0x80;
	}
	if (link->change.is_told) /* nothing to tell */
		answer_change(link);
	return is_refused ? link_refused(event, MQTT_FOREIGN_TOPIC) : link_tell_change(link, event);
}

/* --- UNSUBSCRIBE ------------------------------------------------------------------- */

bool link_on_unsubscribe(struct link *link, struct packet *packet, struct link_event *event)
{
	const uint8_t no_subscription_existed = 0x11;
	struct packet_filters *filters = &packet->filters;
	struct link_change *change = &link->change;
	enum mqtt_reason reason = judge_filters(link, *filters);
	struct packet_filter filter;

	if (reason) {
		link_close(link, reason);
		return false;
	}
	begin_change(link, PACKET_UNSUBSCRIBE, filters->packet_id);
	while (packet_next_filter(filters, &filter)) {
		bool ends = change->is_subscribed && topic_is(filter.topic, link->hex, TOPIC_DOWN);
		add_code(change, ends ? 0 : no_subscription_existed);
		change->is_subscribed &= !ends;
		change->is_told &= !ends;
	}
	if (change->is_told)
		answer_change(link);
	return link_tell_change(link, event);
}
