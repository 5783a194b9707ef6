/* fuzz.h - what the fuzz targets share.
 *
 * What:    a target is one file with one fuzz_one(): it reads bytes as its part of the
 *          program would, and CP_CHECKs what must hold whatever they are. libFuzzer calls
 *          it with inputs of its own (tests/fuzz/run), replay.c with those of corpus/ in
 *          the everyday tests.
 * Memory:  the bytes lie in memory of exactly their length, so that ASan sees one byte
 *          too many. A target gives back all that it takes.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include "base/err.h"
#include "base/slice.h"

#include <stdlib.h>

/* The device that every input speaks for. */
#define FUZZ_DEVICE "00112233445566778899aabbccddeeff"

void fuzz_one(struct slice bytes);

/* Something worth an input of its own was seen that branches of code do not show,
 * because a table decides: a reason, a kind of message. Any number will do. */
void fuzz_mark(unsigned what);

/* A copy in memory of exactly that length, to be freed. */
static inline uint8_t *fuzz_copy(struct slice bytes)
{
	uint8_t *p = malloc(bytes.len ? bytes.len : 1);

	CP_CHECK(p);
	if (bytes.len)
		memcpy(p, bytes.p, bytes.len);
	return p;
}

/* The first byte says how; the rest is what. */
static inline uint8_t fuzz_take_byte(struct slice *bytes)
{
	uint8_t first = bytes->len ? bytes->p[0] : 0;

	*bytes = slice_from(*bytes, 1);
	return first;
}

/* A number for fuzz_mark() from a text. */
static inline unsigned fuzz_hash(const char *text)
{
	unsigned hash = 5381;

	for (; text && *text; text++)
		hash = hash * 33 + (uint8_t)*text;
	return hash;
}

/* Does `inner` lie in `outer`? */
static inline bool fuzz_is_within(struct slice outer, struct slice inner)
{
	return inner.len == 0 || (inner.p >= outer.p && inner.len <= outer.len &&
	                             (size_t)(inner.p - outer.p) <= outer.len - inner.len);
}

#endif
