#include "say.h"

#include "base/err.h"
#include "care/time/civil.h"
#include "care/parameter.h"
#include "care/timeline.h"
#include "report.pb-c.h"
#include "wire/field.h"
#include "wire/pack.h"
#include "words.h"

#include <stdio.h>
#include <string.h>

#define FIELDS_KNOWN 2048  /* slots; the contract has some 400 fields */
#define LIKE_BEFORE 85     /* percent: what a stream says in one entry it says in the next */
#define MOVED_TO_ANOTHER 4 /* percent of revisions: about something else than the key's first */
#define OPERATORS 3
#define CASES 8

typedef const ProtobufCFieldDescriptor field;

static void *room(struct saying *saying, size_t bytes)
{
	void *memory = arena_zalloc(saying->arena, bytes);

	CP_CHECK(memory);
	return memory;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text);
	size_t end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static bool has_own_value(field *f)
{
	return f->type == PROTOBUF_C_TYPE_ENUM || f->type == PROTOBUF_C_TYPE_BOOL ||
	       f->type == PROTOBUF_C_TYPE_BYTES || f->type == PROTOBUF_C_TYPE_MESSAGE;
}

/* The table is long and asked for every field of every entry. */
static const struct word *word_for(const ProtobufCMessageDescriptor *type, field *f)
{
	static struct {
		field *f;
		const struct word *word;
	} known[FIELDS_KNOWN];
	size_t at = ((uintptr_t)f >> 3) % FIELDS_KNOWN;

	while (known[at].f && known[at].f != f)
		at = (at + 1) % FIELDS_KNOWN;
	if (!known[at].f) {
		known[at].f = f;
		known[at].word = word_of(type->short_name, f->name, has_own_value(f));
	}
	return known[at].word;
}

/* --- values ----------------------------------------------------------------------------- */

static int64_t one_of(struct rng *rng, const struct word *word)
{
	return word->values[rng_below(rng, word->count)];
}

static event_ms moment_beside(struct saying *saying, struct rng *rng, int64_t minutes)
{
	const struct cast *cast = saying->cast;
	const struct cast_session *session = &cast->sessions[rng_below(rng, cast->session_count)];
	event_ms at = rng_percent(rng, 50) ? session->start : session->end;

	if (rng_percent(rng, 30))
		at += rng_range(rng, -1, 1);
	return at + minutes * MS_PER_MINUTE;
}

static int64_t number(struct saying *saying, struct rng *rng, const struct word *word,
    const ProtobufCEnumDescriptor *type)
{
	switch (word->sort) {
	case WORD_ONE_OF:
		return one_of(rng, word);
	case WORD_SPREAD:
		return rng_range(rng, word->values[0], word->values[1]);
	case WORD_NUMBER:
		return word->values[0] + saying->number;
	case WORD_BITMAP:
		return INT64_C(1) << one_of(rng, word) | INT64_C(1) << one_of(rng, word);
	case WORD_MINUTES:
		return moment_beside(saying, rng, one_of(rng, word));
	case WORD_DAYS:
		return civil_to_yyyymmdd(
		    (int32_t)(moment_beside(saying, rng, 60) / MS_PER_DAY + one_of(rng, word)));
	default:
		break;
	}
	if (!type)
		return rng_percent(rng, 50);
	/* The value 0 of an enum stands for nothing, if it has more. */
	return type->values[type->n_values > 1 ? 1 + rng_below(rng, type->n_values - 1) : 0].value;
}

/* --- ids ---------------------------------------------------------------------------------- */

static struct id small_id(uint8_t kind, size_t number)
{
	return (struct id){.b = {kind, [ID_BYTES - 1] = (uint8_t)number}};
}

/* Of a check of a session, as acknowledgements name it. */
static struct id an_alert(struct saying *saying, struct rng *rng)
{
	static const enum check checks[] = {
	    CHECK_INTERVAL_TOO_SOON, CHECK_SCREENING_MISSING, CHECK_OPERATOR_UNCERTIFIED};
	const struct cast *cast = saying->cast;
	const struct cast_session *session = &cast->sessions[rng_below(rng, cast->session_count)];
	struct id device = world_device(session->device);
	char subject[2 * ID_HEX_LEN + 2];
	char sid[ID_HEX_LEN + 1];
	char hex[ID_HEX_LEN + 1];

	snprintf(
	    subject, sizeof(subject), "%s/%s", id_hex(&session->sid, sid), id_hex(&device, hex));
	return finding_id(RNG_PICK(rng, checks), subject, "");
}

