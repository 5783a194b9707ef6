/* session_stream.h - a session's stream, read again: the cache of a fold was lost.
 *
 * What:    samples, pulses and parameters that the device said about a session, in
 *          the order of (boot, seq), dated (R18).
 * Cost:    all rows of the boots that the session spans are looked at: not for every
 *          message.
 */
#ifndef LEDGER_JUDGING_SESSION_STREAM_H
#define LEDGER_JUDGING_SESSION_STREAM_H

#include "care/session.h"
#include "ledger/store/journal.h"

typedef void stream_row_fn(void *ctx, const struct reading *reading, const struct journal_row *row);

/* Rows of one boot, not dated. The reading dies when the callback
 * returns. Rows that are not applied yet, or never (unjudged), are left out. */
void boot_stream(
    struct ledger *ledger, int64_t source, uint32_t boot, stream_row_fn *on_row, void *ctx);

/* Those of a session that its seal has not (ledger/seals.h). */
void session_stream(
    struct ledger *ledger, const struct session *session, stream_row_fn *on_row, void *ctx);

/* Is this row of journal or stream part of the truth so far? */
bool row_is_applied(struct ledger *ledger, const struct journal_row *row);

#endif
