/* json_read.c - JSON text as a message. */
#include "wire/json.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "base/base64.h"
#include "wire/field.h"
#include "wire/pack.h"

#define PATH_BYTES 96
#define NAME_BYTES 64

struct reader {
	struct arena *arena;
	char *why; /* what the first fault was, "" none */
	bool is_full;
	size_t path_len;
	char path[PATH_BYTES]; /* where the reader stands: "policy.setting[2].value" */
};

static void *take(struct reader *reader, size_t len_bytes)
{
	void *memory = arena_zalloc(reader->arena, len_bytes);

	if (!memory)
		reader->is_full = true;
	return memory;
}

/* --- faults --------------------------------------------------------------------------- */

static const char *kind_of(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "a list";
	case JSON_STRING:
		return "text";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "a truth value";
	default:
		return "null";
	}
}

static bool refuse(struct reader *reader, const char *expected, const char *found)
{
	snprintf(reader->why, WIRE_JSON_WHY_BYTES, "%s%sexpected %s, found %s", reader->path,
	    reader->path_len ? ": " : "", expected, found);
	return false;
}

/* Goes down to a member; the caller goes back by setting path_len. A path that is too long
 * ends early: it is for people. */
static void enter(struct reader *reader, const char *field_name)
{
	char name[NAME_BYTES];

	CP_CHECK(wire_json_name(field_name, name, sizeof(name)));
	int len = snprintf(reader->path + reader->path_len, PATH_BYTES - reader->path_len, "%s%s",
	    reader->path_len ? "." : "", name);

	reader->path_len += (size_t)len;
	if (reader->path_len >= PATH_BYTES)
		reader->path_len = PATH_BYTES - 1;
}

static void enter_item(struct reader *reader, size_t i)
{
	int len =
	    snprintf(reader->path + reader->path_len, PATH_BYTES - reader->path_len, "[%zu]", i);

	reader->path_len += (size_t)len;
	if (reader->path_len >= PATH_BYTES)
		reader->path_len = PATH_BYTES - 1;
}

static void leave_to(struct reader *reader, size_t path_len)
{
	reader->path_len = path_len;
	reader->path[path_len] = '\0';
}

/* --- numbers -------------------------------------------------------------------------- */

/* Of 64 bits, signed or not. */
struct whole {
	bool is_negative;
	uint64_t magnitude;
};

#define REAL_EXACT_MAX 9007199254740992.0 /* 2^53: a double has all whole numbers up to it */

static bool whole_of_text(const char *text, struct whole *out)
{
	*out = (struct whole){.is_negative = *text == '-'};
	const char *digits = text + out->is_negative;

	if (!*digits || strlen(digits) > 20)
		return false;
	for (; *digits; digits++) {
		unsigned digit = (unsigned)(*digits - '0');
		if (*digits < '0' || *digits > '9' ||
		    __builtin_mul_overflow(out->magnitude, UINT64_C(10), &out->magnitude) ||
		    __builtin_add_overflow(out->magnitude, (uint64_t)digit, &out->magnitude))
			return false;
	}
	return true;
}

/* 3, "3", 3.0 and 3e0 are the same number. */
static bool whole_of(const json_t *value, struct whole *out)
{
	if (json_is_string(value))
		return whole_of_text(json_string_value(value), out);
	if (json_is_integer(value)) {
		json_int_t number = json_integer_value(value);
		*out =
		    (struct whole){number < 0, number < 0 ? -(uint64_t)number : (uint64_t)number};
		return true;
	}
	double number = json_is_real(value) ? json_real_value(value) : 0.5;
	if (!(number >= -REAL_EXACT_MAX && number <= REAL_EXACT_MAX) ||
	    (double)(int64_t)number != number)
		return false;
	*out = (struct whole){number < 0, (uint64_t)(number < 0 ? -number : number)};
	return true;
}

static bool is_between(const struct whole *whole, int64_t min, uint64_t max)
{
	if (whole->is_negative && whole->magnitude > 0)
		return whole->magnitude <= -(uint64_t)min;
	return whole->magnitude <= max;
}

/* min: 0 or a lowest signed one. */
static bool read_whole(
    struct reader *reader, const json_t *value, int64_t min, uint64_t max, uint64_t *out)
{
	struct whole whole;
	char expected[80];

