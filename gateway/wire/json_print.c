/* json_print.c - a message as JSON text. */
#include "wire/json.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "base/base64.h"
#include "wire/field.h"

#define NAME_BYTES 64

bool wire_json_name(const char *name, char *out, size_t out_bytes)
{
	bool is_next_upper = false;
	size_t len = 0;

	for (; *name; name++) {
		if (*name == '_') {
			is_next_upper = true;
			continue;
		}
		if (len + 1 >= out_bytes)
			return false;
		out[len++] = is_next_upper && *name >= 'a' && *name <= 'z'
		                 ? (char)(*name - 'a' + 'A')
		                 : *name;
		is_next_upper = false;
	}
	out[len] = '\0';
	return true;
}

struct printer {
	struct arena *arena;
	enum cp_err err;
};

static json_t *fail(struct printer *printer, enum cp_err err)
{
	if (!printer->err)
		printer->err = err;
	return NULL;
}

/* jansson's NULL: out of memory, or not UTF-8. */
static json_t *text(struct printer *printer, const char *string)
{
	json_t *value = json_string(string);

	return value ? value : fail(printer, CP_INVALID);
}

static json_t *number_64(struct printer *printer, bool is_signed, const void *member)
{
	char digits[24];

	if (is_signed)
		snprintf(digits, sizeof(digits), "%" PRId64, *(const int64_t *)member);
	else
		snprintf(digits, sizeof(digits), "%" PRIu64, *(const uint64_t *)member);
	return text(printer, digits);
}

/* A value that this version has no name for is printed as its number. */
static json_t *enum_value(
    struct printer *printer, const ProtobufCEnumDescriptor *type, const void *member)
{
	int number = *(const int *)member;
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(type, number);

	return value ? text(printer, value->name) : json_integer(number);
}

static json_t *bytes_value(struct printer *printer, const ProtobufCBinaryData *bytes)
{
	const char *encoded = base64_format(printer->arena, slice_of(bytes->data, bytes->len));

	return encoded ? text(printer, encoded) : fail(printer, CP_NOMEM);
}

static json_t *message_value(struct printer *printer, const ProtobufCMessage *message);

static json_t *value_of(
    struct printer *printer, const ProtobufCFieldDescriptor *field, const void *member)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		return json_integer(*(const int32_t *)member);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		return json_integer(*(const uint32_t *)member);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		return number_64(printer, true, member);
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return number_64(printer, false, member);
	case PROTOBUF_C_TYPE_BOOL:
		return json_boolean(*(const protobuf_c_boolean *)member);
	case PROTOBUF_C_TYPE_ENUM:
		return enum_value(printer, field->descriptor, member);
	case PROTOBUF_C_TYPE_STRING:
		return text(printer, *(const char *const *)member);
	case PROTOBUF_C_TYPE_BYTES:
		return bytes_value(printer, member);
	case PROTOBUF_C_TYPE_MESSAGE:
		return message_value(printer, *(const ProtobufCMessage *const *)member);
	default:
		return fail(printer, CP_INVALID);
	}
}

static json_t *repeated_value(struct printer *printer, const ProtobufCFieldDescriptor *field,
    const uint8_t *items, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < count; i++) {
		json_t *item = value_of(printer, field, items + i * wire_field_bytes(field->type));
		if (json_array_append_new(array, item) == 0)
			continue;
		json_decref(array);
		return fail(printer, CP_NOMEM);
	}
	return array;
}

static bool put(struct printer *printer, json_t *object, const ProtobufCFieldDescriptor *field,
    const ProtobufCMessage *message)
{
	const uint8_t *member = (const uint8_t *)message + field->offset;
	size_t count = wire_field_count(message, field);
	char name[NAME_BYTES];
	json_t *value;

	if (count == 0)
		return true;
	CP_CHECK(wire_json_name(field->name, name, sizeof(name)));
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		value = repeated_value(printer, field, *(const uint8_t *const *)member, count);
	else
		value = value_of(printer, field, member);
	if (json_object_set_new(object, name, value) == 0)
		return true;
	fail(printer, CP_NOMEM);
	return false;
}

static json_t *message_value(struct printer *printer, const ProtobufCMessage *message)
{
	json_t *object = json_object();

	if (!object)
		return fail(printer, CP_NOMEM);
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		if (put(printer, object, &message->descriptor->fields[i], message))
			continue;
		json_decref(object);
		return NULL;
	}
	return object;
}

static enum cp_err dump(struct arena *arena, const json_t *tree, struct slice *out)
{
	size_t len = json_dumpb(tree, NULL, 0, JSON_COMPACT);
	char *text = arena_alloc(arena, len);

	if (!text)
		return CP_NOMEM;
	*out = slice_of((const uint8_t *)text, json_dumpb(tree, text, len, JSON_COMPACT));
	return CP_OK;
}

enum cp_err wire_json_print(struct arena *arena, const ProtobufCMessage *message, struct slice *out)
{
	struct printer printer = {.arena = arena};
	json_t *tree = message_value(&printer, message);

	*out = slice_of(NULL, 0);
	if (!tree)
		return printer.err ? printer.err : CP_NOMEM;
	enum cp_err err = dump(arena, tree, out);
	json_decref(tree);
	return err;
}
