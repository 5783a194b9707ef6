/* policies.h - what holds for the whole site: numbers, profiles, calendar, role.
 *
 * All of it are orders, head office's or the box's own, filed under SUBJECT_SITE.
 * They are kept decoded in memory, because every judge asks them.
 */
#ifndef LEDGER_POLICIES_H
#define LEDGER_POLICIES_H

#include "ledger/state.h"

/* Completes policy by what the store has; everything lies in the arena. False when
 * the store failed or the arena is full. */
bool policies_read(struct db *db, struct arena *arena, struct policy *policy);

/* At open: what the clinic has configured becomes an input if it is new, then
 * everything is read. Inside a transaction. */
void policies_open(struct ledger *ledger, wall_ms now);

/* The same while the box runs: what is new becomes an input, what has left the file is
 * withdrawn, so that what head office says holds again. Fills the answer. */
void policies_take(struct ledger *ledger, struct own_policy *own, wall_ms now);

/* What-if: as if the file had been read first at a moment. What the box took since then
 * never held. */
void policies_suppose(struct ledger *ledger, struct own_policy *own, wall_ms since);

/* A new order about the site was filed: everything is read again, and everybody whom
 * it may concern is judged again, paced and without device commands. */
void policies_change(struct ledger *ledger, const struct reading *order);

/* The same where the caller knows whom it concerns. */
void policies_read_again(struct ledger *ledger);

/* Why an order about the site cannot be followed here; NULL: it can. */
const char *policies_refuse(const struct ledger *ledger, const struct reading *reading);

#endif
