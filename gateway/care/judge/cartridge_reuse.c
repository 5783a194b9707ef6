/* cartridge_reuse.c - CART_REUSE (domain 8.4): single use, one client, one visit. */
#include "care/judge/cartridge.h"

#include <string.h>

/* Replaced before any exposure it is over; else somebody has to know. */
static void set_end(struct finding *finding, const struct cartridge_use *use, wall_ms now)
{
	bool is_unused = use->use.is_replaced && !use_is_exposed(use);

	finding->until = use->use.until <= now ? use->use.until : TIME_NEVER;
	finding->is_latched = finding->is_latched || !is_unused;
}

static void set_evidence(
    struct finding *finding, const struct cartridge_use *use, const struct reuse *reuse)
{
	/* Else only the tip's own counter says so. */
	bool is_known = reuse->visits > 0;

	finding_set_value(finding, is_known ? reuse->visits : use->use.tip_used, 0);
	finding->effective_day = use->session.day;
	finding->session = use->session.no;
	finding->client = use->session.client;
	finding->course = use->session.course;
	memcpy(finding->related, reuse->related, sizeof(reuse->related));
	finding->related_count = reuse->related_count;
}

static void add_reuse(
    const struct cart_judging *j, const struct cartridge_use *use, const struct reuse *reuse)
{
	bool is_same_client = reuse->visits > 0 && !reuse->is_other;
	enum severity severity = is_same_client ? SEVERITY_HIGH : SEVERITY_CRITICAL;
	char subject[NAME_MAX_LEN];
	char onset[NAME_MAX_LEN];

	session_name(&use->session, subject, sizeof(subject));
	cart_use_name(&use->use, onset, sizeof(onset));

	/* Attached again in the same session and slot: one alert, of the worst (R9). */
	struct finding *finding = timeline_find(j->timeline, CHECK_CART_REUSE, subject, onset);
	if (!finding) {
		finding = timeline_add(j->timeline, CHECK_CART_REUSE, subject, onset);
		if (!finding)
			return;
		finding->from = use->use.from;
		finding->is_latched = false;
	}
	set_end(finding, use, j->now);
	if (severity > finding->severity) {
		finding->severity = severity;
		set_evidence(finding, use, reuse);
	}
}

void judge_reuse(const struct cart_judging *j, size_t at, const struct reuse *reuse)
{
	const struct cartridge_use *use = &j->history->uses[at];

	if (reuse->visits > 0 || (use->use.tip_used > 0 && !reuse->is_continued))
		add_reuse(j, use, reuse);
	if (use->use.until > j->now && use->use.until != TIME_NEVER)
		timeline_wake_at(j->timeline, use->use.until);
}
