/* unpack.h - protobuf bytes into a message that lies in an arena.
 *
 * What:    scan first, then protobuf-c with an allocator that takes from the
 *          arena and stops at a limit.
 * Memory:  the message and everything in it lie in `arena` and die with it;
 *          never call protobuf_c_message_free_unpacked(). It does not refer to
 *          the input bytes. What a refused message took stays taken until the
 *          arena is reset.
 */
#ifndef WIRE_UNPACK_H
#define WIRE_UNPACK_H

#include "base/arena.h"
#include "base/err.h"
#include "wire/scan.h"

/* Memory for one message. Pulses, full, take 12 kB, and WIRE_MAX_FIELDS of the largest
 * entries stay below; what needs more is an attack. */
#define WIRE_MAX_MEMORY_BYTES (1024 * 1024)

enum wire_result {
	WIRE_OK = 0,
	WIRE_BAD,   /* the sender's fault: scan->bad says which */
	WIRE_NOMEM, /* the arena is full: ours */
};

/* *out is NULL unless WIRE_OK. *scan is always set; its body points into `bytes`. */
enum wire_result wire_unpack(struct arena *arena, const ProtobufCMessageDescriptor *type,
    struct slice bytes, ProtobufCMessage **out, struct wire_scan *scan) CP_MUST_CHECK;

/* The same for bytes that passed once and lay in our own store since: they are not scanned
 * again, which costs as much as half of building the message. */
enum wire_result wire_unpack_again(struct arena *arena, const ProtobufCMessageDescriptor *type,
    struct slice bytes, ProtobufCMessage **out) CP_MUST_CHECK;

#endif
