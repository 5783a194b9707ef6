#include "care/range.h"

#include "care/range_rules.h"
#include "care/time/civil.h"
#include "wire/field.h"
#include "wire/scan.h"

#include <string.h>

static void *at(const ProtobufCMessage *message, unsigned offset)
{
	return (uint8_t *)(uintptr_t)message + offset;
}

static void report(struct range_fault *fault, enum reading_result result,
    const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	if (result <= fault->result)
		return;
	*fault = (struct range_fault){
	    .result = result,
	    .message = message->descriptor,
	    .field = field,
	};
}

/* Makes an optional field look as if it had been left out. Some readers take a
 * number without asking for its has_ flag, so it becomes zero, too. */
static enum reading_result withhold(
    const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	if (field->label != PROTOBUF_C_LABEL_OPTIONAL)
		return READING_PARKED;
	if (field->type == PROTOBUF_C_TYPE_STRING) {
		*(void **)at(message, field->offset) = NULL;
		return READING_RANGE;
	}
	*(protobuf_c_boolean *)at(message, field->quantifier_offset) = 0;
	memset(at(message, field->offset), 0, wire_field_bytes(field->type));
	return READING_RANGE;
}

static bool is_date(int64_t value, bool is_expiry)
{
	int32_t day;

	if (value == 0) /* said to be unknown, or none */
		return true;
	if (value < 0 || value > UINT32_MAX)
		return false;
	return is_expiry ? civil_parse_expiry((uint32_t)value, &day)
	                 : civil_parse_yyyymmdd((uint32_t)value, &day);
}

static bool number_is_good(const struct range_rule *rule, int64_t value)
{
	switch (rule->kind) {
	case RULE_DATE:
		return is_date(value, false);
	case RULE_EXPIRY:
		return is_date(value, true);
	default:
		return (value >= rule->min && value <= rule->max) || value == rule->also;
	}
}

/* Of a field that is neither enum nor bool. */
static int64_t number_of(ProtobufCType type, const void *value)
{
	uint64_t wide;

	switch (type) {
	case PROTOBUF_C_TYPE_INT64:
		return *(const int64_t *)value;
	case PROTOBUF_C_TYPE_UINT64:
		/* INT64_MAX in the table is "no upper limit": ids use all 64 bits. */
		wide = *(const uint64_t *)value;
		return wide > INT64_MAX ? INT64_MAX : (int64_t)wide;
	case PROTOBUF_C_TYPE_UINT32:
		return *(const uint32_t *)value;
	default:
		return *(const int32_t *)value;
	}
}

static enum reading_result check_number(
    const ProtobufCFieldDescriptor *field, const struct range_rule *rule, const void *value)
{
	if (field->type == PROTOBUF_C_TYPE_ENUM) {
		int number = *(const int *)value;
		return protobuf_c_enum_descriptor_get_value(field->descriptor, number)
		           ? READING_OK
		           : READING_PARKED;
	}
	if (!rule || field->type == PROTOBUF_C_TYPE_BOOL)
		return READING_OK;
	return number_is_good(rule, number_of(field->type, value)) ? READING_OK : READING_RANGE;
}

static bool is_in(enum text_kind kind, const char *text, size_t len)
{
	const struct range_alphabet *alphabet = &range_alphabets[kind];

	return len <= alphabet->max_len && strspn(text, alphabet->chars) == len;
}

/* What would pass for a code anywhere else is merely wrong here; the rest could
 * be somebody's name (P10). */
static enum reading_result check_text(const struct range_rule *rule, const char *text)
{
	enum text_kind kind =
	    rule && rule->kind == RULE_TEXT ? (enum text_kind)rule->min : TEXT_CODE;
	size_t len = strlen(text);

	if (!is_in(kind, text, len))
		return is_in(TEXT_CODE, text, len) ? READING_RANGE : READING_PRIVACY;
	return len < range_alphabets[kind].min_len ? READING_RANGE : READING_OK;
}

/* Ids and tokens. A token of another length might be a name; an id of another
 * length, or of zeros where there must be one, names nothing. */
static enum reading_result check_bytes(const ProtobufCFieldDescriptor *field,
    const struct range_rule *rule, const ProtobufCBinaryData *bytes)
{
	struct id id;
	bool may_be_absent = field->label == PROTOBUF_C_LABEL_OPTIONAL;

	if (bytes->len == 0 && may_be_absent)
		return READING_OK;
	if (wire_is_token(field))
		return bytes->len == ID_BYTES ? READING_OK : READING_PRIVACY;
	if (!id_from_bytes(&id, slice_of(bytes->data, bytes->len)))
		return READING_PARKED;
	if (id_is_zero(&id) && !may_be_absent && !(rule && rule->kind == RULE_ID_OR_ZERO))
		return READING_PARKED;
	return READING_OK;
}

static enum reading_result check_value(
    const ProtobufCFieldDescriptor *field, const struct range_rule *rule, const void *value)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		return check_text(rule, *(const char *const *)value);
	case PROTOBUF_C_TYPE_BYTES:
		return check_bytes(field, rule, value);
	default:
		return check_number(field, rule, value);
	}
}

static void check_message(struct range_fault *fault, ProtobufCMessage *message);

/* Of a list, what is beyond its maximum is withheld; a bad element cannot be. */
static void check_list(struct range_fault *fault, ProtobufCMessage *message,
    const ProtobufCFieldDescriptor *field, const struct range_rule *rules)
{
	size_t *count = at(message, field->quantifier_offset);
	const uint8_t *elements = *(const uint8_t *const *)at(message, field->offset);
	const struct range_rule *rule = range_rule_for(rules, field);

	if (rule && rule->max_count > 0 && *count > rule->max_count) {
		*count = rule->max_count;
		report(fault, READING_RANGE, message, field);
	}
	for (size_t i = 0; i < *count; i++) {
		const void *element = elements + i * wire_field_bytes(field->type);
		if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
			check_message(fault, *(ProtobufCMessage *const *)element);
			continue;
		}
		enum reading_result result = check_value(field, rule, element);
		report(fault, result == READING_RANGE ? READING_PARKED : result, message, field);
	}
}

static void check_single(struct range_fault *fault, ProtobufCMessage *message,
    const ProtobufCFieldDescriptor *field, const struct range_rule *rules)
{
	if (!wire_field_count(message, field))
		return;

	void *value = at(message, field->offset);
	if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
		check_message(fault, *(ProtobufCMessage **)value);
		return;
	}
	enum reading_result result = check_value(field, range_rule_for(rules, field), value);
	if (result == READING_RANGE)
		result = withhold(message, field);
	report(fault, result, message, field);
}

static void check_message(struct range_fault *fault, ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;
	const struct range_rule *rules = range_rules_of(type);

	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		if (field->label == PROTOBUF_C_LABEL_REPEATED)
			check_list(fault, message, field, rules);
		else
			check_single(fault, message, field, rules);
	}
}

struct range_fault range_check(ProtobufCMessage *message)
{
	struct range_fault fault = {.result = READING_OK};

	check_message(&fault, message);
	return fault;
}

bool range_has_rule(
    const ProtobufCMessageDescriptor *message, const ProtobufCFieldDescriptor *field)
{
	return range_rule_for(range_rules_of(message), field) != NULL;
}
