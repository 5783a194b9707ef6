/* orders.h - what head office says about the clients of a plan.
 *
 * What:  one PLAN for every client with a past, in force since before the first
 *        session: the gateway then knows how many sessions the course has and
 *        sees who does not come back.
 * Files: one packed carepace.v1.Order each, "00001.order" and on, the number
 *        being its n: the payloads of .../down.
 */
#ifndef SIM_ORDERS_H
#define SIM_ORDERS_H

#include "pki/error.h"
#include "plan.h"

/* `dir` is made if it is missing. `now` is the moment from which the plan counts;
 * its second is the epoch of head office's numbers. */
enum cp_err orders_write(
    const struct plan *plan, wall_ms now, const char *dir, struct pki_error *error) CP_MUST_CHECK;

#endif
