/* heard.h - in which minutes a device was heard, by the event times of its heartbeats: for the
 * minutes in which it was of no use (care/report/downtime.h), also when the stream has gone.
 *
 * Order:   a bit that is set stays set: whichever beat comes first, twice or late makes no
 *          difference. Observed (domain section 6), not recounted: the stream lasts 30 days.
 * Cost:    a beat in a minute that is known costs a comparison. The first one of a minute is
 *          written with its batch, so that a crash loses nothing.
 * Redated: a boot's beats are counted anew when its clock is known better (R18); where some have
 *          gone (ledger/retention.h) all that was heard stays, too.
 */
#ifndef LEDGER_DAYS_HEARD_H
#define LEDGER_DAYS_HEARD_H

#include "care/report/downtime.h"
#include "ledger/state.h"

/* A HEARTBEAT, dated. */
void heard_add(struct ledger *ledger, const struct reading *reading);

/* A boot's beats are dated again: first none counts, then each as it is dated now. */
void heard_forget_boot(struct ledger *ledger, const struct id *id, uint32_t boot);
void heard_again(struct ledger *ledger, const struct reading *from, const struct reading *to);

/* Hours of a device that touch a span, in the work arena. False: out of memory. */
bool heard_load(
    struct ledger *ledger, int64_t device, struct span span, struct downtime_input *out);

#endif
