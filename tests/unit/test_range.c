/* Ranges: exactly on the limit is fine, one beyond is withheld. */
#include "care/range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static struct id sid = {.b = "session-session1"};

static ProtobufCBinaryData bytes_of(struct id *id)
{
	return (ProtobufCBinaryData){.len = ID_BYTES, .data = id->b};
}

static int set_up(void **state)
{
	struct arena *arena = calloc(1, sizeof(*arena));

	arena_init(arena, 4096, 1024 * 1024);
	*state = arena;
	return 0;
}

static int tear_down(void **state)
{
	arena_deinit(*state);
	free(*state);
	return 0;
}

struct edge {
	const ProtobufCMessageDescriptor *message;
	const char *field;
	int64_t min;
	int64_t max;
};

/* From domain 9.1, typed anew: the table under test is not consulted. */
static const struct edge edges[] = {
    {&carepace__v1__heartbeat__descriptor, "case_temp_cdegc", -1000, 9000},
    {&carepace__v1__session_start__descriptor, "preset_depth_um", 0, 8000},
    {&carepace__v1__session_start__descriptor, "preset_rate_dhz", 0, 3000},
    {&carepace__v1__session_start__descriptor, "fitzpatrick", 0, 6},
    {&carepace__v1__session_start__descriptor, "zones", 0, 0x7FFFF},
    {&carepace__v1__session_start__descriptor, "screening", 0, 255},
    {&carepace__v1__cart_mount__descriptor, "slot", 0, 255},
    {&carepace__v1__cart_mount__descriptor, "model", 0, 65535},
    {&carepace__v1__cart_mount__descriptor, "pins", 1, 600},
    {&carepace__v1__param__descriptor, "depth_um", 0, 8000},
    {&carepace__v1__param__descriptor, "rate_dhz", 0, 3000},
    {&carepace__v1__param__descriptor, "freq_khz", 0, 10000},
    {&carepace__v1__param__descriptor, "power_mw", 0, 200000},
    {&carepace__v1__param__descriptor, "energy_uj", 0, 60000000},
    {&carepace__v1__param__descriptor, "pulse_us", 100, 10000000},
    {&carepace__v1__sample__descriptor, "depth_um", 0, 8000},
    {&carepace__v1__sample__descriptor, "rate_dhz", 0, 3000},
    {&carepace__v1__sample__descriptor, "active_ms", 0, 1000},
    {&carepace__v1__sample__descriptor, "skin_temp_cdegc", 1000, 6000},
    {&carepace__v1__sample__descriptor, "needle_temp_cdegc", 0, 12000},
    {&carepace__v1__sample__descriptor, "cool_temp_cdegc", -1000, 5000},
    {&carepace__v1__sample__descriptor, "battery_pct", 0, 100},
    {&carepace__v1__pulse__descriptor, "site", 0, 65535},
    {&carepace__v1__pulse__descriptor, "energy_uj", 0, 60000000},
    {&carepace__v1__pulse__descriptor, "power_mw", 0, 200000},
    {&carepace__v1__pulse__descriptor, "duration_us", 100, 10000000},
    {&carepace__v1__pulse__descriptor, "impedance_ohm", 0, 10000},
    {&carepace__v1__pulse__descriptor, "peak_temp_cdegc", 0, 12000},
    {&carepace__v1__session_end__descriptor, "contact_faults", 0, 65535},
    {&carepace__v1__session_end__descriptor, "max_skin_temp_cdegc", 1000, 6000},
    {&carepace__v1__session_end__descriptor, "end_ts_ms", 0, 4102444800000},
    {&carepace__v1__adverse_event__descriptor, "grade", 1, 5},
    {&carepace__v1__adverse_event__descriptor, "aware_ts_ms", 0, 4102444800000},
    {&carepace__v1__assessment__descriptor, "score", 0, 255},
    {&carepace__v1__roller_use__descriptor, "needle_um", 0, 8000},
    {&carepace__v1__plan__descriptor, "min_days", 0, 3650},
    {&carepace__v1__plan__descriptor, "modalities", 0, 63},
};

/* A message of this type whose required ids are there. */
static ProtobufCMessage *blank_message(struct arena *arena, const ProtobufCMessageDescriptor *type)
{
	ProtobufCMessage *message = arena_zalloc(arena, type->sizeof_message);

	type->message_init(message);
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		void *at = (uint8_t *)message + field->offset;
		if (field->label != PROTOBUF_C_LABEL_REQUIRED)
			continue;
		if (field->type == PROTOBUF_C_TYPE_BYTES)
			*(ProtobufCBinaryData *)at = bytes_of(&sid);
		else if (field->type == PROTOBUF_C_TYPE_MESSAGE)
			*(ProtobufCMessage **)at = blank_message(arena, field->descriptor);
		else if (field->type == PROTOBUF_C_TYPE_UINT64)
			*(uint64_t *)at = 1;
	}
	return message;
}

