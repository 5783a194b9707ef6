#include "base/buf.h"

#include <stdlib.h>

void buf_init(struct buf *buf, size_t max_bytes)
{
	*buf = (struct buf){.max_bytes = max_bytes};
}

void buf_deinit(struct buf *buf)
{
	free(buf->p);
	*buf = (struct buf){.max_bytes = buf->max_bytes};
}

static enum cp_err make_room(struct buf *buf, size_t len_bytes)
{
	if (len_bytes > buf_room(buf))
		return CP_FULL;
	if (buf->from + buf->len + len_bytes <= buf->cap)
		return CP_OK;
	if (buf->from > 0 && buf->len + len_bytes <= buf->cap) {
		memmove(buf->p, buf->p + buf->from, buf->len);
		buf->from = 0;
		return CP_OK;
	}

	size_t cap = buf->cap ? buf->cap : 256;
	while (cap < buf->len + len_bytes)
		cap *= 2;

	uint8_t *p = malloc(cap);
	if (!p)
		return CP_NOMEM;
	if (buf->len)
		memcpy(p, buf->p + buf->from, buf->len);
	free(buf->p);
	buf->p = p;
	buf->from = 0;
	buf->cap = cap;
	return CP_OK;
}

uint8_t *buf_extend(struct buf *buf, size_t len_bytes)
{
	if (make_room(buf, len_bytes))
		return NULL;
	uint8_t *at = buf->p + buf->from + buf->len;
	buf->len += len_bytes;
	return at;
}

void buf_trim(struct buf *buf, size_t len_bytes)
{
	CP_CHECK(len_bytes <= buf->len);
	buf->len -= len_bytes;
}

enum cp_err buf_append(struct buf *buf, const void *bytes, size_t len_bytes)
{
	if (len_bytes == 0)
		return CP_OK;
	enum cp_err err = make_room(buf, len_bytes);
	if (err)
		return err;
	memcpy(buf->p + buf->from + buf->len, bytes, len_bytes);
	buf->len += len_bytes;
	return CP_OK;
}

void buf_consume(struct buf *buf, size_t len_bytes)
{
	CP_CHECK(len_bytes <= buf->len);
	buf->from += len_bytes;
	buf->len -= len_bytes;
	if (buf->len > 0)
		return;
	buf->from = 0;
	if (buf->cap > BUF_KEEP_BYTES) {
		free(buf->p);
		buf->p = NULL;
		buf->cap = 0;
	}
}
