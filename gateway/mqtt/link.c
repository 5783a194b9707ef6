#include "mqtt/link.h"

#include "mqtt/format.h"
#include "mqtt/text.h"
#include "mqtt/topic.h"

/* Room in `out` that PUBLISHes to the device leave alone, so that an answer can
 * always be given: one PUBACK per message in flight, and the answer to the next
 * packet with a DISCONNECT behind it. */
#define PUBACK_MAX_BYTES 5
#define ANSWER_MAX_BYTES 128
#define ANSWERS_MAX_BYTES (FLIGHT_MAX * PUBACK_MAX_BYTES + ANSWER_MAX_BYTES)

/* --- ending ------------------------------------------------------------------ */

/* Says to the device why, where its version has a way to say it: CONNACK before
 * the connection stands, DISCONNECT afterwards in MQTT 5 (section 4.13). Failing
 * to say it changes nothing: the close says the rest. */
static void say_why(struct link *link, const struct mqtt_reason_row *why)
{
	uint8_t connack_code = link->level == MQTT_LEVEL_5 ? why->code : why->return_code;
	enum cp_err err = CP_OK;

	if (link->state == LINK_WAIT_CONNECT && link->level != 0 && connack_code != 0)
		err = packet_format_connack(
		    &link->out, link->level, &(struct packet_connack){.code = connack_code});
	else if (link->state == LINK_OPEN && link->level == MQTT_LEVEL_5 && why->code != 0)
		err = packet_format_disconnect(&link->out, why->code);
	(void)err;
}

void link_close(struct link *link, enum mqtt_reason reason)
{
	if (link->state == LINK_ENDED)
		return;
	say_why(link, mqtt_reason_row(reason));
	link->state = LINK_ENDED;
	link->end_reason = reason;
}

/* --- answering ----------------------------------------------------------------- */

/* Bytes behind `before` are one packet, just written. One that the device called
 * too large is dropped and counts as sent [MQTT-3.1.2-24], [MQTT-3.1.2-25]. */
static void answered(struct link *link, size_t before, enum cp_err err)
{
	if (err)
		link_close(link, MQTT_NO_MEMORY);
	else if (link->out.len - before > link->client_max_packet_bytes)
		buf_trim(&link->out, link->out.len - before);
}

static void answer_ack(struct link *link, enum packet_type type, uint16_t packet_id, uint8_t code)
{
	size_t before = link->out.len;
	struct packet_ack ack = {.packet_id = packet_id, .code = code};

	answered(link, before, packet_format_ack(&link->out, link->level, type, ack));
}

static void answer_waiting(struct link *link)
{
	struct packet_ack ack;

	while (flight_take(&link->in_flight, &ack))
		answer_ack(link, PACKET_PUBACK, ack.packet_id, ack.code);
}

static void answer_codes(
    struct link *link, enum packet_type type, uint16_t packet_id, struct slice codes)
{
	size_t before = link->out.len;

	answered(
	    link, before, packet_format_codes(&link->out, link->level, type, packet_id, codes));
}

/* --- back-pressure and acknowledgements ------------------------------------------- */

/* P6: what we do not take from the socket, TCP holds back at the device. So with
 * MQTT 5, too: what we have not read has not come, and a client that sends its whole
 * queue after a reconnect (python3-paho-mqtt 1.6.1 does) would otherwise be turned
 * away for ever. */
static bool is_stalled(const struct link *link)
{
	size_t owed_bytes = link->in_flight.count * PUBACK_MAX_BYTES + ANSWER_MAX_BYTES;

	if (link->is_paused || buf_room(&link->out) < owed_bytes)
		return true;
	return link->in_flight.count >= link->config->receive_maximum;
}

/* Silence is counted from when we began to listen again (P11). */
static void note_reading(struct link *link, bool was_stalled, mono_ms now)
{
	if (was_stalled && !is_stalled(link))
		link->heard_at = now;
}

void link_puback(struct link *link, uint16_t packet_id, uint8_t code, mono_ms now)
{
	bool was_stalled = is_stalled(link);

	if (link->state == LINK_ENDED)
		return;
	if (code >= 0x80 && link->level == MQTT_LEVEL_311) {
		link_close(link, MQTT_MESSAGE_REFUSED); /* 3.1.1 PUBACK can only say yes */
		return;
	}
	flight_answer(&link->in_flight, packet_id, code);
	answer_waiting(link);
	note_reading(link, was_stalled, now);
}

/* --- what the device may send ------------------------------------------------------ */

