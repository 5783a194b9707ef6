#include "shell/devices.h"

#include "base/map.h"
#include "io/clock.h"
#include "io/log.h"
#include "shell/downlink.h"
#include "shell/receipt.h"

#include <stdlib.h>

/* A full socket is tried again after this; the listener closes one that stalls. */
#define SEND_AGAIN_MS 50

/* Plaintext of one connection that waits: a record, and what was under way. */
#define STASH_MAX_BYTES (2 * TLS_RECORD_MAX)

struct device_link {
	struct id key; /* its connection, as a key of devices->by_conn */
	uint64_t conn;
	struct tls_peer peer;
	struct link link;
	struct buf stash;  /* plaintext that came while the batch was full */
	mono_ms armed_at;  /* the listener wakes us then */
	bool is_connected; /* CONNECT was accepted: it stands in by_device */
	bool is_paused;    /* the listener does not read its socket */
	bool is_waiting;   /* in the list of those that wait for room */
	bool is_dirty;     /* in the list of those that settling touched */
	bool is_ending;    /* the listener was told to close it */
	struct device_link *next_waiting;
	struct device_link *next_dirty;
};

struct devices {
	struct devices_config config;
	struct intake *intake;
	struct listener *listener;
	struct map by_conn;
	struct map by_device;
	struct downlink downlink;
	struct device_link *waiting; /* oldest first */
	struct device_link **waiting_end;
	struct device_link *dirty;
	struct devices_counters counters;
	void (*done)(void *ctx);
	void *done_ctx;
};

static struct id conn_key(uint64_t conn)
{
	struct id key = {0};

	memcpy(key.b, &conn, sizeof(conn));
	return key;
}

static struct device_link *find(const struct devices *devices, uint64_t conn)
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
	case MQTT_OVER_RECEIVE_MAXIMUM:
		return CLOSE_LIMIT;
	case MQTT_FOREIGN_CLIENT_ID:
	case MQTT_CONNECT_TIMEOUT:
		return CLOSE_REFUSED;
	default:
		return CLOSE_PROTOCOL;
	}
}

/* Sends what the link has to say and arms what it waits for. */
static void flush(struct devices *devices, struct device_link *dl)
{
	mono_ms now = clock_mono();
	struct slice out = link_out(&dl->link);

	if (out.len && listener_send(devices->listener, dl->conn, out) == CP_OK)
		link_sent(&dl->link, out.len, now);
	mono_ms wake = link_next_wake(&dl->link);
	if (link_out(&dl->link).len && wake > now + SEND_AGAIN_MS)
		wake = now + SEND_AGAIN_MS;
	arm(devices, dl, wake);

	bool reads = !dl->is_waiting && link_wants_read(&dl->link);
	if (reads && dl->is_paused)
		listener_resume(devices->listener, dl->conn);
	else if (!reads && !dl->is_paused)
		listener_pause(devices->listener, dl->conn);
	dl->is_paused = !reads;
}

/* --- down ---------------------------------------------------------------------------- */

/* True when the message is gone: sent, or not for this device at all. */
static bool send_down(struct devices *devices, struct device_link *dl, struct slice payload,
    wall_ms expires_at, wall_ms now)
{
	uint16_t packet_id;
	enum cp_err err =
	    link_publish(&dl->link, payload, 1, downlink_expiry_s(expires_at, now), &packet_id);

	if (err == CP_OK)
		devices->counters.downs_sent++;
	return err == CP_OK || err == CP_INVALID;
}

static void deliver_kept(struct devices *devices, struct device_link *dl)
{
	wall_ms now = clock_wall();
	const struct downlink_message *message;

	while ((message = downlink_next(&devices->downlink, &dl->peer.device, now))) {
		struct slice payload = slice_of(message->bytes, message->len);
		if (!send_down(devices, dl, payload, message->expires_at, now))
			return;
		downlink_drop(&devices->downlink, message);
	}
}

static void mark_dirty(struct devices *devices, struct device_link *dl)
{
	if (dl->is_dirty)
		return;
	dl->is_dirty = true;
	dl->next_dirty = devices->dirty;
	devices->dirty = dl;
}