static const ProtobufCFieldDescriptor *field_named(
    const ProtobufCMessageDescriptor *type, const char *name)
{
	const ProtobufCFieldDescriptor *field =
	    protobuf_c_message_descriptor_get_field_by_name(type, name);

	assert_non_null(field);
	return field;
}

static enum reading_result judge_value(struct arena *arena, const struct edge *edge, int64_t value)
{
	const ProtobufCFieldDescriptor *field = field_named(edge->message, edge->field);
	ProtobufCMessage *message = blank_message(arena, edge->message);
	void *at = (uint8_t *)message + field->offset;
	protobuf_c_boolean *has =
	    (protobuf_c_boolean *)((uint8_t *)message + field->quantifier_offset);

	*has = true;
	if (field->type == PROTOBUF_C_TYPE_INT64)
		*(int64_t *)at = value;
	else
		*(uint32_t *)at = (uint32_t)value;
	struct range_fault fault = range_check(message);
	if (fault.result == READING_OK) {
		assert_true(*has);
	} else {
		assert_false(*has); /* withheld */
		assert_ptr_equal(fault.field, field);
		assert_int_equal(*(uint32_t *)at, 0);
	}
	return fault.result;
}

static void exactly_on_the_limit_is_fine(void **state)
{
	struct arena *arena = *state;

	for (size_t i = 0; i < CP_COUNT(edges); i++) {
		const struct edge *edge = &edges[i];
		bool is_signed =
		    edge->min < 0 || strstr(edge->field, "cdegc") || strstr(edge->field, "_ts_ms");
		assert_int_equal(judge_value(arena, edge, edge->min), READING_OK);
		assert_int_equal(judge_value(arena, edge, edge->max), READING_OK);
		assert_int_equal(judge_value(arena, edge, edge->max + 1), READING_RANGE);
		if (edge->min > 0 || is_signed)
			assert_int_equal(judge_value(arena, edge, edge->min - 1), READING_RANGE);
	}
	const struct edge mains = {&carepace__v1__sample__descriptor, "battery_pct", 0, 0};
	assert_int_equal(judge_value(arena, &mains, 255), READING_OK);
	assert_int_equal(judge_value(arena, &mains, 254), READING_RANGE);
}

static void of_two_that_are_as_bad_the_first_is_named(void **state)
{
	const ProtobufCMessageDescriptor *type = &carepace__v1__param__descriptor;
	Carepace__V1__Param *param = (Carepace__V1__Param *)blank_message(*state, type);

	param->has_depth_um = param->has_rate_dhz = true;
	param->depth_um = param->rate_dhz = UINT32_MAX;
	struct range_fault fault = range_check(&param->base);
	assert_int_equal(fault.result, READING_RANGE);
	const char *first =
	    field_named(type, "depth_um") < field_named(type, "rate_dhz") ? "depth_um" : "rate_dhz";
	assert_string_equal(fault.field->name, first);
}

static bool ends_with(const char *text, const char *suffix)
{
	size_t len = strlen(text), end = strlen(suffix);

	return len >= end && strcmp(text + len - end, suffix) == 0;
}

/* Names that promise a range have a row; so has every list. */
static void check_has_rule(const ProtobufCMessageDescriptor *type)
{
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		const char *name = field->name;
		bool needs_one = ends_with(name, "_ts_ms") || ends_with(name, "_date") ||
		                 ends_with(name, "_yyyymmdd") || ends_with(name, "_um") ||
		                 ends_with(name, "_cdegc") || ends_with(name, "_dhz") ||
		                 ends_with(name, "_days") || strcmp(name, "zones") == 0 ||
		                 strcmp(name, "gtin") == 0 || strcmp(name, "tz") == 0 ||
		                 field->label == PROTOBUF_C_LABEL_REPEATED;
		if (needs_one && !range_has_rule(type, field))
			fail_msg("%s.%s has no range", type->short_name, name);
		if (field->type == PROTOBUF_C_TYPE_MESSAGE)
			check_has_rule(field->descriptor);
	}
}

static void no_field_was_forgotten(void **state)
{
	(void)state;
	check_has_rule(&carepace__v1__up__descriptor);
	check_has_rule(&carepace__v1__order__descriptor);
	/* Negative control: what has no row is seen as having none. */
	const ProtobufCMessageDescriptor *down = &carepace__v1__hello_ack__descriptor;
	assert_false(range_has_rule(down, field_named(down, "gw_ts_ms")));
}