/* P7, and what MQTT 5 lets a server not offer [MQTT-3.2.2-12], [MQTT-3.2.2-13]. */
static enum mqtt_reason judge_connect(const struct link *link, const struct packet_connect *connect)
{
	if (!slice_eq(connect->client_id, slice_of(link->hex, ID_HEX_LEN)))
		return MQTT_FOREIGN_CLIENT_ID;
	if (connect->has_auth_method)
		return MQTT_BAD_AUTH_METHOD;
	if (!connect->has_will)
		return MQTT_OK;
	if (!topic_is(connect->will.topic, link->hex, TOPIC_UP))
		return MQTT_FOREIGN_TOPIC;
	if (link->level == MQTT_LEVEL_5 && connect->will.qos > 1)
		return MQTT_QOS_UNSUPPORTED;
	if (link->level == MQTT_LEVEL_5 && connect->will.retain)
		return MQTT_RETAIN_UNSUPPORTED;
	return MQTT_OK;
}

/* MQTT 5 is told [MQTT-3.1.2-21]. 3.1.1 cannot be, but lets a server end whom it
 * finds inactive (section 3.1.2.10). */
static uint16_t keep_alive_in_force(const struct link *link, uint16_t asked_s)
{
	uint16_t max_s = link->config->keep_alive_max_s;
	bool is_over = max_s > 0 && (asked_s == 0 || asked_s > max_s);

	return is_over ? max_s : asked_s;
}

static bool on_connect(struct link *link, struct packet *packet, struct link_event *event)
{
	const struct packet_connect *connect = &packet->connect;
	enum mqtt_reason reason = judge_connect(link, connect);

	if (reason) {
		link_close(link, reason);
		return false;
	}
	uint16_t keep_alive_s = keep_alive_in_force(link, connect->keep_alive_s);
	link->state = LINK_OPEN;
	link->silence_max_ms = keep_alive_s * MS_PER_SECOND * 3 / 2; /* [MQTT-3.1.2-22] */
	link->client_max_packet_bytes = connect->max_packet_bytes;
	link->client_expiry_s = connect->session_expiry_s;
	link->out_flight_max = connect->receive_maximum < LINK_OUT_FLIGHT_MAX
	                           ? connect->receive_maximum
	                           : LINK_OUT_FLIGHT_MAX;

	size_t before = link->out.len;
	struct packet_connack ack = {
	    .maximum_qos = 1,
	    .has_session_expiry = connect->session_expiry_s > 0,
	    .has_server_keep_alive = keep_alive_s != connect->keep_alive_s,
	    .server_keep_alive_s = keep_alive_s,
	    .receive_maximum = link->config->receive_maximum,
	    .max_packet_bytes = (uint32_t)link->config->max_packet_bytes,
	};
	answered(link, before, packet_format_connack(&link->out, link->level, &ack));

	*event = (struct link_event){.type = LINK_CONNECTED};
	event->connected.level = link->level;
	event->connected.clean_start = connect->clean_start;
	event->connected.session_expiry_s = connect->session_expiry_s;
	event->connected.keep_alive_s = keep_alive_s;
	return true;
}

/* What ends the link. A packet identifier that is still in flight: in 3.1.1 with
 * DUP it may be sent again, see on_publish(). Otherwise it breaks [MQTT-2.2.1-3],
 * and PUBACK 0x91 is no way out: the device would take it for the answer to the
 * first message, which the ledger may be keeping at this moment. */
static enum mqtt_reason judge_publish(
    struct link *link, const struct packet_publish *publish, bool is_repeated)
{
	bool is_v5 = link->level == MQTT_LEVEL_5;

	if (publish->qos > 1)
		return MQTT_QOS_UNSUPPORTED; /* [MQTT-3.2.2-11] */
	if (is_v5 && publish->retain)
		return MQTT_RETAIN_UNSUPPORTED; /* [MQTT-3.2.2-14] */
	if (publish->has_topic_alias)
		return MQTT_TOPIC_ALIAS; /* [MQTT-3.2.2-18] */
	if (is_repeated && (is_v5 || !publish->dup))
		return MQTT_PACKET_ID_IN_USE;
	bool has_soft_refusal = is_v5 && publish->qos > 0;
	if (!has_soft_refusal && !topic_is(publish->topic, link->hex, TOPIC_UP))
		return MQTT_FOREIGN_TOPIC; /* 3.1.1 [MQTT-3.3.5-2] */
	return MQTT_OK;
}

static bool refused(struct link_event *event, enum mqtt_reason reason)
{
	*event = (struct link_event){.type = LINK_REFUSED, .reason = reason};
	return true;
}

