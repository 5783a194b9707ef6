/* The gate: what becomes a reading, what is parked, what is refused. */
#include "care/range_rules.h"
#include "care/reading.h"
#include "wire/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static struct id device = {.b = "device-device-16"};
static struct id sid = {.b = "session-session1"};
static struct id client = {.b = "CLIENT-SECRET-01"};
static struct id operator_id = {.b = "OPERATOR-SECRET1"};
static struct id nobody;

#define TS INT64_C(1772469000000)

static ProtobufCBinaryData bytes_of(struct id *id)
{
	return (ProtobufCBinaryData){.len = ID_BYTES, .data = id->b};
}

struct bench {
	struct arena arena;
	struct reading reading;
	const char *why;
	Carepace__V1__Up up;
	Carepace__V1__SessionStart start;
	Carepace__V1__Order order;
	Carepace__V1__Plan plan;
};

static char plan_key[] = "plan:9";

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	arena_init(&bench->arena, 4096, 4 * 1024 * 1024);

	carepace__v1__up__init(&bench->up);
	bench->up.source = bytes_of(&device);
	bench->up.boot = 3;
	bench->up.seq = 17;
	bench->up.ts_ms = TS;
	bench->up.mono_ms = 5000;

	carepace__v1__session_start__init(&bench->start);
	bench->start.sid = bytes_of(&sid);
	bench->start.has_client_token = bench->start.has_operator_token = true;
	bench->start.client_token = bytes_of(&client);
	bench->start.operator_token = bytes_of(&operator_id);
	bench->start.modality = CAREPACE__V1__MODALITY__MODALITY_PEN;
	bench->up.body_case = CAREPACE__V1__UP__BODY_SESSION_START;
	bench->up.session_start = &bench->start;

	carepace__v1__plan__init(&bench->plan);
	bench->plan.course = 9;
	bench->plan.client_token = bytes_of(&client);
	bench->plan.band = CAREPACE__V1__BAND__BAND_MILD;
	bench->plan.state = CAREPACE__V1__PLAN_STATE__PLAN_ACTIVE;
	carepace__v1__order__init(&bench->order);
	bench->order.hq_epoch = 4;
	bench->order.n = 12;
	bench->order.ts_ms = TS;
	bench->order.key = plan_key;
	bench->order.revision = 2;
	bench->order.body_case = CAREPACE__V1__ORDER__BODY_PLAN;
	bench->order.plan = &bench->plan;

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

static struct slice pack(struct bench *bench, const void *message)
{
	struct slice bytes;

	assert_int_equal(wire_pack(&bench->arena, message, &bytes), CP_OK);
	return bytes;
}

static enum reading_result parse_bytes(struct bench *bench, struct slice payload, bool is_tablet)
{
	return reading_parse(
	    &bench->arena, payload, &device, is_tablet, &bench->reading, &bench->why);
}

static enum reading_result parse(struct bench *bench)
{
	return parse_bytes(bench, pack(bench, &bench->up), false);
}

static enum reading_result parse_order(struct bench *bench)
{
	return reading_parse_order(
	    &bench->arena, pack(bench, &bench->order), &bench->reading, &bench->why);
}

static bool holds(struct slice bytes, const struct id *id)
{
	return memmem(bytes.p, bytes.len, id->b, ID_BYTES) != NULL;
}

/* --- what a reading says ------------------------------------------------------ */

static void a_session_start_becomes_a_reading(void **state)
{
	struct bench *bench = *state;
	const struct reading *reading = &bench->reading;

	bench->up.has_replay = bench->up.replay = true;
	assert_int_equal(parse(bench), READING_OK);
	assert_null(bench->why);
	assert_true(id_eq(&reading->source, &device));
	assert_int_equal(reading->boot, 3);
	assert_int_equal(reading->seq, 17);
	assert_int_equal(reading->ts, TS);
	assert_int_equal(reading->mono_ms, 5000);
	assert_true(reading->is_replay);
	assert_false(reading->is_test);
	assert_int_equal(reading->kind, READING_SESSION_START);
	assert_true(id_eq(&reading->sid, &sid));
	assert_true(id_eq(&reading->client, &client));
	assert_true(id_eq(&operator_id, &reading->operator));
	assert_null(reading->order);
	assert_int_equal(
	    reading->up->session_start->modality, CAREPACE__V1__MODALITY__MODALITY_PEN);
}

