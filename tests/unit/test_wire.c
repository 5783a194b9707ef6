/* The wire room: the contract's shape, the scan, unpacking, packing, blanking. */
#include "report.pb-c.h"
#include "telemetry.pb-c.h"
#include "wire/pack.h"
#include "wire/unpack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#define UP (&carepace__v1__up__descriptor)

static const ProtobufCMessageDescriptor *const roots[] = {
    &carepace__v1__up__descriptor,
    &carepace__v1__down__descriptor,
    &carepace__v1__report__descriptor,
    &carepace__v1__order__descriptor,
};

static uint8_t zero_id[16];
static uint8_t source_id[16] = "source-source-16";
static uint8_t sid[16] = "session-session1";
static uint8_t token[16] = "SECRETSECRET-TOK";

#define BYTES16(array) ((ProtobufCBinaryData){.len = 16, .data = (array)})

/* --- the shape of the contract --------------------------------------------- */

#define PATH_MAX_LEN 32

/* Longest path of messages below `type`; PATH_MAX_LEN when one contains itself. */
static size_t depth_of(
    const ProtobufCMessageDescriptor *type, const ProtobufCMessageDescriptor **path, size_t len)
{
	size_t deepest = len + 1;

	for (size_t i = 0; i < len; i++) {
		if (path[i] == type)
			return PATH_MAX_LEN;
	}
	path[len] = type;
	for (unsigned i = 0; i < type->n_fields; i++) {
		if (type->fields[i].type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		size_t depth = depth_of(type->fields[i].descriptor, path, len + 1);
		if (depth > deepest)
			deepest = depth;
	}
	return deepest;
}

static void no_message_contains_itself(void **state)
{
	const ProtobufCMessageDescriptor *path[PATH_MAX_LEN];

	(void)state;
	for (size_t i = 0; i < CP_COUNT(roots); i++) {
		assert_true(depth_of(roots[i], path, 0) < PATH_MAX_LEN);
		assert_true(depth_of(roots[i], path, 0) <= WIRE_MAX_DEPTH);
	}
}

/* Negative control: a message that contains a message that contains the first. */
static ProtobufCFieldDescriptor ring_a_fields[1], ring_b_fields[1];
static const ProtobufCMessageDescriptor ring_a = {.n_fields = 1, .fields = ring_a_fields};
static const ProtobufCMessageDescriptor ring_b = {.n_fields = 1, .fields = ring_b_fields};

static void a_ring_of_messages_is_found(void **state)
{
	const ProtobufCMessageDescriptor *path[PATH_MAX_LEN];

	(void)state;
	ring_a_fields[0] = (ProtobufCFieldDescriptor){
	    .name = "b", .id = 1, .type = PROTOBUF_C_TYPE_MESSAGE, .descriptor = &ring_b};
	ring_b_fields[0] = (ProtobufCFieldDescriptor){
	    .name = "a", .id = 1, .type = PROTOBUF_C_TYPE_MESSAGE, .descriptor = &ring_a};
	assert_int_equal(depth_of(&ring_a, path, 0), PATH_MAX_LEN);
}

static void for_each_field(const ProtobufCMessageDescriptor *type,
    void (*visit)(const ProtobufCMessageDescriptor *, const ProtobufCFieldDescriptor *))
{
	for (unsigned i = 0; i < type->n_fields; i++) {
		visit(type, &type->fields[i]);
		if (type->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
			for_each_field(type->fields[i].descriptor, visit);
	}
}

/* No floating point (a NaN passes protobuf-c); what names a person is bytes and
 * found by its name; the scan has a bit for every field. */
static void check_field(
    const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field)
{
	assert_true(type->n_fields < 64);
	assert_true(field->type != PROTOBUF_C_TYPE_FLOAT && field->type != PROTOBUF_C_TYPE_DOUBLE);
	if (strstr(field->name, "token"))
		assert_true(wire_is_token(field));
	assert_false(field->type == PROTOBUF_C_TYPE_BYTES &&
	             (strstr(field->name, "client") || strstr(field->name, "operator")) &&
	             !wire_is_token(field));
}

static void every_field_keeps_the_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < CP_COUNT(roots); i++)
		for_each_field(roots[i], check_field);
}

