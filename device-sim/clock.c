#include "clock.h"

#include "base/err.h"

#include <stdio.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
	struct timespec t;

	CP_CHECK(clock_gettime(id, &t) == 0);
	return (int64_t)t.tv_sec * MS_PER_SECOND + t.tv_nsec / 1000000;
}

wall_ms clock_wall(void)
{
	return read_ms(CLOCK_REALTIME);
}

mono_ms clock_mono(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

const char *clock_text(wall_ms at, char out[CLOCK_TEXT_BYTES])
{
	time_t seconds = (time_t)(at / MS_PER_SECOND);
	struct tm tm;

	CP_CHECK(localtime_r(&seconds, &tm));
	CP_CHECK(strftime(out, CLOCK_TEXT_BYTES, "%H:%M:%S", &tm) == CLOCK_TEXT_BYTES - 1);
	return out;
}

uint32_t clock_date(wall_ms at)
{
	time_t seconds = (time_t)(at / MS_PER_SECOND);
	struct tm tm;

	CP_CHECK(localtime_r(&seconds, &tm));
	return (uint32_t)((tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday);
}

uint32_t clock_year_end(wall_ms at, int years)
{
	time_t seconds = (time_t)(at / MS_PER_SECOND);
	struct tm tm;

	CP_CHECK(gmtime_r(&seconds, &tm));
	return (uint32_t)(tm.tm_year + 1900 + years) * 10000 + 1231;
}
