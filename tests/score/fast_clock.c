/* fast_clock.c - io/clock.h for a daemon whose days are short, in place of io/clock.c.
 *
 * CAREPACE_FAST is "WALL:MONO:RATE": at MONO (ms of the system's monotonic clock) it was WALL
 * (ms since 1970), and since then time goes RATE times as fast. What is about people and
 * treatments goes by it; what is about sockets (clock_mono) goes by the real time.
 */
#include "io/clock.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"

#define SINCE_BOOT_MS MS_PER_DAY /* how long the box had run then */

static struct {
	int64_t wall_ms, mono_ms, rate;
} fast;

static _Atomic int64_t assumed_offset = TIME_NEVER;

__attribute__((constructor)) static void read_environment(void)
{
	const char *told = getenv("CAREPACE_FAST");

	CP_CHECK(told && sscanf(told, "%" SCNd64 ":%" SCNd64 ":%" SCNd64, &fast.wall_ms,
	                     &fast.mono_ms, &fast.rate) == 3);
}

mono_ms clock_mono(void)
{
	struct timespec t;

	CP_CHECK(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
	return (int64_t)t.tv_sec * MS_PER_SECOND + t.tv_nsec / 1000000;
}

int64_t clock_mono_us(void)
{
	return 1000 * clock_mono();
}

static int64_t elapsed_ms(void)
{
	return (clock_mono() - fast.mono_ms) * fast.rate;
}

mono_ms clock_since_boot(void)
{
	return SINCE_BOOT_MS + elapsed_ms();
}

wall_ms clock_wall(void)
{
	int64_t offset = atomic_load(&assumed_offset);

	return offset == TIME_NEVER ? fast.wall_ms + elapsed_ms() : clock_since_boot() + offset;
}

mono_ms clock_until(wall_ms at)
{
	return (at - clock_wall()) / fast.rate;
}

bool clock_in_doubt(void)
{
	return atomic_load(&assumed_offset) != TIME_NEVER;
}

void clock_assume(int64_t offset_ms)
{
	atomic_store(&assumed_offset, offset_ms);
}

struct clock_reading clock_read(void)
{
	return (struct clock_reading){
	    .is_taken = true,
	    .since_boot = clock_since_boot(),
	    .wall = fast.wall_ms + elapsed_ms(),
	    .is_synced = true,
	};
}

struct clock_start clock_start(void)
{
	return (struct clock_start){
	    .boot = {.b = {'f', 'a', 's', 't'}},
	    .reading = clock_read(),
	};
}
