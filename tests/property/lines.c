#include "lines.h"

#include <string.h>

struct slice lines_next(struct slice *text)
{
	const uint8_t *end = text->len ? memchr(text->p, '\n', text->len) : NULL;
	struct slice line = slice_of(text->p, end ? (size_t)(end - text->p) : text->len);

	*text = slice_from(*text, line.len + (end != NULL));
	return line;
}

bool lines_have(struct slice text, struct slice wanted)
{
	while (text.len > 0)
		if (slice_eq(lines_next(&text), wanted))
			return true;
	return false;
}
