/* client.c - spacing and courses (domain 8.1), rollers at home (8.7).
 *
 * Treatments in order; each looks back only as far as a required gap or a visit
 * reaches, and what is asked of the whole history is a search in a sorted list. What grows
 * with the square is what head office tells of one course or booking, and what other
 * clinics and rollers at home add, both of which are few.
 */
#include "care/judge/client.h"

void judge_client(struct client_history *history, const struct policy *policy, wall_ms now,
    struct timeline *timeline)
{
	struct client_walk walk = {
	    .history = history,
	    .policy = policy,
	    .now = now,
	    .timeline = timeline,
	};
	struct course course = {0};

	if (!treatments_merge(&walk)) {
		timeline->is_full = true;
		return;
	}
	walk.longest_days = spacing_longest_days(&walk);
	walk.shortest_days = clocks_shortest_days(&walk);
	judge_spacing(&walk);
	judge_bookings(&walk);
	judge_plans(&walk);
	judge_progress(&walk);
	judge_at_home(&walk);
	while (course_next(&walk, &course))
		judge_clocks(&walk, &course);
}
