#include "shell/devices_state.h"

#include "io/clock.h"
#include "io/log.h"
#include "mqtt/topic.h"

#include <stdlib.h>

/* A full socket is tried again after this; the listener closes one that stalls. */
#define SEND_AGAIN_MS 50

/* Plaintext of one connection that waits: a record, and what was under way. */
#define STASH_MAX_BYTES (2 * TLS_RECORD_MAX)

/* One pump takes from a link at most the packet that it had begun and one feed of the
 * smallest PUBLISHes there are: QoS 0, header and topic, no payload. */
#define PUBLISH_MIN_BYTES (2 + 2 + sizeof(TOPIC_PREFIX TOPIC_UP) - 1 + ID_HEX_LEN)
_Static_assert(1 + LINK_FEED_MAX_BYTES / PUBLISH_MIN_BYTES <= BATCH_ENTRIES_SLACK,
    "a pump that began when the batch was not full finds room");

static struct id conn_key(uint64_t conn)
{
	struct id key = {0};

	memcpy(key.b, &conn, sizeof(conn));
	return key;
}

struct device_link *devices_find(const struct devices *devices, uint64_t conn)
{
	struct id key = conn_key(conn);

	return map_get(&devices->by_conn, &key);
}

/* --- out --------------------------------------------------------------------------- */

static void arm(struct devices *devices, struct device_link *dl, mono_ms at)
{
	if (at >= dl->armed_at)
		return; /* woken earlier, it will look again */
	dl->armed_at = at;
	listener_wake_at(devices->listener, dl->conn, at);
}

static enum close_reason close_reason_of(enum mqtt_reason reason)
{
	switch (reason) {
	case MQTT_CLIENT_DISCONNECT:
		return CLOSE_DISCONNECT;
	case MQTT_KEEP_ALIVE_TIMEOUT:
		return CLOSE_KEEP_ALIVE;
	case MQTT_TAKEN_OVER:
		return CLOSE_TAKEN_OVER;
	case MQTT_SHUTDOWN:
		return CLOSE_STOPPING;
	case MQTT_REVOKED:
		return CLOSE_NOT_ALLOWED;
	case MQTT_OVER_QUOTA:
	case MQTT_OVER_CONNECT_RATE:
	case MQTT_OVER_RECEIVE_MAXIMUM:
		return CLOSE_LIMIT;
	case MQTT_FOREIGN_CLIENT_ID:
	case MQTT_CONNECT_TIMEOUT:
		return CLOSE_REFUSED;
	default:
		return CLOSE_PROTOCOL;
	}
}

/* As much as the listener takes; each time there is room again for what was kept. */
static void send_out(struct devices *devices, struct device_link *dl, mono_ms now)
{
	struct slice out;

	while ((out = link_out(&dl->link)).len > 0 &&
	       listener_send(devices->listener, dl->conn, out) == CP_OK) {
		link_sent(&dl->link, out.len, now);
		devices_deliver(devices, dl);
	}
}

/* Sends what the link has to say and arms what it waits for. */
void devices_flush(struct devices *devices, struct device_link *dl)
{
	mono_ms now = clock_mono();

	send_out(devices, dl, now);
	mono_ms wake = link_next_wake(&dl->link);
	if (link_out(&dl->link).len && wake > now + SEND_AGAIN_MS)
		wake = now + SEND_AGAIN_MS;
	if (dl->rests_until && wake > dl->rests_until)
		wake = dl->rests_until;
	arm(devices, dl, wake);

	bool reads = !dl->is_waiting && !dl->rests_until && link_wants_read(&dl->link);
	if (reads && dl->is_paused)
		listener_resume(devices->listener, dl->conn);
	else if (!reads && !dl->is_paused)
		listener_pause(devices->listener, dl->conn);
	dl->is_paused = !reads;
}

/* Why the link has ended, or MQTT_OK. */
static enum mqtt_reason take_events(struct devices *devices, struct device_link *dl)
{
	struct link_event event;
	enum mqtt_reason end = MQTT_OK;

	while (link_next(&dl->link, clock_mono(), &event)) {
		devices_take_event(devices, dl, &event);
		if (event.type == LINK_CLOSED)
			end = event.reason;
	}
	return end;
}

/* Takes the link's events, sends its answers. It began when there was room in the
 * batch, so it never has to stop half-way. True when sending let a stalled link go
 * on: what it still holds comes before anything new. */
static bool pump(struct devices *devices, struct device_link *dl)
{
	enum mqtt_reason end = take_events(devices, dl);
	bool was_stalled = !link_wants_read(&dl->link);
	devices_flush(devices, dl);
	if (end != MQTT_OK)
		listener_disconnect(devices->listener, dl->conn, close_reason_of(end));
	return was_stalled && link_wants_read(&dl->link);
}

/* --- room ------------------------------------------------------------------------------- */

/* While the disk is full nobody is read, so nobody is seen to leave: without this
 * devices that come back every minute would take all connections there are. */
