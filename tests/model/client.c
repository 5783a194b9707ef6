/* What the program on a device does. It keeps to the standard; it is the network and the
 * dice that do not. */
#include "parties.h"

#include "mqtt/topic.h"

/* --- packets ------------------------------------------------------------------------- */

struct packet_writer {
	uint8_t bytes[16 * 1024];
	size_t len;
};

static void put(struct packet_writer *out, const void *bytes, size_t len)
{
	CP_CHECK(out->len + len <= sizeof(out->bytes));
	if (len)
		memcpy(out->bytes + out->len, bytes, len);
	out->len += len;
}

static void put_u8(struct packet_writer *out, unsigned value)
{
	put(out, &(uint8_t){(uint8_t)value}, 1);
}

static void put_u16(struct packet_writer *out, unsigned value)
{
	put_u8(out, value >> 8);
	put_u8(out, value & 0xff);
}

static void put_u32(struct packet_writer *out, uint32_t value)
{
	put_u16(out, value >> 16);
	put_u16(out, value & 0xffff);
}

static void put_text(struct packet_writer *out, struct slice text)
{
	put_u16(out, (unsigned)text.len);
	put(out, text.p, text.len);
}

/* Puts it on the way. */
static void say(struct conn *conn, unsigned first, const struct packet_writer *body)
{
	struct packet_writer head = {0};
	size_t left = body->len;

	put_u8(&head, first);
	for (; left >= 0x80; left >>= 7)
		put_u8(&head, (unsigned)(left & 0x7f) | 0x80);
	put_u8(&head, (unsigned)left);
	CP_CHECK(buf_append(&conn->said, head.bytes, head.len) == CP_OK);
	CP_CHECK(buf_append(&conn->said, body->bytes, body->len) == CP_OK);
}

static struct slice topic_of(const struct client *client, const char *end, uint8_t *out)
{
	char hex[ID_HEX_LEN + 1];

	return topic_format(id_hex(&client->device->id, hex), end, out);
}

static void say_ack(struct conn *conn, unsigned first, uint16_t packet_id)
{
	struct packet_writer body = {0};

	put_u16(&body, packet_id);
	say(conn, first, &body);
}

/* --- CONNECT ---------------------------------------------------------------------------- */

static void put_will(struct packet_writer *body, struct conn *conn, struct arena *arena)
{
	uint8_t topic[TOPIC_MAX_BYTES];

	if (conn->level == MQTT_LEVEL_5) {
		put_u8(body, 5);
		put_u8(body, 0x18); /* will delay */
		put_u32(body, conn->will_delay_s);
	}
	put_text(body, topic_of(conn->client, TOPIC_UP, topic));
	put_text(body, reading_payload(conn->client->device, conn->will, arena));
}

static void say_connect(struct conn *conn)
{
	struct packet_writer body = {0};
	char hex[ID_HEX_LEN + 1];
	struct arena arena;

	arena_init(&arena, 1024, 256 * 1024);
	put_text(&body, slice_str("MQTT"));
	put_u8(&body, conn->level);
	put_u8(&body, (conn->is_clean ? 2 : 0) | (conn->has_will ? 4 : 0));
	put_u16(&body, conn->keep_alive_s);
	if (conn->level == MQTT_LEVEL_5) {
		put_u8(&body, 5);
		put_u8(&body, 0x11); /* session expiry */
		put_u32(&body, conn->expiry_s);
	}
	id_hex(&conn->client->device->id, hex);
	put_text(&body, slice_str(hex));
	if (conn->has_will)
		put_will(&body, conn, &arena);
	say(conn, 0x10, &body);
	arena_deinit(&arena);
}

static struct conn *begin(struct client *client)
{
	if (client->conn)
		port_cut(client->conn);
	client->conn = port_connect(client);
	return client->conn;
}

void client_connect(struct client *client)
{
	static const uint32_t expiries[] = {0, 1, 30, 1000};
	static const uint16_t keep_alives[] = {0, 2, 60};
	struct conn *conn = begin(client);

	if (!conn)
		return;
	conn->level = rng_percent(&model.rng, 60) ? MQTT_LEVEL_5 : MQTT_LEVEL_311;
	conn->is_clean = rng_percent(&model.rng, 25);
	conn->expiry_s = RNG_PICK(&model.rng, expiries);
	if (conn->level == MQTT_LEVEL_311)
		conn->expiry_s = conn->is_clean ? 0 : MODEL_EXPIRY_MAX_S;
	conn->keep_alive_s = RNG_PICK(&model.rng, keep_alives);
	conn->will = rng_percent(&model.rng, 40) ? reading_for_will(client->device) : NO_READING;
	conn->has_will = conn->will != NO_READING;
	if (conn->has_will) {
		conn->will_delay_s =
		    conn->level == MQTT_LEVEL_5 && rng_percent(&model.rng, 50) ? 3 : 0;
	}
	model_trace("conn %d: device %d connects, level %u, clean %d, expiry %u, will %d/%u",
	    (int)conn->id, (int)(client->device - model.devices), conn->level, conn->is_clean,
	    conn->expiry_s, conn->has_will ? (int)conn->will : -1, conn->will_delay_s);
	say_connect(conn);
}

