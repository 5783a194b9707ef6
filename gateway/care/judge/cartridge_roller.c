/* cartridge_roller.c - ROLLER_LIFE (domain 8.4).
 *
 * In the clinic a roller of 0.5 mm and more is single use, like a cartridge. At home a
 * roller wears out: one alert a roller, which is over when its client takes a new one.
 */
#include "care/judge/cartridge.h"

#include "care/time/zone.h"

#include <stdio.h>
#include <string.h>

/* --- in the clinic --------------------------------------------------------------------- */

/* Whose needles nobody knows may be the long ones. */
static bool is_single_use(const struct cart_judging *j, const struct cartridge_use *use)
{
	int64_t from_um = policy_number(j->policy, PARAM_ROLLER_SINGLE_USE_UM, use->session.start);

	return use->use.needle_um == 0 || use->use.needle_um >= from_um;
}

void judge_clinic_roller(const struct cart_judging *j, size_t at, const struct reuse *reuse)
{
	const struct cartridge_use *use = &j->history->uses[at];
	char session[NAME_MAX_LEN];
	char onset[NAME_MAX_LEN];

	if (reuse->visits == 0 || !is_single_use(j, use))
		return;
	session_name(&use->session, session, sizeof(session));
	snprintf(onset, sizeof(onset), "%.80s#%u", session, (unsigned)use->use.slot);
	struct finding *finding = timeline_find(j->timeline, CHECK_ROLLER_LIFE, j->name, onset);
	if (!finding) {
		finding = timeline_add(j->timeline, CHECK_ROLLER_LIFE, j->name, onset);
		if (!finding)
			return;
		finding->from = use->use.from;
	}
	finding->severity = SEVERITY_HIGH;
	finding_set_value(finding, reuse->visits + 1, 1);
	finding->effective_day = use->session.day;
	finding->session = use->session.no;
	finding->client = use->session.client;
	finding->course = use->session.course;
	memcpy(finding->related, reuse->related, sizeof(reuse->related));
	finding->related_count = reuse->related_count;
	finding_clear_by(
	    finding, &use->session, use->use.is_replaced ? use->use.until : TIME_NEVER);
}

/* --- at home --------------------------------------------------------------------------- */

static bool is_home_use(const struct fact *fact)
{
	return fact_roller_use(&fact->reading) && fact_holds(fact, TIME_NEVER);
}

/* When the client first took another roller after a use; TIME_NEVER: not yet. */
static event_ms renewed_at(const struct cart_judging *j, const struct fact *use)
{
	struct facts facts = j->history->home_uses;
	const char *serial = fact_roller_use(&use->reading)->roller_serial;

	for (size_t i = 0; i < facts.count; i++) {
		const struct fact *later = &facts.items[i];
		if (later->reading.ts <= use->reading.ts || later->client != use->client ||
		    !is_home_use(later))
			continue;
		const char *other = fact_roller_use(&later->reading)->roller_serial;
		if (other && strcmp(other, serial) != 0)
			return later->reading.ts;
	}
	return TIME_NEVER;
}

void judge_home_roller(const struct cart_judging *j)
{
	struct facts facts = j->history->facts;
	struct finding *finding = NULL;
	int64_t uses = 0;

	for (size_t i = 0; i < facts.count; i++) {
		const struct fact *use = &facts.items[i];
		event_ms at = use->reading.ts;
		if (!is_home_use(use))
			continue;
		int64_t limit = policy_number(j->policy, PARAM_ROLLER_HOME_USES, at);
		if (++uses <= limit)
			continue;
		if (!finding) {
			finding = timeline_add(j->timeline, CHECK_ROLLER_LIFE, j->name, "");
			if (!finding)
				return;
			finding->from = at;
			finding->effective_day = zone_day(j->policy->zone, at);
			finding->severity = SEVERITY_LOW;
		}
		finding_set_value(finding, uses, limit);
		finding->client = use->client;
		finding->until = renewed_at(j, use);
	}
}
