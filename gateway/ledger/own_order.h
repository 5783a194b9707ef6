/* own_order.h - an order that the box gives itself: an input like any other.
 *
 * Orders of the box have keys of their own, "own/...", and are named (box, 1, n): head
 * office's stream knows nothing of them, an export has them.
 */
#ifndef LEDGER_OWN_ORDER_H
#define LEDGER_OWN_ORDER_H

#include "ledger/state.h"

/* Named, packed, appended, applied. Its key, revision, event time and body are the caller's. */
void own_order_record(struct ledger *ledger, Carepace__V1__Order *order, wall_ms now);

/* The highest of a key so far; 0: there is none. */
uint64_t own_order_revision(struct ledger *ledger, enum reading_kind kind, const char *key);

#endif