static void batches_are_cut_at_their_maximum(void **state)
{
	Carepace__V1__Samples samples = CAREPACE__V1__SAMPLES__INIT;
	Carepace__V1__Pulses pulses = CAREPACE__V1__PULSES__INIT;
	Carepace__V1__Sample sample = CAREPACE__V1__SAMPLE__INIT;
	Carepace__V1__Pulse pulse = CAREPACE__V1__PULSE__INIT;
	Carepace__V1__Sample *many_samples[61];
	Carepace__V1__Pulse *many_pulses[65];

	(void)state;
	for (size_t i = 0; i < CP_COUNT(many_samples); i++)
		many_samples[i] = &sample;
	for (size_t i = 0; i < CP_COUNT(many_pulses); i++)
		many_pulses[i] = &pulse;
	samples.sid = pulses.sid = bytes_of(&sid);
	samples.sample = many_samples;
	pulses.pulse = many_pulses;

	samples.n_sample = 60;
	assert_int_equal(range_check(&samples.base).result, READING_OK);
	samples.n_sample = 61;
	assert_int_equal(range_check(&samples.base).result, READING_RANGE);
	assert_int_equal(samples.n_sample, 60);
	pulses.n_pulse = 64;
	assert_int_equal(range_check(&pulses.base).result, READING_OK);
	pulses.n_pulse = 65;
	assert_int_equal(range_check(&pulses.base).result, READING_RANGE);
	assert_int_equal(pulses.n_pulse, 64);
}

/* One bad entry costs its own value only. */
static void the_neighbours_of_a_bad_value_stay(void **state)
{
	Carepace__V1__Samples samples = CAREPACE__V1__SAMPLES__INIT;
	Carepace__V1__Sample good = CAREPACE__V1__SAMPLE__INIT, bad = CAREPACE__V1__SAMPLE__INIT;
	Carepace__V1__Sample *both[] = {&bad, &good};

	(void)state;
	good.has_depth_um = bad.has_depth_um = bad.has_rate_dhz = 1;
	good.depth_um = bad.rate_dhz = 1000;
	bad.depth_um = 9000;
	samples.sid = bytes_of(&sid);
	samples.sample = both;
	samples.n_sample = 2;
	struct range_fault fault = range_check(&samples.base);
	assert_int_equal(fault.result, READING_RANGE);
	assert_string_equal(fault.message->short_name, "Sample");
	assert_string_equal(fault.field->name, "depth_um");
	assert_false(bad.has_depth_um);
	assert_true(bad.has_rate_dhz);
	assert_int_equal(good.depth_um, 1000);
}

static void dates_must_exist(void **state)
{
	const struct {
		uint32_t date;
		bool is_expiry; /* DD 00 is the last day of the month there */
		bool is_date;
	} cases[] = {
	    {0, true, true}, /* unknown */
	    {20260630, true, true},
	    {20260600, true, false},
	    {20260631, false, false},
	    {20261301, false, false},
	    {20270229, false, false},
	    {UINT32_MAX, false, false},
	};

	(void)state;
	for (size_t i = 0; i < CP_COUNT(cases); i++) {
		Carepace__V1__Cartridge cart = CAREPACE__V1__CARTRIDGE__INIT;
		Carepace__V1__Device device = CAREPACE__V1__DEVICE__INIT;
		cart.has_expiry_yyyymmdd = device.has_last_pm_date = 1;
		cart.expiry_yyyymmdd = device.last_pm_date = cases[i].date;
		device.device = bytes_of(&sid);
		range_check(&cart.base);
		range_check(&device.base);
		assert_int_equal(cart.has_expiry_yyyymmdd, cases[i].is_expiry);
		assert_int_equal(device.has_last_pm_date, cases[i].is_date);
	}
}

/* What could be an EAN is withheld; what could be a name is refused. */
static void a_gtin_has_fourteen_digits(void **state)
{
	const struct {
		const char *gtin;
		enum reading_result result;
	} cases[] = {
	    {"04012345678901", READING_OK},
	    {"4012345678901", READING_RANGE},
	    {"0401234567890X", READING_RANGE},
	    {"Anna Example", READING_PRIVACY},
	};

	(void)state;
	for (size_t i = 0; i < CP_COUNT(cases); i++) {
		Carepace__V1__Cartridge cart = CAREPACE__V1__CARTRIDGE__INIT;
		char gtin[20] = {0};
		memcpy(gtin, cases[i].gtin, strlen(cases[i].gtin));
		cart.gtin = gtin;
		assert_int_equal(range_check(&cart.base).result, cases[i].result);
		if (cases[i].result == READING_RANGE)
			assert_null(cart.gtin);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(exactly_on_the_limit_is_fine),
	    TEST(of_two_that_are_as_bad_the_first_is_named),
	    TEST(no_field_was_forgotten),
	    TEST(batches_are_cut_at_their_maximum),
	    TEST(the_neighbours_of_a_bad_value_stay),
	    TEST(dates_must_exist),
	    TEST(a_gtin_has_fourteen_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
