/* judge_client_outlook.c - how a client's courses stand, and when the skin may be treated
 * again: the same walk, plans and gaps as the findings (R13 to R15). */
#include "care/judge_client.h"

#include "care/outlook.h"
#include "care/zone.h"

#define ANYWHERE (1U << CAREPACE__V1__ZONE__ZONE_UNKNOWN)

/* Treatments up to now. */
static size_t count_past(const struct client_walk *walk)
{
	size_t count = walk->count;

	while (count > 0 && walk->treatments[count - 1].start > walk->now)
		count--;
	return count;
}

/* The first day on which a treatment of these zones is not too soon; 0: today is good. */
static int32_t earliest_for(const struct client_walk *walk, int64_t course, uint32_t zones)
{
	struct intent intent = {
	    .at = walk->now,
	    .day = zone_day(walk->policy->zone, walk->now),
	    .zones = zones,
	    .course = course,
	    .before = count_past(walk),
	    .visit = SIZE_MAX,
	};
	struct earlier found;

	return spacing_look_back(walk, &intent, &found) ? found.earliest_day : 0;
}

static struct course_outlook course_outlook_of(
    const struct client_walk *walk, const struct course *course, const struct plan *plan)
{
	struct course_outlook outlook = {.plan = *plan};
	uint32_t zones = 0;

	outlook.plan.said = NULL;
	outlook.completed = course_completed(walk, course->no, walk->now);
	for (size_t i = 0; i < count_past(walk); i++) {
		const struct treatment *treatment = &walk->treatments[i];
		if (treatment->course != course->no || !treatment->is_exposing)
			continue;
		zones |= treatment->zones;
		outlook.last_day = treatment->day;
		outlook.has_last = true;
	}
	outlook.earliest_day = earliest_for(walk, course->no, zones ? zones : ANYWHERE);
	return outlook;
}

bool outlook_of_client(struct client_history *history, const struct policy *policy, wall_ms now,
    struct arena *arena, struct client_outlook *out)
{
	struct timeline timeline;
	struct client_walk walk = {
	    .history = history, .policy = policy, .now = now, .timeline = &timeline};
	struct course course = {0};

	*out = (struct client_outlook){0};
	timeline_init(&timeline, arena);
	if (!treatments_merge(&walk))
		return false;
	walk.longest_days = spacing_longest_days(&walk);
	out->earliest_day = earliest_for(&walk, 0, ANYWHERE);
	while (out->course_count < OUTLOOK_COURSES_MAX && course_next(&walk, &course)) {
		const struct plan *plan = course_plan(&walk, &course, now);
		if (plan && plan->state != PLAN_CLOSED)
			out->courses[out->course_count++] = course_outlook_of(&walk, &course, plan);
	}
	return true;
}
