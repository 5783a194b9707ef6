#include "base/id.h"

bool id_from_bytes(struct id *out, struct slice bytes)
{
	*out = (struct id){0};
	if (bytes.len != ID_BYTES)
		return false;
	memcpy(out->b, bytes.p, ID_BYTES);
	return true;
}

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool id_from_hex(struct id *out, struct slice hex)
{
	*out = (struct id){0};
	if (hex.len != ID_HEX_LEN)
		return false;

	struct id id;
	for (size_t i = 0; i < ID_BYTES; i++) {
		int high = hex_value(hex.p[2 * i]);
		int low = hex_value(hex.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		id.b[i] = (uint8_t)(high << 4 | low);
	}
	*out = id;
	return true;
}

const char *id_hex(const struct id *id, char out[ID_HEX_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < ID_BYTES; i++) {
		out[2 * i] = digits[id->b[i] >> 4];
		out[2 * i + 1] = digits[id->b[i] & 15];
	}
	out[ID_HEX_LEN] = '\0';
	return out;
}
