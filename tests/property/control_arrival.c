/* control_arrival.c - judge by arrival order: a session keeps the INTERVAL_TOO_SOON,
 * or the lack of it, that it got when it was judged first. What arrives later
 * changes nothing, as in a system that decides when a message comes in. */
#include "care/judge.h"
#include "control.h"

#include <stdio.h>
#include <string.h>

#define SESSIONS_MAX 256

struct first_answer {
	char subject[NAME_MAX_LEN];
	bool is_raised;
	struct finding finding;
};

static struct first_answer answers[SESSIONS_MAX];
static size_t answer_count;

void __real_judge_client(struct client_history *history, const struct policy *policy, wall_ms now,
    struct timeline *timeline);
void __wrap_judge_client(struct client_history *history, const struct policy *policy, wall_ms now,
    struct timeline *timeline);

void control_begin_run(void)
{
	answer_count = 0;
}

static struct finding *find(struct timeline *timeline, const char *subject)
{
	for (size_t i = 0; i < timeline->count; i++) {
		struct finding *finding = &timeline->items[i];
		if (finding->check == CHECK_INTERVAL_TOO_SOON &&
		    strcmp(finding->subject, subject) == 0)
			return finding;
	}
	return NULL;
}

static const struct first_answer *recall(const char *subject)
{
	for (size_t i = 0; i < answer_count; i++)
		if (strcmp(answers[i].subject, subject) == 0)
			return &answers[i];
	return NULL;
}

static void remember(const char *subject, const struct finding *finding)
{
	if (answer_count == SESSIONS_MAX)
		return;
	struct first_answer *answer = &answers[answer_count++];
	snprintf(answer->subject, sizeof(answer->subject), "%s", subject);
	answer->is_raised = finding != NULL;
	if (finding)
		answer->finding = *finding;
}

static void keep_to(const struct first_answer *first, struct timeline *timeline)
{
	struct finding *finding = find(timeline, first->subject);

	if (!first->is_raised) {
		if (finding)
			*finding = timeline->items[--timeline->count];
		return;
	}
	if (!finding)
		finding = timeline_add(timeline, CHECK_INTERVAL_TOO_SOON, first->subject, "");
	if (!finding)
		return;
	struct finding names = *finding; /* the first one's strings are gone */
	*finding = first->finding;
	finding->subject = names.subject;
	finding->onset = names.onset;
}

void __wrap_judge_client(struct client_history *history, const struct policy *policy, wall_ms now,
    struct timeline *timeline)
{
	__real_judge_client(history, policy, now, timeline);
	for (size_t i = 0; i < history->session_count; i++) {
		char subject[NAME_MAX_LEN];
		session_name(&history->sessions[i], subject, sizeof(subject));
		const struct first_answer *first = recall(subject);
		if (first)
			keep_to(first, timeline);
		else
			remember(subject, find(timeline, subject));
	}
}
