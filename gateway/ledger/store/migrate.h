/* migrate.h - a store of an earlier schema becomes one of today's.
 *
 * What:    a row of a table for each step, from a number to the next; all that a store needs
 *          in one transaction: it is as it was, or as it is today.
 * Before:  the store is copied beside itself, durably, as "<store>.before-<number>"; meta
 *          'backup' names the copy, so that an earlier program can say where to go back to.
 *          A copy that is there is never written over: it is this store, from a try that was
 *          cut short, or the way back of another day, and the new one gets another name.
 * Room:    looked for first: nothing is begun that would not fit.
 * Long:    config.migrating hears what is being done, some times a second.
 */
#ifndef LEDGER_STORE_MIGRATE_H
#define LEDGER_STORE_MIGRATE_H

#include "ledger/state.h"

struct migration {
	const char *const *steps; /* steps[n - 1] makes a store of number n one of n + 1 */
	int version;              /* behind the last */
};

/* No transaction is open. On an error `why` says what and what to do. */
enum cp_err migrate(
    struct ledger *ledger, int64_t version, char *why, size_t why_bytes) CP_MUST_CHECK;

enum cp_err migrate_to(struct ledger *ledger, int64_t version, const struct migration *migration,
    char *why, size_t why_bytes) CP_MUST_CHECK;

/* The copy that was made last; "": none. */
void migrate_backup_name(struct db *db, char *out, size_t out_bytes);

#endif
