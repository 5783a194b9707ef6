#include "shell/devices_state.h"

#include "io/clock.h"
#include "io/log.h"
#include "ledger/gate.h"

static void log_refusal(
    const char *name, const struct id *device, enum reading_result result, const char *why)
{
	char hex[ID_HEX_LEN + 1];

	id_hex(device, hex);
	switch (result) {
	case READING_PARKED:
		log_warning_about(device,
		    "%s (%s) sent a message that cannot be understood (%s); it is kept", name, hex,
		    why);
		break;
	case READING_RANGE:
		log_warning_about(device,
		    "%s (%s) sent a value out of range (%s); the value is not used", name, hex,
		    why);
		break;
	case READING_FOREIGN:
		log_warning_about(
		    device, "%s (%s) spoke for another device (%s); refused", name, hex, why);
		break;
	case READING_PRIVACY:
		log_warning_about(device,
		    "%s (%s) sent text where only codes are allowed (%s); refused, nothing "
		    "of it is "
		    "kept",
		    name, hex, why);
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

/* A message of the device, from its link or left as its will. */
static struct batch_entry *take_message(struct devices *devices, const char *name,
    const struct id *device, bool is_tablet, struct slice payload)
{
	struct batch_entry *entry = gate_take_device(
	    intake_batch(devices->intake), payload, device, is_tablet, clock_since_boot());

	devices->counters.messages++;
	log_refusal(name, device, entry->gate, entry->why ? entry->why : "-");
	count_refusal(&devices->counters, entry->gate);
	intake_added(devices->intake,
	    entry->what == BATCH_READING && reading_is_urgent(entry->reading.kind));
	return entry;
}

void devices_take_publish(
    struct devices *devices, struct device_link *dl, const struct link_event *event)
{
	struct batch_entry *entry = take_message(devices, dl->peer.name, &dl->peer.device,
	    dl->peer.kind == PKI_TABLET, event->publish.payload);

	devices_charge(devices, dl, 1, 0);
	entry->conn = dl->conn;
	if (entry->gate != READING_NOMEM) {
		entry->packet_id = event->publish.packet_id;
		return;
	}
	/* Not kept, so never acknowledged: the device will send it again. */
	link_close(&dl->link, MQTT_NO_MEMORY);
}

/* Nobody waits for its answer: no `conn`. */
void devices_take_will(struct devices *devices, const struct will *will)
{
	const struct batch_entry *entry = take_message(devices, "the will of a device",
	    &will->device, will->is_tablet, slice_of(will->payload, will->len));

	devices->counters.wills++;
	devices->wills.counters.dropped += entry->gate == READING_NOMEM;
}

void devices_take_event(
    struct devices *devices, struct device_link *dl, const struct link_event *event)
{
	switch (event->type) {
	case LINK_CONNECT:
		devices_take_connect(devices, dl, event);
		break;
	case LINK_PUBLISH:
		devices_take_publish(devices, dl, event);
		break;
	case LINK_SUBSCRIBED:
		devices_take_subscription(devices, dl, (int8_t)event->subscribed.qos);
		break;
	case LINK_UNSUBSCRIBED:
		devices_take_subscription(devices, dl, BATCH_NOT_SUBSCRIBED);
		break;
	case LINK_OUT_ACKED:
		devices_take_out_acked(devices, dl, event->out_acked);
		break;
	case LINK_REFUSED:
		devices->counters.protocol[event->reason]++;
		log_warning_about(&dl->peer.device, "%s at %s: request refused: %s", dl->peer.name,
		    listener_remote(devices->listener, dl->conn),
		    mqtt_reason_row(event->reason)->text);
		break;
	case LINK_CLOSED:
		devices_take_end(devices, dl, event);
		dl->is_ending = true;
		break;
	}
}
