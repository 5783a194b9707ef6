#include "wire/scan.h"

#include "base/err.h"

/* Wire types of the protobuf encoding; 3 and 4 were groups, 6 and 7 never were. */
enum {
	WIRE_VARINT = 0,
	WIRE_64BIT = 1,
	WIRE_LENGTH = 2,
	WIRE_32BIT = 5
};

#define VARINT_MAX_BYTES 10
#define TAG_TYPE_BITS 3

/* One field as it stands in the bytes. */
struct field {
	uint32_t number;
	uint32_t wire_type;
	uint64_t varint;      /* of WIRE_VARINT */
	struct slice content; /* of the others */
};

const char *wire_bad_text(enum wire_bad bad)
{
	static const char *const texts[] = {
	    [WIRE_BAD_NONE] = "nothing is wrong",
	    [WIRE_BAD_SIZE] = "more than 65,535 bytes",
	    [WIRE_BAD_CUT] = "ends inside a field",
	    [WIRE_BAD_VARINT] = "a number is longer than its field",
	    [WIRE_BAD_TAG] = "a field number or wire type that cannot be",
	    [WIRE_BAD_TWICE] = "a single field stands twice",
	    [WIRE_BAD_DEPTH] = "nested too deep",
	    [WIRE_BAD_FIELDS] = "too many fields",
	    [WIRE_BAD_REQUIRED] = "a required field is missing",
	    [WIRE_BAD_MEMORY] = "would need too much memory",
	};

	CP_CHECK((size_t)bad < CP_COUNT(texts));
	return texts[bad];
}

static enum wire_bad take_varint(struct slice *rest, uint64_t *out)
{
	uint64_t value = 0;

	if (rest->len > 0 && rest->p[0] < 0x80) { /* nearly all of them */
		*out = rest->p[0];
		*rest = slice_from(*rest, 1);
		return WIRE_BAD_NONE;
	}
	for (size_t i = 0; i < VARINT_MAX_BYTES; i++) {
		if (i == rest->len)
			return WIRE_BAD_CUT;
		uint8_t byte = rest->p[i];
		if (i == VARINT_MAX_BYTES - 1 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7F) << (7 * i);
		if (byte & 0x80)
			continue;
		*out = value;
		*rest = slice_from(*rest, i + 1);
		return WIRE_BAD_NONE;
	}
	return WIRE_BAD_VARINT;
}

static enum wire_bad take_content(struct slice *rest, uint64_t len_bytes, struct slice *out)
{
	if (len_bytes > rest->len)
		return WIRE_BAD_CUT;
	*out = slice_of(rest->p, (size_t)len_bytes);
	*rest = slice_from(*rest, (size_t)len_bytes);
	return WIRE_BAD_NONE;
}

static enum wire_bad take_field(struct slice *rest, struct field *out)
{
	uint64_t tag;
	enum wire_bad bad = take_varint(rest, &tag);
	if (bad)
		return bad;

	uint64_t number = tag >> TAG_TYPE_BITS;
	if (number == 0 || number > WIRE_MAX_FIELD_NUMBER)
		return WIRE_BAD_TAG;
	*out = (struct field){.number = (uint32_t)number, .wire_type = tag & 7};

	uint64_t len_bytes;
	switch (out->wire_type) {
	case WIRE_VARINT:
		return take_varint(rest, &out->varint);
	case WIRE_64BIT:
		return take_content(rest, 8, &out->content);
	case WIRE_32BIT:
		return take_content(rest, 4, &out->content);
	case WIRE_LENGTH:
		bad = take_varint(rest, &len_bytes);
		return bad ? bad : take_content(rest, len_bytes, &out->content);
	default:
		return WIRE_BAD_TAG;
	}
}

static uint32_t wire_type_of(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return WIRE_64BIT;
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		return WIRE_32BIT;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		return WIRE_LENGTH;
	default:
		return WIRE_VARINT;
	}
}

/* protobuf-c keeps the lower 32 bits of what is too long, without a word. */
static bool fits(ProtobufCType type, uint64_t varint)
{
	switch (type) {
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_SINT32:
		return varint <= UINT32_MAX;
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_ENUM: /* negative ones are sign-extended to 64 bits */
		return varint <= INT32_MAX || varint >= UINT64_MAX - INT32_MAX;
	default:
		return true;
	}
}

