/* session_overlap.c - a client, or an operator, in two clinics at once: CLIENT_OVERLAP
 * (domain 8.3), OPERATOR_OVERLAP (8.7). Head office tells of sessions elsewhere. */
#include "care/judge/session.h"

#include <string.h>

/* Both ran in [from, until). */
struct overlap {
	struct id sid; /* of the other */
	event_ms from;
	event_ms until;
};

static struct overlap overlap_with(const struct judging *j, const Carepace__V1__SessionSeen *seen)
{
	const struct session *session = j->session;
	event_ms end = session_is_open(session) ? TIME_NEVER : session->end;
	event_ms seen_end =
	    seen->end_ts_ms ? seen->end_ts_ms : seen->start_ts_ms + SESSION_LONGEST_MS;
	struct overlap overlap = {
	    .from = seen->start_ts_ms > session->start ? seen->start_ts_ms : session->start,
	    .until = seen_end < end ? seen_end : end,
	};

	id_from_bytes(&overlap.sid, slice_of(seen->sid.data, seen->sid.len));
	return overlap;
}

/* What head office reports of this site is an echo. */
static bool is_echo(const struct judging *j, const Carepace__V1__SessionSeen *seen)
{
	return seen->site && j->policy->site && strcmp(seen->site, j->policy->site) == 0;
}

static void widen(struct finding *finding, const struct overlap *overlap)
{
	bool is_first = finding->related_count == 0;

	finding_cite(finding, &overlap->sid);
	if (is_first || overlap->from < finding->from)
		finding->from = overlap->from;
	if (is_first || overlap->until > finding->until)
		finding->until = overlap->until;
}

/* All of them are one finding (R9: no onset), from the first to the end of the last. */
static void judge(
    const struct judging *j, struct facts facts, enum check check, enum severity severity)
{
	struct finding *finding = NULL;

	for (size_t i = 0; i < facts.count; i++) {
		const struct fact *fact = &facts.items[i];
		if (fact->reading.kind != READING_SESSION_SEEN || !fact_holds(fact, TIME_NEVER) ||
		    is_echo(j, fact->reading.order->session_seen))
			continue;
		struct overlap overlap = overlap_with(j, fact->reading.order->session_seen);
		if (overlap.from >= overlap.until || id_eq(&overlap.sid, &j->session->sid))
			continue;
		if (overlap.from > j->now) {
			timeline_wake_at(j->timeline, overlap.from);
			continue;
		}
		if (!finding)
			finding = timeline_add_to_session(j->timeline, check, "", j->session);
		if (!finding)
			return;
		finding->severity = severity;
		widen(finding, &overlap);
	}
	if (finding && finding->until > j->now) {
		timeline_wake_at(j->timeline, finding->until);
		finding->until = TIME_NEVER;
	}
}

void judge_overlap(const struct judging *j)
{
	if (!j->session->has_start)
		return;
	judge(j, j->scene->client, CHECK_CLIENT_OVERLAP, SEVERITY_HIGH);
	judge(j, j->scene->operator, CHECK_OPERATOR_OVERLAP, SEVERITY_MEDIUM);
}
