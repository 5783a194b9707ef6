#include "wire/pack.h"

#include "wire/scan.h"

enum cp_err wire_pack(struct arena *arena, const ProtobufCMessage *message, struct slice *out)
{
	size_t len_bytes = protobuf_c_message_get_packed_size(message);

	*out = slice_of(NULL, 0);
	if (len_bytes > WIRE_MAX_BYTES)
		return CP_INVALID;
	uint8_t *bytes = arena_alloc(arena, len_bytes);
	if (!bytes)
		return CP_NOMEM;
	*out = slice_of(bytes, protobuf_c_message_pack(message, bytes));
	return CP_OK;
}

enum cp_err wire_pack_to(struct buf *buf, const ProtobufCMessage *message)
{
	size_t len_bytes = protobuf_c_message_get_packed_size(message);

	if (len_bytes > WIRE_MAX_BYTES)
		return CP_INVALID;
	if (len_bytes > buf_room(buf))
		return CP_FULL;
	uint8_t *bytes = buf_extend(buf, len_bytes);
	if (!bytes)
		return len_bytes == 0 ? CP_OK : CP_NOMEM;
	protobuf_c_message_pack(message, bytes);
	return CP_OK;
}
