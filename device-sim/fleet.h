/* fleet.h - all devices of a run, and the one loop that moves them.
 *
 * What:    picks devices from the registry, opens the clinic, waits at its end
 *          until everything is acknowledged, disconnects.
 * Memory:  struct fleet is opaque and owns everything.
 * Threads: fleet_run() is the only caller of everything; Paho has its own.
 */
#ifndef SIM_FLEET_H
#define SIM_FLEET_H

#include "options.h"
#include "pki/error.h"

#include <signal.h>

struct fleet;

/* What head office knows of the clients of this fleet, in options->orders_dir.
 * No device is started, nothing connects. */
enum cp_err fleet_write_orders(
    const struct options *options, struct pki_error *error) CP_MUST_CHECK;

/* On an error the sentence is in *error. */
enum cp_err fleet_new(
    const struct options *options, struct fleet **out, struct pki_error *error) CP_MUST_CHECK;
void fleet_free(struct fleet *fleet);

/* Until the time is over or *stop is not 0; a second stop does not wait for
 * acknowledgements. True when every message was acknowledged. */
bool fleet_run(struct fleet *fleet, const volatile sig_atomic_t *stop);

#endif