static void deliver(struct devices *devices, const struct id *device, struct slice payload,
    wall_ms expires_at, wall_ms now)
{
	struct device_link *dl = map_get(&devices->by_device, device);

	if (expires_at <= now)
		return;
	if (dl && send_down(devices, dl, payload, expires_at, now)) {
		mark_dirty(devices, dl);
		return;
	}
	downlink_keep(&devices->downlink, device, payload, expires_at);
	devices->counters.downs_kept++;
}

/* --- up ------------------------------------------------------------------------------- */

static void log_refusal(const struct device_link *dl, enum reading_result result, const char *why)
{
	char hex[ID_HEX_LEN + 1];

	id_hex(&dl->peer.device, hex);
	switch (result) {
	case READING_PARKED:
		log_warning(
		    "%s (%s) sent a message that cannot be understood (%s); it is kept and tried "
		    "again after an upgrade",
		    dl->peer.name, hex, why);
		break;
	case READING_RANGE:
		log_warning("%s (%s) sent a value out of range (%s); the value is not used",
		    dl->peer.name, hex, why);
		break;
	case READING_FOREIGN:
		log_warning(
		    "%s (%s) spoke for another device (%s); refused", dl->peer.name, hex, why);
		break;
	case READING_PRIVACY:
		log_warning("%s (%s) sent text where only codes are allowed (%s); refused, nothing "
		            "of it is "
		            "kept",
		    dl->peer.name, hex, why);
		break;
	default:
		break;
	}
}

static void count_refusal(struct devices_counters *counters, enum reading_result result)
{
	counters->range += result == READING_RANGE;
	counters->foreign += result == READING_FOREIGN;
	counters->privacy += result == READING_PRIVACY;
}

static void take_publish(
    struct devices *devices, struct device_link *dl, const struct link_event *event)
{
	struct batch *batch = intake_batch(devices->intake);
	struct batch_entry *entry = batch_add(batch);
	const char *why = NULL;

	CP_CHECK(entry); /* fullness was asked before the record was fed */
	devices->counters.messages++;
	entry->conn = dl->conn;
	entry->packet_id = event->publish.packet_id;
	entry->recv = clock_wall();
	entry->gate = reading_parse(&batch->arena, event->publish.payload, &dl->peer.device,
	    dl->peer.kind == PKI_TABLET, &entry->reading, &why);
	switch (entry->gate) {
	case READING_OK:
	case READING_RANGE:
		entry->what = BATCH_READING;
		break;
	case READING_PARKED:
		entry->what = BATCH_PARK;
		entry->reading.source = dl->peer.device;
		break;
	default:
		entry->what = BATCH_REFUSED;
		break;
	}
	entry->why = why;
	batch->payload_bytes += event->publish.payload.len;
	log_refusal(dl, entry->gate, why ? why : "-");
	count_refusal(&devices->counters, entry->gate);
	if (entry->gate == READING_NOMEM) {
		/* Not kept, so never acknowledged: the device will send it again. */
		entry->packet_id = 0;
		link_close(&dl->link, MQTT_NO_MEMORY);
	}
	intake_added(devices->intake,
	    entry->what == BATCH_READING && reading_is_urgent(entry->reading.kind));
}

static void on_connected(struct devices *devices, struct device_link *dl)
{
	struct device_link *older = map_get(&devices->by_device, &dl->peer.device);

	if (older && older != dl) {
		devices->counters.takeovers++;
		older->is_connected = false;
		link_close(&older->link, MQTT_TAKEN_OVER);
		mark_dirty(devices, older);
	}
	if (map_put(&devices->by_device, &dl->peer.device, dl)) {
		link_close(&dl->link, MQTT_NO_MEMORY);
		return;
	}
	dl->is_connected = true;
	char hex[ID_HEX_LEN + 1];
	log_info("%s (%s) connected from %s", dl->peer.name, id_hex(&dl->peer.device, hex),
	    listener_remote(devices->listener, dl->conn));
}

static void on_ended(struct devices *devices, struct device_link *dl, enum mqtt_reason reason)
{
	const struct mqtt_reason_row *row = mqtt_reason_row(reason);
	char hex[ID_HEX_LEN + 1];

	devices->counters.protocol[reason]++;
	if (reason == MQTT_CLIENT_DISCONNECT)
		log_info("%s (%s) disconnected", dl->peer.name, id_hex(&dl->peer.device, hex));
	else
		log_warning("%s (%s) at %s: connection ended: %s", dl->peer.name,
		    id_hex(&dl->peer.device, hex), listener_remote(devices->listener, dl->conn),
		    row->text);
}