static struct id an_id(struct saying *saying, struct rng *rng, const char *name)
{
	const struct cast *cast = saying->cast;

	if (ends_with(name, "client_token"))
		return cast->clients[rng_below(rng, cast->client_count)];
	if (ends_with(name, "_token"))
		return small_id(0x0e, 1 + rng_below(rng, OPERATORS - 1));
	if (ends_with(name, "alert_id"))
		return an_alert(saying, rng);
	if (ends_with(name, "ae_id"))
		return small_id(0xae, 1 + rng_below(rng, CASES));
	if (ends_with(name, "device"))
		return world_device(rng_below(rng, WORLD_DEVICES));
	CP_CHECK(ends_with(name, "sid"));
	if (rng_percent(rng, 20)) /* in another clinic */
		return small_id(0x5e, 1 + rng_below(rng, 5));
	return cast->sessions[rng_below(rng, cast->session_count)].sid;
}

static ProtobufCBinaryData bytes_of(struct saying *saying, const struct id *id)
{
	uint8_t *copy = room(saying, ID_BYTES);

	memcpy(copy, id->b, ID_BYTES);
	return (ProtobufCBinaryData){.len = ID_BYTES, .data = copy};
}

/* --- fields ------------------------------------------------------------------------------- */

static void say_fields(struct saying *saying, ProtobufCMessage *message,
    const ProtobufCMessage *before, bool is_whole);

static ProtobufCMessage *say_one(struct saying *saying, const ProtobufCMessageDescriptor *type)
{
	ProtobufCMessage *message = room(saying, type->sizeof_message);

	type->message_init(message);
	say_fields(saying, message, NULL, true);
	return message;
}

/* By these dice, which may be those of what a key is about: a cartridge, all of it. */
static ProtobufCMessage *say_with(
    struct saying *saying, struct rng *rng, const ProtobufCMessageDescriptor *type)
{
	struct saying inner = *saying;

	inner.rng = *rng;
	ProtobufCMessage *message = say_one(&inner, type);
	*rng = inner.rng;
	return message;
}

static void put(
    struct saying *saying, struct rng *rng, const struct word *word, field *f, void *out)
{
	int64_t value;
	struct id id;

	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		*(const char **)out = word->texts[rng_below(rng, word->count)];
		return;
	case PROTOBUF_C_TYPE_BYTES:
		id = an_id(saying, rng, f->name);
		*(ProtobufCBinaryData *)out = bytes_of(saying, &id);
		return;
	case PROTOBUF_C_TYPE_MESSAGE:
		*(ProtobufCMessage **)out = say_with(saying, rng, f->descriptor);
		return;
	default:
		value = number(
		    saying, rng, word, f->type == PROTOBUF_C_TYPE_ENUM ? f->descriptor : NULL);
		if (wire_field_bytes(f->type) == sizeof(int64_t))
			memcpy(out, &value, sizeof(value));
		else
			*(uint32_t *)out = (uint32_t)value;
	}
}

static void say_list(struct saying *saying, struct rng *rng, const struct word *word, field *f,
    ProtobufCMessage *message)
{
	size_t count = (size_t)rng_range(rng, word->least, word->most);
	size_t bytes = wire_field_bytes(f->type);
	uint8_t *items = room(saying, count * bytes + 1);

	for (size_t i = 0; i < count; i++)
		put(saying, rng, word, f, items + i * bytes);
	wire_field_set_list(message, f, items, count);
}

/* The oracle asks for whom a plan is; of anything else a key is about one thing. */
static bool is_moved(struct saying *saying, const ProtobufCMessageDescriptor *type)
{
	return (!saying->cast->is_plain || type == &carepace__v1__plan__descriptor) &&
	       rng_percent(&saying->rng, MOVED_TO_ANOTHER);
}

static void say_field(struct saying *saying, field *f, ProtobufCMessage *message,
    const ProtobufCMessage *before, bool is_whole)
{
	const struct word *word = word_for(message->descriptor, f);
	uint8_t *at = (uint8_t *)message;
	bool is_named = word->is_name && is_whole && !is_moved(saying, message->descriptor);
	/* Apart from all other fields, or one that differs would move those behind it. */
	struct rng name = {.state = saying->name.state ^ f->id * UINT64_C(0x9e3779b97f4a7c15)};
	struct rng *rng = is_named ? &name : &saying->rng;

	if (f->label == PROTOBUF_C_LABEL_REQUIRED) {
		if (is_whole)
			put(saying, rng, word, f, at + f->offset);
		return;
	}
	if (wire_field_count(message, f) > 0)
		return;
	if (before && f->label == PROTOBUF_C_LABEL_OPTIONAL &&
	    rng_percent(&saying->rng, word->percent ? LIKE_BEFORE : 0)) {
		memcpy(
		    at + f->offset, (const uint8_t *)before + f->offset, wire_field_bytes(f->type));
		if (f->quantifier_offset)
			memcpy(at + f->quantifier_offset,
			    (const uint8_t *)before + f->quantifier_offset,
			    sizeof(protobuf_c_boolean));
		return;
	}
	if (!rng_percent(rng, word->percent))
		return;
	if (f->label == PROTOBUF_C_LABEL_REPEATED) {
		say_list(saying, rng, word, f, message);
		return;
	}
	put(saying, rng, word, f, wire_field_set(message, f));
}

