/* json.h - protobuf's canonical JSON form of a message, and back.
 *
 * What:    one printer and one reader, driven by the descriptors, for what goes to and
 *          comes from head office, and for the command line. Names are lowerCamelCase
 *          (the reader takes those of the .proto file, too), numbers of 64 bits are text,
 *          bytes are base64, values of enums are names; what is absent is left out.
 * Not:     floating point and maps: the contract has none (a test holds it to that).
 * Library: jansson. Its trees lie on the heap and are freed before a call returns.
 * Strict:  a key that this version does not know, or that stands twice, is refused, and so
 *          is a number that does not fit. `why` never quotes a value: it may be a token.
 * Memory:  results lie in the arena.
 */
#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include "base/arena.h"
#include "base/err.h"
#include "wire/unpack.h"

/* Of text; eight times what a message may have as bytes: base64 and names. */
#define WIRE_JSON_MAX_BYTES (8 * 65536)

/* One line, without white space. CP_INVALID for text in it that is not UTF-8; CP_NOMEM.
 * *out is empty then. */
enum cp_err wire_json_print(
    struct arena *arena, const ProtobufCMessage *message, struct slice *out) CP_MUST_CHECK;

#define WIRE_JSON_WHY_BYTES 224

/* The message as bytes, for whoever reads bytes: the limits of wire_scan() are still to be
 * asked. WIRE_BAD: `why` names place and reason, "plan.minDays: expected a number from 0 to
 * 4294967295, found text". *out is empty unless WIRE_OK. */
enum wire_result wire_json_read(struct arena *arena, const ProtobufCMessageDescriptor *type,
    struct slice text, struct slice *out, char why[WIRE_JSON_WHY_BYTES]) CP_MUST_CHECK;

/* "min_days" as "minDays". False when `out` is too small. */
bool wire_json_name(const char *name, char *out, size_t out_bytes);

#endif
