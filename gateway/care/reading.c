#include "care/reading.h"

#include "base/hash.h"
#include "care/complete.h"
#include "care/range.h"
#include "care/range_rules.h"
#include "wire/json.h"
#include "wire/unpack.h"

#include <stdio.h>

const struct id reading_head_office = {.b = {[ID_BYTES - 1] = 1}};
const struct id reading_box = {.b = {[ID_BYTES - 1] = 2}};

#define UP_TYPE (&carepace__v1__up__descriptor)
#define ORDER_TYPE (&carepace__v1__order__descriptor)
#define BOX_TYPE (&carepace__v1__box__descriptor)
#define ENVELOPE_TYPE (&carepace__v1__envelope__descriptor)

static void put_u64(uint8_t out[8], uint64_t value)
{
	for (size_t i = 0; i < 8; i++)
		out[i] = (uint8_t)(value >> (8 * i));
}

static void hash_parts(const struct slice *parts, size_t count, uint8_t out[READING_HASH_BYTES])
{
	uint8_t full[HASH_BYTES];

	hash_sha256(parts, count, full);
	memcpy(out, full, READING_HASH_BYTES);
}

/* What makes the reading, tokens included; not how this copy was delivered
 * (sent_mono_ms, replay): a device's second try must be the same (P2). */
static void hash_up(
    const Carepace__V1__Up *up, const struct wire_scan *scan, uint8_t out[READING_HASH_BYTES])
{
	uint8_t head[8 + 8 + 8 + 1];

	put_u64(head, (uint64_t)up->ts_ms);
	put_u64(head + 8, up->mono_ms);
	put_u64(head + 16, scan->body_field);
	head[24] = up->has_test && up->test;

	struct slice parts[] = {slice_of(head, sizeof(head)), scan->body};
	hash_parts(parts, CP_COUNT(parts), out);
}

static void hash_order(
    const Carepace__V1__Order *order, const struct wire_scan *scan, uint8_t out[READING_HASH_BYTES])
{
	uint8_t head[8 + 8 + 8];

	put_u64(head, (uint64_t)order->ts_ms);
	put_u64(head + 8, order->revision);
	put_u64(head + 16, scan->body_field);

	struct slice parts[] = {
	    slice_of(head, sizeof(head)),
	    slice_of(order->key, strlen(order->key) + 1),
	    scan->body,
	};
	hash_parts(parts, CP_COUNT(parts), out);
}

/* Whatever the clock of the sender says, dates can be computed from it. */
static event_ms clamp_ts(int64_t ts_ms)
{
	if (ts_ms < 0)
		return 0;
	return ts_ms > RANGE_TS_MAX ? RANGE_TS_MAX : ts_ms;
}

static void fill_up(const Carepace__V1__Up *up, struct reading *out)
{
	id_from_bytes(&out->source, slice_of(up->source.data, up->source.len));
	out->boot = up->boot;
	out->seq = up->seq;
	out->ts = out->claimed = clamp_ts(up->ts_ms);
	out->ts_source = TS_DEVICE;
	out->mono_ms = up->mono_ms;
	out->is_replay = up->has_replay && up->replay;
	out->is_test = up->has_test && up->test;
	out->kind = (enum reading_kind)up->body_case;
	out->up = up;
}

static void fill_order(const Carepace__V1__Order *order, struct reading *out)
{
	out->source = reading_head_office;
	out->boot = order->hq_epoch;
	out->seq = order->n;
	out->ts = out->claimed = clamp_ts(order->ts_ms);
	out->ts_source = TS_DEVICE;
	out->kind = order->body_case == CAREPACE__V1__ORDER__BODY__NOT_SET
	                ? READING_UNKNOWN
	                : (enum reading_kind)(READING_ORDER + order->body_case);
	out->order = order;
}

/* The member of the oneof that is set. */
static const ProtobufCMessage *body_of(const ProtobufCMessage *envelope, uint32_t body_field)
{
	const ProtobufCFieldDescriptor *field =
	    protobuf_c_message_descriptor_get_field(envelope->descriptor, body_field);

	return *(ProtobufCMessage *const *)((const uint8_t *)envelope + field->offset);
}

