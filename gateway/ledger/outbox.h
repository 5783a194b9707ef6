/* outbox.h - keys that head office does not have yet (P5).
 *
 * One row per key: an alert amended ten times while offline goes up once. A row
 * leaves when its own n was acknowledged; a newer change has a newer n. A receipt of head
 * office's that cannot be true deletes nothing and is counted (meta 'receipts_refused').
 */
#ifndef LEDGER_OUTBOX_H
#define LEDGER_OUTBOX_H

#include "ledger/state.h"

/* kind: ReportKind. */
void outbox_put_alert(struct ledger *ledger, const struct id *alert);
void outbox_put_state(struct ledger *ledger, int64_t kind, int64_t subject);
void outbox_done(struct ledger *ledger, const struct batch_done *done);

#endif
