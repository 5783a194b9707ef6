#include "process.h"

#include "fail.h"
#include "series.h"

#include <stdio.h>
#include <time.h>

#define NS_PER_S INT64_C(1000000000)

/* The kernel's own clock of a process: what utime + stime of /proc/PID/stat are cut
 * from, without their ticks of 10 ms. */
static int64_t cpu_ns_of(pid_t pid)
{
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &used))
		fail("there is no process %d to measure", (int)pid);
	return used.tv_sec * NS_PER_S + used.tv_nsec;
}

static long rss_kb_of(pid_t pid)
{
	char path[64];
	char line[256];
	long kb = -1;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *status = fopen(path, "r");
	if (!status)
		fail("cannot read %s", path);
	while (kb < 0 && fgets(line, sizeof(line), status))
		if (sscanf(line, "RssAnon: %ld kB", &kb) != 1)
			kb = -1;
	fclose(status);
	if (kb < 0)
		fail("no RssAnon in %s", path);
	return kb;
}

struct usage process_usage(pid_t pid)
{
	struct usage usage = {0};

	if (pid) {
		usage.cpu_ns = cpu_ns_of(pid);
		usage.rss_kb = rss_kb_of(pid);
	}
	usage.at_ns = now_ns();
	return usage;
}
