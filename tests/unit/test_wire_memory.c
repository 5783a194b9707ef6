/* What a few bytes may make protobuf-c take (reliability.md, findings 6 and 7): every list
 * of the contract, filled with the smallest entries that pass, stays below the cap of one
 * message; and the cap holds where the count does not help. */
#include "base/buf.h"
#include "report.pb-c.h"
#include "telemetry.pb-c.h"
#include "wire/unpack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const ProtobufCMessageDescriptor *const roots[] = {
    &carepace__v1__up__descriptor,
    &carepace__v1__down__descriptor,
    &carepace__v1__report__descriptor,
    &carepace__v1__order__descriptor,
};

/* --- the smallest message of a type ----------------------------------------------- */

struct draft {
	struct buf bytes;
	uint32_t fields; /* at all depths, as the scan counts them */
};

static void put_varint(struct draft *draft, uint64_t value)
{
	uint8_t byte;

	do {
		byte = (uint8_t)((value & 0x7F) | (value > 0x7F ? 0x80 : 0));
		assert_int_equal(buf_append(&draft->bytes, &byte, 1), CP_OK);
		value >>= 7;
	} while (value);
}

static void put_smallest(struct draft *draft, const ProtobufCMessageDescriptor *type);

static void put_field(struct draft *draft, const ProtobufCFieldDescriptor *field)
{
	struct draft inner = {0};

	draft->fields++;
	switch (field->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		buf_init(&inner.bytes, WIRE_MAX_BYTES);
		put_smallest(&inner, field->descriptor);
		put_varint(draft, field->id << 3 | 2);
		put_varint(draft, inner.bytes.len);
		if (inner.bytes.len)
			assert_int_equal(
			    buf_append(&draft->bytes, buf_bytes(&inner.bytes).p, inner.bytes.len),
			    CP_OK);
		draft->fields += inner.fields;
		buf_deinit(&inner.bytes);
		break;
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_STRING:
		put_varint(draft, field->id << 3 | 2);
		put_varint(draft, 0);
		break;
	default: /* the contract's numbers are varints: test_wire.c */
		put_varint(draft, field->id << 3);
		put_varint(draft, 0);
	}
}

static void put_smallest(struct draft *draft, const ProtobufCMessageDescriptor *type)
{
	for (unsigned i = 0; i < type->n_fields; i++)
		if (type->fields[i].label == PROTOBUF_C_LABEL_REQUIRED)
			put_field(draft, &type->fields[i]);
}

/* --- every list of the contract --------------------------------------------------------- */

struct worst {
	size_t lists;
	size_t bytes; /* of memory */
	char where[128];
};

/* As many entries as the scan lets pass. */
static void fill(struct draft *draft, const ProtobufCMessageDescriptor *type,
    const ProtobufCFieldDescriptor *list)
{
	struct draft entry = {0};

	buf_init(&entry.bytes, WIRE_MAX_BYTES);
	put_field(&entry, list);
	put_smallest(draft, type);
	while (draft->fields + entry.fields <= WIRE_MAX_FIELDS &&
	       draft->bytes.len + entry.bytes.len <= WIRE_MAX_BYTES)
		put_field(draft, list);
	buf_deinit(&entry.bytes);
}

static void measure(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *list,
    struct worst *worst)
{
	struct draft draft = {0};
	struct arena arena;
	struct wire_scan scan;
	ProtobufCMessage *message;

	buf_init(&draft.bytes, WIRE_MAX_BYTES);
	arena_init(&arena, 4096, 8U << 20);
	fill(&draft, type, list);
	enum wire_result result =
	    wire_unpack(&arena, type, buf_bytes(&draft.bytes), &message, &scan);
	if (result != WIRE_OK)
		fail_msg("%s.%s: %s", type->name, list->name, wire_bad_text(scan.bad));
	assert_true(arena.used_bytes <= WIRE_MAX_MEMORY_BYTES);
	worst->lists++;
	if (arena.used_bytes > worst->bytes) {
		worst->bytes = arena.used_bytes;
		snprintf(worst->where, sizeof(worst->where), "%s.%s, %zu bytes on the wire",
		    type->short_name, list->name, draft.bytes.len);
	}
	arena_deinit(&arena);

