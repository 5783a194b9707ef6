/* room.h - a full disk is a measured state, not an error (P11).
 *
 *     free     bytes of the file system that this user may take
 *     pages    free pages inside the store, which new rows fill first
 *     debt     what the next checkpoint adds to the store's file
 *     log      what the write-ahead log may still grow, up to ROOM_LOG_SHARE of the
 *              reserve: a checkpoint comes before it is larger
 *
 *     room = min(free + pages - debt - reserve, free - debt - log)
 *
 * States:  room >= 0: everything is taken. Below: nothing of devices (they keep what
 *          they have), but deadlines, acknowledged rows and checkpoints go on; they
 *          live on the reserve. Less than ROOM_LAST_SHARE of the reserve is left, because
 *          somebody else took it: nothing is written at all.
 * Back:    an eighth of the reserve above zero, so that it does not flutter.
 * Measured before each batch; a store in memory has room for ever.
 */
#ifndef LEDGER_STORE_ROOM_H
#define LEDGER_STORE_ROOM_H

#include "ledger/state.h"

#define ROOM_LOG_SHARE 2
#define ROOM_BACK_SHARE 8
#define ROOM_LAST_SHARE 16

void room_measure(struct ledger *ledger);

/* Of the write-ahead log, at the latest (P11: 8,000 with the default reserve). */
int room_log_pages_max(const struct ledger *ledger);

#endif
