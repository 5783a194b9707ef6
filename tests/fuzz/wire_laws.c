#include "wire_laws.h"

#include "wire/pack.h"
#include "wire/unpack.h"

#define ARENA_MAX_BYTES ((size_t)8 * 1024 * 1024)

struct arena wire_laws_arena(void)
{
	struct arena arena;

	arena_init(&arena, 1, ARENA_MAX_BYTES);
	return arena;
}

/* Empty when the contract's maximum forbids it: zeros that were left out, say. */
static struct slice pack(struct arena *arena, const ProtobufCMessage *message)
{
	struct slice out;
	enum cp_err err = wire_pack(arena, message, &out);

	CP_CHECK(err == CP_OK || err == CP_INVALID);
	return out;
}

static void check_round_trip(struct arena *arena, const ProtobufCMessage *message)
{
	ProtobufCMessage *again;
	struct wire_scan scan;

	struct slice packed = pack(arena, message);
	if (packed.len == 0)
		return;
	uint8_t *exact = fuzz_copy(packed);
	CP_CHECK(wire_unpack(arena, message->descriptor, slice_of(exact, packed.len), &again,
	             &scan) == WIRE_OK);
	free(exact); /* the message does not refer to its bytes */
	CP_CHECK(!scan.has_nul);
	CP_CHECK(slice_eq(pack(arena, again), packed));
}

void wire_laws_message(const ProtobufCMessageDescriptor *type, struct slice bytes)
{
	struct arena arena = wire_laws_arena();
	ProtobufCMessage *message;
	struct wire_scan first, scan;

	bool is_good = wire_scan(type, bytes, &first);
	CP_CHECK(is_good == (first.bad == WIRE_BAD_NONE));
	CP_CHECK(*wire_bad_text(first.bad) != '\0');
	CP_CHECK(fuzz_is_within(bytes, first.body));
	CP_CHECK(!is_good || first.fields <= WIRE_MAX_FIELDS);

	enum wire_result result = wire_unpack(&arena, type, bytes, &message, &scan);
	CP_CHECK((result == WIRE_OK) == (message != NULL));
	/* Each allocation is rounded up to 16 bytes at most. */
	CP_CHECK(arena.used_bytes <= WIRE_MAX_MEMORY_BYTES + 16 * (WIRE_MAX_FIELDS + 16));
	if (is_good)
		CP_CHECK(result == WIRE_OK || scan.bad == WIRE_BAD_MEMORY ||
		         scan.bad == WIRE_BAD_REQUIRED);
	else
		CP_CHECK(result == WIRE_BAD && scan.bad == first.bad);
	if (result == WIRE_OK)
		check_round_trip(&arena, message);
	arena_deinit(&arena);
}

/* --- readings ------------------------------------------------------------------- */

static const ProtobufCMessage *envelope_of(const struct reading *reading)
{
	return reading->order ? &reading->order->base : &reading->up->base;
}

/* As the journal holds it: packed, tokens blanked. */
static struct slice blanked(struct arena *arena, const ProtobufCMessage *message)
{
	struct slice packed = pack(arena, message);

	if (packed.len)
		wire_blank_tokens(message->descriptor, (uint8_t *)packed.p, packed.len);
	return packed;
}

static void check_journal(const struct reading *reading)
{
	struct arena arena = wire_laws_arena();
	struct reading again;

	CP_CHECK(reading_from_journal(&arena, reading->payload, reading->order != NULL, &again) ==
	         READING_OK);
	CP_CHECK(id_eq(&again.source, &reading->source) && again.boot == reading->boot);
	CP_CHECK(again.seq == reading->seq && again.ts == reading->ts);
	CP_CHECK(again.kind == reading->kind && again.is_test == reading->is_test);
	CP_CHECK(id_eq(&again.sid, &reading->sid));
	CP_CHECK(id_is_zero(&again.client) && id_is_zero(&again.operator) &&
	         id_is_zero(&again.new_client));
	CP_CHECK(
	    slice_eq(blanked(&arena, envelope_of(&again)), blanked(&arena, envelope_of(reading))));
	arena_deinit(&arena);
}

void wire_laws_reading(struct slice payload, enum reading_result result,
    const struct reading *reading, const char *why)
{
	bool has_message = reading->up || reading->order;
	bool is_kept = result <= READING_PARKED;

	fuzz_mark((unsigned)reading->kind * 8 + result);
	fuzz_mark(fuzz_hash(why) + result);
	CP_CHECK(result != READING_NOMEM); /* the arena is large */
	CP_CHECK((result == READING_OK) == (why == NULL));
	CP_CHECK(has_message == (result <= READING_RANGE));
	CP_CHECK(reading->payload.len == (is_kept ? payload.len : 0));
	CP_CHECK(strcmp(reading_kind_name(reading->kind), "unknown") != 0 || !has_message);
	if (result == READING_PARKED)
		CP_CHECK(slice_eq(reading->payload, payload));
	if (has_message)
		check_journal(reading);
}
