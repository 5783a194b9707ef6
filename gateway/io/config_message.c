#include "io/config_message.h"

#include "base/suggest.h"
#include "care/time/civil.h"
#include "care/range_rules.h"
#include "telemetry.pb-c.h"
#include "wire/field.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define NAME_BYTES 160

static void fault(
    struct config_reader *reader, const yaml_node_t *node, const char *name, const char *expected)
{
	char text[CONFIG_FOUND_BYTES];

	config_fault_add(&reader->yaml->faults, config_yaml_line(node), "%s: expected %s, found %s",
	    name, expected, config_yaml_found(node, text));
}

static void *alloc(struct config_reader *reader, size_t bytes)
{
	void *memory = arena_zalloc(reader->arena, bytes);

	if (!memory)
		reader->yaml->err = CP_NOMEM;
	return memory;
}

/* --- numbers, in the notations that people use ------------------------------------- */

static bool parse_digits(struct slice text, int64_t *out)
{
	bool is_negative = text.len > 0 && text.p[0] == '-';
	int64_t value = 0;

	if (text.len == is_negative || text.len > 18)
		return false;
	for (size_t i = is_negative; i < text.len; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		value = value * 10 + (text.p[i] - '0');
	}
	*out = is_negative ? -value : value;
	return true;
}

/* Up to three numbers between separators: 2026-12-25, 09:00, 1.2.3. */
static size_t parse_parts(struct slice text, char separator, int64_t parts[3])
{
	size_t count = 0;

	for (size_t from = 0; from <= text.len && count < 3; count++) {
		const uint8_t *end = memchr(text.p + from, separator, text.len - from);
		size_t to = end ? (size_t)(end - text.p) : text.len;
		if (!parse_digits(slice_of(text.p + from, to - from), &parts[count]) ||
		    parts[count] < 0)
			return 0;
		if (!end)
			return count + 1;
		from = to + 1;
	}
	return 0;
}

static bool parse_date(struct slice text, int64_t *out)
{
	int64_t part[3];
	int32_t day;

	if (parse_parts(text, '-', part) != 3 || part[0] > 9999 || part[1] > 12 || part[2] > 31)
		return false;
	*out = part[0] * 10000 + part[1] * 100 + part[2];
	return civil_parse_yyyymmdd((uint32_t)*out, &day);
}

static bool parse_time_of_day(struct slice text, int64_t *out)
{
	int64_t part[3];

	if (parse_parts(text, ':', part) != 2 || part[0] > 24 || part[1] > 59)
		return false;
	*out = part[0] * 60 + part[1];
	return *out <= 24 * 60;
}

/* As Hello.fw: major 10 bits, minor 10 bits, patch 12 bits. */
static bool parse_version(struct slice text, int64_t *out)
{
	int64_t part[3];

	if (parse_parts(text, '.', part) != 3 || part[0] > 1023 || part[1] > 1023 || part[2] > 4095)
		return false;
	*out = part[0] << 22 | part[1] << 12 | part[2];
	return true;
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name);
	size_t end_len = strlen(end);

	return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

static bool is_time_of_day(const ProtobufCFieldDescriptor *field)
{
	return strcmp(field->name, "open_min") == 0 || strcmp(field->name, "close_min") == 0;
}

struct notation {
	bool (*parse)(struct slice text, int64_t *out);
	const char *expected; /* NULL: a plain number */
};

static struct notation notation_of(const ProtobufCFieldDescriptor *field)
{
	if (ends_with(field->name, "_date"))
		return (struct notation){parse_date, "a date like 2026-12-25"};
	if (ends_with(field->name, "_fw"))
		return (struct notation){parse_version, "a version like 1.2.3"};
	if (is_time_of_day(field))
		return (struct notation){parse_time_of_day, "a time of day like \"09:00\""};
	return (struct notation){parse_digits, NULL};
}

