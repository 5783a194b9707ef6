/* sort.h - for what is nearly always in order already.
 *
 * What:   qsort(), after one look: histories come from indexes, and few lists have more
 *         than one source. Equal elements stay as they are only if all are in order.
 */
#ifndef BASE_SORT_H
#define BASE_SORT_H

#include <stddef.h>

typedef int compare_fn(const void *a, const void *b);

void sort_items(void *items, size_t count, size_t item_bytes, compare_fn *compare);

#endif
