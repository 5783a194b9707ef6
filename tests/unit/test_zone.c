/* The zone reader against the calendar of scenarios, against the C library's own
 * reading of the same files, and against files cut and bent at every byte. */
#include "care/time/civil.h"
#include "care/time/zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ZONEINFO "/usr/share/zoneinfo/"
#define FILE_MAX_BYTES 8192

static const char *const zone_names[] = {"Europe/Berlin", "America/New_York", "Asia/Kathmandu",
    "Pacific/Apia", "Antarctica/Troll", "UTC", "Europe/Dublin", "Australia/Lord_Howe",
    "America/Santiago", "Asia/Gaza", "Africa/Casablanca"};

struct file {
	uint8_t bytes[FILE_MAX_BYTES];
	size_t len;
};

static void file_load(struct file *file, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), ZONEINFO "%s", name);
	FILE *in = fopen(path, "rb");
	if (!in)
		fail_msg("%s is missing: install tzdata", path);
	file->len = fread(file->bytes, 1, sizeof(file->bytes), in);
	assert_true(file->len > 0 && file->len < sizeof(file->bytes));
	fclose(in);
}

static void zone_open(struct zone *zone, const char *name)
{
	struct file file;

	file_load(&file, name);
	if (zone_parse(zone, slice_of(file.bytes, file.len)))
		fail_msg("%s: %s", name, zone->bad);
}

static int64_t utc_s(int year, int month, int day, int hour, int minute)
{
	return ((int64_t)civil_from_ymd(year, month, day) * 24 + hour) * 3600 + minute * 60;
}

static void offset_is(const struct zone *zone, int64_t at_s, int32_t expected_s)
{
	assert_int_equal(zone_offset_s(zone, at_s * 1000), expected_s);
}

static void clocks_change_in_2026(void **state)
{
	struct zone zone;

	(void)state;
	zone_open(&zone, "Europe/Berlin");
	int64_t spring_s = utc_s(2026, 3, 29, 1, 0), autumn_s = utc_s(2026, 10, 25, 1, 0);
	offset_is(&zone, spring_s - 1, 3600);
	offset_is(&zone, spring_s, 7200);
	offset_is(&zone, autumn_s - 1, 7200);
	offset_is(&zone, autumn_s, 3600);
	assert_int_equal(zone_offset_s(&zone, spring_s * 1000 - 1), 3600);
	zone_deinit(&zone);

	zone_open(&zone, "America/New_York");
	spring_s = utc_s(2026, 3, 8, 7, 0);
	autumn_s = utc_s(2026, 11, 1, 6, 0);
	offset_is(&zone, spring_s - 1, -5 * 3600);
	offset_is(&zone, spring_s, -4 * 3600);
	offset_is(&zone, autumn_s - 1, -4 * 3600);
	offset_is(&zone, autumn_s, -5 * 3600);
	zone_deinit(&zone);

	zone_open(&zone, "Asia/Kathmandu");
	offset_is(&zone, utc_s(2026, 7, 1, 0, 0), 5 * 3600 + 45 * 60);
	zone_deinit(&zone);
	zone_open(&zone, "Antarctica/Troll");
	offset_is(&zone, utc_s(2026, 1, 1, 0, 0), 0);
	offset_is(&zone, utc_s(2026, 7, 1, 0, 0), 7200);
	zone_deinit(&zone);
}

/* Scenario 1: the instants and the dates that they have in their clinics. */
static void sessions_have_the_date_of_their_clinic(void **state)
{
	struct zone berlin, new_york;

	(void)state;
	zone_open(&berlin, "Europe/Berlin");
	zone_open(&new_york, "America/New_York");
	assert_int_equal(
	    civil_to_yyyymmdd(zone_day(&berlin, utc_s(2026, 3, 29, 21, 50) * 1000)), 20260329);
	int64_t late_s = utc_s(2026, 5, 2, 3, 30);
	assert_int_equal(civil_to_yyyymmdd(zone_day(&new_york, late_s * 1000)), 20260501);
	assert_int_equal(civil_to_yyyymmdd(zone_day(&berlin, late_s * 1000)), 20260502);
	assert_int_equal(zone_day(&berlin, -1), 0); /* 1970-01-01 00:59:59.999 */
	assert_int_equal(zone_day(&new_york, 0), -1);
	int32_t timer_day = civil_from_ymd(2026, 5, 14);
	assert_int_equal(zone_time_at(&berlin, timer_day, 360), utc_s(2026, 5, 14, 4, 0) * 1000);
	timer_day = civil_from_ymd(2026, 12, 29);
	assert_int_equal(zone_time_at(&berlin, timer_day, 360), utc_s(2026, 12, 29, 5, 0) * 1000);
	zone_deinit(&berlin);
	zone_deinit(&new_york);
}

