#include "mqtt/flight.h"

#include "base/err.h"

static size_t slot(const struct flight *flight, size_t i)
{
	return (flight->from + i) % FLIGHT_MAX;
}

const struct flight_entry *flight_find(const struct flight *flight, uint16_t packet_id)
{
	for (size_t i = 0; i < flight->count; i++)
		if (flight->entries[slot(flight, i)].ack.packet_id == packet_id)
			return &flight->entries[slot(flight, i)];
	return NULL;
}

/* Its place, or received_count. */
static size_t find_received(const struct flight *flight, uint16_t packet_id)
{
	size_t i = 0;

	while (i < flight->received_count && flight->received[i] != packet_id)
		i++;
	return i;
}

bool flight_is_received(const struct flight *flight, uint16_t packet_id)
{
	return find_received(flight, packet_id) < flight->received_count;
}

void flight_push(struct flight *flight, struct flight_entry entry)
{
	CP_CHECK(flight_total(flight) < FLIGHT_MAX);
	flight->entries[slot(flight, flight->count++)] = entry;
}

void flight_answer(struct flight *flight, uint16_t packet_id, uint8_t code)
{
	size_t i = 0;

	while (i < flight->count && flight->entries[slot(flight, i)].is_answered)
		i++;
	CP_CHECK(i < flight->count);
	struct flight_entry *entry = &flight->entries[slot(flight, i)];
	CP_CHECK(entry->ack.packet_id == packet_id);
	entry->ack.code = code;
	entry->is_answered = true;
}

bool flight_take(struct flight *flight, struct flight_entry *out)
{
	const struct flight_entry *oldest = &flight->entries[flight->from];

	if (flight->count == 0 || !oldest->is_answered)
		return false;
	*out = *oldest;
	flight->from = slot(flight, 1);
	flight->count--;
	if (out->qos == 2 && out->ack.code < 0x80)
		flight->received[flight->received_count++] = out->ack.packet_id;
	return true;
}

bool flight_release(struct flight *flight, uint16_t packet_id)
{
	size_t i = find_received(flight, packet_id);

	if (i == flight->received_count)
		return false;
	flight->received[i] = flight->received[--flight->received_count];
	return true;
}
