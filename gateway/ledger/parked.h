/* parked.h - what could not be decoded, kept until a program can (P8).
 *
 * Kept:    once per (device, SHA-256), as it came but for tokens that were forgotten; at
 *          most PARKED_ROWS_MAX rows or PARKED_BYTES_MAX a device, and PARKED_KEPT_MS. Never
 *          printed and never sent on. What nobody could read by then is deleted and counted
 *          (meta 'parked_expired').
 * Retried: all of it by every other version of the program or of the contract,
 *          and what a person asks for; in the order of the key, a part in every
 *          batch (batch->retry). What is understood now becomes a row of the journal
 *          with the stamp of its first arrival and is applied like any other; what
 *          is not stays.
 * Poison:  a message that ends the program while it is decoded would do it again
 *          at each start. After an abnormal exit each is marked durably before it is
 *          tried; the next start goes on behind the mark.
 */
#ifndef LEDGER_PARKED_H
#define LEDGER_PARKED_H

#include "ledger/state.h"

#define PARKED_ROWS_MAX 1000
#define PARKED_BYTES_MAX (8 << 20)
#define PARKED_KEPT_MS (30 * MS_PER_DAY) /* it may hold anybody's token (domain 5) */

enum batch_outcome parked_add(struct ledger *ledger, const struct batch_entry *entry);

/* At open: whether everything is to be tried again. */
void parked_open(struct ledger *ledger);

/* Takes the batch's wish and tries some, inside the batch's transaction; after an
 * abnormal exit instead before it, each in transactions of its own. */
void parked_retry(struct ledger *ledger);
void parked_retry_carefully(struct ledger *ledger);

/* Deletes what has been kept for too long: some in every batch, asked once an hour. */
void parked_expire(struct ledger *ledger);

#endif
