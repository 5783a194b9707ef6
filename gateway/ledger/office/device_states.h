/* device_states.h - how devices do, for head office (ledger/office/states.h).
 *
 * Seen: when a device was heard of last is told with whatever else is news of it, and is no
 *       news by itself: of a healthy device that goes on beating nothing is sent.
 */
#ifndef LEDGER_OFFICE_DEVICE_STATES_H
#define LEDGER_OFFICE_DEVICE_STATES_H

#include "ledger/state.h"

/* Judged, silent, or heard again. */
void device_states_touch(struct ledger *ledger, int64_t device);

void device_states_compose(struct ledger *ledger, struct touch touch);

#endif
