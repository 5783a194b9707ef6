#include "shell/devices_state.h"

#include "io/clock.h"
#include "io/log.h"

/* --- one device ----------------------------------------------------------------------------- */

/* False: later. */
static bool send_down(
    struct devices *devices, struct device_link *dl, struct downlink_message *message, wall_ms now)
{
	struct link_message out = {
	    .payload = slice_of(message->bytes, message->len),
	    .expiry_s = downlink_expiry_s(message->expires_at, now),
	    .packet_id = downlink_packet_id(message),
	    .qos = 1,
	    .is_dup = message->is_repeated,
	};
	uint16_t packet_id = 0;
	enum cp_err err = link_publish(&dl->link, &out, &packet_id);

	if (err != CP_OK && err != CP_INVALID)
		return false;
	devices->counters.downs_sent += err == CP_OK;
	devices->counters.downs_again += err == CP_OK && message->is_repeated;
	if (message->n && packet_id)
		message->is_under_way = true;
	else
		downlink_over(&devices->roster->downlink, message);
	return true;
}

void devices_deliver(struct devices *devices, struct device_link *dl)
{
	struct downlink_message *message;

	if (!dl->device || !dl->device->downs.first)
		return;
	wall_ms now = clock_wall();
	do
		message = downlink_next(&devices->roster->downlink, &dl->device->downs, now);
	while (message && send_down(devices, dl, message, now));
}

void devices_take_out_acked(struct devices *devices, struct device_link *dl, struct packet_ack ack)
{
	struct downlink_message *message =
	    dl->device ? downlink_find(&dl->device->downs, ack.packet_id) : NULL;

	if (ack.code >= 0x80) {
		devices->counters.downs_refused++;
		log_warning("%s refused a message (reason code 0x%02x); it is not sent again",
		    dl->peer.name, ack.code);
	}
	if (message)
		downlink_over(&devices->roster->downlink, message);
	devices_deliver(devices, dl);
}

/* Behind what waits already: revision 2 of a verdict must not come before 1. */
static void deliver(
    struct devices *devices, struct device *device, const struct batch_down *down, wall_ms now)
{
	struct downlink *downlink = &devices->roster->downlink;

	downlink_put(downlink, &device->downs, down);
	if (device->link) {
		devices_deliver(devices, device->link);
		devices_mark_dirty(devices, device->link);
	}
	devices->counters.downs_kept += downlink_next(downlink, &device->downs, now) != NULL;
}

/* --- settled ------------------------------------------------------------------------------ */

/* Who is a tablet says the registry, not the device. One that is away reads the
 * alert later; a verdict is worth two seconds (R19). */
static void deliver_to_tablets(struct devices *devices, const struct batch_down *down, wall_ms now)
{
	struct map_slot *slot;

	for (size_t at = 0; (slot = map_next(&devices->roster->by_id, &at));) {
		struct device *device = slot->value;
		struct batch_down copy = *down;
		if (!device->link || device->link->peer.kind != PKI_TABLET ||
		    !device->link->link.is_subscribed)
			continue;
		copy.device = device->session.device;
		deliver(devices, device, &copy, now);
	}
}

static void send_message(struct devices *devices, const struct batch_down *down, wall_ms now)
{
	if (id_is_zero(&down->device)) {
		deliver_to_tablets(devices, down, now);
		return;
	}
	struct device *device = roster_meet(devices->roster, &down->device);
	if (device && down->payload.len == 0)
		downlink_take_back(&devices->roster->downlink, &device->downs, down->n);
	else if (device)
		deliver(devices, device, down, now);
	else
		devices->roster->downlink.counters.dropped++;
}

static void count_outcome(struct devices_counters *counters, const struct batch_entry *entry)
{
	counters->stored += entry->outcome == BATCH_NEW;
	counters->duplicates += entry->outcome == BATCH_DUPLICATE;
	counters->conflicts += entry->outcome == BATCH_CONFLICT;
	counters->parked += entry->outcome == BATCH_PARKED;
	counters->not_kept += entry->outcome == BATCH_NOT_KEPT && entry->what == BATCH_PARK;
}

static void settle_message(struct devices *devices, const struct batch_entry *entry)
{
	struct device_link *dl = devices_find(devices, entry->conn);

	count_outcome(&devices->counters, entry);
	if (entry->outcome == BATCH_CONFLICT)
		log_warning_about(&entry->reading.source,
		    "boot %u seq %u came again with another content from %s; both are kept, the "
		    "first one counts",
		    entry->reading.boot, entry->reading.seq, dl ? dl->peer.name : "a device");
	if (!dl || !entry->packet_id)
		return;
	uint8_t code = entry->gate == READING_FOREIGN ? 0x87 : 0; /* not authorized */
	link_ack(&dl->link, entry->packet_id, code, clock_mono());
	devices->counters.acknowledged += code == 0 && dl->link.state != LINK_ENDED;
	devices_mark_dirty(devices, dl);
}

static void settle_entry(struct devices *devices, const struct batch_entry *entry)
{
	switch (entry->what) {
	case BATCH_READING:
	case BATCH_PARK:
	case BATCH_REFUSED:
		if (!id_eq(&entry->reading.source, &reading_head_office))
			settle_message(devices, entry);
		break;
	case BATCH_LINK:
		devices_settle_session(devices, &entry->link);
		break;
	case BATCH_OVER:
		break;
	}
}

void devices_settled(struct devices *devices, const struct batch *batch)
{
	wall_ms now = clock_wall();

	for (size_t i = 0; i < batch->entry_count; i++)
		settle_entry(devices, &batch->entries[i]);
	for (size_t i = 0; i < batch->down_count; i++)
		send_message(devices, &batch->downs[i], now);
	devices_flush_dirty(devices);
}