static void take_event(
    struct devices *devices, struct device_link *dl, const struct link_event *event)
{
	switch (event->type) {
	case LINK_CONNECTED:
		on_connected(devices, dl);
		break;
	case LINK_PUBLISH:
		take_publish(devices, dl, event);
		break;
	case LINK_SUBSCRIBED:
	case LINK_OUT_ACKED:
		deliver_kept(devices, dl);
		break;
	case LINK_UNSUBSCRIBED:
		break;
	case LINK_REFUSED:
		devices->counters.protocol[event->reason]++;
		log_warning("%s at %s: request refused: %s", dl->peer.name,
		    listener_remote(devices->listener, dl->conn),
		    mqtt_reason_row(event->reason)->text);
		break;
	case LINK_CLOSED:
		on_ended(devices, dl, event->reason);
		dl->is_ending = true;
		break;
	}
}

/* Takes the link's events, sends its answers. The record that it works on was let
 * in when there was room, so it never has to stop half-way. */
static void pump(struct devices *devices, struct device_link *dl)
{
	struct link_event event;
	enum mqtt_reason end = MQTT_OK;

	while (link_next(&dl->link, clock_mono(), &event)) {
		take_event(devices, dl, &event);
		if (event.type == LINK_CLOSED)
			end = event.reason;
	}
	flush(devices, dl);
	if (end != MQTT_OK)
		listener_disconnect(devices->listener, dl->conn, close_reason_of(end));
}

/* --- room ------------------------------------------------------------------------------- */

static void wait_for_room(struct devices *devices, struct device_link *dl)
{
	if (dl->is_waiting)
		return;
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

/* Keeps what could not be taken yet; the listener delivers no more meanwhile. */
static void stash(struct devices *devices, struct device_link *dl, struct slice plain)
{
	if (plain.len == 0 || buf_append(&dl->stash, plain.p, plain.len) == CP_OK)
		return;
	link_close(&dl->link, MQTT_OVER_QUOTA);
	pump(devices, dl);
}

/* Everything that may bring PUBLISHes goes through here: first what the link
 * still holds, then `plain`. */
static void take_in(struct devices *devices, struct device_link *dl, struct slice plain)
{
	while (!dl->is_ending) {
		if (intake_is_full(devices->intake)) {
			wait_for_room(devices, dl);
			break;
		}
		pump(devices, dl);
		if (dl->is_ending || plain.len == 0)
			return;
		if (!link_wants_read(&dl->link))
			break;
		size_t len = plain.len < LINK_FEED_MAX_BYTES ? plain.len : LINK_FEED_MAX_BYTES;
		link_feed(&dl->link, slice_of(plain.p, len));
		pump(devices, dl);
		plain = slice_from(plain, len);
	}
	if (!dl->is_ending)
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
		link_resume(&dl->link, clock_mono());
		go_on(devices, dl);
	}
}

/* --- settled ------------------------------------------------------------------------------ */

static void count_outcome(struct devices_counters *counters, const struct batch_entry *entry)
{
	counters->stored += entry->outcome == BATCH_NEW;
	counters->duplicates += entry->outcome == BATCH_DUPLICATE;
	counters->conflicts += entry->outcome == BATCH_CONFLICT;
	counters->parked += entry->outcome == BATCH_PARKED;
	counters->not_kept += entry->outcome == BATCH_NOT_KEPT && entry->what == BATCH_PARK;
}

/* Acknowledgements leave now, whatever else waits for room. */
static void flush_dirty(struct devices *devices)
{
	while (devices->dirty) {
		struct device_link *dl = devices->dirty;
		devices->dirty = dl->next_dirty;
		dl->is_dirty = false;
		if (dl->is_ending)
			continue;
		flush(devices, dl);
		if (!dl->is_waiting)
			go_on(devices, dl);
	}
}

