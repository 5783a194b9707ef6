/* pack.h - a message into protobuf bytes.
 *
 * Only for messages that we made: packing again what came from outside is not
 * the identity (TRAPS: strings cut at a NUL, bools normalised), which is why the
 * journal keeps the bytes as they came.
 */
#ifndef WIRE_PACK_H
#define WIRE_PACK_H

#include "base/arena.h"
#include "base/buf.h"

#include <protobuf-c/protobuf-c.h>

/* The bytes, in the arena. CP_NOMEM when it is full; CP_INVALID beyond
 * WIRE_MAX_BYTES. *out is empty then. */
enum cp_err wire_pack(
    struct arena *arena, const ProtobufCMessage *message, struct slice *out) CP_MUST_CHECK;

/* The same, appended to a buffer. CP_FULL when its maximum does not allow it. */
enum cp_err wire_pack_to(struct buf *buf, const ProtobufCMessage *message) CP_MUST_CHECK;

#endif