/* --- packing and unpacking --------------------------------------------------- */

struct bench {
	struct arena arena;
	ProtobufCMessage *message;
	struct wire_scan scan;
};

static enum wire_result unpack(
    struct bench *bench, const ProtobufCMessageDescriptor *type, struct slice bytes)
{
	return wire_unpack(&bench->arena, type, bytes, &bench->message, &bench->scan);
}

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	arena_init(&bench->arena, 4096, 8 * 1024 * 1024);
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	arena_deinit(&bench->arena);
	free(bench);
	return 0;
}

static void envelope(Carepace__V1__Up *up)
{
	carepace__v1__up__init(up);
	up->source = BYTES16(source_id);
	up->boot = 7;
	up->seq = 42;
	up->ts_ms = 1772469000000;
	up->mono_ms = 12345;
}

static struct slice pack(struct bench *bench, const void *message)
{
	struct slice bytes;

	assert_int_equal(wire_pack(&bench->arena, message, &bytes), CP_OK);
	return bytes;
}

static struct slice a_session_start(struct bench *bench)
{
	Carepace__V1__Up up;
	Carepace__V1__SessionStart start = CAREPACE__V1__SESSION_START__INIT;

	envelope(&up);
	start.sid = BYTES16(sid);
	start.has_client_token = start.has_operator_token = true;
	start.client_token = start.operator_token = BYTES16(token);
	start.modality = CAREPACE__V1__MODALITY__MODALITY_RF;
	start.has_zones = true;
	start.zones = 1u << CAREPACE__V1__ZONE__CHEEK;
	up.body_case = CAREPACE__V1__UP__BODY_SESSION_START;
	up.session_start = &start;
	return pack(bench, &up);
}

static void a_message_comes_back_as_it_went(void **state)
{
	struct bench *bench = *state;
	struct slice bytes = a_session_start(bench);

	assert_int_equal(unpack(bench, UP, bytes), WIRE_OK);
	const Carepace__V1__Up *up = (const void *)bench->message;
	assert_int_equal(up->seq, 42);
	assert_int_equal(up->ts_ms, 1772469000000);
	assert_int_equal(up->body_case, CAREPACE__V1__UP__BODY_SESSION_START);
	assert_int_equal(up->session_start->zones, 1u << CAREPACE__V1__ZONE__CHEEK);
	assert_int_equal(up->session_start->client_token.len, 16);
	assert_memory_equal(up->session_start->client_token.data, token, 16);
	assert_true(slice_eq(pack(bench, up), bytes));
}

static void packing_into_a_buffer_keeps_its_maximum(void **state)
{
	struct bench *bench = *state;
	struct slice bytes = a_session_start(bench);
	struct buf buf;

	assert_int_equal(unpack(bench, UP, bytes), WIRE_OK);
	buf_init(&buf, bytes.len + 10);
	assert_int_equal(wire_pack_to(&buf, bench->message), CP_OK);
	assert_true(slice_eq(buf_bytes(&buf), bytes));
	assert_int_equal(wire_pack_to(&buf, bench->message), CP_FULL);
	assert_int_equal(buf_bytes(&buf).len, bytes.len);
	buf_deinit(&buf);
}

/* The body that the scan names is where the encoder put it. */
static void the_scan_finds_the_body(void **state)
{
	struct bench *bench = *state;
	struct slice bytes = a_session_start(bench);
	struct wire_scan scan;

	assert_true(wire_scan(UP, bytes, &scan));
	assert_true(scan.has_tokens);
	assert_int_equal(scan.body_field, CAREPACE__V1__UP__BODY_SESSION_START);
	assert_ptr_equal(scan.body.p + scan.body.len, bytes.p + bytes.len);
	assert_int_equal(
	    unpack(bench, &carepace__v1__session_start__descriptor, scan.body), WIRE_OK);
	const Carepace__V1__SessionStart *start = (const void *)bench->message;
	assert_memory_equal(start->sid.data, sid, 16);
}

