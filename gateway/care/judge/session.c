/* session.c - one treatment, as seen with what was known around it.
 *
 * Each topic is a file of its own; each check one static function in it.
 */
#include "care/judge/session.h"

void judge_session(const struct session_history *history, const struct policy *policy, wall_ms now,
    struct timeline *timeline)
{
	const struct judging judging = {
	    .history = history,
	    .session = history->session,
	    .scene = &history->scene,
	    .policy = policy,
	    .now = now,
	    .timeline = timeline,
	};

	if (history->session->is_void)
		return;
	judge_data(&judging);
	judge_eligibility(&judging);
	judge_people(&judging);
	judge_overlap(&judging);
	judge_dose(&judging);
	judge_aftercare(&judging);
	judge_carts(&judging);
	judge_readiness(&judging);
}
