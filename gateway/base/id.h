/* id.h - sixteen opaque bytes: devices, sessions, clients, operators, alerts.
 *
 * One form everywhere: 16 bytes on the wire, 32 lower-case hex digits in
 * topics, certificates, logs and commands (DESIGN section 5). All zero = absent.
 */
#ifndef BASE_ID_H
#define BASE_ID_H

#include "base/slice.h"

#define ID_BYTES 16
#define ID_HEX_LEN 32

struct id {
	uint8_t b[ID_BYTES];
};

static inline bool id_eq(const struct id *a, const struct id *b)
{
	return memcmp(a->b, b->b, ID_BYTES) == 0;
}

static inline int id_cmp(const struct id *a, const struct id *b)
{
	return memcmp(a->b, b->b, ID_BYTES);
}

static inline bool id_is_zero(const struct id *id)
{
	static const struct id zero;
	return id_eq(id, &zero);
}

/* False unless exactly ID_BYTES long; *out is zeroed then. */
bool id_from_bytes(struct id *out, struct slice bytes);

/* False unless exactly 32 digits of 0-9a-f; *out is zeroed then. */
bool id_from_hex(struct id *out, struct slice hex);

/* Writes 32 digits and a NUL; returns `out`. */
const char *id_hex(const struct id *id, char out[ID_HEX_LEN + 1]);

#endif
