/* restored.h - a store that was made from a backup: who is told, and what.
 *
 * What:    what came between the backup and the restore is not in it, though its senders were
 *          told that it is. So, when it is opened for the first time: another epoch, under which
 * head office is told everything again (it has a picture of the former store); and from then on, in
 * HELLO_ACK, each device is asked for what it still has. Kept:    meta 'restored_at' (ours, wall
 * ms), 'restored_from' (when the backup was made), 'restore_due' until it was opened.
 */
#ifndef LEDGER_RESTORED_H
#define LEDGER_RESTORED_H

#include "ledger/state.h"

/* Inside the transaction that opens the store, before the outbox is. */
void restored_open(struct ledger *ledger);

/* What a device that says HELLO is asked to send again; 0: nothing of this boot. */
uint32_t restored_resume_from(struct ledger *ledger, const struct reading *hello);

#endif
