/* client_outlook.c - how a client's courses stand, and when the skin may be treated
 * again: the same walk, plans and gaps as the findings (R13 to R15). */
#include "care/judge/client.h"

#include "care/outlook.h"
#include "care/time/zone.h"

#include <string.h>

#define ANYWHERE (1U << CAREPACE__V1__ZONE__ZONE_UNKNOWN)

/* Treatments up to now. */
static size_t count_past(const struct client_walk *walk)
{
	size_t count = walk->count;

	while (count > 0 && walk->treatments[count - 1].start > walk->now)
		count--;
	return count;
}

/* The first day on which a treatment of these zones is not too soon; 0: a day that is asked
 * for is good. */
static int32_t earliest_on(
    const struct client_walk *walk, int64_t course, uint32_t zones, int32_t day)
{
	struct intent intent = {
	    .at = walk->now,
	    .day = day,
	    .zones = zones,
	    .course = course,
	    .before = count_past(walk),
	    .visit = SIZE_MAX,
	};
	struct earlier found;

	return spacing_look_back(walk, &intent, &found) ? found.earliest_day : 0;
}

static int32_t earliest_for(const struct client_walk *walk, int64_t course, uint32_t zones)
{
	return earliest_on(walk, course, zones, zone_day(walk->policy->zone, walk->now));
}

static uint32_t zones_of_course(const struct client_walk *walk, int64_t course)
{
	uint32_t zones = 0;

	for (size_t i = 0; i < count_past(walk); i++)
		if (walk->treatments[i].course == course && walk->treatments[i].is_exposing)
			zones |= walk->treatments[i].zones;
	return zones ? zones : ANYWHERE;
}

static struct course_outlook course_outlook_of(
    const struct client_walk *walk, const struct course *course, const struct plan *plan)
{
	struct course_outlook outlook = {.plan = *plan};
	uint32_t zones = zones_of_course(walk, course->no);

	outlook.plan.said = NULL;
	outlook.completed = course_completed(walk, course->no, walk->now);
	outlook.earliest_day = earliest_for(walk, course->no, zones);
	clocks_outlook(walk, course, &outlook);
	if (outlook.has_window && outlook.phase == COURSE_SERIES) {
		int32_t day = earliest_on(walk, course->no, zones, outlook.last_day);
		outlook.window.from_day = day ? day : outlook.last_day;
	}
	return outlook;
}

static bool begin_walk(struct client_walk *walk)
{
	if (!treatments_merge(walk))
		return false;
	walk->longest_days = spacing_longest_days(walk);
	return true;
}

/* By day: in its place, or with those that have the same. */
static size_t add_zone(struct zones_outlook *out, size_t count, uint32_t zone, int32_t day)
{
	size_t at = 0;

	while (at < count && out[at].earliest_day < day)
		at++;
	if (at < count && out[at].earliest_day == day) {
		out[at].zones |= zone;
		return count;
	}
	memmove(out + at + 1, out + at, (count - at) * sizeof(*out));
	out[at] = (struct zones_outlook){.zones = zone, .earliest_day = day};
	return count + 1;
}

size_t outlook_of_zones(struct client_history *history, const struct policy *policy, wall_ms now,
    uint32_t zones, int64_t course, struct arena *arena,
    struct zones_outlook out[OUTLOOK_ZONES_MAX])
{
	struct timeline timeline;
	struct client_walk walk = {
	    .history = history, .policy = policy, .now = now, .timeline = &timeline};
	size_t count = 0;

	timeline_init(&timeline, arena);
	if (!begin_walk(&walk))
		return 0;
	for (uint32_t zone = 1; zone; zone <<= 1) {
		int32_t day = zones & zone ? earliest_for(&walk, course, zone) : 0;
		if (zones & zone)
			count = add_zone(out, count, zone, day ? day : zone_day(policy->zone, now));
	}
	return count;
}

bool outlook_of_course(struct client_history *history, const struct policy *policy, wall_ms now,
    int64_t no, struct arena *arena, struct course_outlook *out)
{
	struct timeline timeline;
	struct client_walk walk = {
	    .history = history, .policy = policy, .now = now, .timeline = &timeline};
	struct course course;

	timeline_init(&timeline, arena);
	if (!begin_walk(&walk) || !course_find(&walk, no, &course))
		return false;
	const struct plan *plan = course_plan(&walk, &course, now);
	if (plan)
		*out = course_outlook_of(&walk, &course, plan);
	return plan;
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
	if (!begin_walk(&walk))
		return false;
	out->earliest_day = earliest_for(&walk, 0, ANYWHERE);
	while (out->course_count < OUTLOOK_COURSES_MAX && course_next(&walk, &course)) {
		const struct plan *plan = course_plan(&walk, &course, now);
		if (plan && plan->state != PLAN_CLOSED)
			out->courses[out->course_count++] = course_outlook_of(&walk, &course, plan);
	}
	return true;
}
