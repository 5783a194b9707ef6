/* merges.h - two clients who turn out to be one person (R21).
 *
 * What:    "all of A belongs to B", before and after. The journal keeps the number that
 *          each row came with; facts are filed under the client whom it belongs to now,
 *          and every fact that is loaded names that client: no judge knows of merges.
 * Chains:  A to B, B to C: A and B belong to C. The latest word about a client counts; a
 *          client who is merged into itself belongs to nobody else again. Of a ring the
 *          latest word names the client who remains.
 * Cost:    nothing where nobody was ever merged, else one step of an index for each fact
 *          that names a client; a merge itself reads all merges and moves the facts of
 *          those whom it changes.
 */
#ifndef LEDGER_MERGES_H
#define LEDGER_MERGES_H

#include "ledger/state.h"

/* Once, before anything is read. */
void merges_open(struct ledger *ledger);

/* Whose history a client's is now; its own number if nobody merged it. */
int64_t merges_client(struct ledger *ledger, int64_t client);

/* A merge was filed: moves facts, touches all whom it concerns. */
void merges_change(struct ledger *ledger, bool is_loud);

#endif