static void times_that_are_skipped_or_come_twice(void **state)
{
	struct zone zone;

	(void)state;
	zone_open(&zone, "Europe/Berlin");
	int32_t spring = civil_from_ymd(2026, 3, 29), autumn = civil_from_ymd(2026, 10, 25);
	assert_int_equal(zone_time_at(&zone, spring, 119), utc_s(2026, 3, 29, 0, 59) * 1000);
	assert_int_equal(zone_time_at(&zone, spring, 150), utc_s(2026, 3, 29, 1, 0) * 1000);
	assert_int_equal(zone_time_at(&zone, spring, 180), utc_s(2026, 3, 29, 1, 0) * 1000);
	assert_int_equal(zone_time_at(&zone, autumn, 150), utc_s(2026, 10, 25, 0, 30) * 1000);
	assert_int_equal(zone_time_at(&zone, autumn, 180), utc_s(2026, 10, 25, 2, 0) * 1000);
	zone_deinit(&zone);

	/* Apia went from 29 to 31 December 2011. */
	zone_open(&zone, "Pacific/Apia");
	int64_t jump_s = utc_s(2011, 12, 30, 10, 0);
	assert_int_equal(civil_to_yyyymmdd(zone_day(&zone, jump_s * 1000 - 1)), 20111229);
	assert_int_equal(civil_to_yyyymmdd(zone_day(&zone, jump_s * 1000)), 20111231);
	int32_t skipped = civil_from_ymd(2011, 12, 30);
	assert_int_equal(zone_time_at(&zone, skipped, 360), jump_s * 1000);
	assert_int_equal(zone_time_at(&zone, skipped + 1, 360), (jump_s + 6 * 3600) * 1000);
	zone_deinit(&zone);
}

