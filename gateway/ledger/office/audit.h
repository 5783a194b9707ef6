/* audit.h - who decided what: acknowledgements, overrides, corrections, policies, devices taken
 * out of use and put back, clients forgotten. For head office, at once (ledger/office/states.h).
 *
 * Key:  the name of the input that says so. What happened stays so: an audit has one revision.
 * Hash: of an order, and of the one of its key that it replaces.
 */
#ifndef LEDGER_OFFICE_AUDIT_H
#define LEDGER_OFFICE_AUDIT_H

#include "ledger/store/journal.h"

/* An input was filed. Of most there is nothing to audit. */
void audit_take(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row);

#endif
