#include "device.h"

#include "clock.h"
#include "wire/unpack.h"
#include "words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define HEARTBEAT_MS (30 * MS_PER_SECOND) /* domain.md 9.1 */
#define RETRY_FIRST_MS 300
#define RETRY_MAX_MS 5000
#define DOWN_ARENA_BYTES (64u << 10)

wall_ms device_wall(const struct device *device, mono_ms now)
{
	return device->world->started_at + now;
}

/* --- the buffer ------------------------------------------------------------ */

struct envelope device_envelope(const struct device *device, mono_ms now)
{
	return (struct envelope){
	    .source = device->who.id,
	    .boot = device->boot,
	    .seq = device->seq + 1,
	    .ts_ms = device_wall(device, now),
	    .mono_ms = (uint64_t)(DEVICE_BOOT_AGE_MS + now),
	};
}

static bool put(struct device *device, const struct message *message, bool is_first)
{
	enum cp_err err = outbox_put(&device->outbox, message, is_first);

	if (err)
		device->world->report->not_recorded++;
	else
		device->world->report->messages++;
	return !err;
}

static void remember(struct device *device, const struct message *message)
{
	uint8_t *bytes = realloc(device->last.bytes, message->len);

	if (!bytes)
		return; /* then an older one is said twice */
	memcpy(bytes, message->bytes, message->len);
	device->last = *message;
	device->last.bytes = bytes;
}

/* Takes what is in the buffer and empties it. */
static bool record(struct device *device, const struct envelope *envelope, struct buf *bytes,
    struct message message, bool is_first)
{
	message.boot = envelope->boot;
	message.seq = envelope->seq;
	message.bytes = (uint8_t *)buf_bytes(bytes).p;
	message.len = bytes->len;
	message_hash(buf_bytes(bytes), message.hash);
	bool is_kept = put(device, &message, is_first);

	if (is_kept && envelope->boot == device->boot) {
		device->seq = envelope->seq;
		remember(device, &message);
	}
	buf_deinit(bytes);
	return is_kept;
}

static void pump(struct device *device);

bool device_record(
    struct device *device, const struct envelope *envelope, struct buf *bytes, bool is_start)
{
	struct message message = {
	    .is_buffered = envelope->boot != device->boot || device->link != LINK_UP,
	    .is_start = is_start,
	};
	bool is_kept = record(device, envelope, bytes, message, false);

	pump(device);
	return is_kept;
}

void device_repeat_last(struct device *device)
{
	struct message message = device->last;

	message.is_buffered = device->link != LINK_UP;
	message.is_start = false;
	message.is_repeat = true;
	if (!message.bytes || outbox_put(&device->outbox, &message, false))
		return;
	device->world->report->repeats++;
	pump(device);
}

static bool publish(struct device *device, struct message *message)
{
	struct buf payload;
	mono_ms now = clock_mono() - device->world->started_mono;

	buf_init(&payload, MESSAGE_MAX_BYTES);
	CP_CHECK(buf_append(&payload, message->bytes, message->len) == CP_OK);
	message_stamp(&payload, (uint64_t)(DEVICE_BOOT_AGE_MS + now),
	    message->is_buffered || message->times_sent > 0);
	enum cp_err err = transport_publish(
	    device->transport, device->up_topic, buf_bytes(&payload), message->boot, message->seq);

	buf_deinit(&payload);
	if (err)
		return false;
	if (message->is_start && !message->is_buffered && message->times_sent == 0)
		device->session.start_sent_at = now;
	device->world->report->sends++;
	device->world->report->resends += message->times_sent > 0;
	outbox_sent(&device->outbox, message);
	return true;
}

static void pump(struct device *device)
{
	if (device->link != LINK_UP)
		return;
	while (device->outbox.in_flight < device->window) {
		struct message *message = outbox_next(&device->outbox);

		if (!message || !publish(device, message))
			return; /* a refused send is followed by the loss of the connection */
	}
}

/* --- the link -------------------------------------------------------------- */

