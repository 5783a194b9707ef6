/* A whole connection.
 *
 *   first byte: bit 0 a link with small limits; then what the device sends; then
 *   decisions, one byte each; last byte: how many decisions
 *
 * A decision says what happens next: so many bytes arrive, an answer is given, so much is
 * written, time passes, a message goes down, the link is paused or closed. When no
 * decision is left, each is served as soon as nothing more can be read. heard.c checks
 * what the link says. Without decisions the bytes arrive whole, and if they are few also
 * one by one and in sevens, and the answers must be the same.
 */
#include "heard.h"

#include "mqtt/reason.h"

#define FEW_BYTES 256

static const struct link_config usual = {
    .max_packet_bytes = 66000,
    .max_out_bytes = 64 * 1024,
    .max_will_bytes = 4096,
    .connect_timeout_ms = 5 * MS_PER_SECOND,
    .session_expiry_max_s = 86400,
    .receive_maximum = 100,
    .topic_alias_maximum = 4,
    .keep_alive_max_s = 1200,
};

static const struct link_config small = {
    .max_packet_bytes = 200,
    .max_out_bytes = 200,
    .max_will_bytes = 8,
    .connect_timeout_ms = 5 * MS_PER_SECOND,
    .session_expiry_max_s = 10,
    .receive_maximum = 2,
    .topic_alias_maximum = 1,
    .keep_alive_max_s = 0,
};

struct talk {
	struct link link;
	struct heard heard;
	struct slice left;      /* to arrive */
	struct slice decisions; /* to be taken */
	mono_ms now;
	bool has_moved; /* the last service did something */
};

static void drain(struct talk *talk)
{
	struct link_event event;

	while (link_next(&talk->link, talk->now, &event))
		heard_event(&talk->heard, &event);
	heard_out(&talk->heard);
}

/* The bytes lie in memory of exactly their length, which is gone afterwards. */
static void arrive(struct talk *talk, size_t len)
{
	if (len > talk->left.len)
		len = talk->left.len;
	if (!link_wants_read(&talk->link) || len == 0)
		return;
	uint8_t *bytes = fuzz_copy(slice_of(talk->left.p, len));
	link_feed(&talk->link, slice_of(bytes, len));
	drain(talk);
	free(bytes);
	talk->left = slice_from(talk->left, len);
	talk->has_moved = true;
}

/* --- what the owner does --------------------------------------------------------- */

static void accept(struct talk *talk, uint8_t how)
{
	struct link_session session = {
	    .is_present = !talk->link.clean_start && how & 1,
	    .granted_qos = how >> 2 & 1,
	};

	if (!talk->heard.owes_accept || talk->heard.is_closed)
		return;
	session.is_subscribed = session.is_present && how & 2;
	talk->heard.owes_accept = false;
	talk->heard.is_accepted = talk->link.state != LINK_ENDED;
	talk->heard.is_present = session.is_present;
	link_accept(&talk->link, &session, talk->now);
	talk->has_moved = true;
	drain(talk);
}

static void confirm(struct talk *talk)
{
	if (!talk->heard.owes_confirm)
		return;
	talk->heard.owes_confirm = false;
	link_confirm(&talk->link, talk->now);
	talk->has_moved = true;
	drain(talk);
}

static void acknowledge(struct talk *talk, uint8_t code)
{
	if (!heard_owes_ack(&talk->heard))
		return;
	struct heard_ack ack = heard_acknowledge(&talk->heard, code);
	link_ack(&talk->link, ack.packet_id, code, talk->now);
	talk->has_moved = true;
}

static void write_some(struct talk *talk, size_t len)
{
	size_t all = link_out(&talk->link).len;

	if (len > all)
		len = all;
	if (len == 0)
		return;
	heard_sent(&talk->heard, len);
	link_sent(&talk->link, len, talk->now);
	talk->has_moved = true;
	drain(talk);
}

static void wait(struct talk *talk, int64_t wait_ms)
{
	talk->now += wait_ms;
	mono_ms wake = link_next_wake(&talk->link);
	link_tick(&talk->link, talk->now);
	CP_CHECK(wake > talk->now || talk->link.state == LINK_ENDED);
	drain(talk);
}

