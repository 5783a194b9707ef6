/* store.h - the file: open, check, schema, the marks of a clean end.
 *
 * Durability is set and read back: WAL, synchronous=FULL, no automatic
 * checkpoint (SQLite throws its errors away, P11). If the store does not say
 * what was set, it is not opened (P1).
 */
#ifndef LEDGER_STORE_STORE_H
#define LEDGER_STORE_STORE_H

#include "ledger/state.h"

#define STORE_SCHEMA_VERSION 2 /* ledger/store/migrate.h */

/* Fills ledger->db; on an error ledger->error says what and what to do. */
enum cp_err store_open(struct ledger *ledger, wall_ms now) CP_MUST_CHECK;

/* The end before this start was clean. Marks the store as in use, durably. */
bool store_was_clean(struct ledger *ledger);
void store_mark_clean(struct ledger *ledger);

int64_t store_meta(struct ledger *ledger, const char *name, int64_t otherwise);
void store_set_meta(struct ledger *ledger, const char *name, int64_t value);
void store_add_meta(struct ledger *ledger, const char *name, int64_t more);

/* The clinic's own name, for whoever reads the store without its configuration. */
void store_set_text(struct ledger *ledger, const char *name, const char *text);

#endif
