/* flight.h - PUBLISHes at QoS 1 that are not acknowledged yet, oldest first.
 *
 * Promise: P1: acknowledgements leave in the order of the PUBLISHes
 *          [MQTT-4.6.0-2]. An answer out of order is our bug and stops the program.
 * Memory:  a ring of fixed size; pushing into a full one stops the program too.
 */
#ifndef MQTT_FLIGHT_H
#define MQTT_FLIGHT_H

#include "mqtt/packet.h"

#define FLIGHT_MAX 128

struct flight_entry {
	struct packet_ack ack;
	bool is_answered; /* waits only for those before it */
};

struct flight {
	struct flight_entry entries[FLIGHT_MAX];
	size_t from;
	size_t count;
};

bool flight_has(const struct flight *flight, uint16_t packet_id);

void flight_push(struct flight *flight, uint16_t packet_id);
void flight_push_answered(struct flight *flight, uint16_t packet_id, uint8_t code);

/* Answers the oldest one that has no answer, which must be packet_id. */
void flight_answer(struct flight *flight, uint16_t packet_id, uint8_t code);

/* Takes the oldest one off if it is answered. */
bool flight_take(struct flight *flight, struct packet_ack *out);

#endif