/* No message names more than one of each (telemetry.proto). */
static void fill_ids(const ProtobufCMessage *body, struct reading *out)
{
	const struct {
		const char *name;
		struct id *id;
	} ids[] = {{"sid", &out->sid}, {"client_token", &out->client},
	    {"operator_token", &out->operator},
	        {
	            "by_token",
	            &out->operator},
	            {"new_client_token", &out->new_client},
	    };

	for (size_t i = 0; i < CP_COUNT(ids); i++) {
		const ProtobufCFieldDescriptor *field =
		    protobuf_c_message_descriptor_get_field_by_name(body->descriptor, ids[i].name);
		if (!field)
			continue;
		const ProtobufCBinaryData *bytes =
		    (const void *)((const uint8_t *)body + field->offset);
		id_from_bytes(ids[i].id, slice_of(bytes->data, bytes->len));
	}
}

/* "Sample.depth_um": the name of a field, never its value. */
static const char *place(struct arena *arena, const struct range_fault *fault)
{
	const char *message = fault->message->short_name;
	size_t len = strlen(message) + 1 + strlen(fault->field->name);
	char *text = arena_alloc(arena, len + 1);

	if (!text)
		return fault->field->name;
	snprintf(text, len + 1, "%s.%s", message, fault->field->name);
	return text;
}

/* Nothing of it may be used or kept but its name, so that it can be answered. */
static enum reading_result refuse(struct reading *out, enum reading_result result)
{
	out->up = NULL;
	out->order = NULL;
	return result;
}

/* Kept as it came, to be decoded again by a later program (P8). */
static enum reading_result park(struct arena *arena, struct slice payload, struct reading *out)
{
	out->payload = arena_copy(arena, payload);
	if (payload.len > 0 && !out->payload.p)
		return READING_NOMEM;
	hash_parts(&payload, 1, out->hash);
	return refuse(out, READING_PARKED);
}

static enum reading_result keep(struct arena *arena, const ProtobufCMessageDescriptor *type,
    const struct wire_scan *scan, struct slice payload, struct reading *out)
{
	uint8_t *bytes = arena_alloc(arena, payload.len);

	if (!bytes)
		return READING_NOMEM;
	memcpy(bytes, payload.p, payload.len);
	if (scan->has_tokens)
		wire_blank_tokens(type, bytes, payload.len);
	out->payload = slice_of(bytes, payload.len);
	return READING_OK;
}

/* What device and head office have in common once the envelope is filled. */
static enum reading_result admit(struct arena *arena, ProtobufCMessage *envelope,
    const struct wire_scan *scan, struct slice payload, struct reading *out, const char **why)
{
	if (out->kind == READING_UNKNOWN) {
		*why = "unknown type of message";
		return park(arena, payload, out);
	}
	if (scan->has_nul) {
		*why = "a string with a NUL";
		return refuse(out, READING_PRIVACY);
	}

	const ProtobufCMessage *body = body_of(envelope, scan->body_field);
	struct range_fault fault = range_check(envelope);
	struct range_fault missing = complete_check(body);
	if (missing.result > fault.result)
		fault = missing;
	if (fault.result != READING_OK)
		*why = place(arena, &fault);
	if (fault.result == READING_PRIVACY)
		return refuse(out, READING_PRIVACY);
	if (fault.result == READING_PARKED)
		return park(arena, payload, out);
	if (keep(arena, envelope->descriptor, scan, payload, out))
		return READING_NOMEM;
	fill_ids(body, out);
	out->is_withheld = fault.result == READING_RANGE;
	return fault.result;
}

static enum reading_result refuse_bytes(struct arena *arena, enum wire_result result,
    const struct wire_scan *scan, struct slice payload, struct reading *out, const char **why)
{
	if (result == WIRE_NOMEM)
		return READING_NOMEM;
	*why = wire_bad_text(scan->bad);
	return park(arena, payload, out);
}

static bool is_for_tablets(enum reading_kind kind)
{
	return kind >= READING_AE_REPORT && kind <= READING_COUNT_OVERRIDE;
}

/* P7: what a device tells is about itself. */
static bool speaks_of_another(const Carepace__V1__Up *up)
{
	return up->body_case == CAREPACE__V1__UP__BODY_MAINT && up->maint->device.len > 0 &&
	       !slice_eq(slice_of(up->maint->device.data, up->maint->device.len),
	           slice_of(up->source.data, up->source.len));
}

