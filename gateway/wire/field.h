/* field.h - a field of a message, found by its descriptor.
 *
 * What:    protobuf-c lays a value at `offset` and says at `quantifier_offset` whether it
 *          is there: a count, a flag or the case of a oneof. Whoever walks messages by their
 *          descriptors asks here.
 */
#ifndef WIRE_FIELD_H
#define WIRE_FIELD_H

#include <protobuf-c/protobuf-c.h>

#include <stdbool.h>

/* Of one value; of a list one element. */
size_t wire_field_bytes(ProtobufCType type);

/* How many values are there: 0 or 1, of a list its length. */
size_t wire_field_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

/* Where a single value lies, which is there from now on. */
void *wire_field_set(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

/* It is absent from now on. Not for a required one or that of a oneof. */
void wire_field_clear(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

/* Makes a list of what lies at `items`. */
void wire_field_set_list(
    ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, void *items, size_t count);

#endif
