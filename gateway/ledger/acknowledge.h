/* acknowledge.h - somebody at the box says of an alert: I have seen it (R20).
 *
 * What:    a wish (ledger/own.h) comes with a batch and brings the room for its answer. What may be
 *          acknowledged is recorded as an order of the box's own (ledger/own_order.h), so from
 *          there on it is an input like head office's ALERT_ACK and a tablet's ACK_ALERT, and
 *          head office hears of it by the alert and by an audit.
 * Refused: what changes nothing leaves no row. The answer says why.
 */
#ifndef LEDGER_ACKNOWLEDGE_H
#define LEDGER_ACKNOWLEDGE_H

struct batch;
struct ledger;

/* All of a batch. */
void acknowledge_take(struct ledger *ledger, struct batch *batch);

#endif
