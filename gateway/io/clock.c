#include "io/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hex.h"

/* One time for the whole program, whatever thread asks. */
static struct {
	_Atomic int64_t assumed_offset;
	_Atomic wall_ms synced_at;        /* by who keeps the clock, as was seen last; */
	_Atomic int64_t offset_at_synced; /* when it was seen first */
} box_time = {.assumed_offset = TIME_NEVER};

static int64_t read_ms(clockid_t id)
{
	struct timespec t;

	CP_CHECK(clock_gettime(id, &t) == 0);
	return (int64_t)t.tv_sec * MS_PER_SECOND + t.tv_nsec / 1000000;
}

wall_ms clock_wall(void)
{
	int64_t offset = atomic_load(&box_time.assumed_offset);

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
	return atomic_load(&box_time.assumed_offset) != TIME_NEVER;
}

void clock_assume(int64_t offset_ms)
{
	atomic_store(&box_time.assumed_offset, offset_ms);
}

#define BOOT_TEXT_BYTES (ID_HEX_LEN + 4) /* five groups of digits */

/* The unit hides /proc/sys and tells it instead (deploy/systemd). */
static size_t read_boot_text(char out[BOOT_TEXT_BYTES])
{
	const char *told = getenv("CAREPACE_BOOT");

	if (told && *told)
		return (size_t)snprintf(out, BOOT_TEXT_BYTES, "%s", told);
	int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t got = file < 0 ? 0 : read(file, out, BOOT_TEXT_BYTES);
	if (file >= 0)
		close(file);
	return got > 0 ? (size_t)got : 0;
}

/* Zero when it cannot be read. */
static struct id read_boot(void)
{
	char text[BOOT_TEXT_BYTES];
	char digits[ID_HEX_LEN];
	size_t count = 0;
	size_t len;
	struct id boot = {0};
	size_t got = read_boot_text(text);

	for (size_t i = 0; i < got && i < sizeof(text) && count < sizeof(digits); i++)
		if (text[i] != '-')
			digits[count++] = text[i];
	if (!hex_parse(slice_of(digits, count), boot.b, ID_BYTES, &len) || len != ID_BYTES)
		boot = (struct id){0};
	return boot;
}

/* systemd-timesyncd touches it whenever it has set the clock, every 34 minutes at the latest. */
#define TIMESYNC_FILE "/run/systemd/timesync/synchronized"
#define TIMESYNC_FRESH_MS (40 * MS_PER_MINUTE)

/* A step since the touch would make it say nothing: the clock must run on as it did when this
 * touch was seen first. */
static bool has_timesync_said(wall_ms wall, mono_ms since_boot)
{
	struct stat file;

	if (stat(TIMESYNC_FILE, &file))
		return false;
	int64_t at = (int64_t)file.st_mtim.tv_sec * MS_PER_SECOND + file.st_mtim.tv_nsec / 1000000;
	int64_t offset = wall - since_boot;
	if (atomic_exchange(&box_time.synced_at, at) != at)
		atomic_store(&box_time.offset_at_synced, offset);
	int64_t moved = offset - atomic_load(&box_time.offset_at_synced);
	return at <= wall && wall - at <= TIMESYNC_FRESH_MS && moved < MS_PER_SECOND &&
	       moved > -MS_PER_SECOND;
}

/* Only asks: nothing is set. A hardened unit may not even do that; then whoever keeps the
 * clock may have left word. */
static bool is_synced(wall_ms wall, mono_ms since_boot)
{
	struct timex query = {0};
	int state = adjtimex(&query);

	if (state < 0 && errno == EPERM)
		return has_timesync_said(wall, since_boot);
	return state >= 0 && state != TIME_ERROR && !(query.status & STA_UNSYNC);
}

struct clock_reading clock_read(void)
{
	struct clock_reading reading = {
	    .is_taken = true,
	    .since_boot = clock_since_boot(),
	    .wall = read_ms(CLOCK_REALTIME),
	};

	reading.is_synced = is_synced(reading.wall, reading.since_boot);
	return reading;
}

struct clock_start clock_start(void)
{
	return (struct clock_start){
	    .boot = read_boot(),
	    .built_at = CAREPACE_BUILT_AT * MS_PER_SECOND,
	    .reading = clock_read(),
	};
}
