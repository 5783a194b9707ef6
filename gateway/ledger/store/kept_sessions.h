/* kept_sessions.h - rows of `session` as they were read last.
 *
 * What:    with every message about a client all sessions of the client are read, which
 *          are many and hardly ever change. So a row is kept under its number, in the one
 *          slot that the number has, until another takes the slot.
 * Promise: sessions.c alone asks and writes, and forgets what it writes. A transaction that
 *          fails ends the ledger (ledger/store/db.h), and this with it.
 * Memory:  KEPT_SESSIONS slots. A zeroed struct keeps none: so does a view's, under which
 *          another process writes, and whoever had no memory.
 */
#ifndef LEDGER_STORE_KEPT_SESSIONS_H
#define LEDGER_STORE_KEPT_SESSIONS_H

#include "care/session.h"

#define KEPT_SESSIONS 4096 /* 1.3 MB; some eighty clients with fifty each */

struct kept_sessions {
	struct session *slots; /* no 0: free; NULL: none */
};

void kept_sessions_init(struct kept_sessions *kept);
void kept_sessions_deinit(struct kept_sessions *kept); /* safe on a zeroed struct */

/* NULL: not kept. Dies with the next call. */
const struct session *kept_sessions_get(const struct kept_sessions *kept, int64_t no);

void kept_sessions_put(struct kept_sessions *kept, const struct session *session);
void kept_sessions_forget(struct kept_sessions *kept, int64_t no);

#endif
