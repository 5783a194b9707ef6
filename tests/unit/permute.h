/* permute.h - every order of a few things. */
#ifndef UNIT_PERMUTE_H
#define UNIT_PERMUTE_H

#include <stdbool.h>
#include <stddef.h>

/* The next permutation of order[0..count), by the usual method; false after the last. */
static inline bool permute(size_t *order, size_t count)
{
	size_t i = count - 1;

	while (i > 0 && order[i - 1] >= order[i])
		i--;
	if (i == 0)
		return false;
	size_t j = count - 1;
	while (order[j] <= order[i - 1])
		j--;
	size_t swap = order[i - 1];
	order[i - 1] = order[j];
	order[j] = swap;
	for (j = count - 1; i < j; i++, j--) {
		swap = order[i];
		order[i] = order[j];
		order[j] = swap;
	}
	return true;
}

#endif