	if (whole_of(value, &whole) && is_between(&whole, min, max)) {
		*out = whole.is_negative ? -whole.magnitude : whole.magnitude;
		return true;
	}
	snprintf(
	    expected, sizeof(expected), "a whole number from %" PRId64 " to %" PRIu64, min, max);
	return refuse(reader, expected, json_is_number(value) ? "another one" : kind_of(value));
}

static bool read_32(
    struct reader *reader, const json_t *value, int64_t min, uint64_t max, void *member)
{
	uint64_t number;

	if (!read_whole(reader, value, min, max, &number))
		return false;
	*(uint32_t *)member = (uint32_t)number;
	return true;
}

/* --- other values ------------------------------------------------------------------------ */

static bool read_bool(struct reader *reader, const json_t *value, void *member)
{
	if (!json_is_boolean(value))
		return refuse(reader, "true or false", kind_of(value));
	*(protobuf_c_boolean *)member = json_is_true(value);
	return true;
}

/* A number may be one of a later contract: the gate decides about it (care/reading). */
static bool read_enum(
    struct reader *reader, const ProtobufCEnumDescriptor *type, const json_t *value, void *member)
{
	if (!json_is_string(value))
		return read_32(reader, value, INT32_MIN, INT32_MAX, member);
	const ProtobufCEnumValue *named =
	    protobuf_c_enum_descriptor_get_value_by_name(type, json_string_value(value));
	if (!named)
		return refuse(reader, "a name that this version knows", "another one");
	*(int *)member = named->value;
	return true;
}

static bool read_text(struct reader *reader, const json_t *value, void *member)
{
	if (!json_is_string(value))
		return refuse(reader, "text", kind_of(value));
	size_t len = json_string_length(value);
	char *text = take(reader, len + 1);
	if (!text)
		return false;
	memcpy(text, json_string_value(value), len);
	*(char **)member = text;
	return true;
}

static bool read_bytes(struct reader *reader, const json_t *value, void *member)
{
	ProtobufCBinaryData *bytes = member;

	if (!json_is_string(value))
		return refuse(reader, "base64", kind_of(value));
	struct slice text =
	    slice_of((const uint8_t *)json_string_value(value), json_string_length(value));
	size_t max_bytes = text.len / 4 * 3 + 3;
	bytes->data = take(reader, max_bytes);
	if (!bytes->data)
		return false;
	return base64_parse(text, bytes->data, max_bytes, &bytes->len) ||
	       refuse(reader, "base64", "other text");
}

static bool read_message(struct reader *reader, const ProtobufCMessageDescriptor *type,
    json_t *object, ProtobufCMessage **out);

static bool read_value(
    struct reader *reader, const ProtobufCFieldDescriptor *field, json_t *value, void *member)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		return read_32(reader, value, INT32_MIN, INT32_MAX, member);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		return read_32(reader, value, 0, UINT32_MAX, member);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		return read_whole(reader, value, INT64_MIN, INT64_MAX, member);
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return read_whole(reader, value, 0, UINT64_MAX, member);
	case PROTOBUF_C_TYPE_BOOL:
		return read_bool(reader, value, member);
	case PROTOBUF_C_TYPE_ENUM:
		return read_enum(reader, field->descriptor, value, member);
	case PROTOBUF_C_TYPE_STRING:
		return read_text(reader, value, member);
	case PROTOBUF_C_TYPE_BYTES:
		return read_bytes(reader, value, member);
	case PROTOBUF_C_TYPE_MESSAGE:
		return read_message(reader, field->descriptor, value, member);
	default:
		return refuse(reader, "nothing: it cannot be told in JSON", kind_of(value));
	}
}

/* --- fields ------------------------------------------------------------------------------- */

static bool read_list(struct reader *reader, const ProtobufCFieldDescriptor *field, json_t *value,
    ProtobufCMessage *message)
{
	size_t each = wire_field_bytes(field->type);
	size_t path_len = reader->path_len;

	if (!json_is_array(value))
		return refuse(reader, "a list", kind_of(value));
	uint8_t *items = take(reader, json_array_size(value) * each + 1);
	if (!items)
		return false;
	for (size_t i = 0; i < json_array_size(value); i++) {
		enter_item(reader, i);
		if (!read_value(reader, field, json_array_get(value, i), items + i * each))
			return false;
		leave_to(reader, path_len);
	}
	wire_field_set_list(message, field, items, json_array_size(value));
	return true;
}

static bool is_other_case(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	return field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF &&
	       *(const uint32_t *)((const uint8_t *)message + field->quantifier_offset) != 0;
}

