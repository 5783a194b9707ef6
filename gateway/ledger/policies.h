/* policies.h - which numbers were in force when.
 *
 * A change of the configuration is an input like any other: it is stored with its
 * moment, and what happened before is judged by what was in force then.
 */
#ifndef LEDGER_POLICIES_H
#define LEDGER_POLICIES_H

#include "ledger/state.h"

/* At open: stores the configured numbers if they are new, then completes
 * ledger->config.policy by the past. Inside a transaction. */
void policies_activate(struct ledger *ledger, wall_ms now);

/* For a recount: all numbers are the store's own. */
void policies_copy(struct ledger *ledger, struct db *store);

#endif
