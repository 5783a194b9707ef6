/* The small rules of the domain, each alone: zones, order, folds, timelines, and that
 * every number is the wire contract's. */
#include "care/alert.h"
#include "care/correction.h"
#include "care/history.h"
#include "care/judge.h"
#include "care/judge/client.h"
#include "care/stream/fold.h"
#include "care/time/zone.h"
#include "care/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "permute.h"

/* --- zones (R14) and the order of sessions ------------------------------------- */

#define UNKNOWN (1U << CAREPACE__V1__ZONE__ZONE_UNKNOWN)
#define CHEEK (1U << CAREPACE__V1__ZONE__CHEEK)
#define NECK (1U << CAREPACE__V1__ZONE__NECK)

static void zones_meet_where_they_share_one_or_nobody_knows(void **state)
{
	static const struct {
		uint32_t a;
		uint32_t b;
		bool overlap;
	} cases[] = {
	    {CHEEK, CHEEK, true},
	    {CHEEK, NECK, false},
	    {CHEEK | NECK, NECK, true},
	    {UNKNOWN, NECK, true},
	    {UNKNOWN, UNKNOWN, true},
	    {UNKNOWN | CHEEK, NECK, true},
	    {0, CHEEK, false}, /* missing is no zone: not evaluated (R16) */
	    {0, UNKNOWN, false},
	    {0, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < CP_COUNT(cases); i++) {
		assert_int_equal(zones_overlap(cases[i].a, cases[i].b), cases[i].overlap);
		assert_int_equal(zones_overlap(cases[i].b, cases[i].a), cases[i].overlap);
	}
}

static void every_zone_has_words(void **state)
{
	char text[ZONES_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < carepace__v1__zone__descriptor.n_values; i++) {
		int bit = carepace__v1__zone__descriptor.values[i].value;
		assert_true(strlen(zones_text(1U << bit, text, sizeof(text))) > 4);
	}
	assert_string_equal(zones_text(UNKNOWN, text, sizeof(text)), "an unknown zone");
	assert_string_equal(zones_text(CHEEK, text, sizeof(text)), "the cheek");
	assert_string_equal(zones_text(CHEEK | NECK, text, sizeof(text)), "the cheek and the neck");
	assert_string_equal(
	    zones_text(UNKNOWN | CHEEK, text, sizeof(text)), "an unknown zone and the cheek");
	assert_string_equal(zones_text(0, text, sizeof(text)), "");
	assert_string_equal(zones_text(0x1e, text, sizeof(text)),
	    "the forehead, the temple, the area around the eyes and the cheek");
}

static void a_whole_face_is_told_in_a_breath(void **state)
{
	char text[ZONES_TEXT_BYTES];

	(void)state;
	assert_string_equal(zones_text(0xfe, text, sizeof(text)),
	    "the forehead, the temple, the area around the eyes and 4 other zones");
	/* The longest three there are. */
	zones_text(0x7ffff & ~0x37U, text, sizeof(text));
	assert_true(strlen(text) < sizeof(text) - 1);
	assert_non_null(strstr(text, " and 11 other zones"));
}

static void zones_never_leave_their_buffer(void **state)
{
	char text[24];

	(void)state;
	memset(text, 'x', sizeof(text));
	zones_text(0x7ffff, text, 20);
	assert_true(strlen(text) < 20);
	assert_memory_equal(text + 20, "xxxx", 4);
}

static void sessions_are_ordered_by_time_then_by_name(void **state)
{
	const struct session ordered[] = {
	    {.start = 1, .source = {"b"}, .boot = 9, .seq = 9},
	    {.start = 2, .source = {"a"}, .boot = 9, .seq = 9},
	    {.start = 2, .source = {"b"}, .boot = 1, .seq = 9},
	    {.start = 2, .source = {"b"}, .boot = 2, .seq = 1},
	    {.start = 2, .source = {"b"}, .boot = 2, .seq = 2},
	};

	(void)state;
	for (size_t i = 0; i < CP_COUNT(ordered); i++)
		for (size_t j = 0; j < CP_COUNT(ordered); j++) {
			int order = session_order(&ordered[i], &ordered[j]);
			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
}

static void a_session_is_named_by_sid_and_device(void **state)
{
	struct session session = {.sid = {{0x0a, 0xff}}, .source = {{0x01}}};
	char name[NAME_MAX_LEN];

	(void)state;
	session_name(&session, name, sizeof(name));
	assert_string_equal(
	    name, "0aff0000000000000000000000000000/01000000000000000000000000000000");
}

/* --- folds ----------------------------------------------------------------------- */

static struct session_fold fold_sample(event_ms ts, uint32_t dt_ms, uint32_t active_ms)
{
	Carepace__V1__Sample sample = CAREPACE__V1__SAMPLE__INIT;
	Carepace__V1__Sample *pointer = &sample;
	Carepace__V1__Samples samples = CAREPACE__V1__SAMPLES__INIT;
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;
	struct reading reading = {.ts = ts, .kind = READING_SAMPLES, .up = &up};

	sample.dt_ms = dt_ms;
	sample.active_ms = active_ms;
	samples.n_sample = 1;
	samples.sample = &pointer;
	up.samples = &samples;
	return fold_of(&reading);
}

static struct session_fold fold_pulse(event_ms ts, uint32_t dt_ms)
{
	Carepace__V1__Pulse pulse = CAREPACE__V1__PULSE__INIT;
	Carepace__V1__Pulse *pointer = &pulse;
	Carepace__V1__Pulses pulses = CAREPACE__V1__PULSES__INIT;
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;
	struct reading reading = {.ts = ts, .kind = READING_PULSES, .up = &up};

	pulse.dt_ms = dt_ms;
	pulses.n_pulse = 1;
	pulses.pulse = &pointer;
	up.pulses = &pulses;
	return fold_of(&reading);
}

static struct session_fold fold_kind(event_ms ts, enum reading_kind kind)
{
	struct reading reading = {.ts = ts, .kind = kind};

	return fold_of(&reading);
}

static void each_kind_adds_what_it_knows(void **state)
{
	(void)state;
	struct session_fold fold = fold_kind(5, READING_SESSION_START);
	assert_int_equal(fold.start_from, 5);
	assert_int_equal(fold.first_at, 5);
	assert_int_equal(fold.last_at, 5);
	assert_int_equal(fold.stream_from, TIME_NEVER);
	assert_int_equal(fold.exposed_from, TIME_NEVER);

	fold = fold_kind(5, READING_PARAM);
	assert_int_equal(fold.stream_from, 5);
	assert_int_equal(fold.start_from, TIME_NEVER);

	fold = fold_sample(100, 7, 0);
	assert_int_equal(fold.stream_from, 100);
	assert_int_equal(fold.last_at, 107);
	assert_int_equal(fold.exposed_from, TIME_NEVER);
	assert_int_equal(fold.active_ms, 0);

	fold = fold_sample(100, 7, 1);
	assert_int_equal(fold.exposed_from, 107);
	assert_int_equal(fold.exposed_until, 107);
	assert_int_equal(fold.active_ms, 1);

	fold = fold_pulse(100, 9);
	assert_int_equal(fold.exposed_from, 109);
	assert_int_equal(fold.pulses, 1);

	fold = fold_kind(5, READING_SESSION_END);
	assert_int_equal(fold.first_at, 5);
	assert_int_equal(fold.stream_from, TIME_NEVER);
}

static void any_order_gives_the_same_fold(void **state)
{
	const struct session_fold parts[] = {fold_kind(10, READING_SESSION_START),
	    fold_kind(12, READING_PARAM), fold_sample(20, 5, 700), fold_sample(18, 0, 300),
	    fold_pulse(30, 4), fold_kind(40, READING_SESSION_END)};
	size_t order[CP_COUNT(parts)] = {0, 1, 2, 3, 4, 5};
	size_t orders = 0;

	(void)state;
	do {
		struct session_fold fold = SESSION_FOLD_EMPTY;
		for (size_t i = 0; i < CP_COUNT(parts); i++)
			session_fold_add(&fold, &parts[order[i]]);
		const struct session_fold expected = {.first_at = 10,
		    .last_at = 40,
		    .start_from = 10,
		    .stream_from = 12,
		    .exposed_from = 18,
		    .exposed_until = 34,
		    .active_ms = 1000,
		    .pulses = 1,
		    .stream_first = message_no(0, 0),
		    .stream_last = message_no(0, 0)};
		assert_memory_equal(&fold, &expected, sizeof(fold));
		orders++;
	} while (permute(order, CP_COUNT(order)));
	assert_int_equal(orders, 720);
}

static void folds_of_parts_add_up(void **state)
{
	const struct session_fold a = fold_sample(20, 5, 700);
	const struct session_fold b = fold_pulse(30, 4);
	const struct session_fold c = fold_kind(12, READING_PARAM);
	const struct session_fold empty = SESSION_FOLD_EMPTY;
	struct session_fold left = a;
	struct session_fold right = b;
	struct session_fold sum = a;

	(void)state;
	session_fold_add(&left, &b); /* (a + b) + c */
	session_fold_add(&left, &c);
	session_fold_add(&right, &c); /* a + (b + c) */
	session_fold_add(&sum, &right);
	assert_memory_equal(&left, &sum, sizeof(left));
	session_fold_add(&sum, &empty);
	assert_memory_equal(&left, &sum, sizeof(left));
}

/* After a crash its rows may be set aside, one and all: it is there, and nobody can date it. */
static void a_session_of_which_nothing_is_known_has_no_date(void **state)
{
	static const struct zone utc;
	const struct policy policy = policy_default(&utc);
	struct session session = {.no = 1, .fold = SESSION_FOLD_EMPTY};
	struct session_history history = {.session = &session};

	(void)state;
	derive_session(&history, &policy, INT64_C(1775030400000));
	assert_int_equal(session.start, 0);
	assert_true(session_is_undated(&session));
}

static void every_kind_of_correction_says_why(void **state)
{
	Carepace__V1__Correction correction = {.reason = 3};
	Carepace__V1__CountOverride count_override = {.reason = 4};
	Carepace__V1__Up up = {.correction = &correction};
	Carepace__V1__Up other_up = {.count_override = &count_override};
	Carepace__V1__Order order = {.correction = &correction};
	struct reading of_tablet = {.kind = READING_CORRECTION, .up = &up};
	struct reading of_office = {.kind = READING_HQ_CORRECTION, .order = &order};
	struct reading of_count = {.kind = READING_COUNT_OVERRIDE, .up = &other_up};
	struct reading none = {.kind = READING_HELLO, .up = &up};

	(void)state;
	assert_int_equal(correction_reason(&of_tablet), 3);
	assert_int_equal(correction_reason(&of_office), 3);
	assert_int_equal(correction_reason(&of_count), 4);
	assert_int_equal(correction_reason(&none), 0);
}

/* --- tables and bounds ------------------------------------------------------------------ */

static void a_parameter_is_found_by_check_and_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < PARAMETERS; i++)
		assert_ptr_equal(
		    parameter_find(parameters[i].check, parameters[i].name), &parameters[i]);
	assert_null(parameter_find(CHECK_INTERVAL_TOO_SOON, "no_such_parameter"));
}

