/* outbox.h - keys that head office does not have yet (P5).
 *
 * What:    one row per key: an alert amended ten times while offline goes up once. A row
 *          leaves when its own n was acknowledged; a newer change has a newer n. A receipt
 *          of head office's that cannot be true deletes nothing and is counted (meta
 *          'receipts_refused').
 * Bounds:  ledger_config.outbox_max_bytes, a row counted as OUTBOX_ROW_BYTES, and
 *          outbox_days (P6). What is over is evicted: the least urgent kind first, of it
 *          the oldest n, some at a time. It is counted by reason (P8: meta
 *          'evicted_by_limit', 'evicted_by_age') and told to head office as one row a kind
 *          and reason (table `gone`), which grows until that is acknowledged.
 */
#ifndef LEDGER_OFFICE_OUTBOX_H
#define LEDGER_OFFICE_OUTBOX_H

#include "ledger/state.h"

/* Estimated: a row and its places in two indexes, 110 bytes, and what is printed from. */
#define OUTBOX_ROW_BYTES 256

void outbox_open(struct ledger *ledger);

/* kind: ReportKind. */
void outbox_put_alert(struct ledger *ledger, const struct id *alert);
void outbox_put_state(struct ledger *ledger, int64_t kind, int64_t subject);

/* A store that was restored: nothing waits, nothing was ever given up. */
void outbox_begin_anew(struct ledger *ledger);

void outbox_done(struct ledger *ledger, const struct batch_done *done);

/* Evicts some of what is over. */
void outbox_limit(struct ledger *ledger);
bool outbox_is_over(const struct ledger *ledger);

/* view/outbox.c: how many kinds go up; the one of a rank, 0 the most urgent. */
size_t view_outbox_kinds(void);
unsigned view_outbox_kind(size_t rank);

#endif
