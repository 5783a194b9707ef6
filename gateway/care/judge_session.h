/* judge_session.h - what the files of judge_session share. Not for other rooms.
 *
 * Rules:  a check that starts with the session is judged by what was known at
 *         session->start: facts_holding(), facts_last(). What cleared it later is
 *         finding_clear_by()'s. Without a START there is no verdict to give and
 *         nothing is known but the stream (R23).
 * R16:    a missing input is never a silent pass: judge_missing() says so once per
 *         group.
 */
#ifndef CARE_JUDGE_SESSION_H
#define CARE_JUDGE_SESSION_H

#include "care/judge.h"

struct judging {
	const struct session_history *history;
	const struct session *session;
	const struct scene *scene;
	const struct policy *policy;
	wall_ms now;
	struct timeline *timeline;
};

void judge_eligibility(const struct judging *j); /* 8.2 */
void judge_carts(const struct judging *j);       /* 8.4 */

#endif