static struct fact said_by(int64_t source, const char *key, Carepace__V1__Order *order)
{
	order->key = (char *)key;
	order->revision = 1;
	return (struct fact){.source = source,
	    .until = TIME_NEVER,
	    .reading = {.kind = READING_ORDER, .order = order}};
}

/* In whichever order they are said. */
static void the_clinic_s_own_goes_before_head_office_s(void **state)
{
	const int64_t box = 9;
	char name[] = "min_days";
	Carepace__V1__PolicySetting setting[2] = {
	    {.check = CAREPACE__V1__CHECK__INTERVAL_TOO_SOON, .parameter = name, .value = 21},
	    {.check = CAREPACE__V1__CHECK__INTERVAL_TOO_SOON, .parameter = name, .value = 35}};
	Carepace__V1__PolicySetting *lists[2][1] = {{&setting[0]}, {&setting[1]}};
	Carepace__V1__Policy policies[2] = {
	    {.n_setting = 1, .setting = lists[0]}, {.n_setting = 1, .setting = lists[1]}};
	Carepace__V1__Calendar calendars[2] = {{.n_opening = 1}, {.n_opening = 2}};

	(void)state;
	for (size_t own = 0; own < 2; own++) {
		Carepace__V1__Order numbers[2] = {
		    {.policy = &policies[0]}, {.policy = &policies[1]}};
		Carepace__V1__Order hours[2] = {
		    {.calendar = &calendars[0]}, {.calendar = &calendars[1]}};
		struct fact said[2] = {said_by(own == 0 ? box : 1, "a", &numbers[0]),
		    said_by(own == 1 ? box : 1, "b", &numbers[1])};
		struct fact open[2] = {said_by(own == 0 ? box : 1, "c", &hours[0]),
		    said_by(own == 1 ? box : 1, "d", &hours[1])};
		struct policy policy = {.box = box, .policies = {said, 2}, .calendars = {open, 2}};
		assert_int_equal(policy_number(&policy, PARAM_MIN_DAYS, 0), setting[own].value);
		assert_ptr_equal(policy_calendar(&policy, 0), &calendars[own]);
	}
}

