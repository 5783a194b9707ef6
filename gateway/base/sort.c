#include "base/sort.h"

#include <stdbool.h>
#include <stdlib.h>

static bool is_sorted(const char *items, size_t count, size_t item_bytes, compare_fn *compare)
{
	for (size_t i = 1; i < count; i++, items += item_bytes)
		if (compare(items, items + item_bytes) > 0)
			return false;
	return true;
}

void sort_items(void *items, size_t count, size_t item_bytes, compare_fn *compare)
{
	if (!is_sorted(items, count, item_bytes, compare))
		qsort(items, count, item_bytes, compare);
}