static void give_up_older(struct devices *devices, const struct device_link *newest)
{
	for (struct device_link *dl = devices->waiting; dl; dl = dl->next_waiting)
		if (dl != newest && id_eq(&dl->peer.device, &newest->peer.device))
			listener_disconnect(devices->listener, dl->conn, CLOSE_TAKEN_OVER);
}

static void wait_for_room(struct devices *devices, struct device_link *dl)
{
	if (dl->is_waiting)
		return;
	if (intake_lacking_bytes(devices->intake))
		give_up_older(devices, dl);
	dl->is_waiting = true;
	dl->next_waiting = NULL;
	*devices->waiting_end = dl;
	devices->waiting_end = &dl->next_waiting;
	link_pause(&dl->link); /* P11: keep-alive is not counted while we do not read */
	listener_pause(devices->listener, dl->conn);
	dl->is_paused = true;
}

static void stop_waiting(struct devices *devices, struct device_link *dl)
{
	struct device_link **at = &devices->waiting;

	while (*at && *at != dl)
		at = &(*at)->next_waiting;
	if (!*at)
		return;
	*at = dl->next_waiting;
	if (!*at)
		devices->waiting_end = at;
	dl->is_waiting = false;
}

/* The others go on meanwhile. */
static void rest(struct devices *devices, struct device_link *dl)
{
	link_pause(&dl->link);
	devices_flush(devices, dl);
}

static void stop_resting(struct device_link *dl, mono_ms now)
{
	if (!dl->rests_until || now < dl->rests_until)
		return;
	dl->rests_until = 0;
	if (!dl->is_waiting)
		link_resume(&dl->link, now);
}

/* Keeps what could not be taken yet; the listener delivers no more meanwhile. */
static void stash(struct devices *devices, struct device_link *dl, struct slice plain)
{
	if (plain.len == 0 || buf_append(&dl->stash, plain.p, plain.len) == CP_OK)
		return;
	link_close(&dl->link, MQTT_OVER_QUOTA);
	(void)pump(devices, dl); /* it only says its end */
}

/* Everything that may bring PUBLISHes goes through here: first what the link
 * still holds, then `plain`. Before each pump there was room in the batch. */
static void take_in(struct devices *devices, struct device_link *dl, struct slice plain)
{
	bool holds_more = true; /* the link may, of an earlier feed */

	while (!intake_is_full(devices->intake)) {
		if (devices_is_over_quota(devices, dl)) {
			stash(devices, dl, plain);
			rest(devices, dl);
			return;
		}
		if (!holds_more) {
			size_t len =
			    plain.len < LINK_FEED_MAX_BYTES ? plain.len : LINK_FEED_MAX_BYTES;
			link_feed(&dl->link, slice_of(plain.p, len));
			plain = slice_from(plain, len);
		}
		holds_more = pump(devices, dl);
		if (dl->is_ending)
			return;
		if (!holds_more && (plain.len == 0 || !link_wants_read(&dl->link))) {
			stash(devices, dl, plain);
			return;
		}
	}
	wait_for_room(devices, dl);
	stash(devices, dl, plain);
}

static void go_on(struct devices *devices, struct device_link *dl)
{
	struct buf waited = dl->stash;

	buf_init(&dl->stash, waited.max_bytes);
	take_in(devices, dl, buf_bytes(&waited));
	buf_deinit(&waited);
}

void devices_has_room(struct devices *devices)
{
	while (devices->waiting && !intake_is_full(devices->intake)) {
		struct device_link *dl = devices->waiting;
		stop_waiting(devices, dl);
		if (!dl->rests_until)
			link_resume(&dl->link, clock_mono());
		go_on(devices, dl);
	}
	devices_flush_dirty(devices);
}

void devices_mark_dirty(struct devices *devices, struct device_link *dl)
{
	if (dl->is_dirty)
		return;
	dl->is_dirty = true;
	dl->next_dirty = devices->dirty;
	devices->dirty = dl;
}

/* Acknowledgements leave now, whatever else waits for room. Every turn ends here. */
void devices_flush_dirty(struct devices *devices)
{
	while (devices->dirty) {
		struct device_link *dl = devices->dirty;
		devices->dirty = dl->next_dirty;
		dl->is_dirty = false;
		if (dl->is_ending)
			continue;
		devices_flush(devices, dl);
		if (!dl->is_waiting)
			go_on(devices, dl);
	}
	devices_write(devices);
}

/* --- the listener's calls ---------------------------------------------------------------- */

static void on_opened(void *ctx, uint64_t conn, const struct tls_peer *peer)
{
	struct devices *devices = ctx;
	struct device_link *dl = calloc(1, sizeof(*dl));

	if (!dl) {
		listener_disconnect(devices->listener, conn, CLOSE_LIMIT);
		return;
	}
	dl->key = conn_key(conn);
	dl->conn = conn;
	dl->peer = *peer;
	dl->armed_at = TIME_NEVER;
	buf_init(&dl->stash, STASH_MAX_BYTES);
	dl->rules = devices->config.link;
	link_init(&dl->link, &dl->rules, &peer->device, clock_mono());
	dl->quota = devices_quota_of(devices, &peer->device);
	if (!dl->quota || map_put(&devices->by_conn, &dl->key, dl)) {
		listener_disconnect(devices->listener, conn, CLOSE_LIMIT);
		free(dl);
		return;
	}
	devices_charge_connect(devices, dl);
	arm(devices, dl, link_next_wake(&dl->link));
}

