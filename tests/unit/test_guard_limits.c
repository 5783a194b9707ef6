/* The rules of the stream exactly on their limits, each alone. */
#include "care/stream/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define START INT64_C(1772442000000)
#define CHEEK CAREPACE__V1__ZONE__CHEEK

/* Nothing is limited. */
static struct limits no_limits(void)
{
	struct limits limits = {.start = START,
	    .preset_depth_um = -1,
	    .preset_rate_dhz = -1,
	    .preset_energy_uj = -1,
	    .preset_zone_depth_um = LIMIT_NONE,
	    .scope_depth_um = LIMIT_NONE,
	    .skin_type_energy_uj = LIMIT_NONE,
	    .depth_tolerance_um = LIMIT_NONE,
	    .skin_cdegc = LIMIT_NONE,
	    .needle_cdegc = LIMIT_NONE,
	    .max_impedance_ohm = LIMIT_NONE,
	    .impedance_pulses = 1,
	    .impedance_window = 5,
	    .mismatch_pulses = 1,
	    .mismatch_window = 5,
	    .contact_min_pulses = 1,
	    .contact_window = 10,
	    .contact_pct = 20,
	    .contact_clear_pct = 10,
	    .cooling_ms = 2000,
	    .silent_ms = INT32_MAX};

	for (size_t i = 0; i < LIMITS; i++)
		limits.debounce[i] = (struct debounce){1, 0, 1, 0};
	for (size_t i = 0; i < LIMIT_ZONES; i++)
		limits.zone_depth_um[i] = limits.label_depth_um[i] = limits.energy_uj[i] =
		    limits.power_mw[i] = limits.pulse_us[i] = LIMIT_NONE;
	return limits;
}

static struct guard guard;
static struct limits limits;
static uint32_t said;

static void begin(void)
{
	said = 0;
	guard_begin(&guard, &limits);
}

static void fold(struct reading reading, event_ms after_ms)
{
	reading.boot = 1;
	reading.seq = ++said;
	reading.ts = START + after_ms;
	guard_fold(&guard, &limits, &reading);
}

static void sample(event_ms after_ms, Carepace__V1__Sample one)
{
	Carepace__V1__Sample *list[] = {&one};
	Carepace__V1__Samples samples = {.n_sample = 1, .sample = list};
	Carepace__V1__Up up = {.samples = &samples};

	fold((struct reading){.kind = READING_SAMPLES, .up = &up}, after_ms);
}

static void pulse(event_ms after_ms, Carepace__V1__Pulse one)
{
	Carepace__V1__Pulse *list[] = {&one};
	Carepace__V1__Pulses pulses = {.n_pulse = 1, .pulse = list};
	Carepace__V1__Up up = {.pulses = &pulses};

	fold((struct reading){.kind = READING_PULSES, .up = &up}, after_ms);
}

static void cooling_fault(event_ms after_ms, bool is_on)
{
	Carepace__V1__Fault fault = {.code = 1, .on = is_on};
	Carepace__V1__Up up = {.fault = &fault};

	fold((struct reading){.kind = READING_FAULT, .up = &up}, after_ms);
}

static Carepace__V1__Sample deep(uint32_t depth_um, Carepace__V1__Zone zone)
{
	return (Carepace__V1__Sample){
	    .has_depth_um = 1, .depth_um = depth_um, .has_zone = 1, .zone = zone};
}

static void each_zone_of_an_episode_is_known(void **state)
{
	(void)state;
	limits = no_limits();
	for (size_t i = 0; i < LIMIT_ZONES; i++)
		limits.zone_depth_um[i] = 500;
	begin();
	sample(0, deep(600, CHEEK));
	sample(1, deep(550, CAREPACE__V1__ZONE__NECK));
	assert_int_equal(guard_found(&guard, CHECK_DEPTH_OVER_ZONE).zones,
	    1U << CHEEK | 1U << CAREPACE__V1__ZONE__NECK);
	sample(2, deep(550, (Carepace__V1__Zone)LIMIT_ZONES)); /* of a later contract */
	assert_int_equal(guard.zone, CAREPACE__V1__ZONE__NECK);
}

static void of_two_meters_at_one_moment_the_first_is_told(void **state)
{
	(void)state;
	limits = no_limits();
	limits.zone_depth_um[CHEEK] = 500;
	begin();
	sample(0, deep(600, CHEEK));
	pulse(0, (Carepace__V1__Pulse){.has_depth_um = 1, .depth_um = 700});
	assert_int_equal(guard_found(&guard, CHECK_DEPTH_OVER_ZONE).value, 600);
	assert_int_equal(guard_found(&guard, CHECK_DEPTH_OVER_ZONE).max, 700);
}

static void what_is_set_to_nought_is_set(void **state)
{
	(void)state;
	limits = no_limits();
	limits.preset_depth_um = limits.preset_rate_dhz = 0;
	limits.depth_tolerance_um = 100;
	begin();
	sample(0, (Carepace__V1__Sample){
	              .has_depth_um = 1, .depth_um = 101, .has_rate_dhz = 1, .rate_dhz = 1});
	assert_int_equal(guard_found(&guard, CHECK_DEPTH_DEVIATION).count, 1);
	assert_int_equal(guard_found(&guard, CHECK_MOTOR_SPEED_DEV).count, 1);
}