bool config_message_read_number(struct config_reader *reader, const yaml_node_t *node,
    const char *name, int64_t min, int64_t max, int64_t *out)
{
	char expected[96];

	if (config_yaml_is_value(node) && !config_yaml_is_quoted(node) &&
	    parse_digits(config_yaml_text(node), out) && *out >= min && *out <= max)
		return true;
	snprintf(
	    expected, sizeof(expected), "a whole number from %" PRId64 " to %" PRId64, min, max);
	fault(reader, node, name, expected);
	return false;
}

static bool read_number(struct config_reader *reader, const yaml_node_t *node,
    const ProtobufCFieldDescriptor *field, const ProtobufCMessageDescriptor *type, const char *name,
    int64_t *out)
{
	const struct range_rule *rule = range_rule_for(range_rules_of(type), field);
	struct notation notation = notation_of(field);
	bool is_ranged = rule && rule->kind == RULE_NUMBER;

	if (!notation.expected)
		return config_message_read_number(reader, node, name, is_ranged ? rule->min : 0,
		    is_ranged ? rule->max : UINT32_MAX, out);
	if (config_yaml_is_value(node) && notation.parse(config_yaml_text(node), out))
		return true;
	fault(reader, node, name, notation.expected);
	return false;
}

/* --- enums and sets ------------------------------------------------------------------ */

/* A value whose name is `text` or ends with "_text". */
static const ProtobufCEnumValue *find_value(const ProtobufCEnumDescriptor *type, struct slice text)
{
	const ProtobufCEnumValue *found = NULL;

	for (unsigned i = 0; i < type->n_values; i++) {
		const ProtobufCEnumValue *value = &type->values[i];
		size_t len = strlen(value->name);
		if (slice_eq_str(text, value->name))
			return value;
		if (len > text.len && value->name[len - text.len - 1] == '_' &&
		    memcmp(value->name + len - text.len, text.p, text.len) == 0) {
			if (found)
				return NULL; /* which of them? */
			found = value;
		}
	}
	return found;
}

static const char *nearest_value(const ProtobufCEnumDescriptor *type, struct slice text)
{
	struct suggestion suggestion = suggest_for_slice(text);

	for (unsigned i = 0; i < type->n_values; i++)
		suggest_offer(&suggestion, type->values[i].name);
	return suggestion.best;
}

bool config_message_read_enum(struct config_reader *reader, const yaml_node_t *node,
    const ProtobufCEnumDescriptor *type, const char *name, int *out)
{
	const ProtobufCEnumValue *value =
	    config_yaml_is_value(node) ? find_value(type, config_yaml_text(node)) : NULL;
	char expected[128];

	if (value && !ends_with(value->name, "UNSPECIFIED")) {
		*out = value->value;
		return true;
	}
	const char *nearest =
	    config_yaml_is_value(node) ? nearest_value(type, config_yaml_text(node)) : NULL;
	snprintf(expected, sizeof(expected), "a name of %s%s%s%s", type->short_name,
	    nearest ? " (did you mean " : "", nearest ? nearest : "", nearest ? "?)" : "");
	fault(reader, node, name, expected);
	return false;
}

/* Bitmaps: bit n is value n of the enum, or the number n itself. */
static const struct bit_set {
	const char *field;
	const ProtobufCEnumDescriptor *type; /* NULL: numbers 1 to 6 */
} bit_sets[] = {
    {"zones", &carepace__v1__zone__descriptor},
    {"modalities", &carepace__v1__modality__descriptor},
    {"skin_types", NULL},
};

static const struct bit_set *bit_set_of(const ProtobufCFieldDescriptor *field)
{
	for (size_t i = 0; i < CP_COUNT(bit_sets); i++)
		if (strcmp(bit_sets[i].field, field->name) == 0)
			return &bit_sets[i];
	return NULL;
}

