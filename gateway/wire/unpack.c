#include "wire/unpack.h"

/* Tells the two ways of running out apart: the message wants too much (theirs)
 * or the arena is full (ours). */
struct memory {
	struct arena *arena;
	size_t left_bytes;
	bool is_over; /* the message's own limit was met */
	bool is_full; /* the arena's */
};

static void *take(void *data, size_t size_bytes)
{
	struct memory *memory = data;

	if (size_bytes > memory->left_bytes) {
		memory->is_over = true;
		return NULL;
	}
	void *p = arena_alloc(memory->arena, size_bytes);
	if (!p)
		memory->is_full = true;
	else
		memory->left_bytes -= size_bytes;
	return p;
}

static void give_back(void *data, void *p)
{
	(void)data; /* the arena gives all back at once */
	(void)p;
}

static ProtobufCMessage *unpack(struct arena *arena, const ProtobufCMessageDescriptor *type,
    struct slice bytes, struct memory *memory)
{
	ProtobufCAllocator allocator = {
	    .alloc = take,
	    .free = give_back,
	    .allocator_data = memory,
	};

	*memory = (struct memory){.arena = arena, .left_bytes = WIRE_MAX_MEMORY_BYTES};
	return protobuf_c_message_unpack(type, &allocator, bytes.len, bytes.p);
}

enum wire_result wire_unpack(struct arena *arena, const ProtobufCMessageDescriptor *type,
    struct slice bytes, ProtobufCMessage **out, struct wire_scan *scan)
{
	struct memory memory;

	*out = NULL;
	if (!wire_scan(type, bytes, scan))
		return WIRE_BAD;
	*out = unpack(arena, type, bytes, &memory);
	if (*out)
		return WIRE_OK;
	if (memory.is_full)
		return WIRE_NOMEM;
	/* After the scan nothing else is left that protobuf-c would refuse. */
	scan->bad = memory.is_over ? WIRE_BAD_MEMORY : WIRE_BAD_REQUIRED;
	return WIRE_BAD;
}

enum wire_result wire_unpack_again(struct arena *arena, const ProtobufCMessageDescriptor *type,
    struct slice bytes, ProtobufCMessage **out)
{
	struct memory memory;

	*out = unpack(arena, type, bytes, &memory);
	return *out ? WIRE_OK : memory.is_full ? WIRE_NOMEM : WIRE_BAD;
}
