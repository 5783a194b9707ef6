/* hash.h - SHA-256 for names that must never collide.
 *
 * What:    the journal's conflict test (P2), alert identity (domain R9), and what
 *          is kept of a token that was forgotten (domain 5).
 * Library: mbedTLS's crypto part, the one exception to "base is libc only":
 *          a pure function, and a kept library beats a copy of our own.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/slice.h"

#define HASH_BYTES 32

/* SHA-256 over the parts, one after the other. */
void hash_sha256(const struct slice *parts, size_t count, uint8_t out[HASH_BYTES]);

/* HMAC-SHA-256 (RFC 2104): who has not the key learns nothing of `bytes`. */
void hash_hmac(const uint8_t key[HASH_BYTES], struct slice bytes, uint8_t out[HASH_BYTES]);

#endif
