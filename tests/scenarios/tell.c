#include "tell.h"

#include "care/time/civil.h"
#include "picture.h"
#include "wire/field.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

typedef const ProtobufCFieldDescriptor field;

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text);
	size_t end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static bool begins_with(const char *text, const char *begin)
{
	return strncmp(text, begin, strlen(begin)) == 0;
}

static void *room(struct clinic *clinic, size_t bytes)
{
	void *memory = arena_zalloc(&clinic->arena, bytes);

	CP_CHECK(memory);
	return memory;
}

/* --- fields ------------------------------------------------------------------------ */

/* 3: the name itself; 2: without its last words; 1: cut inside a word; 0: another. */
static int likeness(const char *name, const char *said)
{
	if (!begins_with(name, said) || !*said)
		return 0;
	char next = name[strlen(said)];
	return next == '\0' ? 3 : next == '_' ? 2 : 1;
}

field *tell_find(struct clinic *clinic, const ProtobufCMessageDescriptor *type, const char *name)
{
	field *best = NULL;
	field *rival = NULL;
	int likest = 1;

	for (unsigned i = 0; i < type->n_fields; i++) {
		int like = likeness(type->fields[i].name, name);
		if (like < likest || like == 0)
			continue;
		rival = like == likest ? best : NULL;
		best = &type->fields[i];
		likest = like;
	}
	if (!rival)
		return best;
	clinic_fail(clinic, "'%s' may be %s or %s", name, rival->name, best->name);
	return NULL;
}

static uint64_t bit_of(const struct told *told, field *f)
{
	return UINT64_C(1) << (f - told->message->descriptor->fields);
}

struct told tell_begin(struct clinic *clinic, const ProtobufCMessageDescriptor *type)
{
	struct told told = {.clinic = clinic, .message = room(clinic, type->sizeof_message)};

	CP_CHECK(type->n_fields <= 64);
	type->message_init(told.message);
	return told;
}

bool tell_has(const struct told *told, const char *name)
{
	field *f = tell_find(told->clinic, told->message->descriptor, name);

	return f && (told->given & bit_of(told, f));
}

void tell_end(struct told *told)
{
	const ProtobufCMessageDescriptor *type = told->message->descriptor;

	for (unsigned i = 0; i < type->n_fields; i++)
		if (type->fields[i].label == PROTOBUF_C_LABEL_REQUIRED &&
		    !(told->given & bit_of(told, &type->fields[i])))
			clinic_fail(told->clinic, "%s wants its %s", type->short_name,
			    type->fields[i].name);
}

/* --- enums and bitmaps ------------------------------------------------------------------ */

/* What all values but 0 begin with, up to an underscore: that of 0 often differs. */
size_t tell_enum_prefix_len(const ProtobufCEnumDescriptor *type)
{
	const char *first = NULL;
	size_t len = 0;

	for (unsigned i = 0; i < type->n_values; i++) {
		const char *name = type->values[i].name;
		if (type->values[i].value == 0)
			continue;
		if (!first) {
			first = name;
			len = strlen(name);
		}
		while (strncmp(first, name, len) != 0)
			len--;
	}
	while (len > 0 && first[len - 1] != '_')
		len--;
	return len;
}

static int64_t enum_value(
    struct clinic *clinic, const ProtobufCEnumDescriptor *type, const char *name)
{
	size_t prefix_len = tell_enum_prefix_len(type);

	for (unsigned i = 0; i < type->n_values; i++) {
		const ProtobufCEnumValue *value = &type->values[i];
		if (strcmp(value->name, name) == 0)
			return value->value;
		if (value->value != 0 && strcmp(value->name + prefix_len, name) == 0)
			return value->value;
		if (value->value == 0 && ends_with(value->name, name) &&
		    begins_with(value->name + strlen(value->name) - strlen(name) - 1, "_"))
			return 0;
	}
	clinic_fail(clinic, "%s is no %s", name, type->short_name);
	return 0;
}

static uint64_t plain_number(struct clinic *clinic, const char *text)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end)
		clinic_fail(clinic, "'%s' is no number", text);
	return value;
}