/* The C library reads the same file with code of its own. */
static void agrees_with(const char *name, const struct zone *zone, time_t at_s)
{
	struct tm tm;

	assert_non_null(localtime_r(&at_s, &tm));
	int32_t offset_s = zone_offset_s(zone, at_s * 1000);
	uint32_t date = civil_to_yyyymmdd(zone_day(zone, at_s * 1000 + 999));

	if (offset_s != tm.tm_gmtoff)
		fail_msg(
		    "%s at %lld: %d, expected %ld", name, (long long)at_s, offset_s, tm.tm_gmtoff);
	if (date != (uint32_t)((tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday))
		fail_msg("%s at %lld: date %u", name, (long long)at_s, date);
}

static void agrees_with_the_c_library_from_1970_to_2100(void **state)
{
	(void)state;
	for (size_t i = 0; i < CP_COUNT(zone_names); i++) {
		struct zone zone;

		zone_open(&zone, zone_names[i]);
		setenv("TZ", zone_names[i], 1);
		tzset();
		/* A step of a day less 61 s walks through all times of day. */
		for (int64_t at_s = 0; at_s < utc_s(2100, 1, 1, 0, 0); at_s += 86339)
			agrees_with(zone_names[i], &zone, at_s);
		for (size_t c = 0; c < zone.count; c++) {
			if (zone.changes[c].at_s < 0)
				continue;
			agrees_with(zone_names[i], &zone, zone.changes[c].at_s - 1);
			agrees_with(zone_names[i], &zone, zone.changes[c].at_s);
		}
		zone_deinit(&zone);
	}
	setenv("TZ", "UTC", 1);
	tzset();
}

/* R7: 06:00 comes once a day, and it is on that day. */
static void six_in_the_morning_exists_once_a_day(void **state)
{
	(void)state;
	for (size_t i = 0; i < CP_COUNT(zone_names); i++) {
		struct zone zone;
		event_ms before = INT64_MIN;

		zone_open(&zone, zone_names[i]);
		for (int32_t day = civil_from_ymd(2012, 1, 1); day < civil_from_ymd(2100, 1, 1);
		     day++) {
			event_ms at = zone_time_at(&zone, day, 360);
			int64_t local_s = at / 1000 + zone_offset_s(&zone, at);

			if (zone_day(&zone, at) != day || local_s % 86400 != 6 * 3600 ||
			    at <= before)
				fail_msg("%s: no 06:00 on day %d", zone_names[i], day);
			before = at;
		}
		zone_deinit(&zone);
	}
}

static void absurd_instants_are_taken_as_the_nearest_end(void **state)
{
	struct zone zone;

	(void)state;
	zone_open(&zone, "America/New_York");
	assert_int_equal(zone_day(&zone, INT64_MAX), CIVIL_DAY_MAX - 1);
	assert_int_equal(zone_day(&zone, INT64_MIN), CIVIL_DAY_MIN);
	(void)zone_time_at(&zone, INT32_MAX, 1440);
	(void)zone_time_at(&zone, INT32_MIN, 0);
	zone_deinit(&zone);
}

/* Every file is exactly as long as it says: no prefix is a zone. Each prefix
 * lies in a block of its own, so that the sanitizer sees a read behind it. */
static void no_prefix_of_a_file_is_a_zone(void **state)
{
	(void)state;
	for (size_t i = 0; i < CP_COUNT(zone_names); i++) {
		struct file file;

		file_load(&file, zone_names[i]);
		for (size_t len = 0; len < file.len; len++) {
			struct zone zone;
			uint8_t *cut = malloc(len + 1);

			assert_non_null(cut);
			memcpy(cut, file.bytes, len);
			if (zone_parse(&zone, slice_of(cut, len)) != CP_INVALID || !zone.bad)
				fail_msg("%s cut at %zu was taken", zone_names[i], len);
			zone_deinit(&zone);
			free(cut);
		}
	}
}

static void bent_files_are_refused_or_give_a_zone(void **state)
{
	struct file file;

	(void)state;
	file_load(&file, "Europe/Berlin");
	for (size_t at = 0; at < file.len; at++) {
		static const uint8_t flips[] = {0x01, 0x80, 0xff};
		for (size_t f = 0; f < CP_COUNT(flips); f++) {
			struct zone zone;

			file.bytes[at] ^= flips[f];
			enum cp_err err = zone_parse(&zone, slice_of(file.bytes, file.len));
			file.bytes[at] ^= flips[f];
			if (err) {
				assert_non_null(zone.bad);
			} else {
				(void)zone_day(&zone, INT64_C(1800000000000));
				(void)zone_time_at(&zone, 20000, 360);
				(void)zone_time_at(&zone, 60000, 150);
			}
			zone_deinit(&zone);
		}
	}
}

/* One type at UTC+1, no change: the smallest file of version 1. */
static const uint8_t version_1[] = {'T', 'Z', 'i', 'f', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 4, /* counts */
    0x80, 0, 0, 0, 0,                                                          /* one change */
    0, 0, 0x0e, 0x10, 0, 0, 'C', 'E', 'T', 0};

static void old_files_are_read_too(void **state)
{
	struct zone zone;

	(void)state;
	assert_int_equal(zone_parse(&zone, slice_of(version_1, sizeof(version_1))), CP_OK);
	assert_int_equal(zone.count, 1);
	assert_int_equal(zone.changes[0].at_s, INT32_MIN);
	offset_is(&zone, utc_s(2090, 1, 1, 0, 0), 3600);
	offset_is(&zone, utc_s(1890, 1, 1, 0, 0), 3600);
	zone_deinit(&zone);
}

static void refused_with(size_t at, uint8_t value, const char *reason)
{
	uint8_t bytes[sizeof(version_1)];
	struct zone zone;

	memcpy(bytes, version_1, sizeof(bytes));
	bytes[at] = value;
	assert_int_equal(zone_parse(&zone, slice_of(bytes, sizeof(bytes))), CP_INVALID);
	assert_string_equal(zone.bad, reason);
	zone_deinit(&zone);
}

static void a_refusal_says_why(void **state)
{
	(void)state;
	refused_with(0, 'X', "not a TZif file");
	refused_with(23, 5, "wrong number of indicators");
	refused_with(31, 1, "it counts leap seconds");
	refused_with(32, 1, "too many transitions");
	refused_with(39, 0, "wrong number of local time types");
	refused_with(43, 0, "wrong length of the abbreviations");
	refused_with(48, 1, "a transition to a type that is not there");
	refused_with(50, 2, "an offset of more than a day");
	refused_with(53, 2, "a malformed local time type");
	refused_with(4, '2', "the file ends too early");
}

static uint8_t *put_u32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
	return at + 4;
}