static void the_payload_to_keep_has_no_token(void **state)
{
	struct bench *bench = *state;
	struct slice raw = pack(bench, &bench->up);

	assert_true(holds(raw, &client));
	assert_int_equal(parse_bytes(bench, raw, false), READING_OK);
	assert_int_equal(bench->reading.payload.len, raw.len);
	assert_false(holds(bench->reading.payload, &client));
	assert_false(holds(bench->reading.payload, &operator_id));
	assert_true(holds(bench->reading.payload, &sid));
	assert_true(holds(raw, &client)); /* the caller's bytes are untouched */

	struct reading again;
	assert_int_equal(
	    reading_from_journal(&bench->arena, bench->reading.payload, false, &again), READING_OK);
	assert_int_equal(again.kind, READING_SESSION_START);
	assert_int_equal(again.seq, 17);
	assert_true(id_eq(&again.sid, &sid));
	assert_true(id_is_zero(&again.client));
	assert_true(id_is_zero(&again.operator));
}

static void by_token_is_the_operator(void **state)
{
	struct bench *bench = *state;
	Carepace__V1__Correction correction = CAREPACE__V1__CORRECTION__INIT;

	correction.kind = CAREPACE__V1__CORRECTION_KIND__CORRECTION_REASSIGN_CLIENT;
	correction.has_sid = correction.has_new_client_token = true;
	correction.sid = bytes_of(&sid);
	correction.new_client_token = bytes_of(&client);
	correction.by_token = bytes_of(&operator_id);
	bench->up.body_case = CAREPACE__V1__UP__BODY_CORRECTION;
	bench->up.correction = &correction;

	assert_int_equal(parse_bytes(bench, pack(bench, &bench->up), true), READING_OK);
	assert_true(id_eq(&bench->reading.new_client, &client));
	assert_true(id_eq(&operator_id, &bench->reading.operator));
	assert_true(id_is_zero(&bench->reading.client));
	assert_true(id_eq(&bench->reading.sid, &sid));
	assert_false(holds(bench->reading.payload, &client));
}

static void an_order_becomes_a_reading(void **state)
{
	struct bench *bench = *state;
	const struct reading *reading = &bench->reading;

	assert_int_equal(parse_order(bench), READING_OK);
	assert_true(id_eq(&reading->source, &reading_head_office));
	assert_int_equal(reading->boot, 4);
	assert_int_equal(reading->seq, 12);
	assert_int_equal(reading->kind, READING_PLAN);
	assert_true(id_eq(&reading->client, &client));
	assert_int_equal(reading->order->plan->course, 9);
	assert_null(reading->up);
	assert_false(holds(reading->payload, &client));

	struct slice kept = reading->payload;
	assert_int_equal(
	    reading_from_journal(&bench->arena, kept, true, &bench->reading), READING_OK);
	assert_int_equal(reading->kind, READING_PLAN);
	assert_int_equal(reading->order->revision, 2);
	/* A device's row is no order's. */
	assert_int_equal(
	    reading_from_journal(&bench->arena, kept, false, &bench->reading), READING_PARKED);
}

/* --- identity of content (P2) --------------------------------------------------- */

static void keep_hash(struct bench *bench, uint8_t hash[READING_HASH_BYTES])
{
	assert_int_equal(parse(bench), READING_OK);
	memcpy(hash, bench->reading.hash, READING_HASH_BYTES);
}

