/* forgets.h - clients who asked to be forgotten: CLIENT_FORGET (domain 5).
 *
 * What stays:  the client's local number, findings up to the moment since when the order
 *              holds, and what a device counted. No token: it leaves the one row that had it,
 *              and what is parked, in the transaction that takes the order.
 * The moment:  an input of the client that happened after it is one of CLIENT_FORGOTTEN, and
 *              no time passes for them: findings that hold then are over. What happened
 *              before it is judged as it was, however late it comes (P4). Of several orders
 *              the earliest counts; there is no way back.
 * Late tokens: the row keeps an alias, HMAC-SHA-256 of the token under a key of the box, cut
 *              to an id. A message that brings the token again is known by it and stripped
 *              like all others: its journal row has the number, no table has the token.
 * Merges:      who belongs to one client (R21) is one person: once one of them is forgotten
 *              nobody judges the others. But a merge can be taken back, and a token cannot:
 *              only the one that the order names goes.
 * Traces:      SQLite's secure_delete clears what it deletes, but a page that was split or
 *              merged before keeps copies of its moved cells in its gaps (1 token of 500,
 *              measured with 3.40). So the two tables that may hold tokens are written anew,
 *              and the next checkpoint cuts the write-ahead log off.
 */
#ifndef LEDGER_FORGETS_H
#define LEDGER_FORGETS_H

#include "ledger/state.h"

/* At open: was anybody forgotten? Then the log may still tell of them. */
void forgets_open(struct ledger *ledger);

/* The number of a client whose token this was, or whose alias it is; 0: nobody's. */
int64_t forgets_find(struct ledger *ledger, const struct id *token);

/* The moment, TIME_NEVER for everybody else; of a client as merges_client() names them. */
event_ms forgets_since(struct ledger *ledger, int64_t client);

/* To whom an input of a client at a moment belongs: merged, or CLIENT_FORGOTTEN. */
int64_t forgets_client(struct ledger *ledger, int64_t client, event_ms at);

struct journal_row;

/* An order was filed, under the client of the row. */
void forgets_take(struct ledger *ledger, const struct journal_row *row, bool is_loud);

/* Some belong to another client now. */
void forgets_merged(struct ledger *ledger);

/* Into the batch's receipt: which orders of the last 30 days are done, and what may still
 * hold a token. Nothing is done before the log was cut off. */
void forgets_report(struct ledger *ledger);

#endif
