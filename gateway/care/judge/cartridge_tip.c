/* cartridge_tip.c - the pulses of a tip (domain 8.4).
 *
 * TIP_PULSES_LOW and TIP_EXHAUSTED are one alert a tip and session (R10): since it first
 * came there, and open while the last attach that found it there lasts. Its counter as we
 * count it, from what the attach told on, is what the next attach may not fall behind.
 */
#include "care/judge/cartridge.h"

#include <inttypes.h>
#include <stdio.h>

static void judge_limit(const struct cart_judging *j, enum check check, enum severity severity,
    const struct cartridge_use *use, event_ms at)
{
	char onset[NAME_MAX_LEN];

	if (at == TIME_NEVER)
		return;
	session_name(&use->session, onset, sizeof(onset));
	struct finding *finding = timeline_find(j->timeline, check, j->name, onset);
	if (!finding) {
		finding = timeline_add(j->timeline, check, j->name, onset);
		if (!finding)
			return;
		finding->from = at;
		finding->effective_day = use->session.day;
		finding->severity = severity;
		finding->count = 0;
	}
	finding->count++;
	finding_set_value(finding, use->use.tip_count, use->use.tip_limit);
	finding->session = use->session.no;
	finding->client = use->session.client;
	finding->course = use->session.course;
	finding_clear_by(
	    finding, &use->session, use->use.is_replaced ? use->use.until : TIME_NEVER);
}

/* `known`: what the tip's counter must have been at least before this attach. */
static void judge_rollback(
    const struct cart_judging *j, const struct cartridge_use *use, int64_t known)
{
	char source[ID_HEX_LEN + 1];
	char onset[NAME_MAX_LEN];

	if (use->use.tip_used == TIP_USED_UNKNOWN || use->use.tip_used >= known)
		return;
	snprintf(onset, sizeof(onset), "%s/%" PRIu32 "/%" PRIu32, id_hex(&use->use.source, source),
	    use->use.boot, use->use.seq);
	struct finding *finding = timeline_add(j->timeline, CHECK_COUNTER_ROLLBACK, j->name, onset);
	if (!finding)
		return;
	finding->from = finding->until = use->use.from;
	finding->effective_day = use->session.day;
	finding->severity = SEVERITY_HIGH;
	finding_set_value(finding, use->use.tip_used, known);
	finding->session = use->session.no;
	finding->client = use->session.client;
	finding->course = use->session.course;
}

void judge_tips(const struct cart_judging *j)
{
	int64_t known = 0;

	for (size_t i = 0; i < j->history->use_count; i++) {
		const struct cartridge_use *use = &j->history->uses[i];
		judge_rollback(j, use, known);
		judge_limit(j, CHECK_TIP_PULSES_LOW, SEVERITY_LOW, use, use->use.low_at);
		judge_limit(j, CHECK_TIP_EXHAUSTED, SEVERITY_HIGH, use, use->use.exhausted_at);
		known = use->use.tip_count;
	}
}
