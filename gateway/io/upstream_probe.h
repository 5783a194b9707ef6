/* upstream_probe.h - does head office's broker let us in? For `carepace doctor`.
 *
 * What:    one attempt by the same library, certificates and sentences as the daemon's,
 *          under a name of its own (it would else take the daemon's place), and a goodbye.
 *          Nothing is published or subscribed.
 * Blocks:  at most limit_ms, and about 0.1 s for Paho's threads to end.
 */
#ifndef IO_UPSTREAM_PROBE_H
#define IO_UPSTREAM_PROBE_H

#include "io/upstream.h"

/* CP_OK: it did. CP_NET: `text` says why not. CP_NOMEM. */
enum cp_err upstream_probe(const struct upstream_config *config, int server, int64_t limit_ms,
    char text[UPSTREAM_TEXT_MAX]) CP_MUST_CHECK;

#endif