static void no_band_has_no_range(void **state)
{
	struct policy policy = policy_default(NULL);

	(void)state;
	assert_int_equal(band_range_of(&policy, CAREPACE__V1__BAND__BAND_UNSPECIFIED, 0).max, 0);
	assert_int_equal(band_range_of(&policy, CAREPACE__V1__BAND__BAND_MILD, 0).max, 4);
}

static void a_finding_cites_so_many(void **state)
{
	struct finding finding = {0};
	struct id sid = {0};

	(void)state;
	for (size_t i = 0; i < FINDING_RELATED_MAX + 1; i++)
		finding_cite(&finding, &sid);
	assert_int_equal(finding.related_count, FINDING_RELATED_MAX);
}

static void every_kind_has_a_name_of_its_own(void **state)
{
	(void)state;
	assert_string_equal(reading_kind_name(READING_HELLO), "hello");
	assert_string_equal(reading_kind_name(READING_POLICY), "policy");
	assert_true(reading_is_roller_use(READING_ROLLER_USE));
	assert_true(reading_is_roller_use(READING_HQ_ROLLER_USE));
	assert_false(reading_is_roller_use(READING_HELLO));
}

/* --- the catalogue and the wire contract ------------------------------------------------ */

static void the_catalogue_is_complete_and_in_order(void **state)
{
	enum check before = 0;
	size_t rows = 0;

	(void)state;
	for (size_t i = 0; i < CHECK_SECTIONS; i++)
		rows += catalogue[i]->count;
	for (const struct check_row *row = NULL; (row = catalogue_next(row)); rows--) {
		const char *texts[] = {
		    row->name, row->condition, row->cleared_by, row->sentence[0]};
		assert_true(row->check > before);
		before = row->check;
		assert_ptr_equal(catalogue_find(row->check), row);
		assert_ptr_equal(catalogue_find_name(row->name), row);
		for (size_t k = 0; k < CP_COUNT(texts); k++)
			assert_true(texts[k] && texts[k][0]);
		assert_true(row->who != 0 && row->when != 0 && row->about != 0);
	}
	assert_int_equal(rows, 0);
	assert_null(catalogue_find((enum check)0));
	assert_null(catalogue_find((enum check)((CHECK_SECTIONS + 1) * 100)));
	assert_null(catalogue_find_name("NO_SUCH_CHECK"));
}