struct made {
	uint32_t changes; /* a second apart */
	uint32_t step_s;
	uint32_t types;
	int32_t offset_s;
	uint8_t name_at; /* of each type */
	uint32_t name_bytes;
};

/* A file of version 1, parsed. */
static const char *made_is(const struct made *made)
{
	static uint8_t bytes[1 << 15];
	uint8_t *at = bytes + 20;
	struct zone zone;

	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, "TZif", 4);
	at = put_u32(put_u32(at, 0), 0); /* indicators */
	at = put_u32(put_u32(at, 0), made->changes);
	at = put_u32(put_u32(at, made->types), made->name_bytes);
	for (uint32_t i = 0; i < made->changes; i++)
		at = put_u32(at, i * made->step_s);
	at += made->changes;
	for (uint32_t i = 0; i < made->types; i++) {
		at = put_u32(at, (uint32_t)made->offset_s) + 2;
		at[-1] = made->name_at;
	}
	at += made->name_bytes;
	enum cp_err err = zone_parse(&zone, slice_of(bytes, (size_t)(at - bytes)));
	const char *bad = err ? zone.bad : "good";
	zone_deinit(&zone);
	return bad;
}

static void exactly_as_much_as_there_may_be(void **state)
{
	const struct made good = {1, 1, 1, 3600, 0, 4};
	struct made made = good;

	(void)state;
	made.changes = ZONE_MAX_CHANGES;
	assert_string_equal(made_is(&made), "good");
	made.changes++;
	assert_string_equal(made_is(&made), "too many transitions");
	made = good;
	made.types = 256;
	assert_string_equal(made_is(&made), "good");
	made.types++;
	assert_string_equal(made_is(&made), "wrong number of local time types");
	made = good;
	made.name_bytes = 2048;
	assert_string_equal(made_is(&made), "good");
	made.name_bytes++;
	assert_string_equal(made_is(&made), "wrong length of the abbreviations");
	made = good;
	made.name_at = 3;
	assert_string_equal(made_is(&made), "good");
	made.name_at++;
	assert_string_equal(made_is(&made), "a malformed local time type");
}

/* RFC 8536 3.2: -25 to +26 hours, neither included; changes rise. */
static void offsets_and_changes_up_to_their_limits(void **state)
{
	struct made made = {2, 1, 1, -25 * 3600 + 1, 0, 4};

	(void)state;
	assert_string_equal(made_is(&made), "good");
	made.offset_s--;
	assert_string_equal(made_is(&made), "an offset of more than a day");
	made.offset_s = 26 * 3600 - 1;
	assert_string_equal(made_is(&made), "good");
	made.offset_s++;
	assert_string_equal(made_is(&made), "an offset of more than a day");
	made.offset_s = 0;
	made.step_s = 0;
	assert_string_equal(made_is(&made), "transitions out of order");
}

static void rules_are_parsed_to_the_letter(void **state)
{
	static const char *const wrong[] = {"", "C", "CE-1", "CET", "CET-", "CET-25", "CET-1:60",
	    "<+05-5", "<>0", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M3.5.0,M10.5.0 ",
	    "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.0.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0",
	    "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J365", "CET-1CEST,366,1",
	    "CET-1CEST,M3.5.0/168,M10.5.0", "CET-1CEST,M3.5.0/,M10.5.0", "CET-0001"};
	struct zone_rule rule;

	(void)state;
	for (size_t i = 0; i < CP_COUNT(wrong); i++) {
		if (zone_rule_parse(&rule, slice_str(wrong[i])))
			fail_msg("\"%s\" was taken", wrong[i]);
	}
	assert_true(zone_rule_parse(&rule, slice_str("AZaz0")));
	assert_true(zone_rule_parse(&rule, slice_str("<+0545>-5:45")));
	assert_int_equal(rule.standard_s, 20700);
	assert_false(rule.has_summer);
	assert_true(zone_rule_parse(&rule, slice_str("IST-1GMT0,M10.5.0,M3.5.0/1")));
	assert_int_equal(rule.summer_s, 0);
	assert_int_equal(rule.end.time_s, 3600);
	assert_true(zone_rule_parse(&rule, slice_str("<-03>3<-02>,M3.5.0/-2,M10.5.0/-1:30:15")));
	assert_int_equal(rule.start.time_s, -7200);
	assert_int_equal(rule.end.time_s, -5415);
}

