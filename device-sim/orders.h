/* orders.h - what head office says about the clinic of a plan.
 *
 * What:  the clinic's hours and duties, a profile of each model, each device's service
 *        record, the operators' certificates; for every client of the past and of the
 *        visits that were booked for today a plan, flags and a booking, and a bill for
 *        every cartridge of the past. Everything in force since before the first session.
 * Wrong: the first device was not serviced for too long, the last operator's certificate
 *        has run out: with the stories of the plan all that a gateway may find.
 * Files: one packed carepace.v1.Order each, "00001.order" and on, the number
 *        being its n: the payloads of .../down.
 */
#ifndef SIM_ORDERS_H
#define SIM_ORDERS_H

#include "pki/error.h"
#include "pki/registry.h"
#include "plan.h"

/* `dir` is made if it is missing. `now` is the moment from which the plan counts; its second
 * is the epoch of head office's numbers. `devices` are those of the plan. */
enum cp_err orders_write(const struct plan *plan, const struct registry_entry *const *devices,
    const char *site, wall_ms now, const char *dir, struct pki_error *error) CP_MUST_CHECK;

#endif