static bool read_field(struct reader *reader, const ProtobufCFieldDescriptor *field, json_t *value,
    ProtobufCMessage *message)
{
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return read_list(reader, field, value, message);
	if (is_other_case(message, field))
		return refuse(reader, "one body", "another one beside it");
	return read_value(reader, field, value, wire_field_set(message, field));
}

static const ProtobufCFieldDescriptor *find_field(
    const ProtobufCMessageDescriptor *type, const char *key)
{
	char name[NAME_BYTES];

	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		if (strcmp(field->name, key) == 0)
			return field;
		CP_CHECK(wire_json_name(field->name, name, sizeof(name)));
		if (strcmp(name, key) == 0)
			return field;
	}
	return NULL;
}

/* seen: bit n for the n-th field of the message; none of the contract has more than 64. */
static bool require_fields(
    struct reader *reader, const ProtobufCMessageDescriptor *type, uint64_t seen)
{
	for (unsigned i = 0; i < type->n_fields; i++) {
		if (type->fields[i].label != PROTOBUF_C_LABEL_REQUIRED || seen >> i & 1)
			continue;
		enter(reader, type->fields[i].name);
		return refuse(reader, "a value", "nothing");
	}
	return true;
}

/* null is as if it were not there. */
static bool read_member(struct reader *reader, const char *key, json_t *value,
    ProtobufCMessage *message, uint64_t *seen)
{
	const ProtobufCFieldDescriptor *field = find_field(message->descriptor, key);
	size_t path_len = reader->path_len;

	if (!field)
		return refuse(reader, "names that this version knows", "another one");
	uint64_t bit = UINT64_C(1) << (field - message->descriptor->fields);
	enter(reader, field->name);
	if (*seen & bit)
		return refuse(reader, "one value", "a second one under its other name");
	if (!json_is_null(value)) {
		*seen |= bit;
		if (!read_field(reader, field, value, message))
			return false;
	}
	leave_to(reader, path_len);
	return true;
}

static bool read_message(struct reader *reader, const ProtobufCMessageDescriptor *type,
    json_t *object, ProtobufCMessage **out)
{
	uint64_t seen = 0;
	const char *key;
	json_t *value;

	if (!json_is_object(object))
		return refuse(reader, "an object", kind_of(object));
	*out = take(reader, type->sizeof_message);
	if (!*out)
		return false;
	type->message_init(*out);
	json_object_foreach(
	    object, key, value) if (!read_member(reader, key, value, *out, &seen)) return false;
	return require_fields(reader, type, seen);
}

/* Its own words may quote the text. */
static enum wire_result not_json(const json_error_t *error, char why[WIRE_JSON_WHY_BYTES])
{
	if (json_error_code(error) == json_error_out_of_memory)
		return WIRE_NOMEM;
	snprintf(why, WIRE_JSON_WHY_BYTES, "line %d, column %d: %s", error->line, error->column,
	    json_error_code(error) == json_error_duplicate_key ? "a key stands twice"
	                                                       : "it is not JSON");
	return WIRE_BAD;
}

enum wire_result wire_json_read(struct arena *arena, const ProtobufCMessageDescriptor *type,
    struct slice text, struct slice *out, char why[WIRE_JSON_WHY_BYTES])
{
	struct reader reader = {.arena = arena, .why = why};
	ProtobufCMessage *message;
	json_error_t error;

	*out = slice_of(NULL, 0);
	*why = '\0';
	if (text.len > WIRE_JSON_MAX_BYTES) {
		snprintf(why, WIRE_JSON_WHY_BYTES, "expected at most %d bytes, found %zu",
		    WIRE_JSON_MAX_BYTES, text.len);
		return WIRE_BAD;
	}
	json_t *tree = json_loadb((const char *)text.p, text.len, JSON_REJECT_DUPLICATES, &error);
	if (!tree)
		return not_json(&error, why);
	bool is_read = read_message(&reader, type, tree, &message);
	json_decref(tree);
	if (reader.is_full)
		return WIRE_NOMEM;
	if (!is_read)
		return WIRE_BAD;
	switch (wire_pack(arena, message, out)) {
	case CP_OK:
		return WIRE_OK;
	case CP_INVALID:
		snprintf(why, WIRE_JSON_WHY_BYTES, "%s", wire_bad_text(WIRE_BAD_SIZE));
		return WIRE_BAD;
	default:
		return WIRE_NOMEM;
	}
}
