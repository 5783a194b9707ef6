/* guards.h - the folds of running sessions for the streaming checks (care/stream/guard.h).
 *
 * What:   a session's guard lies in memory beside its open session, and is folded on
 *         with each message. What comes late in the order of names, or limits that
 *         changed, make it stale: the next judge folds again from the rows of the stream.
 * Stored: table `guard`, written when the session is judged: whose stream is gone or long
 *         is judged again without it. A row that says other limits, another version or
 *         another size is no row.
 * Truth:  equal to a fold of all messages from the beginning, always (P3, P4). A row of
 *         the stream that lies beyond what the fold in memory has was not flushed yet;
 *         flushing a session whose guard is stale or amended has it judged in the same
 *         transaction. So what is stored is never behind stream_folded, except by rows
 *         that follow its last name: those are folded on.
 * Sealed: where the stream's rows have gone it is folded on from the seal (ledger/seals.h), under
 *         the seal's limits.
 * Recount: the journal is read before the stream. What the device said outside the stream
 *         waits for its turn among the messages of the stream, which are so decoded once.
 */
#ifndef LEDGER_JUDGING_GUARDS_H
#define LEDGER_JUDGING_GUARDS_H

#include "care/stream/guard.h"
#include "ledger/store/sessions.h"

/* Messages of a device about a session, outside the stream, in the order of their names. */
struct said_list {
	struct said *items;
	size_t count;
	size_t next; /* the first one that is not folded yet */
};

struct open_guard {
	struct limits limits;
	uint8_t limits_hash[LIMITS_HASH_BYTES]; /* for the row, if has_hash */
	struct guard guard;
	bool has_hash;
	bool is_begun;
	bool is_stale;   /* to be folded again */
	bool is_amended; /* what a judge would find has changed since one looked */
	bool is_saved;
	bool is_quiet;          /* the judge found silence: whatever comes ends it */
	struct said_list ahead; /* of a recount */
};

/* In a recount, with the session's first message of the stream: it is derived from what the
 * journal says. Those that follow are folded on under the limits that it has now. */
void guards_begin(
    struct ledger *ledger, const struct session_history *history, struct open_session *open);

/* A new message of the session. True: it must be judged with this batch. */
bool guards_add(struct ledger *ledger, struct open_session *open, const struct reading *reading);

/* Its messages have other times now (R18): folded again from the rows. */
void guards_forget(struct ledger *ledger, struct open_session *open);

/* The session's fold is being written: it is judged if its guard says more than it did. */
void guards_flush(struct ledger *ledger, const struct open_session *open);

/* Sets history->limits and history->guard; both live as long as the judge call. */
void guards_complete(struct ledger *ledger, struct session_history *history, wall_ms now);

#endif
