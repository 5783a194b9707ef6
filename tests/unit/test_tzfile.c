/* Zones by their names, and nothing else by its name. */
#include "io/tzfile.h"

#include "care/time/civil.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void test_a_zone(void **state)
{
	struct zone zone;

	(void)state;
	assert_int_equal(tzfile_load("Europe/Berlin", &zone), CP_OK);
	/* 2026-06-30 23:30 UTC is 1 July in Berlin. */
	event_ms at = (civil_from_ymd(2026, 6, 30) * MS_PER_DAY) + 23 * MS_PER_HOUR + 1800000;
	assert_int_equal(zone_offset_s(&zone, at), 7200);
	assert_int_equal(zone_day(&zone, at), civil_from_ymd(2026, 7, 1));
	zone_deinit(&zone);
	assert_int_equal(tzfile_load("Etc/GMT+1", &zone), CP_OK);
	assert_int_equal(zone_offset_s(&zone, at), -3600);
	zone_deinit(&zone);
}

static void test_what_is_no_zone(void **state)
{
	static const struct {
		const char *name;
		enum cp_err err;
	} cases[] = {
	    {"", CP_CONFIG},
	    {"/etc/passwd", CP_CONFIG},
	    {"../../../etc/passwd", CP_CONFIG},
	    {"Europe/../Europe/Berlin", CP_CONFIG},
	    {"Europe/Berlin ", CP_CONFIG},
	    {"Europe/B\xc3\xa9rlin", CP_CONFIG},
	    {"Europe", CP_NOTFOUND},
	    {"Europe/Atlantis", CP_NOTFOUND},
	    {"Europe/Berlin/Mitte", CP_NOTFOUND},
	};
	struct zone zone;

	(void)state;
	for (size_t i = 0; i < CP_COUNT(cases); i++) {
		print_message("  \"%s\"\n", cases[i].name);
		assert_int_equal(tzfile_load(cases[i].name, &zone), cases[i].err);
	}
	/* A file of the folder that is text: care/zone says what is wrong with it. */
	if (tzfile_load("leapseconds", &zone) != CP_NOTFOUND) {
		assert_int_equal(tzfile_load("leapseconds", &zone), CP_INVALID);
		assert_non_null(zone.bad);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_zone),
	    cmocka_unit_test(test_what_is_no_zone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
