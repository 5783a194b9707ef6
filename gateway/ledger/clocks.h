/* clocks.h - when did it happen? Keeps what is known of the clock of each start of
 * each device (R18, care/time/clock_trust.h), and dates what devices say.
 *
 * Cost:    what is known changes rarely, and only then a row is written; the boot
 *          that a device speaks in is kept in struct source_state.
 * Redated: readings whose boot is known better now move at the end of the batch,
 *          whole boots at once: facts, folds, and everybody whom that concerns.
 */
#ifndef LEDGER_CLOCKS_H
#define LEDGER_CLOCKS_H

#include "ledger/store/journal.h"

/* Learns from a new row and sets its event time. Orders keep theirs. */
void clocks_date(struct ledger *ledger, struct reading *reading, const struct journal_row *row);

/* The same for a row that was learned from before. */
void clocks_date_again(
    struct ledger *ledger, struct reading *reading, const struct journal_row *row);

/* Which clock gave a fact its ts. */
enum ts_source clocks_source(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row);

/* Moves what must move. Before anybody is judged. */
void clocks_settle(struct ledger *ledger);

/* The box knows the time again: what came in doubt is learned from, and moves with the
 * batch. */
void clocks_trust(struct ledger *ledger);

/* A recount knows all clocks before it dates anything. */
void clocks_learn(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row);
void clocks_settle_floors(struct ledger *ledger); /* once all rows are learned from */

/* What is known of a boot, for its seal (ledger/seals.h), and from one in a recount. */
bool clocks_known(
    struct ledger *ledger, const struct id *source_id, uint32_t boot_no, struct boot_clock *out);
void clocks_join(struct ledger *ledger, const struct id *source_id, uint32_t boot_no,
    const struct boot_clock *more);

#endif
