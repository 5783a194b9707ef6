/* slice.h - borrowed bytes.
 *
 * A slice is valid as long as the buffer it was cut from says so, usually until
 * the call returns. It owns nothing and is passed by value.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const uint8_t *p; /* may be NULL when len is 0 */
	size_t len;
};

static inline struct slice slice_of(const void *p, size_t len)
{
	return (struct slice){.p = p, .len = len};
}

static inline struct slice slice_str(const char *text)
{
	return slice_of(text, strlen(text));
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static inline bool slice_eq_str(struct slice a, const char *text)
{
	return slice_eq(a, slice_str(text));
}

/* Everything from `from` on; empty when there is nothing. */
static inline struct slice slice_from(struct slice s, size_t from)
{
	return from >= s.len ? slice_of(NULL, 0) : slice_of(s.p + from, s.len - from);
}

#endif