/* Copied to exact-size memory, so that ASan sees a read past the end. */
static void every_cut_is_refused_or_whole(void **state)
{
	struct bench *bench = *state;
	struct slice bytes = a_session_start(bench);

	for (size_t len = 0; len < bytes.len; len++) {
		uint8_t *cut = malloc(len ? len : 1);
		memcpy(cut, bytes.p, len);
		enum wire_result result = unpack(bench, UP, slice_of(cut, len));
		/* The envelope is complete before the body begins: cut there, it is whole. */
		if (result == WIRE_OK)
			assert_int_equal(((Carepace__V1__Up *)bench->message)->body_case, 0);
		else
			assert_int_equal(result, WIRE_BAD);
		free(cut);
	}
}

/* --- limits ------------------------------------------------------------------- */

static struct slice empty_samples(struct bench *bench, size_t len)
{
	uint8_t *body = arena_zalloc(&bench->arena, len);

	for (size_t i = 0; i + 1 < len; i += 2)
		body[i] = 2 << 3 | 2; /* Samples.sample, length 0 */
	return slice_of(body, len & ~(size_t)1);
}

static void empty_submessages_are_counted_before_they_cost(void **state)
{
	struct bench *bench = *state;
	struct slice bytes = empty_samples(bench, WIRE_MAX_BYTES);
	size_t used = bench->arena.used_bytes;

	assert_int_equal(unpack(bench, &carepace__v1__samples__descriptor, bytes), WIRE_BAD);
	assert_int_equal(bench->scan.bad, WIRE_BAD_FIELDS);
	assert_int_equal(bench->arena.used_bytes, used);

	/* Negative control: protobuf-c itself takes them. */
	bytes.len = WIRE_MAX_BYTES & ~(size_t)1;
	Carepace__V1__Pulses *naive = carepace__v1__pulses__unpack(NULL, bytes.len, bytes.p);
	assert_null(naive); /* only for want of the sid: */
	uint8_t *with_sid = malloc(18 + bytes.len);
	memcpy(with_sid, "\x0a\x10", 2);
	memcpy(with_sid + 2, sid, 16);
	memcpy(with_sid + 18, bytes.p, bytes.len);
	naive = carepace__v1__pulses__unpack(NULL, 18 + bytes.len, with_sid);
	assert_non_null(naive);
	assert_int_equal(naive->n_pulse, bytes.len / 2);
	carepace__v1__pulses__free_unpacked(naive, NULL);
	free(with_sid);
}

/* What the scan lets pass stays below the memory limit of one message. */
static void the_most_fields_fit_into_the_memory(void **state)
{
	struct bench *bench = *state;
	size_t count = WIRE_MAX_FIELDS - 1;
	uint8_t *bytes = arena_alloc(&bench->arena, 18 + 2 * count);

	memcpy(bytes, "\x0a\x10", 2);
	memcpy(bytes + 2, sid, 16);
	memcpy(bytes + 18, empty_samples(bench, 2 * count).p, 2 * count);
	assert_int_equal(
	    unpack(bench, &carepace__v1__pulses__descriptor, slice_of(bytes, 18 + 2 * count)),
	    WIRE_OK);
}

static void a_full_arena_is_not_the_senders_fault(void **state)
{
	struct bench *bench = *state;
	struct slice bytes = a_session_start(bench);
	struct arena tight;
	struct wire_scan scan;
	ProtobufCMessage *message;
	enum wire_result result = WIRE_NOMEM;

	for (size_t max = 0; result == WIRE_NOMEM; max += 16) {
		assert_true(max < 4096);
		arena_init(&tight, 64, max);
		result = wire_unpack(&tight, UP, bytes, &message, &scan);
		arena_deinit(&tight);
	}
	assert_int_equal(result, WIRE_OK);
}

