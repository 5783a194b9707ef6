#include "ledger/judging/touched.h"

#include <stdlib.h>

void touched_add(struct touched *set, struct arena *arena, int64_t no, bool is_loud)
{
	if (no == 0)
		return;
	struct touch *items = arena_push(arena, set->items, set->count, &set->cap, sizeof(*items));
	if (!items) {
		set->is_full = true;
		return;
	}
	set->items = items;
	items[set->count++] = (struct touch){.no = no, .is_loud = is_loud};
}

static int compare(const void *a, const void *b)
{
	int64_t x = ((const struct touch *)a)->no;
	int64_t y = ((const struct touch *)b)->no;

	return (x > y) - (x < y);
}

void touched_settle(struct touched *set)
{
	size_t kept = 0;

	if (set->count == 0)
		return;
	qsort(set->items, set->count, sizeof(*set->items), compare);
	for (size_t i = 1; i < set->count; i++) {
		if (set->items[i].no == set->items[kept].no)
			set->items[kept].is_loud |= set->items[i].is_loud;
		else
			set->items[++kept] = set->items[i];
	}
	set->count = kept + 1;
}