static enum reading_result with_ts(
    enum reading_result result, int64_t claimed_ms, struct reading *out, const char **why)
{
	if (result != READING_OK || claimed_ms == out->ts)
		return result;
	*why = "ts_ms";
	out->is_withheld = true;
	return READING_RANGE;
}

enum reading_result reading_parse(struct arena *arena, struct slice payload,
    const struct id *identity, bool is_tablet, struct reading *out, const char **why)
{
	ProtobufCMessage *message;
	struct wire_scan scan;

	*out = (struct reading){0};
	*why = NULL;
	enum wire_result unpacked = wire_unpack(arena, UP_TYPE, payload, &message, &scan);
	if (unpacked != WIRE_OK)
		return refuse_bytes(arena, unpacked, &scan, payload, out, why);

	const Carepace__V1__Up *up = (const Carepace__V1__Up *)message;
	fill_up(up, out);
	if (!id_eq(&out->source, identity)) {
		*why = "source is not the device of the certificate";
		return refuse(out, READING_FOREIGN);
	}
	if (is_for_tablets(out->kind) && !is_tablet) {
		*why = "only a tablet may send this";
		return refuse(out, READING_FOREIGN);
	}
	if (!is_tablet && speaks_of_another(up)) {
		*why = "only a tablet may tell what was done on another device";
		return refuse(out, READING_FOREIGN);
	}
	if (!reading_is_stream(out->kind))
		hash_up(up, &scan, out->hash);
	return with_ts(admit(arena, message, &scan, payload, out, why), up->ts_ms, out, why);
}

enum reading_result reading_hash_stream(
    struct arena *arena, struct slice payload, uint8_t out[READING_HASH_BYTES])
{
	ProtobufCMessage *message;
	struct wire_scan scan;
	enum wire_result unpacked = wire_unpack(arena, UP_TYPE, payload, &message, &scan);

	if (unpacked != WIRE_OK)
		return unpacked == WIRE_NOMEM ? READING_NOMEM : READING_PARKED;
	hash_up((const Carepace__V1__Up *)message, &scan, out);
	return READING_OK;
}

/* No order begins with a brace: its bits are field 15 as a group. Nor with what JSON takes
 * for blanks: those are fields 1 and 4 as what they are not. (unit/order_form) */
static bool is_json(struct slice payload)
{
	size_t i = 0;

	while (i < payload.len && payload.p[i] && strchr(" \t\n\r", payload.p[i]))
		i++;
	return i < payload.len && payload.p[i] == '{';
}

/* The bytes of what came as JSON. */
static enum reading_result read_json(
    struct arena *arena, struct slice *payload, struct reading *out, const char **why)
{
	char text[WIRE_JSON_WHY_BYTES];
	struct slice bytes;

	switch (wire_json_read(arena, ORDER_TYPE, *payload, &bytes, text)) {
	case WIRE_OK:
		*payload = bytes;
		return READING_OK;
	case WIRE_NOMEM:
		return refuse(out, READING_NOMEM);
	default:
		*why =
		    (const char *)arena_copy(arena, slice_of((uint8_t *)text, strlen(text) + 1)).p;
		return park(arena, *payload, out);
	}
}

enum reading_result reading_parse_order(
    struct arena *arena, struct slice payload, struct reading *out, const char **why)
{
	ProtobufCMessage *message;
	struct wire_scan scan;

	*out = (struct reading){.source = reading_head_office};
	*why = NULL;
	if (is_json(payload)) {
		enum reading_result read = read_json(arena, &payload, out, why);
		if (read != READING_OK)
			return read;
	}
	enum wire_result unpacked = wire_unpack(arena, ORDER_TYPE, payload, &message, &scan);
	if (unpacked != WIRE_OK)
		return refuse_bytes(arena, unpacked, &scan, payload, out, why);

	const Carepace__V1__Order *order = (const Carepace__V1__Order *)message;
	fill_order(order, out);
	hash_order(order, &scan, out->hash);
	return with_ts(admit(arena, message, &scan, payload, out, why), order->ts_ms, out, why);
}

enum reading_result reading_from_journal(
    struct arena *arena, struct slice payload, bool is_order, struct reading *out)
{
	ProtobufCMessage *message;

