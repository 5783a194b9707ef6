/* corrections.h - what tablets and head office put right about a session (R21), filed
 * under its sid. */
#ifndef LEDGER_CORRECTIONS_H
#define LEDGER_CORRECTIONS_H

#include "care/fact.h"
#include "ledger/state.h"

/* What derive_session() applies; in the work arena. */
struct facts corrections_of(struct ledger *ledger, const struct id *sid);

#endif
