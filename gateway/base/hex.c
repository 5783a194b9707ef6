#include "base/hex.h"

const char *hex_format(struct slice bytes, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < bytes.len; i++) {
		out[2 * i] = digits[bytes.p[i] >> 4];
		out[2 * i + 1] = digits[bytes.p[i] & 15];
	}
	out[2 * bytes.len] = '\0';
	return out;
}

static int value_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool hex_parse(struct slice hex, uint8_t *out, size_t max_bytes, size_t *len_bytes)
{
	*len_bytes = hex.len / 2;
	if (hex.len % 2 != 0 || hex.len == 0 || *len_bytes > max_bytes)
		return false;
	for (size_t i = 0; i < *len_bytes; i++) {
		int high = value_of(hex.p[2 * i]);
		int low = value_of(hex.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}
