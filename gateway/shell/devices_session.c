#include "shell/devices_state.h"

#include "io/clock.h"
#include "io/log.h"
#include "ledger/ledger.h"

#include <inttypes.h>

/* --- what the store knows ----------------------------------------------------------------- */

struct remembering {
	struct roster *roster;
	enum cp_err err;
};

static void remember_session(void *ctx, const struct batch_link *session)
{
	struct remembering *remembering = ctx;

	if (!remembering->err)
		remembering->err = roster_put_session(remembering->roster, session);
}

static void remember_message(void *ctx, const struct batch_down *down)
{
	struct remembering *remembering = ctx;

	if (!remembering->err)
		remembering->err = roster_put_message(remembering->roster, down);
}

enum cp_err devices_remember(struct ledger *ledger, struct roster *roster)
{
	struct remembering remembering = {.roster = roster};
	enum cp_err err = ledger_each_link(ledger, remember_session, &remembering);

	if (!err)
		err = ledger_each_down(ledger, remember_message, &remembering);
	return err ? err : remembering.err;
}

/* --- answers -------------------------------------------------------------------------------- */

static void connected(struct devices *devices, struct device_link *dl)
{
	char hex[ID_HEX_LEN + 1];

	dl->is_connected = true;
	devices->connected++;
	log_info_about(&dl->peer.device, "%s (%s) connected from %s", dl->peer.name,
	    id_hex(&dl->peer.device, hex), listener_remote(devices->listener, dl->conn));
}

static void answer(struct devices *devices, struct device_link *dl)
{
	enum owed owed = dl->owed;

	dl->owed = OWED_NOTHING;
	if (dl->link.state == LINK_ENDED)
		return;
	if (owed == OWED_CONNACK) {
		link_accept(&dl->link, &dl->session, clock_mono());
		connected(devices, dl);
	} else {
		link_confirm(&dl->link, clock_mono());
	}
	devices_mark_dirty(devices, dl);
	devices_deliver(devices, dl);
}

static void owe(struct devices *devices, struct device_link *dl, enum owed owed, bool waits)
{
	dl->owed = owed;
	if (!waits)
		answer(devices, dl);
}

/* The store and the roster say the same again. */
void devices_settle_session(struct devices *devices, const struct batch_link *session)
{
	struct device *device = roster_find(devices->roster, &session->device);

	CP_CHECK(device);
	roster_written(device);
	if (device->link && device->link->owed && !roster_waits(device))
		answer(devices, device->link);
	roster_leave(devices->roster, device);
}

/* --- begin ------------------------------------------------------------------------------------ */

static void uncount(struct devices *devices, struct device_link *dl)
{
	devices->connected -= dl->is_connected;
	dl->is_connected = false;
}

static void take_over(struct devices *devices, struct device_link *older, bool is_resumed)
{
	devices->counters.takeovers++;
	uncount(devices, older);
	older->device = NULL;
	older->is_resumed = is_resumed;
	link_close(&older->link, MQTT_TAKEN_OVER);
	devices_mark_dirty(devices, older);
}

void devices_take_connect(
    struct devices *devices, struct device_link *dl, const struct link_event *event)
{
	if (dl->is_over_connects) {
		link_close(&dl->link, MQTT_OVER_CONNECT_RATE);
		return;
	}
	struct device *device = roster_meet(devices->roster, &dl->peer.device);

	if (!device) {
		link_close(&dl->link, MQTT_NO_MEMORY);
		return;
	}
	bool waits = roster_connect(devices->roster, device, event->connect.clean_start,
	    event->connect.session_expiry_s, clock_wall(), &dl->session);
	if (dl->session.is_present)
		wills_cancel(&devices->wills, &dl->peer.device, clock_mono());
	else
		wills_hurry(&devices->wills, &dl->peer.device, clock_mono());
	if (device->link)
		take_over(devices, device->link, dl->session.is_present);
	device->link = dl;
	dl->device = device;
	owe(devices, dl, OWED_CONNACK, waits);
}

void devices_take_subscription(struct devices *devices, struct device_link *dl, int8_t qos)
{
	owe(devices, dl, OWED_SUBACK, roster_subscribe(devices->roster, dl->device, qos));
}

/* --- end -------------------------------------------------------------------------------------- */

