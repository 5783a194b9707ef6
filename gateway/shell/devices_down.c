#include "shell/devices_state.h"

#include "io/clock.h"
#include "io/log.h"
#include "shell/receipt.h"

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

void devices_deliver_kept(struct devices *devices, struct device_link *dl)
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

static void deliver(struct devices *devices, const struct id *device, struct slice payload,
    wall_ms expires_at, wall_ms now)
{
	struct device_link *dl = map_get(&devices->by_device, device);

	if (expires_at <= now)
		return;
	if (dl && send_down(devices, dl, payload, expires_at, now)) {
		devices_mark_dirty(devices, dl);
		return;
	}
	downlink_keep(&devices->downlink, device, payload, expires_at);
	devices->counters.downs_kept++;
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
		if (dl->peer.kind == PKI_TABLET && expires_at > now &&
		    send_down(devices, dl, payload, expires_at, now))
			devices_mark_dirty(devices, dl);
	}
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
		link_puback(&dl->link, entry->packet_id, code, clock_mono());
		devices->counters.acknowledged++;
		devices_mark_dirty(devices, dl);
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
	for (size_t i = 0; i < batch->down_count; i++) {
		const struct batch_down *down = &batch->downs[i];
		if (id_is_zero(&down->device))
			deliver_to_tablets(devices, down->payload, down->expires_at, now);
		else
			deliver(devices, &down->device, down->payload, down->expires_at, now);
	}

	devices_flush_dirty(devices);
}