static bool read_set(struct config_reader *reader, const yaml_node_t *node,
    const struct bit_set *set, const char *name, uint32_t *out)
{
	bool ok = true;

	*out = 0;
	if (node->type != YAML_SEQUENCE_NODE) {
		fault(reader, node, name, "a list");
		return false;
	}
	for (const yaml_node_item_t *item = node->data.sequence.items.start;
	     item < node->data.sequence.items.top; item++) {
		const yaml_node_t *entry = config_yaml_node(reader->yaml, *item);
		int64_t number = 0;
		int value = 0;
		bool is_good =
		    set->type ? config_message_read_enum(reader, entry, set->type, name, &value)
		              : config_message_read_number(reader, entry, name, 1, 6, &number);
		if (is_good)
			*out |= 1U << (set->type ? value : (int)number);
		ok = ok && is_good;
	}
	return ok;
}

/* --- one value ------------------------------------------------------------------------- */

static bool read_bool(
    struct config_reader *reader, const yaml_node_t *node, const char *name, void *out)
{
	struct slice text =
	    config_yaml_is_value(node) ? config_yaml_text(node) : slice_str("neither");
	bool is_true = slice_eq_str(text, "true");

	if (!is_true && !slice_eq_str(text, "false")) {
		fault(reader, node, name, "true or false");
		return false;
	}
	*(protobuf_c_boolean *)out = is_true;
	return true;
}

static bool is_in_alphabet(struct slice text, const struct range_alphabet *alphabet)
{
	if (text.len < alphabet->min_len || text.len > alphabet->max_len)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!text.p[i] || !strchr(alphabet->chars, text.p[i]))
			return false;
	return true;
}

static bool read_text(struct config_reader *reader, const yaml_node_t *node,
    const ProtobufCFieldDescriptor *field, const ProtobufCMessageDescriptor *type, const char *name,
    void *out)
{
	const struct range_rule *rule = range_rule_for(range_rules_of(type), field);
	const struct range_alphabet *alphabet = &range_alphabets[rule ? rule->min : TEXT_CODE];
	char expected[160];

	if (!config_yaml_is_value(node) || !is_in_alphabet(config_yaml_text(node), alphabet)) {
		snprintf(expected, sizeof(expected), "%zu to %zu characters of %s",
		    alphabet->min_len, alphabet->max_len, alphabet->chars);
		fault(reader, node, name, expected);
		return false;
	}
	struct slice text = config_yaml_text(node);
	char *copy = alloc(reader, text.len + 1);
	if (!copy)
		return false;
	memcpy(copy, text.p, text.len);
	*(char **)out = copy;
	return true;
}

static bool store_number(const ProtobufCFieldDescriptor *field, int64_t number, void *out)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_UINT64:
		*(int64_t *)out = number;
		break;
	default:
		*(uint32_t *)out = (uint32_t)number;
		break;
	}
	return true;
}

bool config_message_read_value(struct config_reader *reader, const yaml_node_t *node,
    const ProtobufCFieldDescriptor *field, const ProtobufCMessageDescriptor *type, const char *name,
    void *out)
{
	const struct bit_set *set = bit_set_of(field);
	int64_t number;

	if (set)
		return read_set(reader, node, set, name, out);
	switch (field->type) {
	case PROTOBUF_C_TYPE_BOOL:
		return read_bool(reader, node, name, out);
	case PROTOBUF_C_TYPE_ENUM:
		return config_message_read_enum(reader, node, field->descriptor, name, out);
	case PROTOBUF_C_TYPE_STRING:
		return read_text(reader, node, field, type, name, out);
	case PROTOBUF_C_TYPE_MESSAGE:
		*(ProtobufCMessage **)out =
		    config_message_read(reader, (yaml_node_t *)node, field->descriptor, name);
		return *(ProtobufCMessage **)out != NULL;
	default:
		return read_number(reader, node, field, type, name, &number) &&
		       store_number(field, number, out);
	}
}

/* --- fields ------------------------------------------------------------------------------ */