struct bitmap {
	const char *field;
	const ProtobufCEnumDescriptor *type; /* NULL: of numbers */
	bool is_sum;                         /* its values are bits already */
};

static const struct bitmap *bitmap_of(field *f)
{
	static const struct bitmap bitmaps[] = {
	    {"zones", &carepace__v1__zone__descriptor, false},
	    {"modalities", &carepace__v1__modality__descriptor, false},
	    {"flags", &carepace__v1__pulse_flag__descriptor, true},
	    {"skin_types", NULL, false},
	};

	for (size_t i = 0; i < CP_COUNT(bitmaps); i++)
		if (strcmp(bitmaps[i].field, f->name) == 0)
			return &bitmaps[i];
	return NULL;
}

/* "CHEEK+NECK", "1+2+3" */
static int64_t bits(struct clinic *clinic, const struct bitmap *bitmap, const char *text)
{
	char copy[256];
	char *rest = copy;
	char *name;
	uint64_t sum = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	while ((name = strsep(&rest, "+"))) {
		uint64_t value = bitmap->type ? (uint64_t)enum_value(clinic, bitmap->type, name)
		                              : plain_number(clinic, name);
		sum |= bitmap->is_sum ? value : UINT64_C(1) << (value & 63);
	}
	return (int64_t)sum;
}

/* --- numbers --------------------------------------------------------------------------- */

/* "1.2.3": major 10 bits, minor 10 bits, patch 12 bits. */
static int64_t firmware(struct clinic *clinic, const char *text)
{
	unsigned major, minor, patch;
	int len = 0;

	if (sscanf(text, "%4u.%4u.%4u%n", &major, &minor, &patch, &len) != 3 || text[len] ||
	    major > 1023 || minor > 1023 || patch > 4095)
		clinic_fail(clinic, "'%s' is no version of firmware", text);
	return clinic_failed(clinic) ? 0 : (int64_t)(major << 22 | minor << 12 | patch);
}

/* "2026-06-30"; "2026-06": the whole month; 20260631 as it is. */
static int64_t date(struct clinic *clinic, const char *text)
{
	unsigned year, month;
	int len = 0;
	int32_t day;

	if (words_is_date(text, &day) && !strchr(text, 'T'))
		return civil_to_yyyymmdd(day);
	if (sscanf(text, "%4u-%2u%n", &year, &month, &len) == 2 && !text[len])
		return (int64_t)(year * 100 + month) * 100;
	return (int64_t)plain_number(clinic, text);
}

/* A number with a unit that people use, in that of the wire. A number alone is in the
 * wire's already, but for one with a point, which is in degrees. */
static int64_t measure(struct clinic *clinic, field *f, const char *text)
{
	static const struct {
		const char *ending;
		const char *unit;
		int64_t factor;
		int64_t divisor;
	} units[] = {{"_um", "mm", 1000, 1}, {"_mw", "W", 1000, 1}, {"_uj", "mJ", 1000, 1},
	    {"_us", "ms", 1000, 1}, {"_dhz", "Hz", 10, 1}, {"_dhz", "rpm", 1, 6},
	    {"_khz", "MHz", 1000, 1}, {"_permille", "%", 10, 1}, {"_cdegc", "", 100, 1}};
	const int64_t sign = *text == '-' ? -1 : 1;
	const char *p = text + (*text == '-');
	int64_t value = 0;
	int64_t scale = 0; /* of the digits behind the point; 0: no point */

	for (; (*p >= '0' && *p <= '9') || (*p == '.' && !scale); p++) {
		if (*p != '.')
			value = value * 10 + (*p - '0');
		scale = *p == '.' ? 1 : scale * 10;
	}
	if (p > text && !*p && !scale)
		return sign * value;
	for (size_t i = 0; i < CP_COUNT(units); i++)
		if (ends_with(f->name, units[i].ending) && strcmp(p, units[i].unit) == 0) {
			int64_t divisor = units[i].divisor * (scale ? scale : 1);
			return sign * ((2 * value * units[i].factor + divisor) / (2 * divisor));
		}
	clinic_fail(clinic, "'%s' is no %s", text, f->name);
	return 0;
}