static void a_second_delivery_has_the_same_hash(void **state)
{
	struct bench *bench = *state;
	uint8_t first[READING_HASH_BYTES], again[READING_HASH_BYTES];

	keep_hash(bench, first);
	bench->up.has_sent_mono_ms = true;
	bench->up.sent_mono_ms = 99000;
	bench->up.has_replay = bench->up.replay = true;
	keep_hash(bench, again);
	assert_memory_equal(first, again, READING_HASH_BYTES);
}

static void another_content_has_another_hash(void **state)
{
	struct bench *bench = *state;
	uint8_t hashes[6][READING_HASH_BYTES];
	struct id other = {.b = "CLIENT-SECRET-02"};

	keep_hash(bench, hashes[0]);
	bench->up.ts_ms++;
	keep_hash(bench, hashes[1]);
	bench->up.mono_ms++;
	keep_hash(bench, hashes[2]);
	bench->up.has_test = bench->up.test = true;
	keep_hash(bench, hashes[3]);
	bench->start.client_token = bytes_of(&other); /* differs in the token only */
	keep_hash(bench, hashes[4]);
	bench->start.modality = CAREPACE__V1__MODALITY__MODALITY_RF;
	keep_hash(bench, hashes[5]);
	for (size_t i = 0; i < CP_COUNT(hashes); i++) {
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(hashes[i], hashes[j], READING_HASH_BYTES);
	}
}

/* The same content under another type is another reading. */
static void the_type_is_part_of_the_hash(void **state)
{
	struct bench *bench = *state;
	Carepace__V1__SessionPause pause = CAREPACE__V1__SESSION_PAUSE__INIT;
	uint8_t paused[READING_HASH_BYTES], resumed[READING_HASH_BYTES];

	pause.sid = bytes_of(&sid);
	bench->up.body_case = CAREPACE__V1__UP__BODY_SESSION_PAUSE;
	bench->up.session_pause = &pause;
	keep_hash(bench, paused);
	bench->up.body_case = CAREPACE__V1__UP__BODY_SESSION_RESUME;
	keep_hash(bench, resumed);
	assert_memory_not_equal(paused, resumed, READING_HASH_BYTES);
}

/* --- who may say what (P7) -------------------------------------------------------- */

static void another_source_is_foreign(void **state)
{
	struct bench *bench = *state;
	struct id other = {.b = "another-device-1"};

	bench->up.source = bytes_of(&other);
	assert_int_equal(parse(bench), READING_FOREIGN);
	assert_int_equal(bench->reading.seq, 17);
	assert_null(bench->reading.up);
	assert_null(bench->reading.payload.p);
	bench->up.source.len = 15;
	bench->up.source.data = device.b;
	assert_int_equal(parse(bench), READING_FOREIGN);
	assert_true(id_is_zero(&bench->reading.source));
}

static void tablet_messages_come_from_tablets_only(void **state)
{
	struct bench *bench = *state;
	Carepace__V1__AckAlert ack = CAREPACE__V1__ACK_ALERT__INIT;

	ack.alert_id = bytes_of(&sid);
	ack.by_token = bytes_of(&operator_id);
	bench->up.body_case = CAREPACE__V1__UP__BODY_ACK_ALERT;
	bench->up.ack_alert = &ack;
	assert_int_equal(parse(bench), READING_FOREIGN);
	assert_string_equal(bench->why, "only a tablet may send this");
	assert_int_equal(parse_bytes(bench, pack(bench, &bench->up), true), READING_OK);
	assert_true(id_eq(&operator_id, &bench->reading.operator));
}

/* --- parked (P8) ---------------------------------------------------------------------- */

static void garbage_is_parked_as_it_came(void **state)
{
	struct bench *bench = *state;
	struct slice garbage = slice_str("\xff\xfe not protobuf");

	assert_int_equal(parse_bytes(bench, garbage, false), READING_PARKED);
	assert_true(slice_eq(bench->reading.payload, garbage));
	assert_int_equal(bench->reading.kind, READING_UNKNOWN);
	assert_true(id_is_zero(&bench->reading.source));
	assert_non_null(bench->why);
	assert_int_equal(parse_bytes(bench, slice_of(NULL, 0), false), READING_PARKED);
}

