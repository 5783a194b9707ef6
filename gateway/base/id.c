#include "base/id.h"

#include "base/hex.h"

bool id_from_bytes(struct id *out, struct slice bytes)
{
	*out = (struct id){0};
	if (bytes.len != ID_BYTES)
		return false;
	memcpy(out->b, bytes.p, ID_BYTES);
	return true;
}

bool id_from_hex(struct id *out, struct slice hex)
{
	struct id id;
	size_t len_bytes;

	*out = (struct id){0};
	if (!hex_parse(hex, id.b, ID_BYTES, &len_bytes) || len_bytes != ID_BYTES)
		return false;
	*out = id;
	return true;
}

const char *id_hex(const struct id *id, char out[ID_HEX_LEN + 1])
{
	return hex_format(slice_of(id->b, ID_BYTES), out);
}