static void retry_later(struct device *device, mono_ms now)
{
	unsigned doublings = device->failures < 5 ? device->failures : 5;
	int64_t pause_ms = (int64_t)RETRY_FIRST_MS << doublings;
	int64_t jitter_ms = (int64_t)plan_draw(device->world->plan,
	    device->who.id.b[0] + 256u * device->who.id.b[1], device->failures, RETRY_FIRST_MS);

	device->failures++;
	device->link = LINK_DOWN;
	device->connect_at = now + (pause_ms < RETRY_MAX_MS ? pause_ms : RETRY_MAX_MS) + jitter_ms;
}

static void connect_now(struct device *device, mono_ms now)
{
	device->link = LINK_CONNECTING;
	if (transport_connect(device->transport) == CP_OK)
		return;
	/* Paho refuses when its client is in a state that it did not expect. */
	transport_cut(device->transport);
	retry_later(device, now);
}

/* Said once; the attempts that follow are not. */
static void cannot_connect(struct device *device, const char *why, mono_ms now)
{
	if (device->failures == 0)
		report_event(device->world->report, device_wall(device, now), &device->who,
		    "cannot_connect", json_pack("{s:s}", "why", why),
		    "cannot connect (%s) and tries again", why);
	retry_later(device, now);
}

static void connection_is_gone(struct device *device, const char *why, mono_ms now)
{
	size_t unacked = device->outbox.in_flight;

	outbox_rewind(&device->outbox);
	device->session.start_sent_at = TIME_NEVER; /* its answer would be timed wrongly */
	if (device->failures == 0)
		report_event(device->world->report, device_wall(device, now), &device->who,
		    "connection_lost",
		    json_pack("{s:s, s:I}", "why", why, "unacknowledged", (json_int_t)unacked),
		    "loses the connection (%s); %zu messages will be sent again", why, unacked);
	retry_later(device, now);
}

/* The connection is of no use although nobody closed it. */
static void give_up(struct device *device, const char *why, mono_ms now)
{
	transport_cut(device->transport);
	connection_is_gone(device, why, now);
}

static void say_heartbeat(struct device *device, mono_ms now)
{
	struct envelope envelope = device_envelope(device, now);
	struct buf bytes;

	device->heartbeat_at = now + HEARTBEAT_MS;
	buf_init(&bytes, MESSAGE_MAX_BYTES);
	message_heartbeat(
	    &bytes, &envelope, session_is_open(&device->session), (uint32_t)device->outbox.count);
	(void)device_record(device, &envelope, &bytes, false);
}

static void say_hello(struct device *device, mono_ms now)
{
	struct envelope envelope = device_envelope(device, now);
	struct buf bytes;

	buf_init(&bytes, MESSAGE_MAX_BYTES);
	message_hello(&bytes, &envelope, device->kind, device->world->site, device->seq);
	(void)record(device, &envelope, &bytes, (struct message){0}, true);
}

static void connected(struct device *device, const struct event *event, mono_ms now)
{
	device->window = DEVICE_WINDOW;
	if (event->receive_max > 0 && event->receive_max < DEVICE_WINDOW)
		device->window = event->receive_max;
	device->link = LINK_SUBSCRIBING;
	if (transport_subscribe(device->transport, device->down_topic) != CP_OK)
		give_up(device, "cannot subscribe", now);
}

static void subscribed(struct device *device, mono_ms now)
{
	device->link = LINK_UP;
	device->failures = 0;
	if (device->connections++ > 0)
		device->world->report->reconnects++;
	report_event(device->world->report, device_wall(device, now), &device->who, "connected",
	    json_pack("{s:I, s:I}", "boot", (json_int_t)device->boot, "waiting",
	        (json_int_t)device->outbox.count),
	    "is connected, %zu messages to send", device->outbox.count);
	say_hello(device, now);
	say_heartbeat(device, now);
}

void device_unplug(struct device *device)
{
	device->is_unplugged = true;
	device->link = LINK_DOWN;
	device->connect_at = TIME_NEVER;
	transport_cut(device->transport);
	outbox_rewind(&device->outbox);
	device->session.start_sent_at = TIME_NEVER;
}