static void log_end(
    const struct devices *devices, const struct device_link *dl, enum mqtt_reason reason)
{
	char hex[ID_HEX_LEN + 1];

	if (reason == MQTT_CONNECTION_LOST)
		return; /* on_closed() knows more */
	if (reason == MQTT_CLIENT_DISCONNECT)
		log_info_about(&dl->peer.device, "%s (%s) disconnected", dl->peer.name,
		    id_hex(&dl->peer.device, hex));
	else
		log_warning_about(&dl->peer.device, "%s (%s) at %s: connection ended: %s",
		    dl->peer.name, id_hex(&dl->peer.device, hex),
		    listener_remote(devices->listener, dl->conn), mqtt_reason_row(reason)->text);
}

/* `session_s`: how long the session lives on. */
static void take_will_up(struct devices *devices, const struct device_link *dl,
    const struct link_will *will, uint32_t session_s)
{
	uint32_t delay_s = will->delay_s < session_s ? will->delay_s : session_s;

	if (dl->is_resumed && will->delay_s > 0) { /* [MQTT-3.1.3-9] */
		devices->wills.counters.cancelled++;
		return;
	}
	wills_keep(&devices->wills, &dl->peer.device, dl->peer.kind == PKI_TABLET, will->payload,
	    clock_mono() + delay_s * MS_PER_SECOND);
}

void devices_take_end(
    struct devices *devices, struct device_link *dl, const struct link_event *event)
{
	struct device *device = dl->device;
	uint32_t session_s = 0; /* taken over: its time is over */

	devices->counters.protocol[event->reason]++;
	log_end(devices, dl, event->reason);
	uncount(devices, dl);
	dl->device = NULL;
	if (device) {
		device->link = NULL;
		session_s = event->closed.session_expiry_s;
		roster_disconnect(devices->roster, device, session_s, clock_wall());
	}
	/* When we stop, it is not the device that went away. */
	if (event->closed.has_will && event->closed.was_accepted && !devices->is_closing)
		take_will_up(devices, dl, &event->closed.will, session_s);
	if (device)
		roster_leave(devices->roster, device);
}

/* --- what time ends -----------------------------------------------------------------------------
 */

/* P8: said once a second at most, whatever was lost. */
static void tell_losses(struct devices *devices)
{
	uint64_t downs = devices->roster->downlink.counters.dropped;
	uint64_t wills = devices->wills.counters.dropped;

	if (downs > devices->told_downs)
		log_warning("%" PRIu64 " messages for devices were given up: more wait than are "
		            "kept; is a device away for long, or does it not listen?",
		    downs - devices->told_downs);
	if (wills > devices->told_wills)
		log_warning("%" PRIu64 " wills of devices were given up: more wait than are kept",
		    wills - devices->told_wills);
	devices->told_downs = downs;
	devices->told_wills = wills;
}

void devices_tick(struct devices *devices)
{
	wall_ms now = clock_wall();
	struct device *device;

	downlink_expire(&devices->roster->downlink, now);
	for (size_t at = 0; (device = roster_next_ended(devices->roster, &at, now));)
		wills_hurry(&devices->wills, &device->session.device, clock_mono());
	roster_tidy(devices->roster);
	tell_losses(devices);
	devices_flush_dirty(devices);
}

/* --- to the batch
 * --------------------------------------------------------------------------------- */

static struct batch_entry *add(struct devices *devices, enum batch_what what)
{
	struct batch_entry *entry = batch_add(intake_batch(devices->intake));

	CP_CHECK(entry);
	entry->what = what;
	return entry;
}

/* False: nothing is left to write. */
static bool write_one(struct devices *devices, mono_ms now)
{
	struct will *will = wills_next(&devices->wills, now);
	if (will) {
		devices_take_will(devices, will);
		wills_done(&devices->wills, will);
		return true;
	}
	const struct device *device = roster_next_change(devices->roster);
	if (device) {
		add(devices, BATCH_LINK)->link = device->session;
		intake_added(devices->intake, false);
		return true;
	}
	struct batch_over over;
	if (downlink_next_over(&devices->roster->downlink, &over)) {
		add(devices, BATCH_OVER)->over = over;
		intake_added(devices->intake, false);
		return true;
	}
	return false;
}

void devices_write(struct devices *devices)
{
	mono_ms now = clock_mono();

	while (!intake_is_full(devices->intake) && write_one(devices, now))
		;
}