void client_connect_calmly(struct client *client)
{
	struct conn *conn = begin(client);

	MODEL_CHECK(conn, "no connection is left for the calm end");
	conn->level = MQTT_LEVEL_5;
	conn->expiry_s = MODEL_EXPIRY_MAX_S;
	model_trace("conn %d: device %d connects, calmly", (int)conn->id,
	    (int)(client->device - model.devices));
	say_connect(conn);
}

/* --- PUBLISH ----------------------------------------------------------------------------- */

static void put_alias(struct packet_writer *body)
{
	put_u8(body, 3);
	put_u8(body, 0x23); /* topic alias */
	put_u16(body, MODEL_ALIAS);
}

/* At level 5, when CONNACK has allowed it, an alias may go with the topic, and stand for it
 * from then on. */
static void say_publish(
    struct conn *conn, size_t reading, uint8_t qos, uint16_t packet_id, bool is_dup)
{
	bool with_alias =
	    conn->level == MQTT_LEVEL_5 && conn->has_heard_connack && rng_percent(&model.rng, 50);
	struct packet_writer body = {0};
	uint8_t topic[TOPIC_MAX_BYTES];
	struct arena arena;

	arena_init(&arena, 1024, 256 * 1024);
	put_text(&body, with_alias && conn->has_alias ? slice_str("")
	                                              : topic_of(conn->client, TOPIC_UP, topic));
	if (qos > 0)
		put_u16(&body, packet_id);
	if (with_alias)
		put_alias(&body);
	else if (conn->level == MQTT_LEVEL_5)
		put_u8(&body, 0);
	conn->has_alias |= with_alias;
	struct slice payload = reading_payload(conn->client->device, reading, &arena);
	put(&body, payload.p, payload.len);
	model_trace("conn %d: PUBLISH reading %zu, QoS %u, id %u%s", (int)conn->id, reading, qos,
	    packet_id, is_dup ? ", again" : "");
	say(conn, 0x30U | (unsigned)qos << 1 | (is_dup ? 8U : 0), &body);
	arena_deinit(&arena);
}

static struct pub *pub_find(struct client *client, uint16_t packet_id)
{
	for (size_t i = 0; i < MODEL_FLIGHT_MAX; i++)
		if (client->pubs[i].state != PUB_FREE && client->pubs[i].packet_id == packet_id)
			return &client->pubs[i];
	return NULL;
}

const struct pub *client_pub(struct client *client, uint16_t packet_id)
{
	return pub_find(client, packet_id);
}

static struct pub *pub_free(struct client *client)
{
	for (size_t i = 0; i < MODEL_FLIGHT_MAX; i++)
		if (client->pubs[i].state == PUB_FREE)
			return &client->pubs[i];
	return NULL;
}

static uint16_t next_id(struct client *client)
{
	do
		client->last_id = (uint16_t)(client->last_id % 200 + 1);
	while (pub_find(client, client->last_id) || client->conn->sub_id == client->last_id ||
	       client->conn->unsub_id == client->last_id);
	return client->last_id;
}

static void publish(struct client *client)
{
	uint8_t qos = (uint8_t)rng_below(&model.rng, 3);
	struct pub *pub = pub_free(client);
	struct model_device *device = client->device;

	if (!pub)
		return;
	/* Now and then one that is known already: a duplicate by its name (P2). */
	size_t reading = rng_below(&model.rng, device->reading_count + 1);
	if (reading == device->reading_count || device->readings[reading].is_will ||
	    rng_percent(&model.rng, 85))
		reading = reading_next(device);
	if (reading == NO_READING)
		return;
	if (qos == 0) {
		say_publish(client->conn, reading, 0, 0, false);
		return;
	}
	*pub = (struct pub){
	    .state = PUB_WAIT_ACK,
	    .qos = qos,
	    .packet_id = next_id(client),
	    .reading = reading,
	    .said_on = client->conn->id,
	};
	say_publish(client->conn, reading, qos, pub->packet_id, false);
}