static bool on_publish(struct link *link, struct packet *packet, struct link_event *event)
{
	const struct packet_publish *publish = &packet->publish;
	bool is_repeated = publish->qos > 0 && flight_has(&link->in_flight, publish->packet_id);
	enum mqtt_reason reason = judge_publish(link, publish, is_repeated);

	if (reason) {
		link_close(link, reason);
		return false;
	}
	/* 3.1.1 may send again without a new connection (section 4.4). One PUBACK must
	 * answer both: a second one would later acknowledge another message. */
	if (is_repeated)
		return false;

	if (!topic_is(publish->topic, link->hex, TOPIC_UP)) {
		uint8_t code = mqtt_reason_row(MQTT_FOREIGN_TOPIC)->code;
		flight_push_answered(&link->in_flight, publish->packet_id, code);
		answer_waiting(link);
		return refused(event, MQTT_FOREIGN_TOPIC);
	}
	if (publish->qos > 0)
		flight_push(&link->in_flight, publish->packet_id);
	*event = (struct link_event){.type = LINK_PUBLISH};
	event->publish.payload = publish->payload;
	event->publish.packet_id = publish->packet_id;
	event->publish.dup = publish->dup;
	return true;
}

/* One that we do not know is passed over, as every broker does: its message is
 * settled already. */
static bool on_puback(struct link *link, struct packet *packet, struct link_event *event)
{
	for (size_t i = 0; i < link->out_flight_count; i++) {
		if (link->out_flight[i] != packet->ack.packet_id)
			continue;
		link->out_flight[i] = link->out_flight[--link->out_flight_count];
		*event = (struct link_event){.type = LINK_OUT_ACKED};
		event->out_acked.packet_id = packet->ack.packet_id;
		event->out_acked.code = packet->ack.code;
		return true;
	}
	return false;
}

/* P1: from a QoS 2 exchange with somebody else; PUBCOMP lets the device forget it. */
static bool on_pubrel(struct link *link, struct packet *packet, struct link_event *event)
{
	const uint8_t packet_id_not_found = 0x92;

	(void)event;
	answer_ack(link, PACKET_PUBCOMP, packet->ack.packet_id, packet_id_not_found);
	return false;
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
	while (link->level == MQTT_LEVEL_5 && packet_next_filter(&filters, &filter)) {
		if (mqtt_filter_is_shared(filter.topic))
			return MQTT_SHARED_UNSUPPORTED;
		if (mqtt_filter_has_wildcard(filter.topic))
			return MQTT_WILDCARD_UNSUPPORTED;
	}
	return MQTT_OK;
}

static uint8_t subscribe_one(struct link *link, const struct packet_filter *filter)
{
	if (!topic_is(filter->topic, link->hex, TOPIC_DOWN))
		return link->level == MQTT_LEVEL_5 ? mqtt_reason_row(MQTT_FOREIGN_TOPIC)->code
		                                   : 0x80;
	link->is_subscribed = true;
	link->granted_qos = filter->qos > 1 ? 1 : filter->qos;
	return link->granted_qos;
}

static bool on_subscribe(struct link *link, struct packet *packet, struct link_event *event)
{
	struct packet_filters *filters = &packet->filters;
	enum mqtt_reason reason = judge_filters(link, *filters);
	struct packet_filter filter;
	uint8_t codes[MQTT_MAX_FILTERS];
	size_t count = 0;
	bool is_granted = false;

	if (!reason && flight_has(&link->in_flight, filters->packet_id))
		reason = MQTT_PACKET_ID_IN_USE;
	if (reason) {
		link_close(link, reason);
		return false;
	}
	while (packet_next_filter(filters, &filter)) {
		codes[count] = subscribe_one(link, &filter);
		is_granted |= codes[count++] < 0x80;
	}
	answer_codes(link, PACKET_SUBACK, filters->packet_id, slice_of(codes, count));
	if (!is_granted)
		return refused(event, MQTT_FOREIGN_TOPIC);
	*event = (struct link_event){.type = LINK_SUBSCRIBED};
	event->subscribed.qos = link->granted_qos;
	return true;
}