static void settle_entry(struct devices *devices, const struct batch_entry *entry, wall_ms now)
{
	struct device_link *dl = find(devices, entry->conn);
	uint8_t bytes[RECEIPT_BYTES_MAX];
	struct slice receipt = receipt_of(entry, now, bytes);

	count_outcome(&devices->counters, entry);
	if (entry->outcome == BATCH_CONFLICT)
		log_warning(
		    "boot %u seq %u came again with another content from %s; both are kept, the "
		    "first one counts",
		    entry->reading.boot, entry->reading.seq, dl ? dl->peer.name : "a device");
	if (!dl)
		return;
	if (entry->packet_id) {
		uint8_t code = entry->gate == READING_FOREIGN ? 0x87 : 0; /* not authorized */
		link_puback(&dl->link, entry->packet_id, code, clock_mono());
		devices->counters.acknowledged++;
		mark_dirty(devices, dl);
	}
	if (receipt.len)
		deliver(devices, &dl->peer.device, receipt, now + RECEIPT_VALID_MS, now);
}

void devices_settled(struct devices *devices, const struct batch *batch)
{
	wall_ms now = clock_wall();

	for (size_t i = 0; i < batch->entry_count; i++)
		if (batch->entries[i].conn)
			settle_entry(devices, &batch->entries[i], now);
	for (size_t i = 0; i < batch->down_count; i++)
		deliver(devices, &batch->downs[i].device, batch->downs[i].payload,
		    batch->downs[i].expires_at, now);

	flush_dirty(devices);
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
	link_init(&dl->link, &devices->config.link, &peer->device, clock_mono());
	if (map_put(&devices->by_conn, &dl->key, dl)) {
		listener_disconnect(devices->listener, conn, CLOSE_LIMIT);
		free(dl);
		return;
	}
	arm(devices, dl, link_next_wake(&dl->link));
}

static void on_received(void *ctx, uint64_t conn, struct slice plain)
{
	struct devices *devices = ctx;
	struct device_link *dl = find(devices, conn);

	if (!dl)
		return;
	if (dl->is_waiting || dl->stash.len)
		stash(devices, dl, plain);
	else
		take_in(devices, dl, plain);
	flush_dirty(devices);
}

static void on_woken(void *ctx, uint64_t conn)
{
	struct devices *devices = ctx;
	struct device_link *dl = find(devices, conn);

	if (!dl)
		return;
	dl->armed_at = TIME_NEVER;
	link_tick(&dl->link, clock_mono());
	take_in(devices, dl, slice_of(NULL, 0));
	if (!dl->is_ending)
		flush(devices, dl);
	flush_dirty(devices);
}

static void on_closed(void *ctx, uint64_t conn, enum close_reason reason)
{
	struct devices *devices = ctx;
	struct device_link *dl = find(devices, conn);

	if (!dl)
		return;
	if (!dl->is_ending)
		log_info("%s: connection lost (%s)", dl->peer.name, close_reason_name(reason));
	if (map_get(&devices->by_device, &dl->peer.device) == dl)
		map_remove(&devices->by_device, &dl->peer.device);
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
}

/* --- open and close ------------------------------------------------------------------------ */

enum cp_err devices_open(uv_loop_t *loop, const struct devices_config *config,
    struct intake *intake, struct devices **out)
{
	static const struct listener_ops ops = {
	    .opened = on_opened,
	    .received = on_received,
	    .woken = on_woken,
	    .closed = on_closed,
	};
	struct devices *devices = calloc(1, sizeof(*devices));

	*out = NULL;
	if (!devices)
		return CP_NOMEM;
	devices->config = *config;
	devices->intake = intake;
	devices->waiting_end = &devices->waiting;
	enum cp_err err = listener_open(loop, config->address, config->port, config->tls,
	    &config->limits, &ops, devices, &devices->listener);
	if (err) {
		free(devices);
		return err;
	}
	*out = devices;
	return CP_OK;
}

uint16_t devices_port(const struct devices *devices)
{
	return listener_port(devices->listener);
}

static void on_listener_closed(void *ctx)
{
	struct devices *devices = ctx;

	map_deinit(&devices->by_conn);
	map_deinit(&devices->by_device);
	downlink_deinit(&devices->downlink);
	devices->done(devices->done_ctx);
	free(devices);
}

void devices_close(struct devices *devices, void (*done)(void *ctx), void *ctx)
{
	struct map_slot *slot;

	devices->done = done;
	devices->done_ctx = ctx;
	for (size_t at = 0; (slot = map_next(&devices->by_conn, &at));) {
		struct device_link *dl = slot->value;
		link_close(&dl->link, MQTT_SHUTDOWN);
		flush(devices, dl);
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
	return devices->by_device.count;
}

const struct listener_counters *devices_listener_counters(const struct devices *devices)
{
	return listener_counters(devices->listener);
}