static void on_received(void *ctx, uint64_t conn, struct slice plain)
{
	struct devices *devices = ctx;
	struct device_link *dl = devices_find(devices, conn);

	if (!dl)
		return;
	devices_charge(devices, dl, 0, (int64_t)plain.len);
	if (dl->is_waiting || dl->rests_until || dl->stash.len)
		stash(devices, dl, plain);
	else
		take_in(devices, dl, plain);
	devices_flush_dirty(devices);
}

static void on_woken(void *ctx, uint64_t conn)
{
	struct devices *devices = ctx;
	struct device_link *dl = devices_find(devices, conn);

	if (!dl)
		return;
	dl->armed_at = TIME_NEVER;
	stop_resting(dl, clock_mono());
	link_tick(&dl->link, clock_mono());
	devices_mark_dirty(devices, dl);
	devices_flush_dirty(devices);
}

static void on_expelled(void *ctx, uint64_t conn)
{
	struct devices *devices = ctx;
	struct device_link *dl = devices_find(devices, conn);

	if (!dl)
		return;
	link_close(&dl->link, MQTT_REVOKED);
	(void)pump(devices, dl); /* it only says its end */
	devices_flush_dirty(devices);
}

static void on_closed(void *ctx, uint64_t conn, enum close_reason reason)
{
	struct devices *devices = ctx;
	struct device_link *dl = devices_find(devices, conn);

	if (!dl)
		return;
	if (!dl->is_ending)
		log_info_about(&dl->peer.device, "%s: connection lost (%s)", dl->peer.name,
		    close_reason_name(reason));
	link_close(&dl->link, MQTT_CONNECTION_LOST);
	take_events(devices, dl);
	map_remove(&devices->by_conn, &dl->key);
	stop_waiting(devices, dl);
	for (struct device_link **at = &devices->dirty; *at; at = &(*at)->next_dirty) {
		if (*at != dl)
			continue;
		*at = dl->next_dirty;
		break;
	}
	link_deinit(&dl->link);
	buf_deinit(&dl->stash);
	free(dl);
	devices_flush_dirty(devices);
}

/* --- open and close ------------------------------------------------------------------------ */

enum cp_err devices_open(uv_loop_t *loop, const struct devices_config *config,
    struct intake *intake, struct devices **out)
{
	static const struct listener_ops ops = {
	    .opened = on_opened,
	    .received = on_received,
	    .woken = on_woken,
	    .expelled = on_expelled,
	    .closed = on_closed,
	};
	struct devices *devices = calloc(1, sizeof(*devices));

	*out = NULL;
	if (!devices)
		return CP_NOMEM;
	devices->config = *config;
	devices->intake = intake;
	devices->roster = config->roster;
	devices->waiting_end = &devices->waiting;
	enum cp_err err = listener_open(
	    loop, &config->place, config->tls, &config->limits, &ops, devices, &devices->listener);
	if (err) {
		free(devices);
		return err;
	}
	*out = devices;
	return CP_OK;
}

void devices_set_tls(struct devices *devices, struct tls_config *tls)
{
	listener_set_config(devices->listener, tls);
}

uint16_t devices_port(const struct devices *devices)
{
	return listener_port(devices->listener);
}

static void on_listener_closed(void *ctx)
{
	struct devices *devices = ctx;

	map_deinit(&devices->by_conn);
	devices_quota_deinit(devices);
	wills_deinit(&devices->wills);
	devices->done(devices->done_ctx);
	free(devices);
}

void devices_close(struct devices *devices, void (*done)(void *ctx), void *ctx)
{
	struct map_slot *slot;

	devices->done = done;
	devices->done_ctx = ctx;
	devices->is_closing = true;
	for (size_t at = 0; (slot = map_next(&devices->by_conn, &at));) {
		struct device_link *dl = slot->value;
		link_close(&dl->link, MQTT_SHUTDOWN);
		devices_flush(devices, dl);
		dl->is_ending = true;
	}
	listener_close(devices->listener, on_listener_closed);
}

const struct devices_counters *devices_counters(const struct devices *devices)
{
	return &devices->counters;
}

size_t devices_count(const struct devices *devices)
{
	return devices->connected;
}

const struct roster *devices_roster(const struct devices *devices)
{
	return devices->roster;
}

const struct wills_counters *devices_wills_counters(const struct devices *devices)
{
	return &devices->wills.counters;
}

const struct listener_counters *devices_listener_counters(const struct devices *devices)
{
	return listener_counters(devices->listener);
}
