/* next_allowed.h - tells the clinic from when on a client may be treated again, while the
 * client is still there to book (SHOW_NEXT_ALLOWED).
 *
 * When:    a session that exposed is closed by its END, in time: late readings and buffers
 *          cause nothing (R11). On that day of the clinic it is told again whenever its date
 *          changes, by late news, too: that commands nothing, and a date that was told and
 *          has become wrong would be booked.
 * What:    for each zone of the visit the day that spacing demands (care/outlook.h).
 * Not:     what has no date (R16): zones not given, a box in doubt about the time. Nor where
 *          INTERVAL_TOO_SOON is off, nor of who is forgotten.
 * Truth:   none. What was told is an observation beside the session; no recount comes here.
 */
#ifndef LEDGER_JUDGING_NEXT_ALLOWED_H
#define LEDGER_JUDGING_NEXT_ALLOWED_H

#include "care/history.h"
#include "ledger/state.h"

/* A client was judged; `visit` of the sessions is known. */
void next_allowed_settle(struct ledger *ledger, struct client_history *history, bool is_loud);

#endif
