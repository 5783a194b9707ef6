/* acknowledge.h - somebody at the box says of an alert: I have seen it (R20).
 *
 * What:    a wish comes with a batch and brings the room for its answer. What may be
 *          acknowledged is recorded as an order of the box's own (ledger/own_order.h), so from
 *          there on it is an input like head office's ALERT_ACK and a tablet's ACK_ALERT, and
 *          head office hears of it by the alert and by an audit.
 * Refused: what changes nothing leaves no row. The answer says why.
 */
#ifndef LEDGER_ACKNOWLEDGE_H
#define LEDGER_ACKNOWLEDGE_H

#include "base/id.h"

#include <stdint.h>

enum acknowledge_answer {
	ACKNOWLEDGE_ASKED,
	ACKNOWLEDGE_TAKEN,
	ACKNOWLEDGE_UNKNOWN,
	ACKNOWLEDGE_ALREADY,   /* for the severity that it has */
	ACKNOWLEDGE_OVER,      /* it was cleared */
	ACKNOWLEDGE_WITHDRAWN, /* it was never true */
	ACKNOWLEDGE_NO_ROOM,   /* the disk is full; ask again */
};

struct acknowledge {
	uint64_t asker; /* the shell's, opaque here */
	struct id alert;
	struct id by; /* token of who says so; not zero (domain 9.1) */
	uint32_t reason;
	enum acknowledge_answer answer;
};

struct batch;
struct ledger;

/* All of a batch. */
void acknowledge_take(struct ledger *ledger, struct batch *batch);

#endif