/* A repeated number may come as a packed list, whatever the declaration says. */
static enum wire_bad scan_packed(
    struct wire_scan *scan, const ProtobufCFieldDescriptor *known, struct slice list)
{
	uint32_t wire_type = wire_type_of(known->type);

	while (list.len > 0) {
		if (++scan->fields > WIRE_MAX_FIELDS)
			return WIRE_BAD_FIELDS;
		uint64_t varint = 0;
		struct slice fixed;
		enum wire_bad bad =
		    wire_type == WIRE_VARINT
		        ? take_varint(&list, &varint)
		        : take_content(&list, wire_type == WIRE_64BIT ? 8 : 4, &fixed);
		if (bad)
			return bad;
		if (!fits(known->type, varint))
			return WIRE_BAD_VARINT;
	}
	return WIRE_BAD_NONE;
}

static enum wire_bad scan_message(struct wire_scan *scan, const ProtobufCMessageDescriptor *type,
    struct slice bytes, uint32_t depth);

static enum wire_bad scan_known(struct wire_scan *scan, const ProtobufCFieldDescriptor *known,
    const struct field *field, uint32_t depth)
{
	uint32_t wire_type = wire_type_of(known->type);

	if (field->wire_type != wire_type) {
		if (known->label != PROTOBUF_C_LABEL_REPEATED || field->wire_type != WIRE_LENGTH)
			return WIRE_BAD_TAG;
		return scan_packed(scan, known, field->content);
	}
	if (wire_type == WIRE_VARINT && !fits(known->type, field->varint))
		return WIRE_BAD_VARINT;
	if (known->type == PROTOBUF_C_TYPE_STRING && field->content.len > 0 &&
	    memchr(field->content.p, 0, field->content.len))
		scan->has_nul = true;
	if (wire_is_token(known))
		scan->has_tokens = true;
	if (known->type == PROTOBUF_C_TYPE_MESSAGE)
		return scan_message(scan, known->descriptor, field->content, depth + 1);
	return WIRE_BAD_NONE;
}

/* Fields mostly come in the order of their numbers, lists in a row: the last one
 * found or its neighbour is tried before protobuf-c searches. */
static const ProtobufCFieldDescriptor *known_field(
    const ProtobufCMessageDescriptor *type, uint32_t number, unsigned *last)
{
	for (unsigned i = *last; i < type->n_fields && i < *last + 2; i++) {
		if (type->fields[i].id != number)
			continue;
		*last = i;
		return &type->fields[i];
	}

	const ProtobufCFieldDescriptor *known =
	    protobuf_c_message_descriptor_get_field(type, number);
	if (known)
		*last = (unsigned)(known - type->fields);
	return known;
}

/* What stood in the message already: a bit per field of the descriptor, one of
 * them for all members of the oneof (no message of the contract has two). */
