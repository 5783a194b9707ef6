/* civil.h - dates without a clock and without a zone.
 *
 * What:    the proleptic Gregorian calendar as a day number: an int32_t that
 *          counts days since 1970-01-01. A day gap is a subtraction (R3).
 * Not:     which date an instant has somewhere: that is care/zone.
 * Range:   the years 1 to 9999, CIVIL_DAY_MIN to CIVIL_DAY_MAX, so that every
 *          day has a YYYYMMDD form. Results never leave it.
 * Memory:  none.
 */
#ifndef CARE_TIME_CIVIL_H
#define CARE_TIME_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

#define CIVIL_DAY_MIN (-719162) /* 0001-01-01 */
#define CIVIL_DAY_MAX 2932896   /* 9999-12-31 */

/* "29 September 2026" and a NUL. */
#define CIVIL_TEXT_BYTES 20

struct civil_ymd {
	int year;
	int month; /* 1 to 12 */
	int day;   /* 1 to 31 */
};

enum civil_weekday {
	CIVIL_MONDAY,
	CIVIL_TUESDAY,
	CIVIL_WEDNESDAY,
	CIVIL_THURSDAY,
	CIVIL_FRIDAY,
	CIVIL_SATURDAY,
	CIVIL_SUNDAY,
};

/* 0 when there is no such month. */
int civil_month_length(int year, int month);

/* The date must exist; one that does not is the caller's bug. */
int32_t civil_from_ymd(int year, int month, int day);

/* Days outside the range are taken as its nearest end. */
struct civil_ymd civil_to_ymd(int32_t day);

/* 20260929 as it stands on the wire. False, with *day untouched, unless the
 * date exists; DD 00 is no date here. */
bool civil_parse_yyyymmdd(uint32_t yyyymmdd, int32_t *day);

/* The same for a date that something is valid through: DD 00 means the last
 * day of the month (domain section 3, GS1 expiry). */
bool civil_parse_expiry(uint32_t yyyymmdd, int32_t *day);

uint32_t civil_to_yyyymmdd(int32_t day);

/* R5: 31 August + 6 months is 28 or 29 February. */
int32_t civil_add_months(int32_t day, int months);

enum civil_weekday civil_weekday(int32_t day);

/* Writes "29 September 2026"; returns `out`. */
const char *civil_format(int32_t day, char out[CIVIL_TEXT_BYTES]);

#endif
