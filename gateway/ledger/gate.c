#include "ledger/gate.h"

static struct batch_entry *add(struct batch *batch, struct slice payload, wall_ms recv)
{
	struct batch_entry *entry = batch_add(batch);

	CP_CHECK(entry); /* fullness was asked before */
	entry->recv = recv;
	batch->payload_bytes += payload.len;
	return entry;
}

static void sort(struct batch_entry *entry, const struct id *source)
{
	switch (entry->gate) {
	case READING_OK:
	case READING_RANGE:
		entry->what = BATCH_READING;
		break;
	case READING_PARKED:
		entry->what = BATCH_PARK;
		entry->reading.source = *source;
		break;
	default:
		entry->what = BATCH_REFUSED;
		break;
	}
}

struct batch_entry *gate_take_device(struct batch *batch, struct slice payload,
    const struct id *device, bool is_tablet, wall_ms recv)
{
	struct batch_entry *entry = add(batch, payload, recv);

	entry->is_tablet = is_tablet;
	entry->gate =
	    reading_parse(&batch->arena, payload, device, is_tablet, &entry->reading, &entry->why);
	sort(entry, device);
	return entry;
}

struct batch_entry *gate_take_order(struct batch *batch, struct slice payload, wall_ms recv)
{
	struct batch_entry *entry = add(batch, payload, recv);

	entry->gate = reading_parse_order(&batch->arena, payload, &entry->reading, &entry->why);
	sort(entry, &reading_head_office);
	if (entry->what == BATCH_READING && entry->reading.kind == READING_ORDER_RECEIPT)
		entry->what = BATCH_REFUSED;
	return entry;
}

struct batch_entry *gate_take_own(struct batch *batch, struct slice payload, wall_ms recv)
{
	struct batch_entry *entry = gate_take_order(batch, payload, recv);

	entry->reading.source = reading_box;
	return entry;
}