static bool on_unsubscribe(struct link *link, struct packet *packet, struct link_event *event)
{
	const uint8_t no_subscription_existed = 0x11;
	struct packet_filters *filters = &packet->filters;
	struct packet_filter filter;
	uint8_t codes[MQTT_MAX_FILTERS];
	size_t count = 0;
	bool was_subscribed = link->is_subscribed;

	enum mqtt_reason reason = filters->count > MQTT_MAX_FILTERS ? MQTT_TOO_MANY_FILTERS
	                          : flight_has(&link->in_flight, filters->packet_id)
	                              ? MQTT_PACKET_ID_IN_USE
	                              : MQTT_OK;
	if (reason) {
		link_close(link, reason);
		return false;
	}
	while (packet_next_filter(filters, &filter)) {
		bool ends = link->is_subscribed && topic_is(filter.topic, link->hex, TOPIC_DOWN);
		codes[count++] = ends ? 0 : no_subscription_existed;
		if (ends)
			link->is_subscribed = false;
	}
	answer_codes(link, PACKET_UNSUBACK, filters->packet_id, slice_of(codes, count));
	*event = (struct link_event){.type = LINK_UNSUBSCRIBED};
	return was_subscribed && !link->is_subscribed;
}

static bool on_pingreq(struct link *link, struct packet *packet, struct link_event *event)
{
	size_t before = link->out.len;

	(void)packet;
	(void)event;
	answered(link, before, packet_format_pingresp(&link->out));
	return false;
}

static bool on_disconnect(struct link *link, struct packet *packet, struct link_event *event)
{
	const struct packet_disconnect *disconnect = &packet->disconnect;

	(void)event;
	if (disconnect->session_expiry_s > 0 && link->client_expiry_s == 0)
		link_close(link, MQTT_EXPIRY_RAISED); /* section 3.14.2.2.2 */
	else
		link_close(
		    link, disconnect->code < 0x80 ? MQTT_CLIENT_DISCONNECT : MQTT_CLIENT_ERROR);
	return false;
}

/* --- bytes in, events out ------------------------------------------------------------ */

typedef bool packet_fn(struct link *link, struct packet *packet, struct link_event *event);

/* Every (state, packet) pair that is allowed; what is not here ends the link:
 * [MQTT-3.1.0-1], [MQTT-3.1.0-2], section 4.13. PUBREC and PUBCOMP answer a QoS 2
 * PUBLISH, which we never send. AUTH needs an authentication method, which we never
 * accept. */
static packet_fn *const allowed[LINK_ENDED + 1][16] = {
    [LINK_WAIT_CONNECT] = {[PACKET_CONNECT] = on_connect},
    [LINK_OPEN] =
        {
            [PACKET_PUBLISH] = on_publish,
            [PACKET_PUBACK] = on_puback,
            [PACKET_PUBREL] = on_pubrel,
            [PACKET_SUBSCRIBE] = on_subscribe,
            [PACKET_UNSUBSCRIBE] = on_unsubscribe,
            [PACKET_PINGREQ] = on_pingreq,
            [PACKET_DISCONNECT] = on_disconnect,
        },
};

static bool on_frame(struct link *link, const struct packet_frame *frame, struct link_event *event)
{
	struct packet packet;
	enum mqtt_reason reason = packet_parse(frame, link->level, &packet);

	if (packet.has_level) /* an unknown version is answered in the nearest one we speak */
		link->level = packet.level < MQTT_LEVEL_5 ? MQTT_LEVEL_311 : MQTT_LEVEL_5;
	if (reason) {
		link_close(link, reason);
		return false;
	}
	return allowed[link->state][frame->type](link, &packet, event);
}

static void release_taken(struct link *link)
{
	if (link->in.len > 0)
		buf_consume(&link->in, link->taken);
	else
		link->fed = slice_from(link->fed, link->taken);
	link->taken = 0;
}

/* The next whole packet that may come now. */
static bool next_frame(struct link *link, struct packet_frame *frame)
{
	struct slice bytes = link->in.len > 0 ? buf_bytes(&link->in) : link->fed;
	enum mqtt_reason reason;
	enum packet_progress progress =
	    packet_frame(bytes, link->config->max_packet_bytes, frame, &reason);

	if (progress == PACKET_BAD)
		link_close(link, reason);
	else if (bytes.len > 0 && !allowed[link->state][frame->type])
		link_close(link, MQTT_UNEXPECTED);
	return progress == PACKET_DONE && link->state != LINK_ENDED;
}

/* `in` has room for a begun packet and one more feed, so it is never full. */
static void keep(struct link *link, struct slice bytes)
{
	enum cp_err err = buf_append(&link->in, bytes.p, bytes.len);

	CP_CHECK(err != CP_FULL);
	if (err)
		link_close(link, MQTT_NO_MEMORY);
}

/* The caller's bytes may go: the rest moves to `in`. */
static void keep_rest(struct link *link)
{
	if (link->state != LINK_ENDED)
		keep(link, link->fed);
	link->fed = slice_of(NULL, 0);
}

