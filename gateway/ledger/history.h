/* history.h - loads what a judge walks, in the order it walks it.
 *
 * Everything lies in the work arena, which the caller resets per judge call.
 * False when the arena or the store failed (db.err says so).
 */
#ifndef LEDGER_HISTORY_H
#define LEDGER_HISTORY_H

#include "care/history.h"
#include "ledger/state.h"

/* history->session must be loaded; fills inputs, next start, room for uses. */
bool history_of_session(struct ledger *ledger, struct session_history *history);
bool history_of_client(struct ledger *ledger, int64_t client, struct client_history *history);
bool history_of_cartridge(struct ledger *ledger, int64_t cart, struct cartridge_history *history);

/* A PLAN as it came; `client` is the local number for its blanked token. */
struct plan history_plan_of(const struct reading *reading, int64_t client);

#endif
