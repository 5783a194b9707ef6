#include "mqtt/link_state.h"

#include "mqtt/format.h"

/* Room in `out` that PUBLISHes to the device leave alone, so that an answer can
 * always be given: one acknowledgement per message in flight, and the answer to the
 * next packet with a DISCONNECT behind it. */
#define ACK_MAX_BYTES 5
#define ANSWER_ROOM_BYTES 128
#define ANSWERS_MAX_BYTES (FLIGHT_MAX * ACK_MAX_BYTES + ANSWER_ROOM_BYTES)
_Static_assert(ANSWER_ROOM_BYTES >= 2 * LINK_ANSWER_MAX_BYTES, "an answer and a DISCONNECT");

/* --- ending ------------------------------------------------------------------ */

/* CONNACK has not all the codes of DISCONNECT (MQTT 5, table 3-1). What it lacks, it
 * says in the words of 3.1.1: return codes 1 to 5 have these names in MQTT 5. */
static uint8_t connack_code(uint8_t level, const struct mqtt_reason_row *why)
{
	static const uint8_t known[] = {0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
	    0x8A, 0x8C, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F};
	static const uint8_t nearest[] = {0, 0x84, 0x85, 0x88, 0x86, 0x87};

	if (level == MQTT_LEVEL_311)
		return why->return_code;
	return memchr(known, why->code, sizeof(known)) ? why->code : nearest[why->return_code];
}

/* Says to the device why, where its version has a way to say it: CONNACK before
 * the connection stands, DISCONNECT afterwards in MQTT 5 (section 4.13). Failing
 * to say it changes nothing: the close says the rest. */