static void an_unknown_type_is_parked_with_its_name(void **state)
{
	struct bench *bench = *state;

	bench->up.body_case = CAREPACE__V1__UP__BODY__NOT_SET;
	struct slice head = pack(bench, &bench->up);
	uint8_t *bytes = arena_alloc(&bench->arena, head.len + 4);
	memcpy(bytes, head.p, head.len);
	memcpy(bytes + head.len, "\xa2\x06\x01\x41", 4); /* field 100, one byte */
	struct slice payload = slice_of(bytes, head.len + 4);

	assert_int_equal(parse_bytes(bench, payload, false), READING_PARKED);
	assert_int_equal(bench->reading.seq, 17);
	assert_true(slice_eq(bench->reading.payload, payload));
	assert_int_equal(
	    reading_from_journal(&bench->arena, payload, false, &bench->reading), READING_PARKED);
}

static void an_unknown_enum_value_is_parked(void **state)
{
	struct bench *bench = *state;
	const int values[] = {77, -1};

	for (size_t i = 0; i < CP_COUNT(values); i++) {
		bench->start.modality = (Carepace__V1__Modality)values[i];
		struct slice raw = pack(bench, &bench->up);
		assert_int_equal(parse_bytes(bench, raw, false), READING_PARKED);
		assert_string_equal(bench->why, "SessionStart.modality");
		assert_true(slice_eq(bench->reading.payload, raw)); /* to be read again */
		assert_null(bench->reading.up);
	}
}

static void an_id_that_names_nothing_is_parked(void **state)
{
	struct bench *bench = *state;

	bench->start.sid = bytes_of(&nobody);
	assert_int_equal(parse(bench), READING_PARKED);
	bench->start.sid = bytes_of(&sid);
	bench->start.sid.len = 5;
	assert_int_equal(parse(bench), READING_PARKED);
	assert_string_equal(bench->why, "SessionStart.sid");
	bench->start.sid.len = 16;
	bench->up.seq = 0;
	assert_int_equal(parse(bench), READING_PARKED);

	/* Absent people are no fault, and a stop outside a session is none. */
	bench->up.seq = 1;
	bench->start.client_token = bytes_of(&nobody);
	bench->start.operator_token.len = 0;
	assert_int_equal(parse(bench), READING_OK);
	assert_true(id_is_zero(&bench->reading.client));
	Carepace__V1__Estop stop = CAREPACE__V1__ESTOP__INIT;
	stop.sid = bytes_of(&nobody);
	bench->up.body_case = CAREPACE__V1__UP__BODY_ESTOP;
	bench->up.estop = &stop;
	assert_int_equal(parse(bench), READING_OK);
}

/* Exact-size copies: ASan sees a read past the end. */
static void every_cut_has_an_answer(void **state)
{
	struct bench *bench = *state;
	struct slice whole = pack(bench, &bench->up);

	for (size_t len = 0; len < whole.len; len++) {
		uint8_t *cut = malloc(len ? len : 1);
		memcpy(cut, whole.p, len);
		assert_int_equal(parse_bytes(bench, slice_of(cut, len), false), READING_PARKED);
		assert_non_null(bench->why);
		free(cut);
	}
}

/* --- privacy (P10) -------------------------------------------------------------------- */

static void hello(struct bench *bench, Carepace__V1__Hello *out)
{
	carepace__v1__hello__init(out);
	out->kind = CAREPACE__V1__DEVICE_KIND__DEVICE_PEN;
	out->context = CAREPACE__V1__CONTEXT__CONTEXT_CLINIC;
	bench->up.body_case = CAREPACE__V1__UP__BODY_HELLO;
	bench->up.hello = out;
}

