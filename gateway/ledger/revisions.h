/* revisions.h - until when an order holds (domain 9.4).
 *
 * What:   of each key the highest revision counts whose event time is not later: a revision
 *         holds until the first of the higher ones does, and for good if none does. Which
 *         client, operator or cartridge they name makes no difference.
 * Where:  the end stands in the rows of the table `fact`, under whomever the order is filed,
 *         so that a judge sees it without looking for the other revisions.
 * Arrival: an order finds its own end among those that came before it, and ends those that it
 *         is higher than (facts.c): whichever comes first, both say the same (P4).
 */
#ifndef LEDGER_REVISIONS_H
#define LEDGER_REVISIONS_H

#include "ledger/store/journal.h"

/* Until when it holds, by what is known of its key; TIME_NEVER. From here on it is known. */
event_ms revisions_add(
    struct ledger *ledger, const struct reading *order, const struct journal_row *row);

/* The lower revisions, the highest first: rows of boot, seq, event time. */
struct db_rows revisions_below(
    struct ledger *ledger, const struct reading *order, const struct journal_row *row);

/* The highest of a key; 0: it was never told. */
uint64_t revisions_highest(
    struct ledger *ledger, int64_t source, enum reading_kind kind, const char *key);

#endif
