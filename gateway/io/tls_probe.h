/* tls_probe.h - whose certificate is shown at the other end of a connection?
 *
 * What:    begins a TLS handshake as a device would and looks at the first certificate
 *          that comes; then it has seen enough. For `carepace doctor`.
 * Blocks:  at most as long as the socket's own timeouts, record by record.
 */
#ifndef IO_TLS_PROBE_H
#define IO_TLS_PROBE_H

#include "base/hash.h"

enum tls_probe {
	TLS_PROBE_SAME,  /* the certificate with that digest */
	TLS_PROBE_OTHER, /* another one */
	TLS_PROBE_NONE,  /* no TLS, or nothing that ours understands */
};

enum tls_probe tls_probe(int fd, const uint8_t sha256[HASH_BYTES]);

#endif