void device_plug_in(struct device *device, mono_ms now)
{
	device->is_unplugged = false;
	device->connect_at = now;
}

/* --- what comes from the gateway ------------------------------------------- */

static void acked(struct device *device, const struct event *event)
{
	struct report *report = device->world->report;
	struct message message;

	if (!outbox_acked(&device->outbox, event->boot, event->seq, &message))
		return;
	if (transport_qos(device->transport) > 0)
		report_acked(report, &device->who.id, message.boot, message.seq, message.hash);
	report->acknowledged += !message.is_repeat;
	pump(device);
}

/* For whoever books the next appointment. */
static void next_allowed(
    struct device *device, const Carepace__V1__ShowNextAllowed *show, mono_ms now)
{
	char date[WORDS_DATE_BYTES];
	char zones[128] = "";
	size_t len = 0;

	for (unsigned bit = 0; bit < 32 && len < sizeof(zones); bit++)
		if (show->zones >> bit & 1)
			len += (size_t)snprintf(zones + len, sizeof(zones) - len, "%s%s",
			    len ? ", " : "", words_zone((Carepace__V1__Zone)bit));
	report_event(device->world->report, device_wall(device, now), &device->who, "next_allowed",
	    json_pack("{s:I, s:I}", "zones", (json_int_t)show->zones, "allowed_date",
	        (json_int_t)show->allowed_date),
	    "<- the next treatment is possible from %s (%s)", words_date(show->allowed_date, date),
	    zones);
}

static void down(struct device *device, const struct event *event, mono_ms now)
{
	struct arena arena;
	struct wire_scan scan;
	ProtobufCMessage *message;

	arena_init(&arena, DOWN_ARENA_BYTES, WIRE_MAX_MEMORY_BYTES);
	if (wire_unpack(&arena, &carepace__v1__down__descriptor, slice_of(event->bytes, event->len),
	        &message, &scan) == WIRE_OK) {
		const Carepace__V1__Down *down = (const Carepace__V1__Down *)message;

		if (down->body_case == CAREPACE__V1__DOWN__BODY_VERDICT) {
			session_verdict(&device->session, device, down->verdict, now);
			if (device->kind == PKI_TABLET)
				tablet_verdict(&device->tablet, down->verdict, now);
		}
		if (down->body_case == CAREPACE__V1__DOWN__BODY_SHOW_NEXT_ALLOWED)
			next_allowed(device, down->show_next_allowed, now);
	} else {
		device->world->report->undecodable++;
		report_event(device->world->report, device_wall(device, now), &device->who,
		    "undecodable", NULL, "<- %zu bytes that are no message", event->len);
	}
	arena_deinit(&arena);
}

static void send_failed(struct device *device, const struct event *event, mono_ms now)
{
	/* A loss of the connection fails every message in flight, and LOST follows. */
	if (!event->is_refusal)
		return;
	device->world->report->refused_sends++;
	give_up(device, event->why, now);
}

void device_event(struct device *device, struct event *event, mono_ms now)
{
	bool is_current = event->generation == transport_generation(device->transport) &&
	                  device->link != LINK_DOWN && device->link != LINK_OFF;

	if (event->kind == EVENT_DISCONNECTED) {
		device->link = LINK_OFF;
	} else if (is_current) {
		switch (event->kind) {
		case EVENT_CONNECTED:
			connected(device, event, now);
			break;
		case EVENT_SUBSCRIBED:
			subscribed(device, now);
			pump(device);
			break;
		case EVENT_ACKED:
			acked(device, event);
			break;
		case EVENT_DOWN:
			down(device, event, now);
			break;
		case EVENT_SEND_FAILED:
			send_failed(device, event, now);
			break;
		case EVENT_SUBSCRIBE_FAILED:
			give_up(device, event->why, now);
			break;
		case EVENT_CONNECT_FAILED:
			cannot_connect(device, event->why, now);
			break;
		case EVENT_LOST:
			connection_is_gone(device, event->why, now);
			break;
		case EVENT_DISCONNECTED:
			break;
		}
	}
	free(event->bytes);
	event->bytes = NULL;
}