static void strings_keep_to_their_alphabets(void **state)
{
	struct bench *bench = *state;
	Carepace__V1__Hello body;
	const struct {
		const char *serial;
		const char *site;
		enum reading_result result;
	} cases[] = {
	    {"SN-1/2.3", "berlin-1", READING_OK}, {"ABCDEFGHIJ0123456789", "a", READING_OK},
	    {"ABCDEFGHIJ0123456789X", NULL, READING_PRIVACY},
	    {"Anna Example", NULL, READING_PRIVACY}, {"anna", NULL, READING_PRIVACY},
	    {"\xc3\x84RZTIN", NULL, READING_PRIVACY},
	    {"\xff\xfe", NULL, READING_PRIVACY}, /* not UTF-8 */
	    {"", NULL, READING_RANGE}, {NULL, "berlin mitte", READING_PRIVACY},
	    {NULL, "abcdefghijklmnopqrstuvwxyz-01234567", READING_PRIVACY},
	    {NULL, "BERLIN", READING_RANGE}, /* would be a code elsewhere */
	};

	hello(bench, &body);
	for (size_t i = 0; i < CP_COUNT(cases); i++) {
		char serial[40], site[40];
		body.serial = body.site = NULL;
		if (cases[i].serial)
			body.serial = strncpy(serial, cases[i].serial, sizeof(serial));
		if (cases[i].site)
			body.site = strncpy(site, cases[i].site, sizeof(site));
		assert_int_equal(parse(bench), cases[i].result);
		if (cases[i].result != READING_PRIVACY)
			continue;
		assert_null(bench->reading.payload.p);
		assert_null(bench->reading.up);
		assert_int_equal(bench->reading.seq, 17); /* so that it can be answered */
	}
}

static void a_nul_hides_nothing(void **state)
{
	struct bench *bench = *state;
	Carepace__V1__Hello body;
	char serial[] = "SN-XANNA";

	hello(bench, &body);
	body.serial = serial;
	struct slice raw = pack(bench, &bench->up);
	uint8_t *bytes = arena_alloc(&bench->arena, raw.len);
	memcpy(bytes, raw.p, raw.len);
	uint8_t *x = memmem(bytes, raw.len, serial, strlen(serial));
	x[3] = '\0';
	assert_int_equal(parse_bytes(bench, slice_of(bytes, raw.len), false), READING_PRIVACY);
}

static void a_token_of_another_length_may_be_a_name(void **state)
{
	struct bench *bench = *state;

	bench->start.client_token.len = 11;
	assert_int_equal(parse(bench), READING_PRIVACY);
	assert_string_equal(bench->why, "SessionStart.client_token");
	/* Privacy outweighs what would only be parked: nothing is kept. */
	bench->start.modality = (Carepace__V1__Modality)77;
	assert_int_equal(parse(bench), READING_PRIVACY);
	assert_null(bench->reading.payload.p);
}

/* --- ranges --------------------------------------------------------------------------- */

static void a_withheld_value_is_kept_but_not_seen(void **state)
{
	struct bench *bench = *state;

	bench->start.has_preset_depth_um = true;
	bench->start.preset_depth_um = 8001;
	struct slice raw = pack(bench, &bench->up);
	assert_int_equal(parse_bytes(bench, raw, false), READING_RANGE);
	assert_string_equal(bench->why, "SessionStart.preset_depth_um");
	assert_int_equal(bench->reading.payload.len, raw.len);
	assert_true(id_eq(&bench->reading.sid, &sid));
	assert_false(bench->reading.up->session_start->has_preset_depth_um);

	/* The recount sees what the first judgement saw. */
	struct slice kept = bench->reading.payload;
	assert_int_equal(
	    reading_from_journal(&bench->arena, kept, false, &bench->reading), READING_OK);
	assert_false(bench->reading.up->session_start->has_preset_depth_um);
}

static void a_required_value_cannot_be_withheld(void **state)
{
	struct bench *bench = *state;
	Carepace__V1__Fault fault = CAREPACE__V1__FAULT__INIT;

	fault.code = 65536;
	bench->up.body_case = CAREPACE__V1__UP__BODY_FAULT;
	bench->up.fault = &fault;
	assert_int_equal(parse(bench), READING_PARKED);
	fault.code = 65535;
	assert_int_equal(parse(bench), READING_OK);
}

