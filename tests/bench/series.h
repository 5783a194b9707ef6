/* series.h - durations of one kind, and what they look like together.
 *
 * Memory: grows as needed; series_deinit() frees. Safe on a zeroed struct.
 */
#ifndef BENCH_SERIES_H
#define BENCH_SERIES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct series {
	int64_t *ns;
	size_t count;
	size_t cap;
};

void series_add(struct series *series, int64_t ns);
void series_deinit(struct series *series);

/* {"count": 3, "p50_us": 1.0, "p90_us": ..., "p99_us": ..., "max_us": ...}; zeros
 * when empty. Sorts. */
void series_print(struct series *series, FILE *out);

/* Monotonic nanoseconds: the one clock of all durations here. */
int64_t now_ns(void);

#endif
