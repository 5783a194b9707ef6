/* devices.h - how devices did on a civil day: minutes out of use, who was heard, what is
 * missing, who is due for service (domain section 6).
 *
 * In service: from a device's first HELLO on, until it is assigned elsewhere, retired or lost.
 *             A tablet treats nobody and is none of them.
 */
#ifndef LEDGER_DAYS_DEVICES_H
#define LEDGER_DAYS_DEVICES_H

#include "ledger/days/aggregates.h"

#include "report.pb-c.h"

/* Local numbers of those in service on a day, in the work arena. */
size_t day_devices_in_service(struct ledger *ledger, int32_t day, const int64_t **out);

/* Of a device or of all of them; of an operator nothing. */
void day_devices_fill(struct ledger *ledger, struct aggregate_key key, Carepace__V1__AggDay *out);

#endif