bool client_say(struct client *client)
{
	struct pub *pub = pub_free(client);
	size_t reading =
	    client->conn->has_heard_connack && pub ? reading_next(client->device) : NO_READING;

	if (reading == NO_READING)
		return false;
	*pub = (struct pub){
	    .state = PUB_WAIT_ACK,
	    .qos = 1,
	    .packet_id = next_id(client),
	    .reading = reading,
	    .said_on = client->conn->id,
	};
	say_publish(client->conn, reading, 1, pub->packet_id, false);
	return true;
}

/* At QoS 2 a program may lose its patience on one and the same connection. */
static void publish_again(struct client *client)
{
	struct pub *pub = &client->pubs[rng_below(&model.rng, MODEL_FLIGHT_MAX)];

	if (pub->qos != 2 || !client->conn->has_heard_connack)
		return;
	if (pub->state == PUB_WAIT_ACK)
		say_publish(client->conn, pub->reading, 2, pub->packet_id, true);
	else if (pub->state == PUB_WAIT_COMP)
		say_ack(client->conn, 0x62, pub->packet_id);
}

/* What CONNACK says about the session decides what is said again, and how. */
static void resume(struct client *client, bool is_present)
{
	for (size_t i = 0; i < MODEL_FLIGHT_MAX; i++) {
		struct pub *pub = &client->pubs[i];
		if (pub->said_on == client->conn->id)
			continue; /* it did not wait for CONNACK */
		pub->said_on = client->conn->id;
		if (pub->state == PUB_WAIT_ACK)
			say_publish(
			    client->conn, pub->reading, pub->qos, pub->packet_id, is_present);
		else if (pub->state == PUB_WAIT_COMP && is_present)
			say_ack(client->conn, 0x62, pub->packet_id);
		else if (pub->state == PUB_WAIT_COMP)
			pub->state = PUB_FREE; /* PUBREC was the promise */
	}
}

/* --- what else it says ---------------------------------------------------------------------- */

void client_subscribe(struct client *client, uint8_t qos)
{
	struct conn *conn = client->conn;
	struct packet_writer body = {0};
	uint8_t topic[TOPIC_MAX_BYTES];

	if (conn->sub_id || conn->unsub_id)
		return;
	conn->sub_id = next_id(client);
	conn->sub_qos = qos;
	conn->is_asking = true;
	put_u16(&body, conn->sub_id);
	if (conn->level == MQTT_LEVEL_5)
		put_u8(&body, 0);
	put_text(&body, topic_of(client, TOPIC_DOWN, topic));
	put_u8(&body, qos);
	model_trace("conn %d: SUBSCRIBE, QoS %u", (int)conn->id, qos);
	say(conn, 0x82, &body);
}

static void unsubscribe(struct client *client)
{
	struct conn *conn = client->conn;
	struct packet_writer body = {0};
	uint8_t topic[TOPIC_MAX_BYTES];

	if (conn->sub_id || conn->unsub_id)
		return;
	conn->unsub_id = next_id(client);
	conn->is_asking = true;
	put_u16(&body, conn->unsub_id);
	if (conn->level == MQTT_LEVEL_5)
		put_u8(&body, 0);
	put_text(&body, topic_of(client, TOPIC_DOWN, topic));
	model_trace("conn %d: UNSUBSCRIBE", (int)conn->id);
	say(conn, 0xa2, &body);
}

static void say_goodbye(struct client *client)
{
	struct conn *conn = client->conn;
	struct packet_writer body = {0};

	conn->has_said_goodbye = true;
	conn->goodbye_expiry_s = conn->expiry_s;
	if (conn->level == MQTT_LEVEL_5 && rng_percent(&model.rng, 50)) {
		conn->keeps_will = rng_percent(&model.rng, 50);
		if (conn->expiry_s > 0 && rng_percent(&model.rng, 50))
			conn->goodbye_expiry_s = rng_percent(&model.rng, 50) ? 0 : 5;
		put_u8(&body, conn->keeps_will ? 4 : 0);
		put_u8(&body, 5);
		put_u8(&body, 0x11);
		put_u32(&body, conn->goodbye_expiry_s);
	}
	model_trace("conn %d: DISCONNECT, expiry %u, %s", (int)conn->id, conn->goodbye_expiry_s,
	    conn->keeps_will ? "with its will" : "no will");
	say(conn, 0xe0, &body);
}

void client_act(struct client *client)
{
	static const struct packet_writer empty;
	struct conn *conn = client->conn;

	if (!conn || conn->has_said_goodbye || !conn->is_open)
		return;
	if (!conn->has_heard_connack && !rng_percent(&model.rng, 10))
		return; /* a few do not wait for it */
	switch (rng_below(&model.rng, 16)) {
	case 0:
	case 1:
		client_subscribe(client, (uint8_t)rng_range(&model.rng, !model.has_qos_0, 2));
		break;
	case 2:
		unsubscribe(client);
		break;
	case 3:
		say(conn, 0xc0, &empty);
		break;
	case 4:
		if (rng_percent(&model.rng, 40))
			say_goodbye(client);
		break;
	case 5:
	case 6:
		publish_again(client);
		break;
	default:
		publish(client);
	}
}