static bool is_first(
    const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *known, uint64_t *seen)
{
	bool is_member = (known->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
	uint64_t bit = is_member ? UINT64_C(1) << 63 : UINT64_C(1) << (known - type->fields);

	if (known->label == PROTOBUF_C_LABEL_REPEATED)
		return true;
	if (*seen & bit)
		return false;
	*seen |= bit;
	return true;
}

static enum wire_bad scan_message(struct wire_scan *scan, const ProtobufCMessageDescriptor *type,
    struct slice bytes, uint32_t depth)
{
	uint64_t seen = 0;
	unsigned last = 0;

	if (depth > WIRE_MAX_DEPTH)
		return WIRE_BAD_DEPTH;
	CP_CHECK(type->n_fields < 64);

	while (bytes.len > 0) {
		if (++scan->fields > WIRE_MAX_FIELDS)
			return WIRE_BAD_FIELDS;
		struct field field;
		enum wire_bad bad = take_field(&bytes, &field);
		if (bad)
			return bad;
		const ProtobufCFieldDescriptor *known = known_field(type, field.number, &last);
		if (!known)
			continue;
		if (!is_first(type, known, &seen))
			return WIRE_BAD_TWICE;
		if (depth == 1 && (known->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)) {
			scan->body_field = field.number;
			scan->body = field.content;
		}
		bad = scan_known(scan, known, &field, depth);
		if (bad)
			return bad;
	}
	return WIRE_BAD_NONE;
}

bool wire_scan(const ProtobufCMessageDescriptor *type, struct slice bytes, struct wire_scan *out)
{
	*out = (struct wire_scan){0};
	out->bad = bytes.len > WIRE_MAX_BYTES ? WIRE_BAD_SIZE : scan_message(out, type, bytes, 1);
	return out->bad == WIRE_BAD_NONE;
}

bool wire_is_token(const ProtobufCFieldDescriptor *field)
{
	static const char suffix[] = "_token";

	if (field->type != PROTOBUF_C_TYPE_BYTES)
		return false;
	size_t len = strlen(field->name);
	return len >= sizeof(suffix) - 1 &&
	       strcmp(field->name + len - (sizeof(suffix) - 1), suffix) == 0;
}

void wire_each_token(const ProtobufCMessageDescriptor *type, uint8_t *bytes, size_t len_bytes,
    wire_token_fn *on_token, void *ctx)
{
	struct slice rest = slice_of(bytes, len_bytes);

	while (rest.len > 0) {
		struct field field;
		if (take_field(&rest, &field))
			return;
		const ProtobufCFieldDescriptor *known =
		    protobuf_c_message_descriptor_get_field(type, field.number);
		if (!known || field.wire_type != WIRE_LENGTH || field.content.len == 0)
			continue;
		uint8_t *content = bytes + (field.content.p - bytes);
		if (known->type == PROTOBUF_C_TYPE_MESSAGE)
			wire_each_token(
			    known->descriptor, content, field.content.len, on_token, ctx);
		else if (wire_is_token(known))
			on_token(ctx, known->name, content, field.content.len);
	}
}

static void blank(void *ctx, const char *field, uint8_t *token, size_t len_bytes)
{
	(void)ctx;
	(void)field;
	memset(token, 0, len_bytes);
}

void wire_blank_tokens(const ProtobufCMessageDescriptor *type, uint8_t *bytes, size_t len_bytes)
{
	wire_each_token(type, bytes, len_bytes, blank, NULL);
}

static void fill(void *ctx, const char *field, uint8_t *token, size_t len_bytes)
{
	const struct slice *wanted = ctx;

	(void)field;
	if (wanted->len == len_bytes)
		memcpy(token, wanted->p, len_bytes);
}

void wire_fill_tokens(
    const ProtobufCMessageDescriptor *type, uint8_t *bytes, size_t len_bytes, struct slice token)
{
	wire_each_token(type, bytes, len_bytes, fill, &token);
}

/* --- outline ----------------------------------------------------------------------- */

struct outline {
	wire_outline_fn *on_field;
	void *ctx;
	uint32_t fields;
};

static enum wire_bad outline_message(struct outline *outline,
    const ProtobufCMessageDescriptor *type, struct slice bytes, uint32_t depth)
{
	static const char *const forms[] = {
	    [WIRE_VARINT] = "number",
	    [WIRE_64BIT] = "8 bytes",
	    [WIRE_LENGTH] = "bytes",
	    [WIRE_32BIT] = "4 bytes",
	};

	if (depth > WIRE_MAX_DEPTH)
		return WIRE_BAD_DEPTH;
	while (bytes.len > 0) {
		struct field field;
		enum wire_bad bad = take_field(&bytes, &field);
		if (bad)
			return bad;
		if (++outline->fields > WIRE_MAX_FIELDS)
			return WIRE_BAD_FIELDS;
		const ProtobufCFieldDescriptor *known =
		    protobuf_c_message_descriptor_get_field(type, field.number);
		bool is_message = known && known->type == PROTOBUF_C_TYPE_MESSAGE &&
		                  field.wire_type == WIRE_LENGTH;
		const struct wire_outline_field out = {
		    .depth = depth,
		    .number = field.number,
		    .name = known ? known->name : NULL,
		    .form = is_message ? "message" : forms[field.wire_type],
		    .len_bytes = field.content.len,
		};
		outline->on_field(outline->ctx, &out);
		if (is_message)
			bad = outline_message(outline, known->descriptor, field.content, depth + 1);
		if (bad)
			return bad;
	}
	return WIRE_BAD_NONE;
}

enum wire_bad wire_outline(const ProtobufCMessageDescriptor *type, struct slice bytes,
    wire_outline_fn *on_field, void *ctx)
{
	struct outline outline = {.on_field = on_field, .ctx = ctx};

	return outline_message(&outline, type, bytes, 1);
}
