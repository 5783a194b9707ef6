/* observed.h - what of a day depends on arrival (P4) or is told as it stood when the day was
 * added up: alerts, what came late, how devices did, clients who are overdue. Not recounted. */
#ifndef LEDGER_DAYS_OBSERVED_H
#define LEDGER_DAYS_OBSERVED_H

#include "care/report/aggregate.h"
#include "ledger/days/aggregates.h"

/* In the work arena, but for what aggregate_fill() fills. */
void day_observed_fill(struct ledger *ledger, struct aggregate_key key,
    const struct aggregate_input *input, Carepace__V1__AggDay *out);

#endif
