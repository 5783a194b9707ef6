#include "shell/devices_state.h"

#include "io/clock.h"
#include "io/log.h"

static void log_refusal(const struct device_link *dl, enum reading_result result, const char *why)
{
	char hex[ID_HEX_LEN + 1];

	id_hex(&dl->peer.device, hex);
	switch (result) {
	case READING_PARKED:
		log_warning("%s (%s) sent a message that cannot be understood (%s); it is kept",
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

	CP_CHECK(entry); /* fullness was asked before the link was pumped */
	devices->counters.messages++;
	entry->conn = dl->conn;
	entry->packet_id = event->publish.packet_id;
	entry->recv = clock_wall();
	entry->is_tablet = dl->peer.kind == PKI_TABLET;
	entry->gate = reading_parse(&batch->arena, event->publish.payload, &dl->peer.device,
	    entry->is_tablet, &entry->reading, &why);
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

static void on_connect(struct devices *devices, struct device_link *dl)
{
	struct device_link *older = map_get(&devices->by_device, &dl->peer.device);

	if (older && older != dl) {
		devices->counters.takeovers++;
		older->is_connected = false;
		link_close(&older->link, MQTT_TAKEN_OVER);
		devices_mark_dirty(devices, older);
	}
	if (map_put(&devices->by_device, &dl->peer.device, dl)) {
		link_close(&dl->link, MQTT_NO_MEMORY);
		return;
	}
	dl->is_connected = true;
	link_accept(&dl->link, &(struct link_session){0}, clock_mono());
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

void devices_take_event(
    struct devices *devices, struct device_link *dl, const struct link_event *event)
{
	switch (event->type) {
	case LINK_CONNECT:
		on_connect(devices, dl);
		break;
	case LINK_PUBLISH:
		take_publish(devices, dl, event);
		break;
	case LINK_SUBSCRIBED:
		link_confirm(&dl->link, clock_mono());
		dl->has_kept = true;
		devices_deliver_kept(devices, dl);
		break;
	case LINK_OUT_ACKED:
		devices_deliver_kept(devices, dl);
		break;
	case LINK_UNSUBSCRIBED:
		link_confirm(&dl->link, clock_mono());
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
