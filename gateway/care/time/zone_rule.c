#include "care/time/zone_rule.h"

#include "care/time/civil.h"

#define HOUR_S 3600
#define DAY_S 86400
#define ZONE_OFFSET_MAX_HOURS 24  /* POSIX TZ: hours of an offset */
#define ZONE_CHANGE_MAX_HOURS 167 /* RFC 8536 3.3.1: hours of a time of change */

static bool take_char(struct slice *text, char wanted)
{
	if (text->len == 0 || text->p[0] != (uint8_t)wanted)
		return false;
	*text = slice_from(*text, 1);
	return true;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* One to three digits; no number of a rule is longer. */
static bool take_number(struct slice *text, int min, int max, int *number)
{
	size_t digits = 0;
	int value = 0;

	while (digits < 3 && digits < text->len && is_digit(text->p[digits]))
		value = value * 10 + (text->p[digits++] - '0');
	if (digits == 0 || value < min || value > max)
		return false;
	*text = slice_from(*text, digits);
	*number = value;
	return true;
}

/* "CET" or "<+0545>": at least three characters, of no interest. */
static bool take_name(struct slice *text)
{
	bool is_quoted = take_char(text, '<');
	size_t len = 0;

	while (len < text->len &&
	       (is_letter(text->p[len]) ||
	           (is_quoted &&
	               (is_digit(text->p[len]) || text->p[len] == '+' || text->p[len] == '-'))))
		len++;
	if (len < 3)
		return false;
	*text = slice_from(*text, len);
	return !is_quoted || take_char(text, '>');
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(struct slice *text, int max_hours, int32_t *seconds)
{
	bool is_negative = take_char(text, '-');
	int hour = 0, minute = 0, second = 0;

	if (!is_negative)
		(void)take_char(text, '+');
	if (!take_number(text, 0, max_hours, &hour))
		return false;
	if (take_char(text, ':')) {
		if (!take_number(text, 0, 59, &minute))
			return false;
		if (take_char(text, ':') && !take_number(text, 0, 59, &second))
			return false;
	}
	*seconds = hour * HOUR_S + minute * 60 + second;
	if (is_negative)
		*seconds = -*seconds;
	return true;
}

/* POSIX counts offsets west of Greenwich, everybody else east. */
static bool take_offset(struct slice *text, int32_t *east_s)
{
	int32_t west_s;

	if (!take_time(text, ZONE_OFFSET_MAX_HOURS, &west_s))
		return false;
	*east_s = -west_s;
	return true;
}

static bool take_date(struct slice *text, struct zone_date *date)
{
	bool is_ok;

	*date = (struct zone_date){.time_s = 2 * HOUR_S};
	if (!take_char(text, ','))
		return false;
	if (take_char(text, 'M')) {
		date->kind = ZONE_DATE_WEEKDAY;
		is_ok = take_number(text, 1, 12, &date->month) && take_char(text, '.') &&
		        take_number(text, 1, 5, &date->week) && take_char(text, '.') &&
		        take_number(text, 0, 6, &date->day);
	} else if (take_char(text, 'J')) {
		date->kind = ZONE_DATE_JULIAN;
		is_ok = take_number(text, 1, 365, &date->day);
	} else {
		date->kind = ZONE_DATE_DAY;
		is_ok = take_number(text, 0, 365, &date->day);
	}
	if (is_ok && take_char(text, '/'))
		is_ok = take_time(text, ZONE_CHANGE_MAX_HOURS, &date->time_s);
	return is_ok;
}

bool zone_rule_parse(struct zone_rule *rule, struct slice text)
{
	*rule = (struct zone_rule){0};
	if (!take_name(&text) || !take_offset(&text, &rule->standard_s))
		return false;
	if (text.len == 0)
		return true;
	rule->has_summer = true;
	rule->summer_s = rule->standard_s + HOUR_S;
	if (!take_name(&text))
		return false;
	if (text.len > 0 && text.p[0] != ',' && !take_offset(&text, &rule->summer_s))
		return false;
	return take_date(&text, &rule->start) && take_date(&text, &rule->end) && text.len == 0;
}

static int32_t weekday_of_month(int year, const struct zone_date *date)
{
	int32_t first = civil_from_ymd(year, date->month, 1);
	int first_weekday = ((int)civil_weekday(first) + 1) % 7; /* 0 = Sunday */
	int of_month = (date->day - first_weekday + 7) % 7 + 7 * (date->week - 1);

	if (of_month >= civil_month_length(year, date->month))
		of_month -= 7; /* "fifth" is the last one */
	return first + of_month;
}

/* Local seconds since 1970 at which the change of that year is told. */
static int64_t local_change_s(int year, const struct zone_date *date)
{
	int32_t day = civil_from_ymd(year, 1, 1);

	switch (date->kind) {
	case ZONE_DATE_JULIAN: {
		bool is_past_leap_day = date->day >= 60 && civil_month_length(year, 2) == 29;

		day += date->day - 1 + is_past_leap_day;
		break;
	}
	case ZONE_DATE_DAY:
		day += date->day;
		break;
	case ZONE_DATE_WEEKDAY:
		day = weekday_of_month(year, date);
		break;
	}
	return (int64_t)day * DAY_S + date->time_s;
}

/* The changes of the years around are listed in order and the last one that is
 * not later than the instant decides. So the southern hemisphere, changes told
 * beyond the end of a year, and summer time all year round (where an end and
 * the next start are the same instant, and the start wins) need no cases. */
int32_t zone_rule_offset_s(const struct zone_rule *rule, int64_t utc_s)
{
	if (!rule->has_summer)
		return rule->standard_s;
	int year = civil_to_ymd((int32_t)(utc_s / DAY_S)).year;
	int64_t latest_s = INT64_MIN;
	int32_t offset_s = rule->standard_s;

	for (int y = year > 1 ? year - 1 : 1; y <= year + 1 && y <= 9999; y++) {
		int64_t start_s = local_change_s(y, &rule->start) - rule->standard_s;
		int64_t end_s = local_change_s(y, &rule->end) - rule->summer_s;

		if (start_s <= utc_s && start_s >= latest_s) {
			latest_s = start_s;
			offset_s = rule->summer_s;
		}
		if (end_s <= utc_s && end_s >= latest_s) {
			latest_s = end_s;
			offset_s = rule->standard_s;
		}
	}
	return offset_s;
}
