/* What a therapist reads, word for word. */
#include "care/sentence.h"
#include "care/time/civil.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#define CHEEK (1U << 4)
#define FACE 0xfeU /* forehead to chin */

static void reads(struct finding finding, const char *expected)
{
	char text[SENTENCE_BYTES];

	assert_string_equal(sentence_of(&finding, text), expected);
}

static struct finding too_soon(int64_t gap, int64_t limit, uint32_t zones)
{
	return (struct finding){.check = CHECK_INTERVAL_TOO_SOON,
	    .subject = "s",
	    .onset = "",
	    .severity = SEVERITY_MEDIUM,
	    .value = gap,
	    .limit = limit,
	    .zones = zones,
	    .earliest_day = civil_from_ymd(2026, 3, 30)};
}

static void too_soon_says_where_when_and_until_when(void **state)
{
	(void)state;
	reads(too_soon(27, 28, CHEEK),
	    "Last treated 27 days ago on the cheek; at least 28 days are recommended."
	    " Earliest date: 30 March 2026.");
	reads(too_soon(1, 28, CHEEK),
	    "Last treated yesterday on the cheek; at least 28 days are recommended."
	    " Earliest date: 30 March 2026.");
	reads(too_soon(0, 35, CHEEK | 1U << 9), "Last treated earlier today on the cheek and the "
	                                        "neck; at least 35 days are recommended."
	                                        " Earliest date: 30 March 2026.");
	reads(too_soon(2, 28, 1U | CHEEK),
	    "Last treated 2 days ago on an unknown zone and the cheek; at least 28 days are"
	    " recommended. Earliest date: 30 March 2026.");
	reads(too_soon(9, 28, FACE),
	    "Last treated 9 days ago on the forehead, the temple, the area around the eyes and 4 "
	    "other"
	    " zones; at least 28 days are recommended. Earliest date: 30 March 2026.");
}

static void overdue_says_since_when_and_what_to_do(void **state)
{
	struct finding finding = {.check = CHECK_INTERVAL_OVERDUE,
	    .subject = "4711",
	    .onset = "s",
	    .severity = SEVERITY_LOW,
	    .value = 43,
	    .limit = 42,
	    .effective_day = civil_from_ymd(2026, 5, 14)};

	(void)state;
	reads(finding,
	    "On 14 May 2026 the last session of course 4711 was 43 days ago; at most 42 days"
	    " are recommended. Please offer an appointment.");
	/* 56 is nobody's recommendation. */
	finding.severity = SEVERITY_MEDIUM;
	finding.value = 57;
	finding.limit = 56;
	finding.effective_day = civil_from_ymd(2026, 5, 28);
	reads(finding,
	    "On 28 May 2026 the last session of course 4711 was 57 days ago, more than 56 days."
	    " Please offer an appointment soon.");
}

static void reuse_says_whose_and_what_to_do(void **state)
{
	struct finding finding = {.check = CHECK_CART_REUSE,
	    .subject = "s",
	    .onset = "04012345678901/1001#0",
	    .severity = SEVERITY_CRITICAL,
	    .value = 1,
	    .related_count = 1};

	(void)state;
	reads(finding,
	    "Cartridge 04012345678901/1001 is single-use and was used before, on another or"
	    " an unknown client. Replace it with a new one before treating.");
	finding.severity = SEVERITY_HIGH;
	reads(finding,
	    "Cartridge 04012345678901/1001 is single-use and was used on this client in an"
	    " earlier visit. Replace it with a new one before treating.");
}

/* Nothing is cut off: the longest names, numbers, dates and zones there can be. */
static void the_longest_is_whole(void **state)
{
	struct finding finding = too_soon(INT32_MAX, 3650, 0x7ffff & ~0x37U);
	char text[SENTENCE_BYTES];

	(void)state;
	finding.earliest_day = civil_from_ymd(2026, 9, 30);
	sentence_of(&finding, text);
	assert_non_null(strstr(text, "Earliest date: 30 September 2026."));

	finding.check = CHECK_INTERVAL_OVERDUE;
	finding.severity = SEVERITY_LOW;
	finding.subject = "9223372036854775807";
	sentence_of(&finding, text);
	assert_non_null(strstr(text, "Please offer an appointment."));

	finding.check = CHECK_CART_REUSE;
	finding.severity = SEVERITY_CRITICAL;
	finding.related_count = 1;
	finding.onset = "04012345678901/AAAAAAAAAAAAAAAAAAAA#255";
	sentence_of(&finding, text);
	assert_non_null(strstr(text, "before treating."));
}

static void quantities_are_told_as_people_tell_them(void **state)
{
	static const struct {
		int64_t value;
		enum check_unit unit;
		const char *text;
	} rows[] = {
	    {0, IN_UM, "0 mm"},
	    {1750, IN_UM, "1.75 mm"},
	    {2000, IN_UM, "2 mm"},
	    {-250, IN_UM, "-0.25 mm"},
	    {10, IN_DAYS, "10 days"},
	    {1, IN_DAYS, "1 day"},
	    {0, IN_MS, "0 s"},
	    {90000, IN_MS, "90 s"},
	    {2700000, IN_MS, "45 min"},
	    {86400000, IN_MS, "24 h"},
	    {20260929, IN_DATE, "29 September 2026"},
	    {-1, IN_DATE, "an unknown date"},
	};
	char text[QUANTITY_BYTES];

	(void)state;
	for (size_t i = 0; i < CP_COUNT(rows); i++)
		assert_string_equal(quantity_of(rows[i].value, rows[i].unit, text), rows[i].text);
}

static void codes_are_told_in_words(void **state)
{
	struct finding finding = {.check = CHECK_CONTRA_ABSOLUTE,
	    .subject = "s",
	    .onset = "AZ_{[",
	    .severity = SEVERITY_CRITICAL};
	char text[SENTENCE_BYTES];

	(void)state;
	sentence_of(&finding, text);
	assert_non_null(strstr(text, "az {["));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(too_soon_says_where_when_and_until_when),
	    cmocka_unit_test(overdue_says_since_when_and_what_to_do),
	    cmocka_unit_test(reuse_says_whose_and_what_to_do),
	    cmocka_unit_test(the_longest_is_whole),
	    cmocka_unit_test(quantities_are_told_as_people_tell_them),
	    cmocka_unit_test(codes_are_told_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
