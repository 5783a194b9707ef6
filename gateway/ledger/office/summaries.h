/* summaries.h - a session that is over, for head office (ledger/office/states.h). */
#ifndef LEDGER_OFFICE_SUMMARIES_H
#define LEDGER_OFFICE_SUMMARIES_H

#include "care/session.h"
#include "ledger/state.h"

/* Something about it has changed. While it runs head office is told nothing. */
void summaries_touch(struct ledger *ledger, const struct session *session);

void summaries_compose(struct ledger *ledger, struct touch touch);

#endif
