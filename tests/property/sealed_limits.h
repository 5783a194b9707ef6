/* sealed_limits.h - what each session is held against, as text, a line each (lines.h).
 *
 * A session that is sealed keeps its limits, also when an order of the past comes later
 * (ledger/seals.h): of such a one what streams say may be another truth than without seals.
 */
#ifndef PROPERTY_SEALED_LIMITS_H
#define PROPERTY_SEALED_LIMITS_H

#include "base/buf.h"

struct db;
struct ledger;

/* As everything that is known demands; of a ledger whose rows have not gone. */
void limits_demanded(struct ledger *ledger, struct buf *out);

/* Of those that are sealed. */
void limits_sealed(struct db *db, struct buf *out);

/* A line of the truth: a finding in the stream of a session that was sealed under others. */
bool limits_excuse(struct slice line, struct slice sealed, struct slice demanded);

#endif
