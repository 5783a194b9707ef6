/* health.h - how the box itself does, for head office (ledger/office/states.h).
 *
 * When: at the first look of the daemon after 06:00 of each day, and when its clock comes into
 *       doubt or out of it, its disk fills up or has room again, or something more or less is
 *       set aside; not more often than the grid of all states. All else that it tells changes
 *       with every look, and is no news by itself.
 */
#ifndef LEDGER_OFFICE_HEALTH_H
#define LEDGER_OFFICE_HEALTH_H

#include "care/watch.h"
#include "ledger/state.h"

void health_look(struct ledger *ledger, const struct watch_look *look);

#endif