struct refusal {
	const char *bytes;
	size_t len;
	enum wire_bad bad;
};

#define REFUSAL(text, why)                                                                         \
	{                                                                                          \
		text, sizeof(text) - 1, why                                                        \
	}

/* Of Ack: boot = 1, seq = 2 (uint32), code = 3 (enum). */
static const struct refusal refusals[] = {
    REFUSAL("\x08\x01\x10\x01", WIRE_BAD_REQUIRED), REFUSAL("\x08\x01\x10\x01\x18", WIRE_BAD_CUT),
    REFUSAL("\x08\x01\x10\x01\x18\x80", WIRE_BAD_CUT),
    REFUSAL("\x08\x80\x80\x80\x80\x10\x10\x01\x18\x01", WIRE_BAD_VARINT), /* 2^32 */
    REFUSAL("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", WIRE_BAD_VARINT),
    REFUSAL("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", WIRE_BAD_VARINT),
    REFUSAL("\x08\x01\x10\x01\x18\xff\xff\xff\xff\x0f", WIRE_BAD_VARINT), /* enum 2^32-1 */
    REFUSAL("\x08\x01\x10\x01\x08\x02\x18\x01", WIRE_BAD_TWICE),
    REFUSAL("\x00\x01", WIRE_BAD_TAG),                     /* field number 0 */
    REFUSAL("\x0b\x08\x01\x0c", WIRE_BAD_TAG),             /* group */
    REFUSAL("\x0e", WIRE_BAD_TAG),                         /* wire type 6 */
    REFUSAL("\x0d\x01\x00\x00\x00", WIRE_BAD_TAG),         /* uint32 as fixed32 */
    REFUSAL("\x0a\x01\x01\x10\x01\x18\x01", WIRE_BAD_TAG), /* packed, but not repeated */
    REFUSAL("\x80\x80\x80\x80\x10\x01", WIRE_BAD_TAG),     /* field number 2^29 */
    REFUSAL("\x52\x05xxxx", WIRE_BAD_CUT),                 /* unknown field, cut */
};

static void malformed_bytes_are_refused_with_their_reason(void **state)
{
	struct bench *bench = *state;

	for (size_t i = 0; i < CP_COUNT(refusals); i++) {
		struct slice bytes = slice_of(refusals[i].bytes, refusals[i].len);
		assert_int_equal(unpack(bench, &carepace__v1__ack__descriptor, bytes), WIRE_BAD);
		assert_int_equal(bench->scan.bad, refusals[i].bad);
		assert_true(strlen(wire_bad_text(bench->scan.bad)) > 0);
	}
	/* The same message in order, and with a negative enum, which is the reader's affair. */
	assert_int_equal(
	    unpack(bench, &carepace__v1__ack__descriptor, slice_str("\x08\x01\x10\x01\x18\x01")),
	    WIRE_OK);
	assert_int_equal(
	    unpack(bench, &carepace__v1__ack__descriptor,
	        slice_str("\x08\x01\x10\x01\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")),
	    WIRE_OK);
}

static void a_second_body_is_refused(void **state)
{
	struct bench *bench = *state;
	struct slice bytes = a_session_start(bench);
	uint8_t *twice = arena_alloc(&bench->arena, bytes.len + 3);

	memcpy(twice, bytes.p, bytes.len);
	memcpy(twice + bytes.len, "\x8a\x01\x00", 3); /* field 17, heartbeat, empty */
	assert_int_equal(unpack(bench, UP, slice_of(twice, bytes.len + 3)), WIRE_BAD);
	assert_int_equal(bench->scan.bad, WIRE_BAD_TWICE);
}