static void a_mad_clock_is_clamped(void **state)
{
	struct bench *bench = *state;

	bench->up.ts_ms = 0; /* a clock that lost its time: R18's affair */
	assert_int_equal(parse(bench), READING_OK);
	bench->up.ts_ms = INT64_MAX;
	assert_int_equal(parse(bench), READING_RANGE);
	assert_int_equal(bench->reading.ts, RANGE_TS_MAX);
	bench->up.ts_ms = -1;
	assert_int_equal(parse(bench), READING_RANGE);
	assert_int_equal(bench->reading.ts, 0);
}

static void ids_of_head_office_use_all_64_bits(void **state)
{
	struct bench *bench = *state;
	char spaced[] = "a key";

	bench->plan.course = UINT64_MAX;
	assert_int_equal(parse_order(bench), READING_OK);
	bench->plan.course = 0;
	assert_int_equal(parse_order(bench), READING_PARKED);
	bench->plan.course = 1;
	bench->order.key = spaced;
	assert_int_equal(parse_order(bench), READING_PRIVACY);
}

/* --- the rest --------------------------------------------------------------------------- */

static void a_full_arena_says_so_at_every_step(void **state)
{
	struct bench *bench = *state;
	struct slice raw = pack(bench, &bench->up);
	enum reading_result result = READING_NOMEM;
	size_t max;

	for (max = 0; result == READING_NOMEM; max += 16) {
		struct arena tight;
		arena_init(&tight, 64, max);
		result = reading_parse(&tight, raw, &device, false, &bench->reading, &bench->why);
		arena_deinit(&tight);
		assert_true(max < 8192);
	}
	assert_int_equal(result, READING_OK);
	assert_true(max > 64);
}

static void kinds_have_names(void **state)
{
	(void)state;
	assert_string_equal(reading_kind_name(READING_SESSION_START), "session_start");
	assert_string_equal(reading_kind_name(READING_PLAN), "plan");
	assert_string_equal(reading_kind_name(READING_ORDER_RECEIPT), "receipt");
	assert_string_equal(reading_kind_name(READING_UNKNOWN), "unknown");
	assert_string_equal(reading_kind_name((enum reading_kind)3), "unknown"); /* Up.seq */
	assert_string_equal(reading_kind_name((enum reading_kind)200), "unknown");
	assert_true(reading_is_stream(READING_SAMPLES));
	assert_false(reading_is_stream(READING_SESSION_END));
	assert_true(reading_is_urgent(READING_ESTOP));
	assert_false(reading_is_urgent(READING_HELLO));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_session_start_becomes_a_reading),
	    TEST(the_payload_to_keep_has_no_token),
	    TEST(by_token_is_the_operator),
	    TEST(an_order_becomes_a_reading),
	    TEST(a_second_delivery_has_the_same_hash),
	    TEST(another_content_has_another_hash),
	    TEST(the_type_is_part_of_the_hash),
	    TEST(another_source_is_foreign),
	    TEST(tablet_messages_come_from_tablets_only),
	    TEST(garbage_is_parked_as_it_came),
	    TEST(an_unknown_type_is_parked_with_its_name),
	    TEST(an_unknown_enum_value_is_parked),
	    TEST(an_id_that_names_nothing_is_parked),
	    TEST(every_cut_has_an_answer),
	    TEST(strings_keep_to_their_alphabets),
	    TEST(a_nul_hides_nothing),
	    TEST(a_token_of_another_length_may_be_a_name),
	    TEST(a_withheld_value_is_kept_but_not_seen),
	    TEST(a_required_value_cannot_be_withheld),
	    TEST(a_mad_clock_is_clamped),
	    TEST(ids_of_head_office_use_all_64_bits),
	    TEST(a_full_arena_says_so_at_every_step),
	    TEST(kinds_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
