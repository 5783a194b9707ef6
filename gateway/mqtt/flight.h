/* flight.h - PUBLISHes from the device that are not settled yet.
 *
 * What:    a queue of those that wait for our PUBACK or PUBREC, oldest first; and
 *          behind it, at QoS 2, the set of identifiers that wait for the device's
 *          PUBREL.
 * Promise: P1: acknowledgements leave in the order of the PUBLISHes
 *          [MQTT-4.6.0-2], [MQTT-4.6.0-3]. An answer out of order is our bug and
 *          stops the program.
 * Memory:  a queue of fixed size; one more stops the program too. The set has a bit
 *          for every identifier there is, 8 KB while something is under way at QoS 2:
 *          no device can make it larger, and none needs to be turned away for it.
 */
#ifndef MQTT_FLIGHT_H
#define MQTT_FLIGHT_H

#include "base/err.h"
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
	uint8_t *received; /* PUBREC was sent; NULL while qos2_count is 0 */
	size_t received_count;
	size_t qos2_count; /* those, and what is in the queue at QoS 2 */
};

void flight_deinit(struct flight *flight); /* safe on a zeroed struct */

/* The one that waits for our acknowledgement, or NULL. */
const struct flight_entry *flight_find(const struct flight *flight, uint16_t packet_id);

/* Waits for PUBREL. */
bool flight_is_received(const struct flight *flight, uint16_t packet_id);

/* CP_NOMEM: nothing has changed. */
enum cp_err flight_push(struct flight *flight, struct flight_entry entry) CP_MUST_CHECK;

/* Answers the oldest one that has no answer, which must be packet_id. */
void flight_answer(struct flight *flight, uint16_t packet_id, uint8_t code);

/* Takes the oldest one off if it is answered. At QoS 2, unless refused, it waits for
 * PUBREL from now on. */
bool flight_take(struct flight *flight, struct flight_entry *out);

/* PUBREL has come; false when none was waited for. */
bool flight_release(struct flight *flight, uint16_t packet_id);

#endif