static void its_numbers_and_names_are_the_contract_s(void **state)
{
	(void)state;
	for (const struct check_row *row = NULL; (row = catalogue_next(row));) {
		const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(
		    &carepace__v1__check__descriptor, (int)row->check);
		assert_non_null(value);
		assert_string_equal(value->name, row->name);
	}
}

/* Enums that the code casts from one to the other. */
static void the_other_numbers_are_too(void **state)
{
	static const struct {
		const ProtobufCEnumDescriptor *type;
		const char *name;
		int value;
	} pairs[] = {
	    {&carepace__v1__severity__descriptor, "INFO", SEVERITY_INFO},
	    {&carepace__v1__severity__descriptor, "LOW", SEVERITY_LOW},
	    {&carepace__v1__severity__descriptor, "MEDIUM", SEVERITY_MEDIUM},
	    {&carepace__v1__severity__descriptor, "HIGH", SEVERITY_HIGH},
	    {&carepace__v1__severity__descriptor, "CRITICAL", SEVERITY_CRITICAL},
	    {&carepace__v1__decision__descriptor, "PERMIT", DECISION_PERMIT},
	    {&carepace__v1__decision__descriptor, "ADVISE", DECISION_ADVISE},
	    {&carepace__v1__decision__descriptor, "REQUIRE_OVERRIDE", DECISION_REQUIRE_OVERRIDE},
	    {&carepace__v1__decision__descriptor, "DENY", DECISION_DENY},
	    {&carepace__v1__alert_state__descriptor, "ALERT_RAISED", ALERT_RAISED},
	    {&carepace__v1__alert_state__descriptor, "ALERT_ACKED", ALERT_ACKED},
	    {&carepace__v1__alert_state__descriptor, "ALERT_CLEARED", ALERT_CLEARED},
	    {&carepace__v1__alert_state__descriptor, "ALERT_OVERRIDDEN", ALERT_OVERRIDDEN},
	    {&carepace__v1__alert_state__descriptor, "ALERT_RETRACTED", ALERT_RETRACTED},
	    {&carepace__v1__modality__descriptor, "MODALITY_PEN", MODALITY_PEN},
	    {&carepace__v1__modality__descriptor, "MODALITY_STAMP", MODALITY_STAMP},
	    {&carepace__v1__modality__descriptor, "MODALITY_ROLLER", MODALITY_ROLLER},
	    {&carepace__v1__modality__descriptor, "MODALITY_RF", MODALITY_RF},
	    {&carepace__v1__phase__descriptor, "PHASE_SERIES", PHASE_SERIES},
	    {&carepace__v1__phase__descriptor, "PHASE_MAINTENANCE", PHASE_MAINTENANCE},
	    {&carepace__v1__phase__descriptor, "PHASE_SINGLE", PHASE_SINGLE},
	    {&carepace__v1__plan_state__descriptor, "PLAN_ACTIVE", PLAN_ACTIVE},
	    {&carepace__v1__plan_state__descriptor, "PLAN_PAUSED", PLAN_PAUSED},
	    {&carepace__v1__plan_state__descriptor, "PLAN_CLOSED", PLAN_CLOSED},
	};

	(void)state;
	for (size_t i = 0; i < CP_COUNT(pairs); i++) {
		const ProtobufCEnumValue *value =
		    protobuf_c_enum_descriptor_get_value_by_name(pairs[i].type, pairs[i].name);
		assert_non_null(value);
		assert_int_equal(value->value, pairs[i].value);
	}
}

