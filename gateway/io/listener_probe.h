/* listener_probe.h - can the gateway listen, or does it? For `carepace doctor`.
 *
 * What:    looks at the address and port as the listener would, and if somebody is there
 *          already, whether it is this gateway. The sentences are the listener's own.
 * Blocks:  at most LISTENER_PROBE_MS, twice.
 */
#ifndef IO_LISTENER_PROBE_H
#define IO_LISTENER_PROBE_H

#include "base/err.h"
#include "base/hash.h"

#include <stdint.h>

#define LISTENER_PROBE_MS 2000
#define LISTENER_TEXT_BYTES 320

enum listener_probe {
	LISTENER_IS_FREE,
	LISTENER_IS_OURS,    /* it shows the certificate */
	LISTENER_IS_ANOTHER, /* a gateway with another certificate */
	LISTENER_IS_TAKEN,   /* by another program */
	LISTENER_IS_REFUSED, /* the system says no, as `why` has it */
};

/* sha256: of the certificate that the gateway shows. `why` is a sentence unless FREE or OURS. */
enum listener_probe listener_probe(const char *address, uint16_t port,
    const uint8_t sha256[HASH_BYTES], char why[LISTENER_TEXT_BYTES]);

/* Why bind(2) failed, `error` as errno has it; returns `out`. */
const char *listener_bind_text(
    char out[LISTENER_TEXT_BYTES], const char *address, uint16_t port, int error);

/* What the process must be allowed to open for so many devices, and the sentence when it is not. */
uint64_t listener_files_needed(uint32_t connections);
const char *listener_files_text(
    char out[LISTENER_TEXT_BYTES], uint64_t allowed, uint32_t connections);

#endif
