#include "cli/export.h"

#include "base/buf.h"

#include "wire/field.h"
#include "wire/json.h"
#include "wire/scan.h"

#include <inttypes.h>
#include <string.h>

#define NAME_BYTES 96

/* --- columns ---------------------------------------------------------------------------- */

/* "client_token" has the place of client_no; by whom it was done, too. */
static const char *column_of(const ProtobufCFieldDescriptor *field)
{
	if (!wire_is_token(field))
		return field->name;
	return strcmp(field->name, "client_token") == 0 ? "client_no" : "operator_no";
}

static bool is_flattened(const ProtobufCFieldDescriptor *field)
{
	return field->type == PROTOBUF_C_TYPE_MESSAGE && field->label != PROTOBUF_C_LABEL_REPEATED;
}

static void print_heads(
    const ProtobufCMessageDescriptor *type, const char *before, bool *has_cells, FILE *out)
{
	char name[NAME_BYTES];

	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		snprintf(name, sizeof(name), "%s%s%s", before, column_of(field),
		    is_flattened(field) ? "_" : "");
		if (is_flattened(field))
			print_heads(field->descriptor, name, has_cells, out);
		else
			fprintf(out, "%s%s", *has_cells ? "," : "", name);
		*has_cells = true;
	}
}

void export_csv_head(const ProtobufCMessageDescriptor *type, bool has_suppressed, FILE *out)
{
	bool has_cells = false;

	print_heads(type, "", &has_cells, out);
	fputs(has_suppressed ? ",suppressed\r\n" : "\r\n", out);
}

/* --- cells ------------------------------------------------------------------------------ */

/* Quoted always: what it holds need not be asked. Spreadsheets take = + - @, and what stands
 * behind a tab or the end of a line, for a formula. */
static void print_text(struct slice text, FILE *out)
{
	fputc('"', out);
	if (text.len && text.p[0] && strchr("=+-@\t\r\n", text.p[0]))
		fputc('\'', out);
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '"')
			fputc('"', out);
		fputc(text.p[i], out);
	}
	fputc('"', out);
}

static void print_hex(ProtobufCBinaryData bytes, FILE *out)
{
	for (size_t i = 0; i < bytes.len; i++)
		fprintf(out, "%02x", bytes.data[i]);
}

static void print_enum(const ProtobufCFieldDescriptor *field, int value, FILE *out)
{
	const ProtobufCEnumValue *known =
	    protobuf_c_enum_descriptor_get_value(field->descriptor, value);

	if (known)
		fputs(known->name, out);
	else
		fprintf(out, "%d", value);
}

static void print_value(const ProtobufCFieldDescriptor *field, const void *at, FILE *out)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		fprintf(out, "%" PRId32, *(const int32_t *)at);
		break;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		fprintf(out, "%" PRIu32, *(const uint32_t *)at);
		break;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		fprintf(out, "%" PRId64, *(const int64_t *)at);
		break;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		fprintf(out, "%" PRIu64, *(const uint64_t *)at);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		fputs(*(const protobuf_c_boolean *)at ? "true" : "false", out);
		break;
	case PROTOBUF_C_TYPE_ENUM:
		print_enum(field, *(const int *)at, out);
		break;
	case PROTOBUF_C_TYPE_BYTES:
		print_hex(*(const ProtobufCBinaryData *)at, out);
		break;
	case PROTOBUF_C_TYPE_STRING:
		print_text(slice_str(*(char *const *)at), out);
		break;
	default:
		break; /* the contract has no floating point */
	}
}

/* [{...},{...}] */
static bool print_messages(
    struct arena *arena, const ProtobufCMessage *const *messages, size_t count, FILE *out)
{
	struct buf text;
	enum cp_err err;

	buf_init(&text, WIRE_JSON_MAX_BYTES);
	err = buf_append(&text, "[", 1);
	for (size_t i = 0; i < count && !err; i++) {
		struct slice json;
		err = wire_json_print(arena, messages[i], &json);
		if (!err && i > 0)
			err = buf_append(&text, ",", 1);
		if (!err)
			err = buf_append(&text, json.p, json.len);
	}
	if (!err)
		err = buf_append(&text, "]", 1);
	if (!err)
		print_text(buf_bytes(&text), out);
	buf_deinit(&text);
	return !err;
}

static bool print_list(struct arena *arena, const ProtobufCMessage *message,
    const ProtobufCFieldDescriptor *field, FILE *out)
{
	size_t count = wire_field_count(message, field);
	const uint8_t *items = *(uint8_t *const *)((const uint8_t *)message + field->offset);

	if (count == 0)
		return true;
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return print_messages(arena, (const void *)items, count, out);
	for (size_t i = 0; i < count; i++) {
		fputs(i ? " " : "", out);
		print_value(field, items + i * wire_field_bytes(field->type), out);
	}
	return true;
}

static void print_number(int64_t no, FILE *out)
{
	if (no)
		fprintf(out, "%" PRId64, no);
}

struct cells {
	struct arena *arena;
	const struct export_row *row;
	bool has_any;
	FILE *out;
};

/* `message` is NULL where it is absent: as many empty cells. */
static bool print_cells(
    struct cells *cells, const ProtobufCMessageDescriptor *type, const ProtobufCMessage *message)
{
	const struct export_row *row = cells->row;
	FILE *out = cells->out;
	bool ok = true;

	for (unsigned i = 0; i < type->n_fields && ok; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		size_t count = message ? wire_field_count(message, field) : 0;
		const void *at = message ? (const uint8_t *)message + field->offset : NULL;
		if (is_flattened(field)) {
			ok = print_cells(cells, field->descriptor,
			    count ? *(const ProtobufCMessage *const *)at : NULL);
			continue;
		}
		fputs(cells->has_any ? "," : "", out);
		cells->has_any = true;
		if (wire_is_token(field))
			print_number(strcmp(field->name, "client_token") == 0 ? row->client
			                                                      : row->operator_no,
			    out);
		else if (count && field->label == PROTOBUF_C_LABEL_REPEATED)
			ok = print_list(cells->arena, message, field, out);
		else if (count)
			print_value(field, at, out);
	}
	return ok;
}

bool export_csv_row(
    struct arena *arena, const struct export_row *row, bool has_suppressed, FILE *out)
{
	struct cells cells = {.arena = arena, .row = row, .out = out};
	bool ok = print_cells(&cells, row->body->descriptor, row->body);

	if (has_suppressed)
		fputs(row->is_suppressed ? ",true" : ",false", out);
	fputs("\r\n", out);
	return ok;
}

/* --- JSON ---------------------------------------------------------------------------------- */

bool export_json_row(
    struct arena *arena, const struct export_row *row, bool has_suppressed, FILE *out)
{
	struct slice json;

	if (wire_json_print(arena, row->body, &json) || json.len < 2)
		return false;
	fputc('{', out);
	if (row->client)
		fprintf(out, "\"clientNo\":\"%" PRId64 "\",", row->client);
	if (row->operator_no)
		fprintf(out, "\"operatorNo\":\"%" PRId64 "\",", row->operator_no);
	if (has_suppressed)
		fprintf(out, "\"suppressed\":%s,", row->is_suppressed ? "true" : "false");
	fwrite(json.p + 1, 1, json.len - 1, out); /* each has a required field: never {} */
	return true;
}