static void every_word_is_one(void **state)
{
	char who[WHO_NAMES_BYTES];

	(void)state;
	assert_string_equal(severity_name(SEVERITY_CRITICAL), "CRITICAL");
	assert_string_equal(severity_name((enum severity)99), "?");
	assert_string_equal(alert_state_name(ALERT_OVERRIDDEN), "OVERRIDDEN");
	assert_string_equal(alert_state_name((enum alert_state)99), "?");
	assert_string_equal(decision_name(DECISION_REQUIRE_OVERRIDE), "require override");
	assert_string_equal(decision_name((enum decision)99), "?");
	assert_string_equal(modality_name(MODALITY_RF), "rf");
	assert_string_equal(modality_name((enum modality)99), "?");
	assert_string_equal(session_state_name(SESSION_LOST), "lost");
	assert_string_equal(session_state_name((enum session_state)99), "?");
	assert_string_equal(who_names(WHO_OPERATOR | WHO_HEAD_OFFICE, who), "OP, HQ");
	assert_string_equal(who_names(0x1f, who), "OP, CL, MG, BM, HQ");
	assert_string_equal(who_names(0, who), "");
}

/* --- timelines --------------------------------------------------------------------- */

static void a_full_timeline_says_so_and_stays(void **state)
{
	struct arena arena;
	struct timeline timeline;
	size_t added = 0;

	(void)state;
	arena_init(&arena, 1024, 4096);
	timeline_init(&timeline, &arena);
	assert_int_equal(timeline.next_change, TIME_NEVER);
	while (timeline_add(&timeline, CHECK_CART_REUSE, "subject", "onset"))
		CP_CHECK(++added < 1000);
	assert_true(timeline.is_full);
	assert_int_equal(timeline.count, added);
	assert_true(added > 1);
	for (size_t i = 0; i < added; i++) {
		assert_string_equal(timeline.items[i].subject, "subject");
		assert_true(timeline.items[i].is_latched);
		assert_int_equal(timeline.items[i].until, TIME_NEVER);
	}
	arena_deinit(&arena);
}

