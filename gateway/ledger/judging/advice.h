/* advice.h - tells the device what came up during its session (care/advice.h). */
#ifndef LEDGER_JUDGING_ADVICE_H
#define LEDGER_JUDGING_ADVICE_H

#include "care/advice.h"
#include "ledger/state.h"

/* After the session's findings changed. */
void advice_settle(struct ledger *ledger, const struct session *session, enum advice_news news);

#endif
