/* base64.h - bytes as text (RFC 4648): tokens, ids and hashes in JSON.
 *
 * Library: mbedTLS's crypto part, as in hash.h.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/arena.h"

/* Characters of so many bytes, with padding, without a NUL. */
#define BASE64_LEN(bytes) (((bytes) + 2) / 3 * 4)

/* A text in the arena, ended by a NUL. NULL: it is full. */
char *base64_format(struct arena *arena, struct slice bytes);

/* Either alphabet, standard or of URLs, with or without padding. False when it is not
 * base64, or when *out has no room. */
bool base64_parse(struct slice text, uint8_t *out, size_t max_bytes, size_t *len_bytes);

#endif
