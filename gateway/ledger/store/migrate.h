/* migrate.h - a store of an earlier schema becomes one of today's.
 *
 * What:    a row of a table for each step, from a number to the next, each in a transaction of
 *          its own: a crash in between goes on from where it was.
 * Before:  the store is copied beside itself, durably, as "<store>.before-<number>"; meta
 *          'backup' names the copy, so that an earlier program can say where to go back to.
 * Room:    looked for first: nothing is begun that would not fit.
 */
#ifndef LEDGER_STORE_MIGRATE_H
#define LEDGER_STORE_MIGRATE_H

#include "ledger/state.h"

/* No transaction is open. On an error `why` says what and what to do. */
enum cp_err migrate(
    struct ledger *ledger, int64_t version, char *why, size_t why_bytes) CP_MUST_CHECK;

/* The copy that was made last; "": none. */
void migrate_backup_name(struct db *db, char *out, size_t out_bytes);

#endif
