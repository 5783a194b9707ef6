/* cases.h - adverse events: whose they are, and what they have in common.
 *
 * What:  a case is touched by what tablets say of it and by any change of a session that
 *        it names, also one that arrives later: table `blamed`. What it counts for in
 *        clusters, of a device or of a lot, is derived with it: table `clustered`.
 * Needs: INTERVAL_TOO_SOON of its session as the client's judge has stored it.
 */
#ifndef LEDGER_CASES_H
#define LEDGER_CASES_H

#include "ledger/state.h"
#include "ledger/store/journal.h"

/* Remembers which session a report or an update blames. Returns the case's number. */
int64_t cases_take(struct ledger *ledger, const struct reading *reading);

/* Cases that name a session. */
void cases_touch(struct ledger *ledger, const struct id *sid, bool is_loud);
void cases_touch_by_session(struct ledger *ledger, int64_t session, bool is_loud);

struct case_history;
struct cluster_history;
struct cluster_case;
struct session;

/* False when the arena or the store failed. */
bool cases_history(struct ledger *ledger, int64_t no, struct case_history *out);
bool cases_cluster_history(struct ledger *ledger, int64_t no, struct cluster_history *out);

/* To head office, at once: a case may have a deadline of a day. */
void cases_tell(struct ledger *ledger, const struct case_history *history);

/* `entry` NULL: it counts for nothing. Touches the clusters that it was and is in. */
void cases_save(struct ledger *ledger, int64_t no, const struct cluster_case *entry,
    const struct session *blamed, bool is_loud);

#endif
