/* presence.h - what of a device came in last, and what is missing of it.
 *
 * What:    the last heartbeat of each device and the gaps in its numbers, as far as this
 *          box has heard them. An observation (P4): it depends on arrival, is no input,
 *          and is not recounted.
 * Cost:    a heartbeat changes memory only; it is written once in BEAT_KEPT_MS, so that
 *          after a crash one of the last minute is known. A message in its turn costs a
 *          comparison.
 * Bounds:  the newest GAPS_MAX of a device (P6): what is older is lost for good.
 */
#ifndef LEDGER_JUDGING_PRESENCE_H
#define LEDGER_JUDGING_PRESENCE_H

#include "care/history_device.h"
#include "ledger/state.h"

#define BEAT_KEPT_MS MS_PER_MINUTE
#define GAPS_MAX 16

/* A device is heard from for the first time in this run: what was known of it. */
void presence_load(struct ledger *ledger, struct source_state *source);

/* A HEARTBEAT. */
void presence_beat(struct ledger *ledger, const struct reading *reading, wall_ms recv);

/* A message whose name can be read came in, whatever became of it: it is not missing.
 * Before source->boot and source->seq take its name over. */
void presence_number(
    struct ledger *ledger, struct source_state *source, const struct reading *reading);

/* What the judge sees; false: nothing to judge. */
bool presence_history(struct ledger *ledger, int64_t device, struct presence *out);

#endif