static void packed_and_single_numbers_are_both_read(void **state)
{
	struct bench *bench = *state;
	/* Cert: operator_token = 1, repeated model = 2, valid_through_date = 3 */
	static const char cert[] = "\x0a\x10SECRETSECRET-TOK\x12\x03\x01\x02\x03\x10\x04\x18\x01";

	assert_int_equal(unpack(bench, &carepace__v1__cert__descriptor, slice_str(cert)), WIRE_OK);
	const Carepace__V1__Cert *read = (const void *)bench->message;
	assert_int_equal(read->n_model, 4);
	assert_int_equal(read->model[3], 4);
	/* An element of 33 bits in the packed list. */
	static const char wide[] = "\x12\x05\x80\x80\x80\x80\x10";
	assert_int_equal(unpack(bench, &carepace__v1__cert__descriptor, slice_str(wide)), WIRE_BAD);
	assert_int_equal(bench->scan.bad, WIRE_BAD_VARINT);
}

static void too_long_is_refused_unread(void **state)
{
	struct bench *bench = *state;
	uint8_t *bytes = arena_zalloc(&bench->arena, WIRE_MAX_BYTES + 1);

	assert_int_equal(unpack(bench, UP, slice_of(bytes, WIRE_MAX_BYTES + 1)), WIRE_BAD);
	assert_int_equal(bench->scan.bad, WIRE_BAD_SIZE);
}

static void a_nul_in_a_string_is_seen(void **state)
{
	struct bench *bench = *state;

	/* Cartridge.lot = 2 */
	assert_int_equal(unpack(bench, &carepace__v1__cartridge__descriptor,
	                     slice_of("\x12\x03\x41\x00\x42", 5)),
	    WIRE_OK);
	assert_true(bench->scan.has_nul);
	assert_false(bench->scan.has_tokens);
	assert_int_equal(unpack(bench, &carepace__v1__cartridge__descriptor,
	                     slice_of("\x12\x03\x41\x42\x43", 5)),
	    WIRE_OK);
	assert_false(bench->scan.has_nul);
}

/* --- tokens ------------------------------------------------------------------- */

static bool holds(struct slice bytes, const uint8_t *needle, size_t len)
{
	return memmem(bytes.p, bytes.len, needle, len) != NULL;
}

/* In the envelope's body, in a message within the body, and standing twice. */
static void tokens_are_blanked_wherever_they_stand(void **state)
{
	struct bench *bench = *state;
	Carepace__V1__Report report = CAREPACE__V1__REPORT__INIT;
	Carepace__V1__SessionSummary summary = CAREPACE__V1__SESSION_SUMMARY__INIT;
	Carepace__V1__SessionEnd end = CAREPACE__V1__SESSION_END__INIT;
	char key[] = "k";

	end.sid = BYTES16(sid);
	end.reason = CAREPACE__V1__END_REASON__END_COMPLETED;
	summary.end = &end;
	summary.has_client_token = summary.has_operator_token = true;
	summary.client_token = summary.operator_token = BYTES16(token);
	report.key = key;
	report.body_case = CAREPACE__V1__REPORT__BODY_SESSION_SUMMARY;
	report.session_summary = &summary;

	struct slice bytes = pack(bench, &report);
	uint8_t *copy = arena_alloc(&bench->arena, bytes.len);
	memcpy(copy, bytes.p, bytes.len);
	assert_true(holds(bytes, token, sizeof(token)));
	wire_blank_tokens(&carepace__v1__report__descriptor, copy, bytes.len);
	assert_false(holds(slice_of(copy, bytes.len), token, sizeof(token)));
	assert_true(holds(slice_of(copy, bytes.len), sid, sizeof(sid)));

	assert_int_equal(
	    unpack(bench, &carepace__v1__report__descriptor, slice_of(copy, bytes.len)), WIRE_OK);
	const Carepace__V1__SessionSummary *read =
	    ((Carepace__V1__Report *)bench->message)->session_summary;
	assert_int_equal(read->client_token.len, 16);
	assert_memory_equal(read->client_token.data, zero_id, 16);
	assert_memory_equal(read->operator_token.data, zero_id, 16);

	wire_fill_tokens(
	    &carepace__v1__report__descriptor, copy, bytes.len, slice_of(token, sizeof(token)));
	assert_memory_equal(copy, bytes.p, bytes.len);

	/* A field that may stand once, standing three times: refused by the scan, and
	 * still nothing of it is left. */
	uint8_t thrice[3 * 18];
	for (size_t i = 0; i < 3; i++) {
		memcpy(thrice + 18 * i, "\x12\x10", 2); /* SessionStart.client_token */
		memcpy(thrice + 18 * i + 2, token, 16);
	}
	wire_blank_tokens(&carepace__v1__session_start__descriptor, thrice, sizeof(thrice));
	assert_false(holds(slice_of(thrice, sizeof(thrice)), (const uint8_t *)"SECRET", 6));
}