bool link_next(struct link *link, mono_ms now, struct link_event *event)
{
	struct packet_frame frame;

	release_taken(link);
	while (link->state != LINK_ENDED && !is_stalled(link) && next_frame(link, &frame)) {
		link->heard_at = now;
		link->taken = frame.len_bytes;
		if (on_frame(link, &frame, event))
			return true;
		release_taken(link);
	}
	keep_rest(link);
	if (link->state != LINK_ENDED || link->is_end_told)
		return false;
	link->is_end_told = true;
	*event = (struct link_event){.type = LINK_CLOSED, .reason = link->end_reason};
	return true;
}

void link_feed(struct link *link, struct slice bytes)
{
	if (link->state == LINK_ENDED)
		return;
	CP_CHECK(link_wants_read(link) && bytes.len <= LINK_FEED_MAX_BYTES);
	CP_CHECK(link->fed.len == 0 && link->taken == 0);
	if (link->in.len == 0)
		link->fed = bytes;
	else
		keep(link, bytes);
}

bool link_wants_read(const struct link *link)
{
	return link->state != LINK_ENDED && !is_stalled(link);
}

/* --- bytes out --------------------------------------------------------------------------- */

static uint16_t next_out_id(struct link *link)
{
	for (;;) {
		bool is_free = ++link->last_out_id != 0;
		for (size_t i = 0; i < link->out_flight_count; i++)
			is_free &= link->out_flight[i] != link->last_out_id;
		if (is_free)
			return link->last_out_id;
	}
}

enum cp_err link_publish(
    struct link *link, struct slice payload, uint8_t qos, uint32_t expiry_s, uint16_t *packet_id)
{
	uint8_t topic[TOPIC_MAX_BYTES];
	bool is_acked = qos > 0 && link->granted_qos > 0;
	struct packet_out publish = {.payload = payload, .expiry_s = expiry_s};

	if (link->state != LINK_OPEN || !link->is_subscribed)
		return CP_NOTFOUND;
	publish.topic = topic_format(link->hex, TOPIC_DOWN, topic);
	publish.packet_id = is_acked; /* any but 0, for the length */
	size_t len_bytes = packet_publish_len(link->level, &publish);
	if (len_bytes > link->client_max_packet_bytes || len_bytes > link->config->max_out_bytes)
		return CP_INVALID;
	if (link->out.len + len_bytes > link->config->max_out_bytes)
		return CP_FULL;
	if (is_acked && link->out_flight_count >= link->out_flight_max)
		return CP_FULL; /* [MQTT-3.3.4-9] */

	publish.packet_id = is_acked ? next_out_id(link) : 0;
	enum cp_err err = packet_format_publish(&link->out, link->level, &publish);
	if (err)
		return err;
	if (is_acked)
		link->out_flight[link->out_flight_count++] = publish.packet_id;
	*packet_id = publish.packet_id;
	return CP_OK;
}

struct slice link_out(const struct link *link)
{
	return buf_bytes(&link->out);
}

void link_sent(struct link *link, size_t len_bytes, mono_ms now)
{
	bool was_stalled = is_stalled(link);

	buf_consume(&link->out, len_bytes);
	note_reading(link, was_stalled, now);
}

/* --- life and time -------------------------------------------------------------------------- */

void link_init(
    struct link *link, const struct link_config *config, const struct id *identity, mono_ms now)
{
	CP_CHECK(config->receive_maximum > 0 && config->receive_maximum <= FLIGHT_MAX);
	*link = (struct link){
	    .config = config,
	    .heard_at = now,
	    .silence_max_ms = config->connect_timeout_ms,
	    .client_max_packet_bytes = UINT32_MAX,
	};
	(void)id_hex(identity, link->hex);
	buf_init(&link->in, config->max_packet_bytes + LINK_FEED_MAX_BYTES);
	buf_init(&link->out, config->max_out_bytes + ANSWERS_MAX_BYTES);
}

void link_deinit(struct link *link)
{
	buf_deinit(&link->in);
	buf_deinit(&link->out);
}

void link_pause(struct link *link)
{
	link->is_paused = true;
}

void link_resume(struct link *link, mono_ms now)
{
	bool was_stalled = is_stalled(link);

	link->is_paused = false;
	note_reading(link, was_stalled, now);
}

mono_ms link_next_wake(const struct link *link)
{
	if (link->silence_max_ms == 0 || !link_wants_read(link))
		return TIME_NEVER;
	return link->heard_at + link->silence_max_ms;
}

void link_tick(struct link *link, mono_ms now)
{
	if (now < link_next_wake(link))
		return;
	link_close(link,
	    link->state == LINK_WAIT_CONNECT ? MQTT_CONNECT_TIMEOUT : MQTT_KEEP_ALIVE_TIMEOUT);
}
