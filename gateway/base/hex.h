/* hex.h - bytes as digits 0-9a-f, two each: ids, serials, hashes. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include "base/slice.h"

/* Writes 2 * bytes.len digits and a NUL; returns `out`. */
const char *hex_format(struct slice bytes, char *out);

/* False unless 1 to max_bytes pairs of digits; *out may be half written then. */
bool hex_parse(struct slice hex, uint8_t *out, size_t max_bytes, size_t *len_bytes);

#endif
