/* clock_preload.c - the box's clock as a test wants it, under the real daemon (LD_PRELOAD).
 *
 * CAREPACE_TEST_CLOCK names a file of 24 bytes that may change at any time: what the wall
 * clock is off by (ms), whether the kernel says that something keeps it (2: it may not be
 * asked; then CAREPACE_TEST_TIMESYNC is the file that systemd-timesyncd touches), and how long the
 * machine had run (ms) when the box of the test was switched on. Machines that
 * run tests often have no time server: without the file the clock is right and kept. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

struct wanted {
	int64_t off_ms;
	int64_t is_synced;
	int64_t started_ms;
};

static const struct wanted nothing = {.is_synced = 1};
static const volatile struct wanted *wanted = &nothing;

__attribute__((constructor)) static void open_file(void)
{
	const char *path = getenv("CAREPACE_TEST_CLOCK");
	int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (file < 0)
		return;
	void *page = mmap(NULL, sizeof(*wanted), PROT_READ, MAP_SHARED, file, 0);
	if (page != MAP_FAILED)
		wanted = page;
	close(file);
}

int clock_gettime(clockid_t id, struct timespec *out)
{
	long result = syscall(SYS_clock_gettime, id, out);

	if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_BOOTTIME)) {
		int64_t off_ms = id == CLOCK_REALTIME ? wanted->off_ms : -wanted->started_ms;
		int64_t ms = out->tv_sec * INT64_C(1000) + out->tv_nsec / 1000000 + off_ms;
		out->tv_sec = ms / 1000;
		out->tv_nsec = ms % 1000 * 1000000;
	}
	return (int)result;
}

int adjtimex(struct timex *out)
{
	if (wanted->is_synced == 2) {
		errno = EPERM;
		return -1;
	}
	*out = (struct timex){.status = wanted->is_synced ? 0 : STA_UNSYNC};
	return wanted->is_synced ? TIME_OK : TIME_ERROR;
}

int stat(const char *restrict path, struct stat *restrict out)
{
	const char *other = getenv("CAREPACE_TEST_TIMESYNC");

	if (other && strcmp(path, "/run/systemd/timesync/synchronized") == 0)
		path = other;
	return (int)syscall(SYS_newfstatat, AT_FDCWD, path, out, 0);
}
