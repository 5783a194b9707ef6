/* rng.h - random bytes for keys, serials and handshakes.
 *
 * What:    one CTR_DRBG per thread, seeded by getrandom() at its first use.
 * Threads: any; each has its own, so nothing is locked or shared.
 * Fork:    none after the first use (CVE-2026-25835: both would draw the same).
 */
#ifndef PKI_RNG_H
#define PKI_RNG_H

#include "base/err.h"

#include <stddef.h>

/* The signature that mbedTLS wants; `unused` may be NULL. 0, or its error. */
int rng_mbedtls(void *unused, unsigned char *out, size_t len_bytes);

enum cp_err rng_bytes(void *out, size_t len_bytes) CP_MUST_CHECK;

#endif
