#include "mqtt/flight.h"

#include "base/err.h"

bool flight_has(const struct flight *flight, uint16_t packet_id)
{
	for (size_t i = 0; i < flight->count; i++)
		if (flight->entries[(flight->from + i) % FLIGHT_MAX].ack.packet_id == packet_id)
			return true;
	return false;
}

static void push(struct flight *flight, struct flight_entry entry)
{
	CP_CHECK(flight->count < FLIGHT_MAX);
	flight->entries[(flight->from + flight->count++) % FLIGHT_MAX] = entry;
}

void flight_push(struct flight *flight, uint16_t packet_id)
{
	push(flight, (struct flight_entry){.ack = {.packet_id = packet_id}});
}

void flight_push_answered(struct flight *flight, uint16_t packet_id, uint8_t code)
{
	push(flight, (struct flight_entry){
	                 .ack = {.packet_id = packet_id, .code = code},
	                 .is_answered = true,
	             });
}

void flight_answer(struct flight *flight, uint16_t packet_id, uint8_t code)
{
	size_t i = 0;

	while (i < flight->count && flight->entries[(flight->from + i) % FLIGHT_MAX].is_answered)
		i++;
	CP_CHECK(i < flight->count);
	struct flight_entry *entry = &flight->entries[(flight->from + i) % FLIGHT_MAX];
	CP_CHECK(entry->ack.packet_id == packet_id);
	entry->ack.code = code;
	entry->is_answered = true;
}

bool flight_take(struct flight *flight, struct packet_ack *out)
{
	struct flight_entry *oldest = &flight->entries[flight->from];

	if (flight->count == 0 || !oldest->is_answered)
		return false;
	*out = oldest->ack;
	flight->from = (flight->from + 1) % FLIGHT_MAX;
	flight->count--;
	return true;
}
