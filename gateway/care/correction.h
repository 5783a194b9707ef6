/* correction.h - R21: what people put right about the past.
 *
 * Corrections are facts about a sid, said by a tablet or by head office; the session may
 * still be to come. The last one in the order of event time counts, per kind. A merge
 * of two clients speaks of no session: the ledger gives both one number (ledger/merges).
 */
#ifndef CARE_CORRECTION_H
#define CARE_CORRECTION_H

#include "care/fact.h"
#include "care/session.h"

/* Carepace__V1__CorrectionKind; CORRECTION_UNSPECIFIED: it corrects nothing. */
int correction_kind(const struct reading *reading);

uint32_t correction_reason(const struct reading *reading);

/* Applies those of a derived session. What still runs did take place, and is not counted
 * before it is over. */
void correct_session(struct session *session, struct facts corrections);

#endif
