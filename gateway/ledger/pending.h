/* pending.h - one poison reading must not stop a clinic (DESIGN section 2).
 *
 * After an abnormal exit rows are journalled and acknowledged first. Then each
 * row, and each subject it touches, is applied in a transaction of its own:
 *
 *     attempts + 1, commit  ->  apply, forget the item, commit
 *
 * An item that begins its third attempt ended the program twice: it is set
 * aside as unjudged, and tried again when a newer program opens the store.
 */
#ifndef LEDGER_PENDING_H
#define LEDGER_PENDING_H

#include "ledger/journal.h"

#define PENDING_ATTEMPTS_MAX 2

void pending_add_row(struct ledger *ledger, const struct journal_row *row);

/* What the sets of touched subjects hold goes to the table; the sets are emptied. */
void pending_add_touched(struct ledger *ledger);

/* Works off everything, each item in its own transactions. None may be open. */
void pending_drain(struct ledger *ledger);

#endif
