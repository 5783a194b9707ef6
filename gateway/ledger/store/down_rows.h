/* down_rows.h - messages for devices that are worth more than a moment.
 *
 * A row is written in the transaction that causes the message, and deleted only
 * when the batch says so: the shell, which delivers, knows when a message is over
 * and holds the limits (shell/downlink).
 * Tokens:  a message that names a client has a blank in its row and their local number
 *          beside it (P10); who is forgotten takes their messages along.
 * Number:  n rises per device as long as the program runs, and is above every row
 *          that it found. So no two messages that may be under way share one.
 */
#ifndef LEDGER_STORE_DOWN_ROWS_H
#define LEDGER_STORE_DOWN_ROWS_H

#include "ledger/state.h"

/* A message that is over so soon needs no row: after a restart nobody wants it. */
#define DOWN_ROWS_WORTH_MS (10 * MS_PER_SECOND)

/* Once, when the store is opened: expired ones go. */
void down_rows_open(struct ledger *ledger, wall_ms now);

/* The message's number; 0 when it needs no row. client: whom it names, 0 nobody. */
uint64_t down_rows_add(struct ledger *ledger, const struct id *device, struct slice payload,
    wall_ms expires_at, int64_t client);

/* Messages that name a client are taken back, also from who delivers them. */
void down_rows_forget(struct ledger *ledger, int64_t client);

void down_rows_over(struct ledger *ledger, const struct batch_over *over);

#endif
