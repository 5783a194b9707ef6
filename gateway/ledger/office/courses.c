#include "ledger/office/courses.h"

#include "care/report/course_state.h"
#include "ledger/judging/history.h"
#include "ledger/office/states.h"

/* Plans come course by course. */
void courses_touch(struct ledger *ledger, const struct client_history *history)
{
	int64_t last = 0;

	for (size_t i = 0; i < history->plan_count; i++)
		if (history->plans[i].course != last) {
			last = history->plans[i].course;
			states_touch(ledger, SUBJECT_COURSE_STATE, last, ledger->now);
		}
}

/* It may have been somebody else's before. */
static int64_t client_of(struct ledger *ledger, int64_t course)
{
	static const int64_t topic = FACT_TOPIC(READING_PLAN, 0);
	struct facts facts = history_facts(ledger, SUBJECT_COURSE, course, &topic, 1);
	struct plan *plans = arena_alloc(&ledger->work, (facts.count + 1) * sizeof(*plans));

	if (!plans) {
		db_fail(&ledger->db, CP_NOMEM, "out of memory for the plans of a course");
		return 0;
	}
	for (size_t i = 0; i < facts.count; i++)
		plans[i] = history_plan_of(&facts.items[i]);
	const struct plan *plan = plans_at(plans, facts.count, ledger->now);
	return plan ? plan->client : 0;
}

/* Of a client who was forgotten nothing new is told. */
void courses_compose(struct ledger *ledger, struct touch touch)
{
	struct state_people people = {.client = client_of(ledger, touch.no)};
	struct client_history history;
	struct course_outlook outlook;
	Carepace__V1__CourseState state;

	if (people.client <= 0 || !history_of_client(ledger, people.client, &history) ||
	    !outlook_of_course(
	        &history, &ledger->config.policy, ledger->now, touch.no, &ledger->work, &outlook)) {
		states_skip(ledger, SUBJECT_COURSE_STATE, touch.no);
		return;
	}
	course_state_fill(&state, &outlook);
	states_put(ledger, SUBJECT_COURSE_STATE, touch.no, people, &state.base);
}