static int64_t number(struct clinic *clinic, field *f, const char *text)
{
	const struct bitmap *bitmap = bitmap_of(f);

	if (text[0] == '#')
		return (int64_t)plain_number(clinic, text + 1);
	if (f->type == PROTOBUF_C_TYPE_ENUM)
		return enum_value(clinic, f->descriptor, text);
	if (f->type == PROTOBUF_C_TYPE_BOOL) {
		bool is_yes = strcmp(text, "yes") == 0 || strcmp(text, "on") == 0;
		if (!is_yes && strcmp(text, "no") != 0 && strcmp(text, "off") != 0)
			clinic_fail(clinic, "'%s' is neither yes nor no", text);
		return is_yes;
	}
	if (bitmap)
		return bits(clinic, bitmap, text);
	if (ends_with(f->name, "ts_ms"))
		return words_moment(clinic, text);
	if (ends_with(f->name, "_ms") && text[strspn(text, "-0123456789")])
		return words_duration(clinic, text);
	if (ends_with(f->name, "_date") || ends_with(f->name, "_yyyymmdd"))
		return date(clinic, text);
	if (ends_with(f->name, "fw") && strchr(text, '.'))
		return firmware(clinic, text);
	return measure(clinic, f, text);
}

static void put_number(field *f, void *out, int64_t value)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		memcpy(out, &value, sizeof(value));
		break;
	case PROTOBUF_C_TYPE_ENUM:
	case PROTOBUF_C_TYPE_BOOL:
		*(int *)out = (int)value;
		break;
	default:
		*(uint32_t *)out = (uint32_t)value;
		break;
	}
}

/* --- ids --------------------------------------------------------------------------------- */

char tell_id_kind(const char *name)
{
	static const struct {
		const char *ending;
		char kind;
	} kinds[] = {{"client_token", ID_CLIENT}, {"operator_token", ID_OPERATOR},
	    {"by_token", ID_OPERATOR}, {"sid", ID_SESSION}, {"device", ID_DEVICE},
	    {"ae_id", ID_CASE}};

	for (size_t i = 0; i < CP_COUNT(kinds); i++)
		if (ends_with(name, kinds[i].ending))
			return kinds[i].kind;
	return 0;
}

/* "c1", "-" for nobody; {INTERVAL_TOO_SOON B} for an alert; #00ff as it is. */
static ProtobufCBinaryData id_bytes(struct clinic *clinic, field *f, const char *text)
{
	struct id *id = room(clinic, sizeof(*id));
	ProtobufCBinaryData data = {.len = ID_BYTES, .data = id->b};
	char kind = tell_id_kind(f->name);
	char name[PICTURE_BYTES];

	if (text[0] == '#') {
		data.len = strlen(text + 1) / 2;
		data.data = room(clinic, data.len + 1);
		for (size_t i = 0; i < data.len; i++)
			if (sscanf(text + 1 + 2 * i, "%2hhx", &data.data[i]) != 1)
				clinic_fail(clinic, "'%s' is not hexadecimal", text);
	} else if (text[0] == '{') {
		snprintf(name, sizeof(name), "%.*s", (int)strlen(text) - 2, text + 1);
		if (!picture_find_alert(clinic, name, id))
			clinic_fail(clinic, "no alert %s", name);
	} else if (!kind || strlen(text) >= NAME_BYTES) {
		clinic_fail(clinic, "'%s' is no %s", text, f->name);
	} else if (strcmp(text, "-") != 0) {
		*id = id_named(kind, text);
	}
	return data;
}

/* --- messages within messages ---------------------------------------------------------------- */

/* "1001" "1001:L7" "1001:L7:2026-06-30" "04099999999999/1001" "unreadable": the serial
 * alone brings a lot of its own and an expiry far away; an empty part is left out. */