/* --- what belongs together ----------------------------------------------------------------- */

/* A parameter by its check, and a value near its default. */
static void agree_setting(struct saying *saying, Carepace__V1__PolicySetting *setting)
{
	static const int64_t percents[] = {0, 50, 100, 150, 300};
	const struct parameter_row *row = &parameters[rng_below(&saying->rng, PARAMETERS)];
	int64_t value = row->value * RNG_PICK(&saying->rng, percents) / 100;

	setting->check = (Carepace__V1__Check)row->check;
	setting->parameter = (char *)row->name;
	setting->value = value < row->min ? row->min : value > row->max ? row->max : value;
}

/* Mostly everything is asked and nearly everything answered with no (R16). One washout an
 * agent (report.proto). */
static void agree_flags(struct saying *saying, Carepace__V1__ClientFlags *flags)
{
	size_t count = CAREPACE__V1__FLAG__HSV_PROPHYLAXIS;

	if (flags->n_washout == 2 && flags->washout[0]->agent == flags->washout[1]->agent)
		flags->n_washout = 1;
	if (rng_percent(&saying->rng, 15))
		return;
	flags->flag = room(saying, count * sizeof(Carepace__V1__FlagEntry *));
	flags->n_flag = count;
	for (size_t i = 0; i < count; i++) {
		flags->flag[i] = (Carepace__V1__FlagEntry *)say_one(
		    saying, &carepace__v1__flag_entry__descriptor);
		flags->flag[i]->flag = (Carepace__V1__Flag)(i + 1);
		if (!rng_percent(&saying->rng, 5))
			flags->flag[i]->value = CAREPACE__V1__FLAG_VALUE__FLAG_NO;
	}
}

static void say_fields(
    struct saying *saying, ProtobufCMessage *message, const ProtobufCMessage *before, bool is_whole)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;

	for (unsigned i = 0; i < type->n_fields; i++)
		say_field(saying, &type->fields[i], message, before, is_whole);
	if (type == &carepace__v1__policy_setting__descriptor)
		agree_setting(saying, (Carepace__V1__PolicySetting *)message);
	if (type == &carepace__v1__client_flags__descriptor)
		agree_flags(saying, (Carepace__V1__ClientFlags *)message);
}

ProtobufCMessage *say(struct saying *saying, const ProtobufCMessageDescriptor *type)
{
	return say_one(saying, type);
}

void say_rest(struct saying *saying, ProtobufCMessage *message, const ProtobufCMessage *before)
{
	say_fields(saying, message, before, false);
}

/* --- envelopes ------------------------------------------------------------------------------ */

void say_id(ProtobufCMessage *message, const char *name, const struct id *id)
{
	field *f = protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);

	if (!f || f->type != PROTOBUF_C_TYPE_BYTES)
		return;
	*(ProtobufCBinaryData *)wire_field_set(message, f) =
	    (ProtobufCBinaryData){.len = ID_BYTES, .data = (uint8_t *)id->b};
}

const ProtobufCMessageDescriptor *say_body_type(
    const ProtobufCMessageDescriptor *envelope, unsigned body)
{
	field *f = protobuf_c_message_descriptor_get_field(envelope, body);

	CP_CHECK(f && f->type == PROTOBUF_C_TYPE_MESSAGE);
	return f->descriptor;
}

void say_set_body(ProtobufCMessage *envelope, unsigned body, ProtobufCMessage *message)
{
	field *f = protobuf_c_message_descriptor_get_field(envelope->descriptor, body);

	CP_CHECK(f && f->descriptor == message->descriptor);
	*(ProtobufCMessage **)wire_field_set(envelope, f) = message;
}

struct slice say_pack(struct arena *arena, const ProtobufCMessage *message)
{
	struct slice out;

	CP_CHECK(wire_pack(arena, message, &out) == CP_OK);
	return out;
}
