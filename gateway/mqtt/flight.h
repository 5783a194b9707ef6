/* flight.h - PUBLISHes from the device that are not settled yet.
 *
 * What:    a queue of those that wait for our PUBACK or PUBREC, oldest first; and
 *          behind it, at QoS 2, the identifiers that wait for the device's PUBREL.
 * Promise: P1: acknowledgements leave in the order of the PUBLISHes
 *          [MQTT-4.6.0-2], [MQTT-4.6.0-3]. An answer out of order is our bug and
 *          stops the program.
 * Memory:  both have a fixed size together; one more stops the program too.
 */
#ifndef MQTT_FLIGHT_H
#define MQTT_FLIGHT_H

#include "mqtt/packet.h"

#define FLIGHT_MAX 128

struct flight_entry {
	struct packet_ack ack;
	uint8_t qos;
	bool is_answered; /* waits only for those before it */
};

struct flight {
	struct flight_entry entries[FLIGHT_MAX];
	size_t from;
	size_t count;
	uint16_t received[FLIGHT_MAX]; /* PUBREC was sent; in no order */
	size_t received_count;
};

/* Of both kinds: what counts against the receive maximum. */
static inline size_t flight_total(const struct flight *flight)
{
	return flight->count + flight->received_count;
}

/* The one that waits for our acknowledgement, or NULL. */
const struct flight_entry *flight_find(const struct flight *flight, uint16_t packet_id);

/* Waits for PUBREL. */
bool flight_is_received(const struct flight *flight, uint16_t packet_id);

void flight_push(struct flight *flight, struct flight_entry entry);

/* Answers the oldest one that has no answer, which must be packet_id. */
void flight_answer(struct flight *flight, uint16_t packet_id, uint8_t code);

/* Takes the oldest one off if it is answered. At QoS 2, unless refused, it waits for
 * PUBREL from now on. */
bool flight_take(struct flight *flight, struct flight_entry *out);

/* PUBREL has come; false when none was waited for. */
bool flight_release(struct flight *flight, uint16_t packet_id);

#endif
