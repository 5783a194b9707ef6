#include "shell/devices_state.h"

#include "io/clock.h"
#include "io/log.h"
#include "shell/receipt.h"

/* True when the message is gone: sent, or not for this device at all. */
static bool send_down(struct devices *devices, struct device_link *dl, struct slice payload,
    wall_ms expires_at, wall_ms now)
{
	struct link_message message = {
	    .payload = payload,
	    .qos = 1,
	    .expiry_s = downlink_expiry_s(expires_at, now),
	};
	uint16_t packet_id;
	enum cp_err err = link_publish(&dl->link, &message, &packet_id);

	if (err == CP_OK)
		devices->counters.downs_sent++;
	return err == CP_OK || err == CP_INVALID;
}

void devices_deliver_kept(struct devices *devices, struct device_link *dl)
{
	wall_ms now = clock_wall();
	const struct downlink_message *message;

	if (!dl->has_kept)
		return;
	while ((message = downlink_next(&devices->downlink, &dl->peer.device, now))) {
		struct slice payload = slice_of(message->bytes, message->len);
		if (!send_down(devices, dl, payload, message->expires_at, now))
			return;
		downlink_drop(&devices->downlink, message);
	}
	dl->has_kept = false;
}

/* One message overtakes no other: revision 2 of a verdict must not come before 1. */
static void deliver(struct devices *devices, const struct id *device, struct slice payload,
    wall_ms expires_at, wall_ms now)
{
	struct device_link *dl = map_get(&devices->by_device, device);

	if (dl) {
		devices_mark_dirty(devices, dl);
		devices_deliver_kept(devices, dl);
		if (!dl->has_kept && send_down(devices, dl, payload, expires_at, now))
			return;
		dl->has_kept = true;
	}
	downlink_keep(&devices->downlink, device, payload, expires_at);
	devices->counters.downs_kept++;
}

/* Not kept for a device that does not listen: one that never will could fill the
 * downlink with them. */
static void deliver_receipt(
    struct devices *devices, const struct id *device, struct slice receipt, wall_ms now)
{
	const struct device_link *dl = map_get(&devices->by_device, device);

	if (dl && dl->link.is_subscribed)
		deliver(devices, device, receipt, now + RECEIPT_VALID_MS, now);
	else
		devices->downlink.counters.dropped++;
}

/* --- settled ------------------------------------------------------------------------------ */

/* Who is a tablet says the registry, not the device. One that is away reads the
 * alert later; a verdict is worth two seconds (R19). */
static void deliver_to_tablets(
    struct devices *devices, struct slice payload, wall_ms expires_at, wall_ms now)
{
	struct map_slot *slot;

	for (size_t at = 0; (slot = map_next(&devices->by_device, &at));) {
		struct device_link *dl = slot->value;
		if (dl->peer.kind != PKI_TABLET || !dl->link.is_subscribed)
			continue;
		if (send_down(devices, dl, payload, expires_at, now))
			devices_mark_dirty(devices, dl);
		else
			devices->downlink.counters.dropped++;
	}
}

static void send_message(struct devices *devices, const struct batch_down *down, wall_ms now)
{
	if (down->expires_at <= now)
		devices->downlink.counters.expired++;
	else if (id_is_zero(&down->device))
		deliver_to_tablets(devices, down->payload, down->expires_at, now);
	else
		deliver(devices, &down->device, down->payload, down->expires_at, now);
}

static void count_outcome(struct devices_counters *counters, const struct batch_entry *entry)
{
	counters->stored += entry->outcome == BATCH_NEW;
	counters->duplicates += entry->outcome == BATCH_DUPLICATE;
	counters->conflicts += entry->outcome == BATCH_CONFLICT;
	counters->parked += entry->outcome == BATCH_PARKED;
	counters->not_kept += entry->outcome == BATCH_NOT_KEPT && entry->what == BATCH_PARK;
}
static void settle_entry(struct devices *devices, const struct batch_entry *entry, wall_ms now)
{
	struct device_link *dl = devices_find(devices, entry->conn);
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
		link_ack(&dl->link, entry->packet_id, code, clock_mono());
		devices->counters.acknowledged += code == 0 && dl->link.state != LINK_ENDED;
		devices_mark_dirty(devices, dl);
	}
	if (receipt.len)
		deliver_receipt(devices, &dl->peer.device, receipt, now);
}

void devices_settled(struct devices *devices, const struct batch *batch)
{
	wall_ms now = clock_wall();

	for (size_t i = 0; i < batch->entry_count; i++)
		if (batch->entries[i].conn)
			settle_entry(devices, &batch->entries[i], now);
	for (size_t i = 0; i < batch->down_count; i++)
		send_message(devices, &batch->downs[i], now);
	devices_flush_dirty(devices);
}
