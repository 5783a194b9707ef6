#include "wire/field.h"

static const void *at(const ProtobufCMessage *message, unsigned offset)
{
	return (const uint8_t *)message + offset;
}

static void *in(ProtobufCMessage *message, unsigned offset)
{
	return (uint8_t *)message + offset;
}

static bool is_pointer(ProtobufCType type)
{
	return type == PROTOBUF_C_TYPE_STRING || type == PROTOBUF_C_TYPE_MESSAGE;
}

size_t wire_field_bytes(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return sizeof(uint64_t);
	default:
		return sizeof(uint32_t); /* bool too */
	}
}

size_t wire_field_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *)at(message, field->quantifier_offset);
	if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
		return *(const uint32_t *)at(message, field->quantifier_offset) == field->id;
	if (is_pointer(field->type))
		return *(const void *const *)at(message, field->offset) != NULL;
	return field->label == PROTOBUF_C_LABEL_REQUIRED ||
	       *(const protobuf_c_boolean *)at(message, field->quantifier_offset);
}

void *wire_field_set(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
		*(uint32_t *)in(message, field->quantifier_offset) = field->id;
	else if (field->label == PROTOBUF_C_LABEL_OPTIONAL && !is_pointer(field->type))
		*(protobuf_c_boolean *)in(message, field->quantifier_offset) = 1;
	return in(message, field->offset);
}

void wire_field_clear(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		*(size_t *)in(message, field->quantifier_offset) = 0;
	else if (is_pointer(field->type))
		*(void **)in(message, field->offset) = NULL;
	else if (field->label == PROTOBUF_C_LABEL_OPTIONAL)
		*(protobuf_c_boolean *)in(message, field->quantifier_offset) = 0;
}

void wire_field_set_list(
    ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, void *items, size_t count)
{
	*(size_t *)in(message, field->quantifier_offset) = count;
	*(void **)in(message, field->offset) = items;
}