static void a_clock_that_is_set_back_was_heard_before(void **state)
{
	(void)state;
	limits = no_limits();
	begin();
	sample(10000, (Carepace__V1__Sample){.has_battery_pct = 1, .battery_pct = 0});
	sample(5000, (Carepace__V1__Sample){.has_battery_pct = 1, .battery_pct = 50});
	assert_int_equal(guard.heard_at, START + 10000);
	assert_int_equal(guard.first_battery_pct, 0);
	assert_false(guard_is_next(&guard, guard.last));
	assert_true(guard_is_next(&guard, guard.last + 1));
}

static Carepace__V1__Pulse on_spot(uint32_t site)
{
	return (Carepace__V1__Pulse){.has_site = 1, .site = site};
}

static void the_oldest_spot_counts_and_the_same_moment(void **state)
{
	(void)state;
	limits = no_limits();
	limits.stack_gap_ms = 2000;
	begin();
	pulse(0, on_spot(1));
	pulse(100, on_spot(2));
	assert_int_equal(guard_found(&guard, CHECK_STACKING).count, 0);
	pulse(1999, on_spot(1));
	assert_int_equal(guard_found(&guard, CHECK_STACKING).count, 1);
	begin();
	pulse(0, on_spot(1));
	pulse(0, on_spot(1));
	assert_int_equal(guard_found(&guard, CHECK_STACKING).count, 1);
}

static void without_pins_or_limits_no_pulse_is_judged(void **state)
{
	const Carepace__V1__Pulse one = {.has_energy_uj = 1,
	    .energy_uj = 10,
	    .has_power_mw = 1,
	    .power_mw = 1000,
	    .has_duration_us = 1,
	    .duration_us = 1000,
	    .has_impedance_ohm = 1,
	    .impedance_ohm = 500};

	(void)state;
	limits = no_limits();
	begin();
	pulse(0, one);
	assert_int_equal(guard.mismatches.count, 0);
	assert_int_equal(guard.impedances.count, 0);
	limits.max_impedance_ohm = 499;
	limits.pins = 10;
	begin();
	pulse(0, one);
	assert_int_equal(guard.mismatches.count, 1);
	assert_int_equal(guard_found(&guard, CHECK_IMPEDANCE_OUT).count, 1);
	limits.max_impedance_ohm = LIMIT_NONE;
	limits.min_impedance_ohm = 501;
	begin();
	pulse(0, one);
	assert_int_equal(guard_found(&guard, CHECK_IMPEDANCE_OUT).count, 1);
}

static void contact(event_ms after_ms, bool is_bad)
{
	pulse(after_ms, (Carepace__V1__Pulse){
	                    .flags = is_bad ? CAREPACE__V1__PULSE_FLAG__PULSE_CONTACT_FAULT : 0});
}

static void exactly_a_tenth_of_the_contacts_clears(void **state)
{
	(void)state;
	limits = no_limits();
	begin();
	contact(0, true);
	assert_int_equal(guard_found(&guard, CHECK_CONTACT_FAULTS).until, TIME_NEVER);
	for (event_ms i = 1; i < 10; i++)
		contact(i, false);
	assert_int_equal(guard_found(&guard, CHECK_CONTACT_FAULTS).until, START + 9);
}

static void the_widest_window_is_whole(void **state)
{
	(void)state;
	limits = no_limits();
	limits.contact_window = limits.contact_min_pulses = 64;
	begin();
	for (event_ms i = 0; i < 64; i++)
		contact(i, i == 0);
	assert_int_equal(guard.contacts.count, 64);
	assert_int_equal(guard.contacts.bits, UINT64_C(1) << 63);
}

static void a_fault_begins_with_its_moment(void **state)
{
	const Carepace__V1__Sample at_work = {.has_active_ms = 1, .active_ms = 1000};

	(void)state;
	limits = no_limits();
	begin();
	cooling_fault(0, true);
	sample(2001, at_work);
	assert_int_equal(guard_found(&guard, CHECK_COOLING_FAULT).until, TIME_NEVER);
	cooling_fault(3000, false);
	cooling_fault(3000, true);
	sample(3000, at_work);
	assert_int_equal(guard_found(&guard, CHECK_COOLING_FAULT).until, TIME_NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_zone_of_an_episode_is_known),
	    cmocka_unit_test(of_two_meters_at_one_moment_the_first_is_told),
	    cmocka_unit_test(what_is_set_to_nought_is_set),
	    cmocka_unit_test(a_clock_that_is_set_back_was_heard_before),
	    cmocka_unit_test(the_oldest_spot_counts_and_the_same_moment),
	    cmocka_unit_test(without_pins_or_limits_no_pulse_is_judged),
	    cmocka_unit_test(exactly_a_tenth_of_the_contacts_clears),
	    cmocka_unit_test(the_widest_window_is_whole),
	    cmocka_unit_test(a_fault_begins_with_its_moment),
	};

	return cmocka_run_group_tests_name("guard limits", tests, NULL, NULL);
}
