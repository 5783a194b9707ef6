/* courses.h - where a course of treatment stands, for head office (ledger/office/states.h). */
#ifndef LEDGER_OFFICE_COURSES_H
#define LEDGER_OFFICE_COURSES_H

#include "care/history.h"
#include "ledger/state.h"

/* A client was judged: their courses may stand elsewhere now. */
void courses_touch(struct ledger *ledger, const struct client_history *history);

void courses_compose(struct ledger *ledger, struct touch touch);

#endif