static void the_earliest_moment_wakes(void **state)
{
	struct timeline timeline;

	(void)state;
	timeline_init(&timeline, NULL);
	timeline_wake_at(&timeline, 50);
	timeline_wake_at(&timeline, 70);
	timeline_wake_at(&timeline, 40);
	assert_int_equal(timeline.next_change, 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(zones_meet_where_they_share_one_or_nobody_knows),
	    cmocka_unit_test(every_zone_has_words),
	    cmocka_unit_test(a_whole_face_is_told_in_a_breath),
	    cmocka_unit_test(zones_never_leave_their_buffer),
	    cmocka_unit_test(sessions_are_ordered_by_time_then_by_name),
	    cmocka_unit_test(a_session_is_named_by_sid_and_device),
	    cmocka_unit_test(each_kind_adds_what_it_knows),
	    cmocka_unit_test(any_order_gives_the_same_fold),
	    cmocka_unit_test(folds_of_parts_add_up),
	    cmocka_unit_test(a_session_of_which_nothing_is_known_has_no_date),
	    cmocka_unit_test(every_kind_of_correction_says_why),
	    cmocka_unit_test(a_parameter_is_found_by_check_and_name),
	    cmocka_unit_test(the_clinic_s_own_goes_before_head_office_s),
	    cmocka_unit_test(no_band_has_no_range),
	    cmocka_unit_test(a_finding_cites_so_many),
	    cmocka_unit_test(every_kind_has_a_name_of_its_own),
	    cmocka_unit_test(the_catalogue_is_complete_and_in_order),
	    cmocka_unit_test(its_numbers_and_names_are_the_contract_s),
	    cmocka_unit_test(the_other_numbers_are_too),
	    cmocka_unit_test(every_word_is_one),
	    cmocka_unit_test(a_full_timeline_says_so_and_stays),
	    cmocka_unit_test(the_earliest_moment_wakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