static bool read_list(struct config_reader *reader, yaml_node_t *node,
    const ProtobufCFieldDescriptor *field, ProtobufCMessage *message, const char *name)
{
	const struct range_rule *rule = range_rule_for(range_rules_of(message->descriptor), field);
	char expected[64];
	bool ok = true;

	if (node->type != YAML_SEQUENCE_NODE) {
		fault(reader, node, name, "a list");
		return false;
	}
	size_t count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	if (rule && rule->max_count && count > rule->max_count) {
		snprintf(expected, sizeof(expected), "at most %zu entries", rule->max_count);
		fault(reader, node, name, expected);
		return false;
	}
	uint8_t *list = alloc(reader, count * wire_field_bytes(field->type) + 1);
	for (size_t i = 0; list && i < count; i++)
		ok = config_message_read_value(reader,
		         config_yaml_node(reader->yaml, node->data.sequence.items.start[i]), field,
		         message->descriptor, name, list + i * wire_field_bytes(field->type)) &&
		     ok;
	wire_field_set_list(message, field, list, count);
	return list && ok;
}

static bool read_field(struct config_reader *reader, yaml_node_t *node,
    const ProtobufCFieldDescriptor *field, ProtobufCMessage *message, const char *name)
{
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return read_list(reader, node, field, message, name);
	return config_message_read_value(
	    reader, node, field, message->descriptor, name, wire_field_set(message, field));
}

static const ProtobufCFieldDescriptor *find_field(struct config_reader *reader,
    const yaml_node_t *key, const ProtobufCMessageDescriptor *type, const char *name)
{
	struct slice text = config_yaml_text(key);
	struct suggestion suggestion = suggest_for_slice(text);
	char found[CONFIG_FOUND_BYTES];

	for (unsigned i = 0; i < type->n_fields; i++) {
		if (slice_eq_str(text, type->fields[i].name))
			return &type->fields[i];
		suggest_offer(&suggestion, type->fields[i].name);
	}
	const char *nearest = suggestion.best;
	config_fault_add(&reader->yaml->faults, config_yaml_line(key),
	    "%s.%s: expected the name of a setting, found an unknown one%s%s%s", name,
	    config_yaml_found(key, found), nearest ? " (did you mean " : "", nearest ? nearest : "",
	    nearest ? "?)" : "");
	return NULL;
}

static bool require_fields(struct config_reader *reader, const yaml_node_t *node,
    const ProtobufCMessageDescriptor *type, uint64_t seen, const char *name)
{
	bool ok = true;

	for (unsigned i = 0; i < type->n_fields; i++) {
		if (type->fields[i].label != PROTOBUF_C_LABEL_REQUIRED || seen & UINT64_C(1) << i)
			continue;
		config_fault_add(&reader->yaml->faults, config_yaml_line(node),
		    "%s.%s: expected a value, found nothing", name, type->fields[i].name);
		ok = false;
	}
	return ok;
}

ProtobufCMessage *config_message_read(struct config_reader *reader, yaml_node_t *node,
    const ProtobufCMessageDescriptor *type, const char *name)
{
	ProtobufCMessage *message = alloc(reader, type->sizeof_message);
	uint64_t seen = 0; /* no message of the contract has more fields */
	bool ok = message != NULL;
	char path[NAME_BYTES];

	if (node->type != YAML_MAPPING_NODE) {
		fault(reader, node, name, "settings below it");
		return NULL;
	}
	if (message)
		type->message_init(message);
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     message && pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *key = config_yaml_node(reader->yaml, pair->key);
		const ProtobufCFieldDescriptor *field = config_yaml_is_name(reader->yaml, key)
		                                            ? find_field(reader, key, type, name)
		                                            : NULL;
		if (!field) {
			ok = false;
			continue;
		}
		uint64_t bit = UINT64_C(1) << (field - type->fields);
		snprintf(path, sizeof(path), "%s.%s", name, field->name);
		ok = config_yaml_is_first(reader->yaml, node, key, name) &&
		     read_field(reader, config_yaml_node(reader->yaml, pair->value), field, message,
		         path) &&
		     ok;
		seen |= bit;
	}
	return require_fields(reader, node, type, seen, name) && ok ? message : NULL;
}
