/* heard.h - what a link may say: an oracle that reads every byte that it writes.
 *
 * What:    told of each call to the link and each event, it checks that what follows is
 *          well-formed, allowed, and not too early: CONNACK after the accept, SUBACK after
 *          the confirm, PUBACK and PUBREC after the acknowledgement and in order (P1),
 *          nothing after the end, never larger than the device takes.
 * Not:     what a packet from the device should lead to (tests/protocol).
 */
#ifndef FUZZ_HEARD_H
#define FUZZ_HEARD_H

#include "fuzz.h"
#include "mqtt/link.h"

#define HEARD_ACKS_MAX 1024

struct heard_ack {
	uint16_t packet_id;
	uint8_t qos;
	uint8_t code;
};

struct heard {
	const struct link *link;
	size_t scanned; /* of link_out() */
	unsigned hash;  /* of all that was said */

	bool is_accepted;
	bool is_present;
	bool owes_accept;
	bool owes_confirm;
	bool has_connack;
	bool is_closed;
	bool is_over; /* said DISCONNECT, or refused */

	struct heard_ack owed[HEARD_ACKS_MAX]; /* LINK_PUBLISH, not acknowledged yet */
	size_t owed_from, owed_to;
	struct heard_ack given[HEARD_ACKS_MAX]; /* link_ack(), not said yet */
	size_t given_from, given_to;
	uint16_t received[HEARD_ACKS_MAX]; /* said PUBREC */
	size_t received_count;
	uint16_t sent[LINK_OUT_FLIGHT_MAX]; /* said PUBLISH, QoS 1 */
	size_t sent_count;
};

void heard_event(struct heard *heard, const struct link_event *event);
/* When link_next() has said false: what is new, and whether it may read. */
void heard_out(struct heard *heard);
/* link_sent() is called next. */
void heard_sent(struct heard *heard, size_t len_bytes);
/* link_ack() is called next for the oldest that is owed one. */
struct heard_ack heard_acknowledge(struct heard *heard, uint8_t code);

static inline bool heard_owes_ack(const struct heard *heard)
{
	return heard->owed_from < heard->owed_to;
}

#endif
