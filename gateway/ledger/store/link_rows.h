/* link_rows.h - what MQTT calls a session: what a device's link leaves behind.
 *
 * Who decides what such a row says is the shell; here it is only kept. The store
 * says who is connected only as long as the program runs: opening it gives every
 * link that had no end yet the end that a lost connection has.
 */
#ifndef LEDGER_STORE_LINK_ROWS_H
#define LEDGER_STORE_LINK_ROWS_H

#include "ledger/state.h"

/* Once, when the store is opened: nobody is connected. Ended rows go. */
void link_rows_open(struct ledger *ledger, wall_ms now);

void link_rows_save(struct ledger *ledger, const struct batch_link *link);

#endif
