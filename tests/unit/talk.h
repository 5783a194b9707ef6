/* talk.h - helpers for tests that talk MQTT to a link. */
#ifndef UNIT_TALK_H
#define UNIT_TALK_H

#include "mqtt/link.h"
#include "notation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#define DEVICE "00112233445566778899aabbccddeeff"
#define CONNECT_311 "10 [ \"MQTT\" 04 02 0000 \"%id\" ] "
#define CONNECT_5 "10 [ \"MQTT\" 05 02 0000 [] \"%id\" ] "
#define UP "\"carepace/v1/device/%id/up\" "
#define DOWN "\"carepace/v1/device/%id/down\" "

static const struct link_config talk_config = {
    .max_packet_bytes = 2000,
    .max_out_bytes = 1000,
    .connect_timeout_ms = 5000,
    .max_will_bytes = 100,
    .session_expiry_max_s = 86400,
    .receive_maximum = 4,
    .topic_alias_maximum = 2,
};

static inline struct buf bytes_of(const char *text)
{
	struct notation notation;
	struct buf out;

	buf_init(&out, NOTATION_MAX_BYTES);
	notation_init(&notation, DEVICE);
	if (!notation_parse(&notation, text, &out))
		fail_msg("%s: %s", notation.wrong, text);
	notation_deinit(&notation);
	return out;
}

static inline void begin_with(struct link *link, const struct link_config *with)
{
	struct id id;

	assert_true(id_from_hex(&id, slice_str(DEVICE)));
	link_init(link, with, &id, 0);
}

/* What a quick owner does: every row is durable at once, no session is old. */
static inline void give(struct link *link, const struct link_event *event, mono_ms now)
{
	if (event->type == LINK_CONNECT)
		link_accept(link, &(struct link_session){0}, now);
	if (event->type == LINK_SUBSCRIBED || event->type == LINK_UNSUBSCRIBED)
		link_confirm(link, now);
}

static inline void feed(struct link *link, const char *text)
{
	struct buf bytes = bytes_of(text);
	struct link_event event;

	link_feed(link, buf_bytes(&bytes));
	while (link_next(link, 0, &event))
		give(link, &event, 0);
	buf_deinit(&bytes);
}

/* Everything that waits to be written is exactly this. */
static inline void hear(struct link *link, const char *text)
{
	struct buf want = bytes_of(text);

	if (!slice_eq(link_out(link), buf_bytes(&want)))
		fail_msg("not sent: %s", text);
	link_sent(link, link_out(link).len, 0);
	buf_deinit(&want);
}

static inline void swallow(struct link *link)
{
	link_sent(link, link_out(link).len, 0);
}

static inline enum cp_err publish(
    struct link *link, struct slice payload, uint8_t qos, uint32_t expiry_s, uint16_t *packet_id)
{
	struct link_message message = {.payload = payload, .qos = qos, .expiry_s = expiry_s};

	return link_publish(link, &message, packet_id);
}

/* Connected, and nothing waits to be written. */
static inline void begin(struct link *link, const char *connect)
{
	begin_with(link, &talk_config);
	feed(link, connect);
	assert_int_equal(link->state, LINK_OPEN);
	swallow(link);
}

static inline struct link_event next_event(struct link *link, mono_ms now)
{
	struct link_event event;

	assert_true(link_next(link, now, &event));
	return event;
}

static inline void no_event(struct link *link, mono_ms now)
{
	struct link_event event;

	assert_false(link_next(link, now, &event));
}

#endif