static void send_down(struct talk *talk, uint8_t how)
{
	static const uint8_t payload[256];
	struct link_message message = {
	    .payload = slice_of(payload, how >> 2),
	    .expiry_s = how & 1,
	    .packet_id = how & 4 ? (uint16_t)(LINK_OWNER_IDS + (how >> 4)) : 0,
	    .qos = how >> 1 & 1,
	    .is_dup = how & 8,
	};
	size_t before = link_out(&talk->link).len;
	uint16_t id;
	enum cp_err err = link_publish(&talk->link, &message, &id);

	CP_CHECK(err == CP_OK || link_out(&talk->link).len == before);
	CP_CHECK(
	    err != CP_NOTFOUND || !(talk->link.state == LINK_OPEN && talk->link.is_subscribed));
	drain(talk);
}

static void turn(struct talk *talk, uint8_t how)
{
	static const enum mqtt_reason ends[] = {
	    MQTT_TAKEN_OVER, MQTT_SHUTDOWN, MQTT_REVOKED, MQTT_CONNECTION_LOST};

	if (how & 1)
		link_pause(&talk->link);
	else
		link_resume(&talk->link, talk->now);
	if (how >= 0xf0)
		link_close(&talk->link, ends[how >> 1 & 3]);
	drain(talk);
}

/* --- what happens next ------------------------------------------------------------ */

static void decide(struct talk *talk, uint8_t decision)
{
	uint8_t how = decision >> 3;

	switch (decision & 7) {
	case 0:
		arrive(talk, how + 1U);
		break;
	case 1:
		arrive(talk, (how + 1U) * 16U);
		break;
	case 2:
		accept(talk, how);
		confirm(talk);
		break;
	case 3:
		acknowledge(talk, how < 28 ? 0 : 0x87);
		drain(talk);
		break;
	case 4:
		write_some(talk, how < 24 ? how + 1U : SIZE_MAX);
		break;
	case 5:
		wait(talk, (int64_t)how * how * 1000);
		break;
	case 6:
		send_down(talk, (uint8_t)(how * 7));
		break;
	default:
		turn(talk, decision);
	}
}

/* Serves whatever waits, as the daemon does: all acknowledgements before more is read.
 * False when nothing waited. */
static bool serve(struct talk *talk)
{
	talk->has_moved = false;
	accept(talk, 0);
	confirm(talk);
	while (heard_owes_ack(&talk->heard))
		acknowledge(talk, 0);
	drain(talk);
	write_some(talk, SIZE_MAX);
	return talk->has_moved;
}

static void run(struct talk *talk, size_t chunk_bytes)
{
	while (talk->decisions.len > 0 && !talk->heard.is_closed) {
		decide(talk, fuzz_take_byte(&talk->decisions));
		CP_CHECK(link_out(&talk->link).len <= talk->link.out.max_bytes);
	}
	link_resume(&talk->link, talk->now);
	drain(talk);
	do
		while (talk->left.len > 0 && link_wants_read(&talk->link))
			arrive(talk, chunk_bytes);
	while (serve(talk));
	CP_CHECK(talk->left.len == 0 || talk->heard.is_closed);
}

/* What the link said in the end, as a number. */
static unsigned hear(struct slice sent, struct slice decisions, uint8_t how, size_t chunk_bytes)
{
	struct talk talk = {.left = sent, .decisions = decisions, .now = 1000};
	struct id device;

	CP_CHECK(id_from_hex(&device, slice_str(FUZZ_DEVICE)));
	link_init(&talk.link, how & 1 ? &small : &usual, &device, talk.now);
	talk.heard.link = &talk.link;
	run(&talk, chunk_bytes);
	link_close(&talk.link, MQTT_CONNECTION_LOST);
	drain(&talk);
	CP_CHECK(talk.heard.is_closed);
	CP_CHECK(link_next_wake(&talk.link) == TIME_NEVER);
	link_deinit(&talk.link);
	return talk.heard.hash;
}

void fuzz_one(struct slice bytes)
{
	uint8_t how = fuzz_take_byte(&bytes);
	size_t count = bytes.len ? bytes.p[bytes.len - 1] : 0;

	if (bytes.len > 0)
		bytes.len--;
	if (count > bytes.len)
		count = bytes.len;
	struct slice sent = slice_of(bytes.p, bytes.len - count);
	struct slice decisions = slice_from(bytes, sent.len);

	unsigned said = hear(sent, decisions, how, LINK_FEED_MAX_BYTES);
	if (count == 0 && sent.len <= FEW_BYTES) {
		CP_CHECK(hear(sent, decisions, how, 1) == said);
		CP_CHECK(hear(sent, decisions, how, 7) == said);
	}
}
