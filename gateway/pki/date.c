#include "pki/date.h"

#include "base/err.h"

#include <stdio.h>
#include <time.h>

#define LAST_SECOND INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

static struct tm parts_of(wall_ms at)
{
	int64_t seconds = at / MS_PER_SECOND;
	struct tm tm;

	if (seconds < 0)
		seconds = 0;
	if (seconds > LAST_SECOND)
		seconds = LAST_SECOND;
	CP_CHECK(gmtime_r(&(time_t){seconds}, &tm));
	return tm;
}

const char *date_text(wall_ms at, char out[DATE_TEXT_LEN + 1])
{
	struct tm tm = parts_of(at);

	CP_CHECK(strftime(out, DATE_TEXT_LEN + 1, "%Y-%m-%dT%H:%M:%SZ", &tm) == DATE_TEXT_LEN);
	return out;
}

const char *date_x509(wall_ms at, char out[DATE_X509_LEN + 1])
{
	struct tm tm = parts_of(at);

	CP_CHECK(strftime(out, DATE_X509_LEN + 1, "%Y%m%d%H%M%S", &tm) == DATE_X509_LEN);
	return out;
}

wall_ms date_from_parts(int year, int month, int day, int hour, int minute, int second)
{
	struct tm tm = {
	    .tm_year = year - 1900,
	    .tm_mon = month - 1,
	    .tm_mday = day,
	    .tm_hour = hour,
	    .tm_min = minute,
	    .tm_sec = second,
	};

	time_t seconds = timegm(&tm);
	return seconds < 0 ? 0 : (wall_ms)seconds * MS_PER_SECOND;
}

/* The number in `len` digits at `from`, or -1. */
static int digits(struct slice text, size_t from, size_t len)
{
	int value = 0;

	for (size_t i = from; i < from + len; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return -1;
		value = value * 10 + (text.p[i] - '0');
	}
	return value;
}

bool date_parse(struct slice text, wall_ms *out)
{
	char again[DATE_TEXT_LEN + 1];

	if (text.len != DATE_TEXT_LEN)
		return false;
	*out = date_from_parts(digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2),
	    digits(text, 11, 2), digits(text, 14, 2), digits(text, 17, 2));
	/* Separators, the 31st of April and a second 60 all differ when printed. */
	return slice_eq_str(text, date_text(*out, again));
}
