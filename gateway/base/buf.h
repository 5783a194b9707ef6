/* buf.h - owned bytes with a maximum (P6).
 *
 * What:    a byte queue: append at the end, consume at the front.
 * Memory:  grows by doubling up to `max_bytes`, then says CP_FULL and changes
 *          nothing. Freed whole when it runs empty and was larger than
 *          BUF_KEEP_BYTES, so that an idle connection holds no peak.
 * Pointer: buf_bytes() is valid until the next append or consume.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/err.h"
#include "base/slice.h"

#define BUF_KEEP_BYTES 512

struct buf {
	uint8_t *p;
	size_t from; /* first byte not consumed */
	size_t len;  /* bytes not consumed */
	size_t cap;
	size_t max_bytes;
};

void buf_init(struct buf *buf, size_t max_bytes);
void buf_deinit(struct buf *buf); /* safe on a zeroed struct */

enum cp_err buf_append(struct buf *buf, const void *bytes, size_t len_bytes) CP_MUST_CHECK;

/* Room for exactly len_bytes at the end, to be written by the caller; counted
 * as content at once. NULL when over the maximum. */
uint8_t *buf_extend(struct buf *buf, size_t len_bytes) CP_MUST_CHECK;

/* Take back the last len_bytes of an extend that were not needed. */
void buf_trim(struct buf *buf, size_t len_bytes);

void buf_consume(struct buf *buf, size_t len_bytes);

static inline struct slice buf_bytes(const struct buf *buf)
{
	return buf->len ? slice_of(buf->p + buf->from, buf->len) : slice_of(NULL, 0);
}

static inline size_t buf_room(const struct buf *buf)
{
	return buf->max_bytes - buf->len;
}

#endif
