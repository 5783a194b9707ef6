#include "care/time/civil.h"

#include "base/err.h"

#include <stdio.h>

/* The calendar repeats every 400 years. Counting years from March puts the leap
 * day at the end, so that months become a straight line of 153 days in five. */
#define ERA_YEARS 400
#define ERA_DAYS 146097
#define DAYS_0000_03_01_TO_1970 719468

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int civil_month_length(int year, int month)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (month < 1 || month > 12)
		return 0;
	return lengths[month - 1] + (month == 2 && is_leap(year));
}

static bool date_exists(int year, int month, int day)
{
	return year >= 1 && year <= 9999 && day >= 1 && day <= civil_month_length(year, month);
}

int32_t civil_from_ymd(int year, int month, int day)
{
	CP_CHECK(date_exists(year, month, day));
	int shifted_year = month <= 2 ? year - 1 : year;
	int shifted_month = month <= 2 ? month + 9 : month - 3;
	int era = shifted_year / ERA_YEARS;
	int year_of_era = shifted_year % ERA_YEARS;
	int day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
	int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * ERA_DAYS + day_of_era - DAYS_0000_03_01_TO_1970;
}

static int32_t clamp_day(int32_t day)
{
	if (day < CIVIL_DAY_MIN)
		return CIVIL_DAY_MIN;
	return day > CIVIL_DAY_MAX ? CIVIL_DAY_MAX : day;
}

struct civil_ymd civil_to_ymd(int32_t day)
{
	int since = clamp_day(day) + DAYS_0000_03_01_TO_1970; /* never negative */
	int era = since / ERA_DAYS;
	int day_of_era = since % ERA_DAYS;
	int year_of_era =
	    (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int shifted_month = (5 * day_of_year + 2) / 153;
	struct civil_ymd ymd = {
	    .year = era * ERA_YEARS + year_of_era + (shifted_month >= 10),
	    .month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9,
	    .day = day_of_year - (153 * shifted_month + 2) / 5 + 1,
	};

	return ymd;
}

static bool parse_date(uint32_t yyyymmdd, bool zero_is_month_end, int32_t *day)
{
	if (yyyymmdd > 99991231)
		return false;
	int year = (int)(yyyymmdd / 10000);
	int month = (int)(yyyymmdd / 100 % 100);
	int of_month = (int)(yyyymmdd % 100);

	if (of_month == 0 && zero_is_month_end)
		of_month = civil_month_length(year, month);
	if (!date_exists(year, month, of_month))
		return false;
	*day = civil_from_ymd(year, month, of_month);
	return true;
}

bool civil_parse_yyyymmdd(uint32_t yyyymmdd, int32_t *day)
{
	return parse_date(yyyymmdd, false, day);
}

bool civil_parse_expiry(uint32_t yyyymmdd, int32_t *day)
{
	return parse_date(yyyymmdd, true, day);
}

uint32_t civil_to_yyyymmdd(int32_t day)
{
	struct civil_ymd ymd = civil_to_ymd(day);

	return (uint32_t)(ymd.year * 10000 + ymd.month * 100 + ymd.day);
}

int32_t civil_add_months(int32_t day, int months)
{
	struct civil_ymd ymd = civil_to_ymd(day);
	int64_t month_count = (int64_t)ymd.year * 12 + (ymd.month - 1) + months;

	if (month_count < 12)
		return CIVIL_DAY_MIN;
	if (month_count >= 12 * INT64_C(10000))
		return CIVIL_DAY_MAX;
	int year = (int)(month_count / 12);
	int month = (int)(month_count % 12) + 1;
	int length = civil_month_length(year, month);

	return civil_from_ymd(year, month, ymd.day < length ? ymd.day : length);
}

enum civil_weekday civil_weekday(int32_t day)
{
	/* CIVIL_DAY_MIN was a Monday. */
	return (enum civil_weekday)((clamp_day(day) - CIVIL_DAY_MIN) % 7);
}

const char *civil_format(int32_t day, char out[CIVIL_TEXT_BYTES])
{
	static const char *const months[] = {"January", "February", "March", "April", "May", "June",
	    "July", "August", "September", "October", "November", "December"};
	struct civil_ymd ymd = civil_to_ymd(day);

	CP_CHECK(snprintf(out, CIVIL_TEXT_BYTES, "%d %s %d", ymd.day, months[ymd.month - 1],
	             ymd.year) < CIVIL_TEXT_BYTES);
	return out;
}