	*out = (struct reading){0};
	enum wire_result unpacked =
	    wire_unpack_again(arena, is_order ? ORDER_TYPE : UP_TYPE, payload, &message);
	if (unpacked != WIRE_OK)
		return unpacked == WIRE_NOMEM ? READING_NOMEM : READING_PARKED;
	if (is_order)
		fill_order((const Carepace__V1__Order *)message, out);
	else
		fill_up((const Carepace__V1__Up *)message, out);

	/* Withholds what the first judgement did not see either. */
	enum reading_result fault = range_check(message).result;
	if (out->kind == READING_UNKNOWN || fault > READING_RANGE)
		return refuse(out, READING_PARKED);
	out->is_withheld = fault == READING_RANGE;
	int64_t claimed_ms = is_order ? out->order->ts_ms : out->up->ts_ms;
	out->is_withheld = out->is_withheld || claimed_ms != out->ts;
	out->payload = arena_copy(arena, payload);
	if (!out->payload.p)
		return READING_NOMEM;
	fill_ids(body_of(message, is_order ? out->order->body_case : out->up->body_case), out);
	return READING_OK;
}

enum reading_result reading_dates_from_journal(
    struct arena *arena, struct slice payload, enum reading_kind kind, struct reading *out)
{
	ProtobufCMessage *message;

	*out = (struct reading){.kind = kind, .ts_source = TS_DEVICE};
	enum wire_result unpacked = wire_unpack_again(arena, ENVELOPE_TYPE, payload, &message);
	if (unpacked != WIRE_OK)
		return unpacked == WIRE_NOMEM ? READING_NOMEM : READING_PARKED;
	const Carepace__V1__Envelope *envelope = (const Carepace__V1__Envelope *)message;
	id_from_bytes(&out->source, slice_of(envelope->source.data, envelope->source.len));
	out->boot = envelope->boot;
	out->seq = envelope->seq;
	out->ts = out->claimed = clamp_ts(envelope->ts_ms);
	out->mono_ms = envelope->mono_ms;
	out->is_replay = envelope->has_replay && envelope->replay;
	return READING_OK;
}

enum reading_result reading_from_box(struct arena *arena, struct slice payload, struct reading *out)
{
	ProtobufCMessage *message;
	struct wire_scan scan;

	*out = (struct reading){.source = reading_box};
	enum wire_result unpacked = wire_unpack(arena, BOX_TYPE, payload, &message, &scan);
	if (unpacked != WIRE_OK)
		return unpacked == WIRE_NOMEM ? READING_NOMEM : READING_PARKED;
	const Carepace__V1__Box *box = (const Carepace__V1__Box *)message;
	if (box->body_case == CAREPACE__V1__BOX__BODY__NOT_SET)
		return READING_PARKED; /* of a later version */
	out->boot = box->boot;
	out->seq = box->seq;
	out->ts = out->claimed = clamp_ts(box->ts_ms);
	out->ts_source = TS_DEVICE;
	out->kind = (enum reading_kind)(READING_BOX + box->body_case);
	out->box = box;
	out->payload = arena_copy(arena, payload);
	return out->payload.p ? READING_OK : READING_NOMEM;
}

event_ms reading_moment(const struct reading *reading, event_ms told)
{
	return clamp_ts(told + reading->ts - reading->claimed);
}

bool reading_is_stream(enum reading_kind kind)
{
	return kind == READING_SAMPLES || kind == READING_PULSES || kind == READING_PARAM ||
	       kind == READING_HEARTBEAT;
}

bool reading_is_roller_use(enum reading_kind kind)
{
	return kind == READING_ROLLER_USE || kind == READING_HQ_ROLLER_USE;
}

bool reading_is_urgent(enum reading_kind kind)
{
	return kind == READING_SESSION_START || kind == READING_CART_ATTACH ||
	       kind == READING_OVERRIDE || kind == READING_ESTOP;
}

const char *reading_kind_name(enum reading_kind kind)
{
	const ProtobufCMessageDescriptor *type = kind >= READING_BOX     ? BOX_TYPE
	                                         : kind >= READING_ORDER ? ORDER_TYPE
	                                                                 : UP_TYPE;
	unsigned number = kind >= READING_BOX     ? kind - READING_BOX
	                  : kind >= READING_ORDER ? kind - READING_ORDER
	                                          : kind;
	const ProtobufCFieldDescriptor *field =
	    protobuf_c_message_descriptor_get_field(type, number);

	return field && (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) ? field->name : "unknown";
}
