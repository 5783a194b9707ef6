/* judge_cartridge.c - single use (domain 8.4).
 *
 * A cartridge is used up by its first exposing visit. Every later attach is a
 * finding about the session that it was attached in.
 */
#include "care/judge.h"

#include <string.h>

/* Did the skin meet this cartridge? Its time in the slot meets the session's
 * exposure. What stayed in the slot was there to the last, even when a session
 * that was lost ends with the attach itself. */
static bool is_exposed(const struct cartridge_use *use)
{
	return use->session.is_exposing && use->use.from <= use->session.exposed_until &&
	       (!use->use.is_replaced || use->use.until > use->session.exposed_from);
}

static bool is_other_client(const struct session *a, const struct session *b)
{
	return a->client == 0 || a->client != b->client;
}

struct reuse {
	int64_t visits;    /* earlier visits with exposure */
	bool is_other;     /* one of them another's, or nobody knows whose */
	bool is_continued; /* this visit used the cartridge before: its pulses are its own */
	struct id related[FINDING_RELATED_MAX]; /* sids */
	size_t related_count;
};

/* Which uses are the first exposure of their visit: visits of two clients may take
 * turns, so the use before does not tell. NULL when the arena is full. */
static const bool *mark_first_uses(const struct cartridge_history *history, struct arena *arena)
{
	bool *is_first = arena_zalloc(arena, history->use_count * sizeof(*is_first));

	for (size_t i = 0; is_first && i < history->use_count; i++) {
		is_first[i] = is_exposed(&history->uses[i]);
		for (size_t j = 0; j < i && is_first[i]; j++)
			if (is_first[j] &&
			    history->uses[j].session.visit == history->uses[i].session.visit)
				is_first[i] = false;
	}
	return is_first;
}

static struct reuse look_back(
    const struct cartridge_history *history, const bool *is_first, size_t at)
{
	const struct session *session = &history->uses[at].session;
	struct reuse reuse = {0};

	for (size_t j = 0; j < at; j++) {
		const struct cartridge_use *earlier = &history->uses[j];
		if (!is_exposed(earlier))
			continue;
		if (earlier->session.visit == session->visit) {
			reuse.is_continued = true;
			continue;
		}
		if (is_other_client(&earlier->session, session))
			reuse.is_other = true;
		if (!is_first[j])
			continue;
		reuse.visits++;
		if (reuse.related_count < FINDING_RELATED_MAX)
			reuse.related[reuse.related_count++] = earlier->session.sid;
	}
	return reuse;
}

static void add_reuse(struct timeline *timeline, const struct cartridge_use *at,
    const struct reuse *reuse, wall_ms now)
{
	const struct cart_use *use = &at->use;
	bool is_over = use->until <= now;
	bool is_unused = use->is_replaced && !is_exposed(at);
	char subject[NAME_MAX_LEN];
	char onset[NAME_MAX_LEN];

	session_name(&at->session, subject, sizeof(subject));
	cart_use_name(use, onset, sizeof(onset));

	bool is_known = reuse->visits > 0; /* else only the tip's own counter says so */
	enum severity severity = is_known && !reuse->is_other ? SEVERITY_HIGH : SEVERITY_CRITICAL;

	/* Attached again in the same session and slot: one alert, of the worst (R9). */
	struct finding *finding = timeline_find(timeline, CHECK_CART_REUSE, subject, onset);
	if (!finding) {
		finding = timeline_add(timeline, CHECK_CART_REUSE, subject, onset);
		if (!finding)
			return;
		finding->from = use->from;
		finding->is_latched = false;
	}
	finding->until = is_over ? use->until : TIME_NEVER;
	finding->is_latched = finding->is_latched || !is_unused;
	if (severity <= finding->severity)
		return;
	finding->severity = severity;
	finding_set_value(finding, is_known ? reuse->visits : use->tip_used, 0);
	finding->effective_day = at->session.day;
	finding->session = at->session.no;
	finding->client = at->session.client;
	finding->course = at->session.course;
	memcpy(finding->related, reuse->related, sizeof(reuse->related));
	finding->related_count = reuse->related_count;
}

void judge_cartridge(const struct cartridge_history *history, const struct policy *policy,
    wall_ms now, struct timeline *timeline)
{
	const bool *is_first = mark_first_uses(history, timeline->arena);

	(void)policy;
	if (!is_first) {
		timeline->is_full = true;
		return;
	}
	for (size_t i = 0; i < history->use_count; i++) {
		const struct cartridge_use *use = &history->uses[i];
		if (use->session.modality == MODALITY_ROLLER)
			continue; /* ROLLER_LIFE instead */
		struct reuse reuse = look_back(history, is_first, i);
		if (reuse.visits > 0 || (use->use.tip_used > 0 && !reuse.is_continued))
			add_reuse(timeline, use, &reuse, now);
		if (use->use.until > now && use->use.until != TIME_NEVER)
			timeline_wake_at(timeline, use->use.until);
	}
}
