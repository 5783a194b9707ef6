#include "mqtt/flight.h"

#include <stdlib.h>

#define IDENTIFIERS (UINT16_MAX + 1)

/* --- the set ----------------------------------------------------------------- */

static uint8_t bit_of(uint16_t packet_id)
{
	return (uint8_t)(1 << packet_id % 8);
}

bool flight_is_received(const struct flight *flight, uint16_t packet_id)
{
	return flight->received && flight->received[packet_id / 8] & bit_of(packet_id);
}

static enum cp_err enter_qos2(struct flight *flight)
{
	if (!flight->received)
		flight->received = calloc(1, IDENTIFIERS / 8);
	if (!flight->received)
		return CP_NOMEM;
	flight->qos2_count++;
	return CP_OK;
}

static void leave_qos2(struct flight *flight)
{
	if (--flight->qos2_count > 0)
		return;
	free(flight->received);
	flight->received = NULL;
}

static void receive(struct flight *flight, uint16_t packet_id)
{
	flight->received[packet_id / 8] |= bit_of(packet_id);
	flight->received_count++;
}

bool flight_release(struct flight *flight, uint16_t packet_id)
{
	if (!flight_is_received(flight, packet_id))
		return false;
	flight->received[packet_id / 8] ^= bit_of(packet_id);
	flight->received_count--;
	leave_qos2(flight);
	return true;
}

void flight_deinit(struct flight *flight)
{
	free(flight->received);
	*flight = (struct flight){0};
}

/* --- the queue --------------------------------------------------------------- */

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

enum cp_err flight_push(struct flight *flight, struct flight_entry entry)
{
	CP_CHECK(flight->count < FLIGHT_MAX);
	if (entry.qos == 2 && enter_qos2(flight))
		return CP_NOMEM;
	flight->entries[slot(flight, flight->count++)] = entry;
	return CP_OK;
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
		receive(flight, out->ack.packet_id);
	else if (out->qos == 2)
		leave_qos2(flight);
	return true;
}
