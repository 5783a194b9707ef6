/* process.h - what the measured server has used, read from outside. */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

struct usage {
	int64_t at_ns;
	int64_t cpu_ns; /* user and system, all threads, also those that ended */
	long rss_kb;    /* resident, of it what is not shared with a file */
};

/* Zeros but for the time when pid is 0: nobody is measured. */
struct usage process_usage(pid_t pid);

#endif