	/* One entry more is refused before it costs anything. */
	arena_init(&arena, 4096, 8U << 20);
	while (draft.fields <= WIRE_MAX_FIELDS && draft.bytes.len < WIRE_MAX_BYTES - 64)
		put_field(&draft, list);
	if (draft.fields > WIRE_MAX_FIELDS) {
		assert_int_equal(
		    wire_unpack(&arena, type, buf_bytes(&draft.bytes), &message, &scan), WIRE_BAD);
		assert_int_equal(scan.bad, WIRE_BAD_FIELDS);
		assert_int_equal(arena.used_bytes, 0);
	}
	arena_deinit(&arena);
	buf_deinit(&draft.bytes);
}

static void measure_lists(const ProtobufCMessageDescriptor *type, struct worst *worst)
{
	for (unsigned i = 0; i < type->n_fields; i++) {
		if (type->fields[i].label == PROTOBUF_C_LABEL_REPEATED)
			measure(type, &type->fields[i], worst);
		if (type->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
			measure_lists(type->fields[i].descriptor, worst);
	}
}

static void no_list_of_the_contract_takes_more_than_the_cap(void **state)
{
	struct worst worst = {0};

	(void)state;
	for (size_t i = 0; i < CP_COUNT(roots); i++)
		measure_lists(roots[i], &worst);
	print_message(
	    "%zu lists, the most memory: %zu bytes (%s)\n", worst.lists, worst.bytes, worst.where);
	assert_true(worst.lists > 10);
}

/* --- the cap itself ------------------------------------------------------------------------ */

/* An entry of 4 kB in memory and 2 bytes on the wire: the count lets 4,096 of them pass. */
struct big {
	ProtobufCMessage base;
	uint8_t room[4096 - sizeof(ProtobufCMessage)];
};

struct holder {
	ProtobufCMessage base;
	size_t n_entry;
	struct big **entry;
};

static const ProtobufCMessageDescriptor big_type = {
    .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
    .name = "Big",
    .sizeof_message = sizeof(struct big),
};

static const ProtobufCFieldDescriptor holder_fields[] = {{.name = "entry",
    .id = 1,
    .label = PROTOBUF_C_LABEL_REPEATED,
    .type = PROTOBUF_C_TYPE_MESSAGE,
    .quantifier_offset = offsetof(struct holder, n_entry),
    .offset = offsetof(struct holder, entry),
    .descriptor = &big_type}};
static const ProtobufCIntRange holder_ranges[] = {{1, 0}, {0, 1}};

static const ProtobufCMessageDescriptor holder_type = {
    .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
    .name = "Holder",
    .sizeof_message = sizeof(struct holder),
    .n_fields = 1,
    .fields = holder_fields,
    .n_field_ranges = 1,
    .field_ranges = holder_ranges,
};

static enum wire_bad unpack_entries(size_t count, size_t *used_bytes)
{
	uint8_t bytes[2 * WIRE_MAX_FIELDS] = {0};
	struct arena arena;
	struct wire_scan scan;
	ProtobufCMessage *message;

	for (size_t i = 0; i < count; i++)
		bytes[2 * i] = 1 << 3 | 2;
	arena_init(&arena, 4096, 64U << 20);
	enum wire_result result =
	    wire_unpack(&arena, &holder_type, slice_of(bytes, 2 * count), &message, &scan);
	assert_int_equal(result == WIRE_OK, scan.bad == WIRE_BAD_NONE);
	*used_bytes = arena.used_bytes;
	arena_deinit(&arena);
	return scan.bad;
}

static void the_memory_of_a_message_has_a_cap_of_its_own(void **state)
{
	size_t used;

	(void)state;
	assert_int_equal(unpack_entries(250, &used), WIRE_BAD_NONE);
	assert_true(used > 250 * sizeof(struct big));
	assert_int_equal(unpack_entries(256, &used), WIRE_BAD_MEMORY);
	assert_true(used <= WIRE_MAX_MEMORY_BYTES);
	assert_int_equal(unpack_entries(WIRE_MAX_FIELDS, &used), WIRE_BAD_MEMORY);
	assert_true(used <= WIRE_MAX_MEMORY_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_list_of_the_contract_takes_more_than_the_cap),
	    cmocka_unit_test(the_memory_of_a_message_has_a_cap_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
