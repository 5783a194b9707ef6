/* seal.h - a guard and its limits as numbers, for years: what is left of a session's stream.
 *
 * What:    every field in the order of seal.c's tables; equal neighbours stand once, with how
 *          often: value, times, value, times.
 * Version: the numbers mean what GUARD_VERSION says. Whoever raises it brings a reader of the
 *          numbers before it: unlike the cache of a guard, a seal cannot be counted again.
 * Pure:    the caller owns all memory.
 */
#ifndef CARE_STREAM_SEAL_H
#define CARE_STREAM_SEAL_H

#include "care/stream/guard.h"

#define SEAL_NUMBERS_MAX 2048

struct seal_numbers {
	size_t count;
	int64_t items[SEAL_NUMBERS_MAX];
};

void seal_pack_guard(const struct guard *guard, struct seal_numbers *out);
void seal_pack_limits(const struct limits *limits, struct seal_numbers *out);

/* False: they are not of this version. *out is zeroed then. */
bool seal_read_guard(const int64_t *numbers, size_t count, uint32_t version, struct guard *out);
bool seal_read_limits(const int64_t *numbers, size_t count, uint32_t version, struct limits *out);

#endif
