#include "care/complete.h"

#include "care/parameter.h"
#include "wire/scan.h"

static const ProtobufCFieldDescriptor *field_named(const ProtobufCMessage *body, const char *name)
{
	return protobuf_c_message_descriptor_get_field_by_name(body->descriptor, name);
}

static bool is_nobody(const ProtobufCMessage *body, const ProtobufCFieldDescriptor *field)
{
	const ProtobufCBinaryData *bytes = (const void *)((const uint8_t *)body + field->offset);
	struct id id;

	return !id_from_bytes(&id, slice_of(bytes->data, bytes->len)) || id_is_zero(&id);
}

static bool lacks(const ProtobufCMessage *body, const char *name)
{
	return is_nobody(body, field_named(body, name));
}

/* R21. What it corrects, and to what. */
static const char *missing_of_correction(const Carepace__V1__Correction *correction)
{
	const ProtobufCMessage *body = &correction->base;

	switch (correction->kind) {
	case CAREPACE__V1__CORRECTION_KIND__CORRECTION_REASSIGN_CLIENT:
		return lacks(body, "sid")                ? "sid"
		       : lacks(body, "new_client_token") ? "new_client_token"
		                                         : NULL;
	case CAREPACE__V1__CORRECTION_KIND__CORRECTION_VOID:
	case CAREPACE__V1__CORRECTION_KIND__CORRECTION_COUNT_OVERRIDE:
		return lacks(body, "sid") ? "sid" : NULL;
	case CAREPACE__V1__CORRECTION_KIND__CORRECTION_MERGE_CLIENTS:
		return lacks(body, "client_token")       ? "client_token"
		       : lacks(body, "new_client_token") ? "new_client_token"
		                                         : NULL;
	default:
		return "kind";
	}
}

/* R17. An alert, or a check of a session. */
static const char *missing_of_override(const Carepace__V1__Override *override)
{
	if (!lacks(&override->base, "alert_id"))
		return NULL;
	if (lacks(&override->base, "sid"))
		return "sid";
	return override->check ? NULL : "check";
}

static const char *missing_of_kind(const ProtobufCMessage *body)
{
	if (body->descriptor == &carepace__v1__correction__descriptor)
		return missing_of_correction((const Carepace__V1__Correction *)body);
	if (body->descriptor == &carepace__v1__override__descriptor)
		return missing_of_override((const Carepace__V1__Override *)body);
	return NULL;
}

static struct range_fault fault_at(
    const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	return (struct range_fault){
	    .result = READING_PARKED, .message = message->descriptor, .field = field};
}

/* All of a policy is in force or none of it: half of one is nobody's will. */
static struct range_fault check_policy(const Carepace__V1__Policy *policy)
{
	for (size_t i = 0; i < policy->n_setting; i++) {
		const Carepace__V1__PolicySetting *setting = policy->setting[i];
		const struct parameter_row *row =
		    parameter_find((enum check)setting->check, setting->parameter);
		if (!row)
			return fault_at(&setting->base, field_named(&setting->base, "parameter"));
		if (setting->value < row->min || setting->value > row->max)
			return fault_at(&setting->base, field_named(&setting->base, "value"));
	}
	return (struct range_fault){.result = READING_OK};
}

struct range_fault complete_check(const ProtobufCMessage *body)
{
	if (body->descriptor == &carepace__v1__policy__descriptor)
		return check_policy((const Carepace__V1__Policy *)body);

	const char *name = missing_of_kind(body);
	const ProtobufCFieldDescriptor *missing = name ? field_named(body, name) : NULL;

	for (unsigned i = 0; i < body->descriptor->n_fields && !missing; i++) {
		const ProtobufCFieldDescriptor *field = &body->descriptor->fields[i];
		if (field->label == PROTOBUF_C_LABEL_REQUIRED && wire_is_token(field) &&
		    is_nobody(body, field))
			missing = field;
	}
	if (!missing)
		return (struct range_fault){.result = READING_OK};
	return fault_at(body, missing);
}
