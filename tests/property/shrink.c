#include "shrink.h"

#include <stdio.h>
#include <string.h>

#define TRIES 6 /* orders of arrival */

bool shrink_try(const struct world *world, still_fails_fn *still_fails, void *ctx)
{
	static struct world other; /* large */

	other = *world;
	for (unsigned i = 0; i < TRIES; i++) {
		other.seed = world->seed + i;
		if (still_fails(ctx, &other))
			return true;
	}
	return false;
}

static void leave_out(struct world *world, size_t first, size_t count)
{
	memmove(&world->inputs[first], &world->inputs[first + count],
	    (world->count - first - count) * sizeof(world->inputs[0]));
	world->count -= count;
}

void shrink(struct world *world, still_fails_fn *still_fails, void *ctx)
{
	static struct world less; /* large */

	for (size_t chunk = world->count / 2; chunk > 0; chunk /= 2) {
		for (size_t first = 0; first < world->count && world->count > 1;) {
			size_t left = world->count - first;
			less = *world;
			leave_out(&less, first, chunk < left ? chunk : left);
			if (less.count > 0 && shrink_try(&less, still_fails, ctx))
				*world = less;
			else
				first += chunk;
		}
		fprintf(stderr, "shrinking: %zu inputs\n", world->count);
	}
}
