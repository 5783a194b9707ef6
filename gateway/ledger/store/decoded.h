/* decoded.h - rows of the journal, decoded once.
 *
 * What:    a client's history is read when a screening comes, a booking, a start, an
 *          attach, the first sample, an end: minutes apart, and it is long. A row never
 *          changes, so what was decoded lately is kept by its name; what says whose it
 *          is and when it happened (table fact, merges, clocks) is asked each time.
 * Memory:  DECODED_KEPT_BYTES. Beyond, a reading lies in the work arena alone, and all
 *          is forgotten at the next decoded_trim().
 * Dies:    what a reading points to, at the end of the judge call (subjects_judge_one),
 *          as everything does that a judge walks.
 */
#ifndef LEDGER_STORE_DECODED_H
#define LEDGER_STORE_DECODED_H

#include "base/arena.h"
#include "base/map.h"
#include "care/reading.h"

struct ledger;
struct journal_row;

/* Some 10,000 messages: the clients and devices of a busy day. */
#define DECODED_KEPT_BYTES ((size_t)16 << 20)

struct decoded_rows {
	struct map by_name;
	struct arena arena;
};

void decoded_init(struct decoded_rows *rows);
void decoded_deinit(struct decoded_rows *rows); /* safe on a zeroed struct */

/* The row without its payload, and its reading dated as was claimed. PARKED: this version
 * does not understand it, or there is no such row. */
enum reading_result decoded_row(struct ledger *ledger, int64_t source, uint32_t boot, uint32_t seq,
    struct journal_row *row, struct reading *reading) CP_MUST_CHECK;

/* Nobody holds a reading. */
void decoded_trim(struct decoded_rows *rows);

#endif
