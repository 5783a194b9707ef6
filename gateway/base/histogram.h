/* histogram.h - how long something took, counted in buckets whose bounds never change.
 *
 * Units: microseconds in, and in `sum_us`; a bucket counts what took at most its bound and
 *        more than the one before; the last has no bound.
 */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_BUCKETS 13

struct histogram {
	uint64_t counts[HISTOGRAM_BUCKETS];
	int64_t sum_us;
};

/* Of bucket i; INT64_MAX: of the last one. */
static inline int64_t histogram_bound_us(size_t i)
{
	static const int64_t bounds_us[HISTOGRAM_BUCKETS] = {250, 500, 1000, 2500, 5000, 10000,
	    25000, 50000, 100000, 250000, 1000000, 5000000, INT64_MAX};

	return bounds_us[i];
}

static inline void histogram_add(struct histogram *histogram, int64_t took_us)
{
	size_t i = 0;

	while (took_us > histogram_bound_us(i))
		i++;
	histogram->counts[i]++;
	histogram->sum_us += took_us;
}

#endif
