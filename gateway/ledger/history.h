/* history.h - loads what a judge walks, in the order it walks it.
 *
 * Everything lies in the work arena, which the caller resets per judge call.
 * False when the arena or the store failed (db.err says so).
 */
#ifndef LEDGER_HISTORY_H
#define LEDGER_HISTORY_H

#include "care/history.h"
#include "ledger/state.h"

/* Facts of a subject under some topics (care/fact.h), under all, and of each topic the
 * last at or before a moment and the first after it: one step of an index each, however
 * long the history. Of subject 0 none. */
struct facts history_facts(struct ledger *ledger, enum subject_kind kind, int64_t subject,
    const int64_t *topics, size_t topic_count);
struct facts history_all_facts(struct ledger *ledger, enum subject_kind kind, int64_t subject);
struct facts history_facts_around(struct ledger *ledger, enum subject_kind kind, int64_t subject,
    const int64_t *topics, size_t topic_count, event_ms at);

/* Once the session is derived: what was known around it. */
bool history_of_scene(struct ledger *ledger, struct session_history *history);

/* history->session must be loaded; fills facts, next start, room for uses. */
bool history_of_session(struct ledger *ledger, struct session_history *history);
bool history_of_client(struct ledger *ledger, int64_t client, struct client_history *history);
bool history_of_cartridge(struct ledger *ledger, int64_t cart, struct cartridge_history *history);

/* A PLAN as it came; `client` is the local number for its blanked token. */
struct plan history_plan_of(const struct reading *reading, int64_t client);

#endif
