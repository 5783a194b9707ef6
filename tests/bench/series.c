#include "series.h"

#include "fail.h"

#include <stdlib.h>
#include <time.h>

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_US 1000.0

void series_add(struct series *series, int64_t ns)
{
	if (series->count == series->cap) {
		series->cap = series->cap ? 2 * series->cap : 4096;
		series->ns = realloc(series->ns, series->cap * sizeof(*series->ns));
		if (!series->ns)
			fail("out of memory for %zu durations", series->cap);
	}
	series->ns[series->count++] = ns;
}

void series_deinit(struct series *series)
{
	free(series->ns);
	*series = (struct series){0};
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Nearest rank: the smallest value that `percent` of all do not exceed. */
static double percentile_us(const struct series *series, size_t percent)
{
	if (series->count == 0)
		return 0;
	size_t rank = (series->count * percent + 99) / 100;
	return (double)series->ns[rank ? rank - 1 : 0] / NS_PER_US;
}

void series_print(struct series *series, FILE *out)
{
	if (series->count)
		qsort(series->ns, series->count, sizeof(*series->ns), compare);
	fprintf(out,
	    "{\"count\": %zu, \"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f, "
	    "\"max_us\": %.1f}",
	    series->count, percentile_us(series, 50), percentile_us(series, 90),
	    percentile_us(series, 99), percentile_us(series, 100));
}

int64_t now_ns(void)
{
	struct timespec now;

	CP_CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}