/* RFC 8536 3.3.1: summer time that never ends; and days counted with and
 * without 29 February. */
static void rules_without_a_weekday(void **state)
{
	struct zone_rule rule;

	(void)state;
	assert_true(zone_rule_parse(&rule, slice_str("XXX3EDT4,0/0,J365/23")));
	for (int day = 0; day < 3000; day++) {
		int64_t at_s = utc_s(2026, 1, 1, 0, 0) + day * INT64_C(86400) + 3 * 3600;
		assert_int_equal(zone_rule_offset_s(&rule, at_s - 1), -4 * 3600);
		assert_int_equal(zone_rule_offset_s(&rule, at_s), -4 * 3600);
	}
	assert_true(zone_rule_parse(&rule, slice_str("AAA0BBB,J60/0,J300/1")));
	assert_int_equal(zone_rule_offset_s(&rule, utc_s(2028, 2, 29, 12, 0)), 0);
	assert_int_equal(zone_rule_offset_s(&rule, utc_s(2028, 3, 1, 0, 0)), 3600);
	assert_int_equal(zone_rule_offset_s(&rule, utc_s(2026, 3, 1, 0, 0)), 3600);
	assert_true(zone_rule_parse(&rule, slice_str("AAA0BBB,59/0,300/1")));
	assert_int_equal(zone_rule_offset_s(&rule, utc_s(2028, 2, 29, 0, 0)), 3600);
	assert_int_equal(zone_rule_offset_s(&rule, utc_s(2026, 2, 28, 23, 59)), 0);
	assert_int_equal(zone_rule_offset_s(&rule, utc_s(2026, 3, 1, 0, 0)), 3600);
}

/* Changes that are told in one year and happen in the one before, or at once; the first year
 * and the last one. */
static void rules_at_the_ends_of_years(void **state)
{
	struct zone_rule rule;

	(void)state;
	assert_true(zone_rule_parse(&rule, slice_str("AAA0BBB,0/-2,J300/1")));
	assert_int_equal(zone_rule_offset_s(&rule, utc_s(2026, 12, 31, 22, 0) - 1), 0);
	assert_int_equal(zone_rule_offset_s(&rule, utc_s(2026, 12, 31, 22, 0)), 3600);
	assert_true(zone_rule_parse(&rule, slice_str("AAA0BBB,J60/0,J60/1")));
	assert_int_equal(zone_rule_offset_s(&rule, utc_s(2026, 7, 1, 0, 0)), 0);
	assert_true(zone_rule_parse(&rule, slice_str("AAA0BBB,J300/0,J60/1")));
	assert_int_equal(zone_rule_offset_s(&rule, utc_s(1, 1, 1, 0, 0)), 0); /* nothing before */
	assert_int_equal(zone_rule_offset_s(&rule, utc_s(1, 12, 1, 0, 0)), 3600);
	assert_int_equal(zone_rule_offset_s(&rule, utc_s(2, 1, 1, 0, 0)), 3600);
	assert_int_equal(zone_rule_offset_s(&rule, utc_s(9999, 7, 1, 0, 0)), 0);
	assert_int_equal(zone_rule_offset_s(&rule, utc_s(9999, 12, 1, 0, 0)), 3600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(clocks_change_in_2026),
	    cmocka_unit_test(sessions_have_the_date_of_their_clinic),
	    cmocka_unit_test(times_that_are_skipped_or_come_twice),
	    cmocka_unit_test(agrees_with_the_c_library_from_1970_to_2100),
	    cmocka_unit_test(six_in_the_morning_exists_once_a_day),
	    cmocka_unit_test(absurd_instants_are_taken_as_the_nearest_end),
	    cmocka_unit_test(no_prefix_of_a_file_is_a_zone),
	    cmocka_unit_test(bent_files_are_refused_or_give_a_zone),
	    cmocka_unit_test(old_files_are_read_too),
	    cmocka_unit_test(a_refusal_says_why),
	    cmocka_unit_test(exactly_as_much_as_there_may_be),
	    cmocka_unit_test(offsets_and_changes_up_to_their_limits),
	    cmocka_unit_test(rules_are_parsed_to_the_letter),
	    cmocka_unit_test(rules_without_a_weekday),
	    cmocka_unit_test(rules_at_the_ends_of_years),
	};

	return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
