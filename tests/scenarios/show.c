#include "show.h"

#include "care/time/civil.h"
#include "tell.h"
#include "wire/field.h"

#include <inttypes.h>
#include <stdio.h>

static void show_enum(const ProtobufCEnumDescriptor *type, int value, char out[SHOW_BYTES])
{
	const ProtobufCEnumValue *named = protobuf_c_enum_descriptor_get_value(type, value);

	if (!named)
		snprintf(out, SHOW_BYTES, "#%d", value);
	else
		snprintf(
		    out, SHOW_BYTES, "%s", named->name + (value ? tell_enum_prefix_len(type) : 0));
}

static void show_bytes(const char *name, const ProtobufCBinaryData *bytes, char out[SHOW_BYTES])
{
	char kind = tell_id_kind(name);
	struct id id;

	out[0] = '\0';
	if (!id_from_bytes(&id, slice_of(bytes->data, bytes->len)))
		return;
	if (id_is_zero(&id))
		snprintf(out, SHOW_BYTES, "-");
	else if (!kind || !*name_of_id(kind, &id, out))
		id_hex(&id, out);
}

static void show_number(const char *name, int64_t value, char out[SHOW_BYTES])
{
	size_t len = strlen(name);
	int32_t day;

	if (len > 5 && strcmp(name + len - 5, "_date") == 0 &&
	    civil_parse_yyyymmdd((uint32_t)value, &day)) {
		struct civil_ymd ymd = civil_to_ymd(day);
		snprintf(out, SHOW_BYTES, "%04d-%02d-%02d", ymd.year, ymd.month, ymd.day);
	} else {
		snprintf(out, SHOW_BYTES, "%" PRId64, value);
	}
}

static void show_zones(uint32_t zones, char out[SHOW_BYTES])
{
	const ProtobufCEnumDescriptor *type = &carepace__v1__zone__descriptor;
	size_t len = 0;

	for (int zone = 0; zone < 32; zone++) {
		const ProtobufCEnumValue *named = protobuf_c_enum_descriptor_get_value(type, zone);
		if (zones >> zone & 1 && named && len < SHOW_BYTES)
			len += (size_t)snprintf(out + len, SHOW_BYTES - len, "%s%s", len ? "+" : "",
			    named->name + (zone ? 0 : strlen("ZONE_")));
	}
}

static void show_cartridge(const Carepace__V1__Cartridge *cart, char out[SHOW_BYTES])
{
	bool is_common = !cart->gtin || strcmp(cart->gtin, CLINIC_GTIN) == 0;

	snprintf(out, SHOW_BYTES, "%s%s%s", is_common ? "" : cart->gtin, is_common ? "" : "/",
	    cart->serial ? cart->serial : "unreadable");
}

static bool is_there(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	return field->label != PROTOBUF_C_LABEL_REPEATED && wire_field_count(message, field) > 0;
}

const char *show_field(
    const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, char out[SHOW_BYTES])
{
	const void *value = (const uint8_t *)message + field->offset;

	out[0] = '\0';
	if (!is_there(message, field))
		return out;
	switch (field->type) {
	case PROTOBUF_C_TYPE_ENUM:
		show_enum(field->descriptor, *(const int *)value, out);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		snprintf(out, SHOW_BYTES, "%s", *(const protobuf_c_boolean *)value ? "on" : "off");
		break;
	case PROTOBUF_C_TYPE_STRING:
		snprintf(out, SHOW_BYTES, "%s", *(const char *const *)value);
		break;
	case PROTOBUF_C_TYPE_BYTES:
		show_bytes(field->name, value, out);
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		if (field->descriptor == &carepace__v1__cartridge__descriptor)
			show_cartridge(*(const Carepace__V1__Cartridge *const *)value, out);
		break;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		show_number(field->name, *(const int64_t *)value, out);
		break;
	default:
		if (strcmp(field->name, "zones") == 0)
			show_zones(*(const uint32_t *)value, out);
		else
			show_number(field->name, *(const int32_t *)value, out);
		break;
	}
	return out;
}

const char *show_named(const ProtobufCMessage *message, const char *name, char out[SHOW_BYTES])
{
	const ProtobufCFieldDescriptor *field =
	    protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);

	out[0] = '\0';
	return field ? show_field(message, field, out) : out;
}
