/* office.h - the chain's head office, played over its real broker.
 *
 * What:    subscribes what all gateways report, keeps the picture, sends receipts and one
 *          clinic's orders. Says a line per report that is news, and what must never be.
 * Session: the broker keeps what comes while head office is away, as long as the broker
 *          itself lives; what it loses then, gateways offer again.
 * Threads: office_run() is the only caller of everything; Paho has its own.
 */
#ifndef SIM_OFFICE_H
#define SIM_OFFICE_H

#include "office_options.h"
#include "pki/error.h"

#include <signal.h>

/* How often each was asked for. */
struct office_signals {
	volatile sig_atomic_t stops;
	volatile sig_atomic_t pictures;
	volatile sig_atomic_t losses; /* of power */
};

/* Until a stop. False when something was reported that must never be. On an error the
 * sentence is in *error. */
enum cp_err office_run(const struct office_options *options, const struct office_signals *signals,
    bool *is_well, struct pki_error *error) CP_MUST_CHECK;

#endif