static void say_why(struct link *link, const struct mqtt_reason_row *why)
{
	struct packet_connack refusal = {.code = connack_code(link->level, why)};
	bool is_waiting = link->state == LINK_WAIT_CONNECT || link->state == LINK_WAIT_ACCEPT;
	bool fits = link->client_max_packet_bytes >= ACK_MAX_BYTES; /* as long as CONNACK is now */
	enum cp_err err = CP_OK;

	if (is_waiting && link->level != 0 && refusal.code != 0 && fits)
		err = packet_format_connack(&link->out, link->level, &refusal);
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

static void tell_end(struct link *link, struct link_event *event)
{
	link->is_end_told = true;
	*event = (struct link_event){.type = LINK_CLOSED, .reason = link->end_reason};
	event->closed.was_accepted = link->was_accepted;
	event->closed.session_expiry_s = link->session_expiry_s;
	event->closed.has_will = link->was_accepted && link->has_will;
	event->closed.will.payload = buf_bytes(&link->will);
	event->closed.will.delay_s = link->will_delay_s;
	event->closed.will.qos = link->will_qos;
}

/* --- answers and back-pressure ------------------------------------------------- */

void link_answered(struct link *link, enum cp_err err)
{
	if (err)
		link_close(link, MQTT_NO_MEMORY);
}

bool link_refused(struct link_event *event, enum mqtt_reason reason)
{
	*event = (struct link_event){.type = LINK_REFUSED, .reason = reason};
	return true;
}

/* P6: what we do not take from the socket, TCP holds back at the device. So with
 * MQTT 5, too: what we have not read has not come, and a client that sends its whole
 * queue after a reconnect (python3-paho-mqtt 1.6.1 does) would otherwise be turned
 * away for ever. When all that is in flight waits for the device's PUBREL, only
 * reading can free it. */
bool link_is_stalled(const struct link *link)
{
	size_t owed = link->in_flight.count;
	size_t owed_bytes = owed * ACK_MAX_BYTES + ANSWER_ROOM_BYTES;

	if (link->is_paused || link->state == LINK_WAIT_ACCEPT || link->change.type != 0)
		return true;
	if (buf_room(&link->out) < owed_bytes)
		return true;
	return owed > 0 && link_flight_is_full(link);
}

void link_note_reading(struct link *link, bool was_stalled, mono_ms now)
{
	if (was_stalled && !link_is_stalled(link))
		link->heard_at = now;
}

bool link_wants_read(const struct link *link)
{
	return link->state != LINK_ENDED && !link_is_stalled(link);
}

static bool on_pingreq(struct link *link, struct packet *packet, struct link_event *event)
{
	(void)packet;
	(void)event;
	link_answered(link, packet_format_pingresp(&link->out));
	return false;
}

/* --- bytes in, events out ------------------------------------------------------------ */

/* Every (state, packet) pair that is allowed; what is not here ends the link:
 * [MQTT-3.1.0-1], [MQTT-3.1.0-2], section 4.13. PUBREC and PUBCOMP answer a QoS 2
 * PUBLISH, which we never send. AUTH needs an authentication method, which we never
 * accept. */
static link_packet_fn *const allowed[LINK_ENDED + 1][16] = {
    [LINK_WAIT_CONNECT] = {[PACKET_CONNECT] = link_on_connect},
    [LINK_OPEN] =
        {
            [PACKET_PUBLISH] = link_on_publish,
            [PACKET_PUBACK] = link_on_puback,
            [PACKET_PUBREL] = link_on_pubrel,
            [PACKET_SUBSCRIBE] = link_on_subscribe,
            [PACKET_UNSUBSCRIBE] = link_on_unsubscribe,
            [PACKET_PINGREQ] = on_pingreq,
            [PACKET_DISCONNECT] = link_on_disconnect,
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

static size_t max_packet_bytes(const struct link *link)
{
	size_t max_bytes = link->config->max_packet_bytes;

	if (link->state == LINK_WAIT_CONNECT && max_bytes > LINK_CONNECT_MAX_BYTES)
		return LINK_CONNECT_MAX_BYTES;
	return max_bytes;
}

/* The next whole packet that may come now. */
static bool next_frame(struct link *link, struct packet_frame *frame)
{
	struct slice bytes = link->in.len > 0 ? buf_bytes(&link->in) : link->fed;
	size_t max_bytes = max_packet_bytes(link);
	enum mqtt_reason reason;
	enum packet_progress progress = packet_frame(bytes, max_bytes, frame, &reason);
	bool is_allowed = bytes.len == 0 || allowed[link->state][frame->type];

	if (!is_allowed) /* the first byte decides, whatever has come behind it */
		progress = packet_frame(slice_of(bytes.p, 1), max_bytes, frame, &reason);
	if (progress == PACKET_BAD)
		link_close(link, reason);
	else if (!is_allowed)
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
	if (link_tell_change(link, event))
		return true;
	while (link_wants_read(link) && next_frame(link, &frame)) {
		link->heard_at = now;
		link->taken = frame.len_bytes;
		if (on_frame(link, &frame, event))
			return true;
		release_taken(link);
	}
	keep_rest(link);
	if (link->state != LINK_ENDED || link->is_end_told)
		return false;
	tell_end(link, event);
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

/* --- bytes out --------------------------------------------------------------------------- */

struct slice link_out(const struct link *link)
{
	return buf_bytes(&link->out);
}

void link_sent(struct link *link, size_t len_bytes, mono_ms now)
{
	bool was_stalled = link_is_stalled(link);

	buf_consume(&link->out, len_bytes);
	link_note_reading(link, was_stalled, now);
}

/* --- life and time -------------------------------------------------------------------------- */

void link_init(
    struct link *link, const struct link_config *config, const struct id *identity, mono_ms now)
{
	CP_CHECK(config->receive_maximum > 0 && config->receive_maximum <= FLIGHT_MAX);
	CP_CHECK(config->topic_alias_maximum <= LINK_TOPIC_ALIAS_MAX);
	*link = (struct link){
	    .config = config,
	    .heard_at = now,
	    .silence_max_ms = config->connect_timeout_ms,
	    .client_max_packet_bytes = UINT32_MAX,
	};
	(void)id_hex(identity, link->hex);
	buf_init(&link->in, config->max_packet_bytes + LINK_FEED_MAX_BYTES);
	buf_init(&link->out, config->max_out_bytes + ANSWERS_MAX_BYTES);
	buf_init(&link->will, config->max_will_bytes);
}

void link_deinit(struct link *link)
{
	buf_deinit(&link->in);
	buf_deinit(&link->out);
	buf_deinit(&link->will);
	flight_deinit(&link->in_flight);
}

void link_pause(struct link *link)
{
	link->is_paused = true;
}

void link_resume(struct link *link, mono_ms now)
{
	bool was_stalled = link_is_stalled(link);

	link->is_paused = false;
	link_note_reading(link, was_stalled, now);
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
