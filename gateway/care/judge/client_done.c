/* client_done.c - the completed treatments of each course, in one list.
 *
 * "How many were done by then", "when does that change" and "which one was it" are asked
 * for every session and every clock of a course: one search each, not one walk. */
#include "care/judge/client.h"

#include "base/sort.h"

struct completion {
	int64_t course;
	event_ms end;
	size_t treatment; /* its index in the walk */
};

static int compare(const void *a, const void *b)
{
	const struct completion *x = a;
	const struct completion *y = b;

	if (x->course != y->course)
		return x->course < y->course ? -1 : 1;
	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	return (x->treatment > y->treatment) - (x->treatment < y->treatment);
}

bool completions_number(struct client_walk *walk)
{
	struct treatment *treatments = walk->treatments;
	struct completion *done =
	    arena_alloc(walk->timeline->arena, (walk->count + 1) * sizeof(*done));

	if (!done)
		return false;
	for (size_t i = 0; i < walk->count; i++)
		if (treatments[i].is_completed && is_in_clinic(&treatments[i]))
			done[walk->done_count++] =
			    (struct completion){.course = treatments[i].course,
			        .end = treatments[i].end,
			        .treatment = i};
	sort_items(done, walk->done_count, sizeof(*done), compare);
	for (size_t i = 0; i < walk->done_count; i++) {
		bool is_next = i > 0 && done[i - 1].course == done[i].course;
		treatments[done[i].treatment].place =
		    is_next ? treatments[done[i - 1].treatment].place + 1 : 1;
	}
	walk->done = done;
	return true;
}

/* The first of a later course, or of this one that ends after a moment. */
static const struct completion *first_after(
    const struct client_walk *walk, int64_t course, event_ms at)
{
	size_t low = 0, high = walk->done_count; /* done[0 .. low) are not it */

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct completion *done = &walk->done[middle];
		if (done->course < course || (done->course == course && done->end <= at))
			low = middle + 1;
		else
			high = middle;
	}
	return walk->done + low;
}

int32_t course_completed(const struct client_walk *walk, int64_t course, event_ms at)
{
	const struct completion *after = first_after(walk, course, at);

	return after > walk->done && after[-1].course == course
	           ? walk->treatments[after[-1].treatment].place
	           : 0;
}

event_ms course_next_completed(const struct client_walk *walk, int64_t course, event_ms after)
{
	const struct completion *next = first_after(walk, course, after);

	return next < walk->done + walk->done_count && next->course == course ? next->end
	                                                                      : TIME_NEVER;
}
