#include "year_civil.h"

#include <stdio.h>

#define SUNDAY 7
#define MARCH 3
#define OCTOBER 10
#define NOVEMBER 11
#define SUMMER_MIN 60

struct town town_of(size_t n, char site[TOWN_SITE_BYTES])
{
	static const struct town towns[] = {
	    {"berlin", "Europe/Berlin", 60, SUMMER_EU},
	    {"boston", "America/New_York", -300, SUMMER_US},
	    {"pune", "Asia/Kolkata", 330, SUMMER_NONE},
	    {"lisbon", "Europe/Lisbon", 0, SUMMER_EU},
	};
	const size_t count = sizeof(towns) / sizeof(towns[0]);
	struct town town = towns[n % count];

	(void)snprintf(site, TOWN_SITE_BYTES, "%s-%u", town.site, (unsigned)(n / count + 1));
	town.site = site;
	return town;
}

/* Days of the proleptic Gregorian calendar; years begin in March, so that a leap day is
 * their last. */
int32_t civil_of(int year, int month, int day)
{
	int y = month > 2 ? year : year - 1;
	int m = month > 2 ? month - 3 : month + 9;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

uint32_t civil_date(int32_t day)
{
	int year = 1970 + day / 366;

	while (civil_of(year + 1, 1, 1) <= day)
		year++;
	int month = 1;
	while (month < 12 && civil_of(year, month + 1, 1) <= day)
		month++;
	return (uint32_t)(year * 10000 + month * 100 + (day - civil_of(year, month, 1)) + 1);
}

/* 1 January 1970 was a Thursday. */
unsigned civil_week_day(int32_t day)
{
	return (unsigned)((day + 3) % 7) + 1;
}

/* The n-th Sunday of a month. */
static int32_t sunday_of(int year, int month, int n)
{
	int32_t first = civil_of(year, month, 1);

	return first + (int32_t)((SUNDAY - civil_week_day(first)) % 7) + 7 * (n - 1);
}

static int32_t last_sunday_of(int year, int month)
{
	int32_t next = civil_of(year, month + 1, 1);

	return next - 7 + (int32_t)((SUNDAY - civil_week_day(next)) % 7);
}

/* As UTC minutes. */
static bool is_summer(const struct town *town, int64_t utc_min)
{
	int year = (int)(civil_date((int32_t)(utc_min / 1440)) / 10000);
	int64_t from = 0, until = 0;

	if (town->summer == SUMMER_EU) {
		from = last_sunday_of(year, MARCH) * INT64_C(1440) + 60;
		until = last_sunday_of(year, OCTOBER) * INT64_C(1440) + 60;
	} else if (town->summer == SUMMER_US) {
		from = sunday_of(year, MARCH, 2) * INT64_C(1440) + 120 - town->standard_min;
		until = sunday_of(year, NOVEMBER, 1) * INT64_C(1440) + 60 - town->standard_min;
	}
	return utc_min >= from && utc_min < until;
}

event_ms town_moment(const struct town *town, int32_t day, int minute)
{
	int64_t utc_min = day * INT64_C(1440) + minute - town->standard_min;

	if (is_summer(town, utc_min - SUMMER_MIN))
		utc_min -= SUMMER_MIN;
	return utc_min * MS_PER_MINUTE;
}

int32_t town_day(const struct town *town, event_ms at)
{
	int64_t utc_min = at / MS_PER_MINUTE;
	int64_t local_min = utc_min + town->standard_min;

	if (is_summer(town, utc_min))
		local_min += SUMMER_MIN;
	return (int32_t)(local_min / 1440);
}