static void tell_cartridge(struct told *told, char *text)
{
	char *serial = strsep(&text, ":");
	const char *lot = strsep(&text, ":");
	const char *expiry = strsep(&text, ":");
	char *slash = strchr(serial, '/');
	char own_lot[32];

	if (slash)
		*slash = '\0';
	tell_field(told, "gtin", slash ? serial : CLINIC_GTIN);
	serial = slash ? slash + 1 : serial;
	snprintf(own_lot, sizeof(own_lot), "L-%.18s", serial);
	if (strcmp(serial, "unreadable") != 0) {
		tell_field(told, "serial", serial);
		lot = lot ? lot : own_lot;
		expiry = expiry ? expiry : "2031-12-31";
	}
	if (lot && *lot)
		tell_field(told, "lot", lot);
	if (expiry && *expiry)
		tell_field(told, "expiry", expiry);
}

static ProtobufCMessage *inner(struct clinic *clinic, field *f, const char *text)
{
	struct told told = tell_begin(clinic, f->descriptor);
	const ProtobufCMessageDescriptor *type = f->descriptor;
	struct words words;
	char copy[1024];
	char *rest = copy;

	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
		clinic_fail(clinic, "too long: %s", text);
	if (text[0] == '{') {
		copy[strlen(copy) - 1] = '\0';
		words_cut(&words, clinic, copy + 1);
		tell_words(&told, &words);
	} else if (type == &carepace__v1__cartridge__descriptor) {
		tell_cartridge(&told, rest);
	} else {
		for (unsigned i = 0; rest; i++) {
			const char *part = strsep(&rest, ":");
			if (i == type->n_fields)
				clinic_fail(clinic, "%s has only %u fields", type->short_name, i);
			else if (*part)
				tell_field(&told, type->fields[i].name, part);
		}
	}
	tell_end(&told);
	return told.message;
}

/* --- one field --------------------------------------------------------------------------- */

static void put(struct clinic *clinic, field *f, void *out, const char *text)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING: {
		size_t braces = text[0] == '{'; /* around a name with blanks */
		size_t len = strlen(text) - 2 * braces;
		*(char **)out = memcpy(room(clinic, len + 1), text + braces, len);
		break;
	}
	case PROTOBUF_C_TYPE_BYTES:
		*(ProtobufCBinaryData *)out = id_bytes(clinic, f, text);
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		*(ProtobufCMessage **)out = inner(clinic, f, text);
		break;
	default:
		put_number(f, out, number(clinic, f, text));
		break;
	}
}

/* One more element at the end of a list. */
static void append(struct told *told, field *f, const char *text)
{
	size_t count = wire_field_count(told->message, f);
	size_t size = wire_field_bytes(f->type);
	uint8_t *items = room(told->clinic, (count + 1) * size);

	if (count)
		memcpy(items, *(uint8_t **)wire_field_set(told->message, f), count * size);
	put(told->clinic, f, items + count * size, text);
	wire_field_set_list(told->message, f, items, count + 1);
}

/* "NO_PLAN,OUT_OF_HOURS"; messages one by one. */
static void append_all(struct told *told, field *f, const char *text)
{
	char *rest = room(told->clinic, strlen(text) + 1);

	memcpy(rest, text, strlen(text));
	while (rest)
		append(told, f,
		    f->type == PROTOBUF_C_TYPE_MESSAGE ? strsep(&rest, "") : strsep(&rest, ","));
}

void tell_field(struct told *told, const char *name, const char *value)
{
	field *f = tell_find(told->clinic, told->message->descriptor, name);

	if (!f) {
		clinic_fail(told->clinic, "%s has no field '%s'",
		    told->message->descriptor->short_name, name);
		return;
	}
	told->given |= bit_of(told, f);
	if (strcmp(value, "none") == 0 && f->label != PROTOBUF_C_LABEL_REQUIRED)
		return;
	if (f->label == PROTOBUF_C_LABEL_REPEATED) {
		append_all(told, f, value);
		return;
	}
	put(told->clinic, f, wire_field_set(told->message, f), value);
}

void tell_default(struct told *told, const char *name, const char *value)
{
	if (!tell_has(told, name))
		tell_field(told, name, value);
}

void tell_words(struct told *told, struct words *words)
{
	while (*words_peek(words) && !clinic_failed(told->clinic)) {
		char name[64];
		const char *word = words_take(words);
		const char *value = strchr(word, '=');

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
		tell_field(told, name, value ? value + 1 : words_take(words));
	}
}