static void put_message(uint8_t *at, uint32_t number, uint8_t len)
{
	at[0] = (uint8_t)(number << 3 | 2);
	at[1] = len;
}

/* A descriptor of our own: a token five messages down, in a list. */
static void depth_does_not_hide_a_token(void **state)
{
	ProtobufCFieldDescriptor fields[6] = {0};
	ProtobufCMessageDescriptor types[6] = {0};
	ProtobufCIntRange ranges[2] = {{1, 0}, {0, 1}};
	uint8_t bytes[5 * 2 + 18];

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		bool is_leaf = i == 5;
		fields[i] = (ProtobufCFieldDescriptor){.name = is_leaf ? "client_token" : "inner",
		    .id = 1,
		    .label = PROTOBUF_C_LABEL_REPEATED,
		    .type = is_leaf ? PROTOBUF_C_TYPE_BYTES : PROTOBUF_C_TYPE_MESSAGE,
		    .descriptor = is_leaf ? NULL : &types[i + 1]};
		types[i] = (ProtobufCMessageDescriptor){.n_fields = 1,
		    .fields = &fields[i],
		    .n_field_ranges = 1,
		    .field_ranges = ranges};
		put_message(bytes + 2 * i, 1, (uint8_t)(sizeof(bytes) - 2 * (i + 1)));
	}
	memcpy(bytes + 12, token, 16);

	struct wire_scan scan;
	assert_true(wire_scan(&types[0], slice_of(bytes, sizeof(bytes)), &scan));
	wire_blank_tokens(&types[0], bytes, sizeof(bytes));
	assert_memory_equal(bytes + 12, zero_id, 16);

	/* One level more than the limit. */
	fields[5] = (ProtobufCFieldDescriptor){.name = "inner",
	    .id = 1,
	    .label = PROTOBUF_C_LABEL_REPEATED,
	    .type = PROTOBUF_C_TYPE_MESSAGE,
	    .descriptor = &types[0]};
	assert_false(wire_scan(&types[0], slice_of(bytes, sizeof(bytes)), &scan));
	assert_int_equal(scan.bad, WIRE_BAD_DEPTH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_message_contains_itself),
	    cmocka_unit_test(a_ring_of_messages_is_found),
	    cmocka_unit_test(every_field_keeps_the_rules),
	    cmocka_unit_test_setup_teardown(a_message_comes_back_as_it_went, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
	        packing_into_a_buffer_keeps_its_maximum, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(the_scan_finds_the_body, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(every_cut_is_refused_or_whole, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
	        empty_submessages_are_counted_before_they_cost, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(the_most_fields_fit_into_the_memory, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
	        a_full_arena_is_not_the_senders_fault, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
	        malformed_bytes_are_refused_with_their_reason, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_second_body_is_refused, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
	        packed_and_single_numbers_are_both_read, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(too_long_is_refused_unread, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_nul_in_a_string_is_seen, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
	        tokens_are_blanked_wherever_they_stand, set_up, tear_down),
	    cmocka_unit_test(depth_does_not_hide_a_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
