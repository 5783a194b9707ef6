/* notation.h - how tests write down bytes: hexadecimal, text, lengths.
 *
 * What:    the BYTES of common.txt into bytes; scripts and unit tests use it.
 * Errors:  the first one stays in `wrong` and names what it is.
 */
#ifndef PROTOCOL_NOTATION_H
#define PROTOCOL_NOTATION_H

#include "base/buf.h"

#define NOTATION_MAX_DEFINES 64
#define NOTATION_MAX_BYTES (256 * 1024)

struct notation_define {
	char *name;
	char *text;
};

struct notation {
	const char *device; /* %id */
	const char *wrong;  /* NULL: all is well */
	struct notation_define defines[NOTATION_MAX_DEFINES];
	size_t define_count;
};

void notation_init(struct notation *notation, const char *device);
void notation_deinit(struct notation *notation);

/* "NAME BYTES" */
void notation_define(struct notation *notation, const char *text);

/* Appends the bytes; false when the text is wrong. */
bool notation_parse(struct notation *notation, const char *text, struct buf *out);

#endif
