#include "io/clock.h"

#include <time.h>

#include "base/err.h"

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
