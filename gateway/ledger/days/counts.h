/* counts.h - what of a day counts, as it is stored: loads it for care/report/aggregate.h.
 *
 * Cost:   reads what is of that day (civil_days.h), not what else there is.
 * Memory: everything lies in the work arena.
 */
#ifndef LEDGER_DAYS_COUNTS_H
#define LEDGER_DAYS_COUNTS_H

#include "care/report/aggregate.h"
#include "ledger/days/aggregates.h"

/* Of a day the first so many sessions count (P6); of the others it is told how many. */
#define DAY_SESSIONS_MAX 5000

/* The truth. False: db.err says why. */
bool day_counts_load(
    struct ledger *ledger, struct aggregate_key key, struct aggregate_input *input);

#endif
