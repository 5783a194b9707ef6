/* seals.h - what is left of a stream when its rows go: inputs of the box itself.
 *
 * What:    a session's seal has its fold and its guard under their limits, of all rows up to
 *          one (`through`); a boot's seal what its clock was known from. They are inputs like
 *          any other, so the truth goes on to equal a recount (P3): of the journal, the last
 *          seal of each session, and the rows after it.
 * Late:    what comes later is folded on: sums and times always; dose and safety by the order
 *          of names, so that what lies before the sealed name is counted (meta 'sealed_late')
 *          and left out of them.
 * Settled: a sealed session keeps the limits that it was held against, and its stream keeps
 *          its times when its boot is dated again.
 */
#ifndef LEDGER_SEALS_H
#define LEDGER_SEALS_H

#include "care/stream/guard.h"
#include "ledger/store/journal.h"

/* Inside a transaction, no fold waiting: of everything up to ledger->stream_folded. False: the
 * session is unjudged, or the store failed. */
bool seals_add_session(struct ledger *ledger, int64_t no);
void seals_add_boot(struct ledger *ledger, int64_t source, uint32_t boot);

/* An input of the box that is one of them. */
void seals_take(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row);

/* In a recount, before anything is counted, the last of a session first. */
void seals_count(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row);

/* Of a session that has a seal; else false, and nothing is set. */
bool seals_limits(struct ledger *ledger, const struct session *session, struct limits *out);
bool seals_guard(struct ledger *ledger, const struct session *session, struct guard *out);
void seals_fold(struct ledger *ledger, const struct session *session, struct session_fold *fold);

/* A message about a sealed session has come. */
void seals_note_late(
    struct ledger *ledger, const struct session *session, const struct reading *reading);

#endif