/* --- life ------------------------------------------------------------------ */

/* Starts are in the order of time: a device that has been running since cannot
 * have been started weeks ago for the first time now. */
static void record_past(struct device *device, const struct device_config *config)
{
	const struct world *world = device->world;
	struct past past[PLAN_PAST_MAX];
	size_t count = plan_past(world->plan, config->plan_index, past);
	uint32_t seq = 0;

	if (count == 0 || world->started_at + past[0].boot_ms <= config->last_seen_at)
		return;
	/* First, so that nothing of the past is taken for a message of this start. */
	device->boot = config->last_boot + 2 + past[count - 1].boot_index;
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && past[i].boot_index != past[i - 1].boot_index)
			seq = 0;
		session_record_past(
		    device, &past[i], config->last_boot + 1 + past[i].boot_index, &seq);
	}
	world->report->sessions_past += count;
}

void device_init(
    struct device *device, const struct world *world, const struct device_config *config)
{
	char hex[ID_HEX_LEN + 1];

	*device = (struct device){
	    .world = world,
	    .who = {.id = config->id, .name = config->name},
	    .kind = config->kind,
	    .plan_index = config->plan_index,
	    .transport = config->transport,
	    .heartbeat_at = TIME_NEVER,
	    .window = DEVICE_WINDOW,
	    .boot = config->last_boot + 1,
	};
	id_hex(&config->id, hex);
	(void)snprintf(device->up_topic, sizeof(device->up_topic), "carepace/v1/device/%s/up", hex);
	(void)snprintf(
	    device->down_topic, sizeof(device->down_topic), "carepace/v1/device/%s/down", hex);
	outbox_init(&device->outbox);
	session_init(&device->session);
	if (config->plan_index == PLAN_NO_DEVICE) {
		tablet_admit_past(device);
		return;
	}
	device->connect_at = plan_connect_ms(world->plan, config->plan_index);
	record_past(device, config);
}

void device_deinit(struct device *device)
{
	transport_free(device->transport);
	outbox_deinit(&device->outbox);
	free(device->last.bytes);
	*device = (struct device){0};
}

static bool wants_to_connect(const struct device *device)
{
	if (device_is_done(device))
		return false;
	return device->link == LINK_DOWN || (device->link == LINK_OFF && device->connections == 0);
}

void device_tick(struct device *device, mono_ms now)
{
	if (wants_to_connect(device) && now >= device->connect_at)
		connect_now(device, now);
	if (device->link == LINK_UP && now >= device->heartbeat_at && !device->is_stopping)
		say_heartbeat(device, now);
	if (device->is_stopping)
		return;
	if (device->plan_index != PLAN_NO_DEVICE)
		session_tick(&device->session, device, now);
	if (device->kind == PKI_TABLET)
		tablet_tick(&device->tablet, device, now);
}

static mono_ms earlier(mono_ms a, mono_ms b)
{
	return a < b ? a : b;
}

mono_ms device_next_ms(const struct device *device)
{
	mono_ms next = TIME_NEVER;

	if (wants_to_connect(device))
		next = device->connect_at;
	if (device->is_stopping)
		return next;
	if (device->link == LINK_UP)
		next = earlier(next, device->heartbeat_at);
	if (device->plan_index != PLAN_NO_DEVICE)
		next = earlier(next, session_next_ms(&device->session));
	return earlier(next, tablet_next_ms(&device->tablet));
}

void device_stop(struct device *device, mono_ms now)
{
	if (device->plan_index != PLAN_NO_DEVICE)
		session_stop(&device->session, device, now);
	device->is_stopping = true;
	/* What was not switched on yet has something to tell all the same. */
	if (device->is_unplugged || device->connect_at > now)
		device_plug_in(device, now);
}

bool device_is_done(const struct device *device)
{
	return device->is_stopping && outbox_is_empty(&device->outbox);
}

bool device_disconnect(struct device *device)
{
	if (device->link == LINK_UP && transport_disconnect(device->transport) == CP_OK)
		return true;
	device->link = LINK_OFF;
	return false;
}