/* --- what it hears --------------------------------------------------------------------------- */

static uint16_t id_at(struct slice body, size_t at)
{
	MODEL_CHECK(body.len >= at + 2, "a packet is too short");
	return (uint16_t)(body.p[at] << 8 | body.p[at + 1]);
}

static void hear_ack(struct client *client, unsigned type, struct slice body)
{
	struct pub *pub = pub_find(client, id_at(body, 0));

	MODEL_CHECK(pub, "an acknowledgement of nothing");
	if (type == PACKET_PUBACK || body.len > 2) {
		pub->state = PUB_FREE;
		return;
	}
	if (type == PACKET_PUBREC) {
		pub->state = PUB_WAIT_COMP;
		if (!client->conn->has_said_goodbye)
			say_ack(client->conn, 0x62, pub->packet_id);
	}
}

static void hear_pubcomp(struct client *client, struct slice body)
{
	struct pub *pub = pub_find(client, id_at(body, 0));

	if (pub && pub->state == PUB_WAIT_COMP)
		pub->state = PUB_FREE;
}

static void hear_publish(struct client *client, const struct packet_frame *frame)
{
	struct conn *conn = client->conn;

	if ((frame->flags & 6) == 0 || conn->has_said_goodbye)
		return;
	uint16_t packet_id = id_at(frame->body, 2U + id_at(frame->body, 0));
	if (rng_percent(&model.rng, model.is_calm ? 0 : 20))
		return; /* it broke down before it could answer */
	oracle_down_acked(conn, packet_id);
	say_ack(conn, 0x40, packet_id);
}

static void hear(struct client *client, const struct packet_frame *frame)
{
	struct conn *conn = client->conn;

	switch (frame->type) {
	case PACKET_CONNACK:
		conn->has_heard_connack = frame->body.p[1] == 0;
		if (conn->has_heard_connack && !conn->has_said_goodbye)
			resume(client, frame->body.p[0] & 1);
		break;
	case PACKET_PUBACK:
	case PACKET_PUBREC:
		hear_ack(client, frame->type, frame->body);
		break;
	case PACKET_PUBCOMP:
		hear_pubcomp(client, frame->body);
		break;
	case PACKET_SUBACK:
		conn->sub_id = 0;
		break;
	case PACKET_UNSUBACK:
		conn->unsub_id = 0;
		break;
	case PACKET_PUBLISH:
		hear_publish(client, frame);
		break;
	default:
		break;
	}
}

/* `len` bytes arrive; what is whole of them is heard. */
void client_read(struct client *client, size_t len)
{
	struct conn *conn = client->conn;
	struct packet_frame frame;
	enum mqtt_reason reason;

	conn->arrived += len;
	if (conn->arrived > conn->heard.len)
		conn->arrived = conn->heard.len;
	while (conn == client->conn) {
		struct slice bytes = slice_of(buf_bytes(&conn->heard).p, conn->arrived);
		if (packet_frame(bytes, SIZE_MAX, &frame, &reason) != PACKET_DONE)
			break;
		hear(client, &frame);
		conn->arrived -= frame.len_bytes;
		buf_consume(&conn->heard, frame.len_bytes);
	}
	if (conn->is_left && conn->heard.len == 0)
		port_cut(conn);
}

bool client_is_quiet(const struct client *client)
{
	for (size_t i = 0; i < MODEL_FLIGHT_MAX; i++)
		if (client->pubs[i].state != PUB_FREE)
			return false;
	return true;
}

/* --- the wire --------------------------------------------------------------------------------- */

static size_t some_bytes(size_t len)
{
	return len == 0 || rng_percent(&model.rng, 60) ? len : 1 + rng_below(&model.rng, len);
}

void client_carry(struct client *client)
{
	struct conn *conn = client->conn;

	if (!conn)
		return;
	if (rng_percent(&model.rng, 50))
		port_deliver(conn, some_bytes(conn->said.len));
	else
		client_read(client, some_bytes(conn->heard.len));
}

void client_disturb(struct client *client)
{
	struct conn *conn = client->conn;

	if (!conn)
		return;
	if (rng_percent(&model.rng, 60)) {
		conn->room = rng_percent(&model.rng, 50) ? rng_below(&model.rng, 40) : SIZE_MAX / 2;
		return;
	}
	model_trace("conn %d: cut, %zu bytes unsaid, %zu unheard", (int)conn->id, conn->said.len,
	    conn->heard.len);
	port_cut(conn);
	client->conn = NULL;
}
