/* gate.h - a message from outside becomes an entry of a batch. Pure.
 *
 * What:    the one way in, for the daemon and for a log: a message is parsed, and by what the
 *          gate says it is a reading, parked, or refused (P7, P8, P10).
 * Memory:  what the entry points to lies in the batch's arena.
 * Fails:   the batch must not be full (batch_is_full()). An entry whose gate is
 *          READING_NOMEM is not kept: its sender must not hear that it was.
 */
#ifndef LEDGER_GATE_H
#define LEDGER_GATE_H

#include "ledger/batch.h"

/* `recv` as in struct batch_entry. */
struct batch_entry *gate_take_device(struct batch *batch, struct slice payload,
    const struct id *device, bool is_tablet, wall_ms recv);

/* Head office's. A receipt is about our outbox and has no name of its own in the journal
 * (domain 9.4): its entry is refused, `reading.order` is what it says. */
struct batch_entry *gate_take_order(struct batch *batch, struct slice payload, wall_ms recv);

/* One that the box gave itself, from a log: else it comes from the policy file (ledger/own.h). */
struct batch_entry *gate_take_own(struct batch *batch, struct slice payload, wall_ms recv);

#endif
