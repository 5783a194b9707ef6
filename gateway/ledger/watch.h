/* watch.h - the box as a source of its own inputs (domain 8.8).
 *
 * What:    compares a look (care/watch.h) with what was recorded last and appends the beginning
 *          or the end of a condition to the journal; and refusals of what could be free text,
 *          by device and field.
 * Bounds:  a condition begins once a minute at most (WATCH_PAUSE_MS), a refusal is recorded
 *          once a minute and day at most, with how many there were. WATCH_REJECTS_MAX kinds of
 *          refusals wait for their minute; of more only the daemon's counters know.
 * Table:   `watched` has what is on and since when; it follows from the journal.
 */
#ifndef LEDGER_WATCH_H
#define LEDGER_WATCH_H

#include "ledger/state.h"
#include "ledger/store/journal.h"

/* Appends an input of the box and applies it. */
void watch_record(struct ledger *ledger, Carepace__V1__Box *box);

/* A message was refused for its text. */
void watch_refused(struct ledger *ledger, const struct batch_entry *entry);

/* With the batch's look, if it has one; records what is due. */
void watch_work(struct ledger *ledger);

/* An input of the box. Returns the number of the episode that it belongs to. */
int64_t watch_take(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row);

struct gateway_history;

/* False when the arena or the store failed. */
bool watch_history(struct ledger *ledger, int64_t no, struct gateway_history *out);

#endif
