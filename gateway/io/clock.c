#include "io/clock.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hex.h"

/* One time for the whole program, whatever thread asks. */
static _Atomic int64_t assumed_offset = TIME_NEVER;

static int64_t read_ms(clockid_t id)
{
	struct timespec t;

	CP_CHECK(clock_gettime(id, &t) == 0);
	return (int64_t)t.tv_sec * MS_PER_SECOND + t.tv_nsec / 1000000;
}

wall_ms clock_wall(void)
{
	int64_t offset = atomic_load(&assumed_offset);

	return offset == TIME_NEVER ? read_ms(CLOCK_REALTIME) : clock_since_boot() + offset;
}

mono_ms clock_until(wall_ms at)
{
	return at - clock_wall();
}

mono_ms clock_mono(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

int64_t clock_mono_us(void)
{
	struct timespec t;

	CP_CHECK(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

mono_ms clock_since_boot(void)
{
	return read_ms(CLOCK_BOOTTIME);
}

bool clock_in_doubt(void)
{
	return atomic_load(&assumed_offset) != TIME_NEVER;
}

void clock_assume(int64_t offset_ms)
{
	atomic_store(&assumed_offset, offset_ms);
}

/* Zero when it cannot be read. */
static struct id read_boot(void)
{
	char text[ID_HEX_LEN + 4]; /* five groups of digits */
	char digits[ID_HEX_LEN];
	size_t count = 0;
	size_t len;
	struct id boot = {0};
	int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t got = file < 0 ? 0 : read(file, text, sizeof(text));

	if (file >= 0)
		close(file);
	for (ssize_t i = 0; i < got && count < sizeof(digits); i++)
		if (text[i] != '-')
			digits[count++] = text[i];
	if (!hex_parse(slice_of(digits, count), boot.b, ID_BYTES, &len) || len != ID_BYTES)
		boot = (struct id){0};
	return boot;
}

/* Only asks: nothing is set. Where even that is forbidden, nobody keeps it. */
static bool is_synced(void)
{
	struct timex query = {0};
	int state = adjtimex(&query);

	return state >= 0 && state != TIME_ERROR && !(query.status & STA_UNSYNC);
}

struct clock_reading clock_read(void)
{
	return (struct clock_reading){
	    .is_taken = true,
	    .since_boot = clock_since_boot(),
	    .wall = read_ms(CLOCK_REALTIME),
	    .is_synced = is_synced(),
	};
}

struct clock_start clock_start(void)
{
	return (struct clock_start){
	    .boot = read_boot(),
	    .built_at = CAREPACE_BUILT_AT * MS_PER_SECOND,
	    .reading = clock_read(),
	};
}
