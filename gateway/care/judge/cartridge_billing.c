/* cartridge_billing.c - used but not billed, billed but not used (domain 8.4).
 *
 * Both are asked at 06:00 from the second civil day on (R7): billing may arrive through the
 * end of the day after. A line counts from the time of its order until a credit takes it
 * back; what is credited later is asked again at the next 06:00.
 */
#include "care/judge/cartridge.h"

#include "care/time/civil.h"
#include "care/time/zone.h"

#include <inttypes.h>
#include <stdio.h>

static event_ms timer_of(const struct cart_judging *j, int32_t day)
{
	return zone_time_at(j->policy->zone, day, TIMER_MINUTE_OF_DAY);
}

static event_ms timer_from(const struct cart_judging *j, event_ms at)
{
	int32_t day = zone_day(j->policy->zone, at);

	return timer_of(j, day) >= at ? timer_of(j, day) : timer_of(j, day + 1);
}

/* --- billing lines -------------------------------------------------------------------- */

static const Carepace__V1__BillingLine *line_in(const struct fact *fact)
{
	return fact->reading.kind == READING_BILLING_LINE ? fact->reading.order->billing_line
	                                                  : NULL;
}

/* What was said last of a line, at a moment; NULL: nothing yet. */
static const Carepace__V1__BillingLine *line_at(
    const struct cart_judging *j, uint64_t number, event_ms at)
{
	struct facts facts = j->history->facts;

	for (size_t i = facts.count; i-- > 0;) {
		const Carepace__V1__BillingLine *line = line_in(&facts.items[i]);
		if (line && line->line == number && fact_holds(&facts.items[i], at))
			return line;
	}
	return NULL;
}

static bool stands_at(const struct cart_judging *j, uint64_t number, event_ms at)
{
	const Carepace__V1__BillingLine *line = line_at(j, number, at);

	return line && !line->credit;
}

static bool is_billed_at(const struct cart_judging *j, event_ms at)
{
	struct facts facts = j->history->facts;

	for (size_t i = 0; i < facts.count; i++)
		if (line_in(&facts.items[i]) && stands_at(j, line_in(&facts.items[i])->line, at))
			return true;
	return false;
}

/* --- CONSUMABLE_UNBILLED ----------------------------------------------------------------- */

/* The use on the earliest civil day, and of that day the first. */
static const struct cartridge_use *first_use(const struct cart_judging *j)
{
	const struct cartridge_use *first = NULL;

	for (size_t i = 0; i < j->history->use_count; i++) {
		const struct cartridge_use *use = &j->history->uses[i];
		if (use_is_exposed(use) && (!first || use->session.day < first->session.day))
			first = use;
	}
	return first;
}

/* The first 06:00 at or after a moment at which no line stands; TIME_NEVER: a line does,
 * and nobody has taken it back. */
static event_ms unbilled_from(const struct cart_judging *j, event_ms at)
{
	event_ms said = at;

	while (is_billed_at(j, at) && said != TIME_NEVER) {
		said = facts_next_change(j->history->facts, said);
		if (said != TIME_NEVER && !is_billed_at(j, said))
			said = at = timer_from(j, said);
	}
	return is_billed_at(j, at) ? TIME_NEVER : at;
}

/* Since when a line stands for good; TIME_NEVER: none does. */
static event_ms billed_since(const struct cart_judging *j)
{
	struct facts facts = j->history->facts;
	event_ms since = TIME_NEVER;

	for (event_ms at = facts_next_change(facts, INT64_MIN); at != TIME_NEVER;
	     at = facts_next_change(facts, at)) {
		if (!is_billed_at(j, at))
			since = TIME_NEVER;
		else if (since == TIME_NEVER)
			since = at;
	}
	return since;
}

static void judge_unbilled(const struct cart_judging *j)
{
	const struct cartridge_use *use = first_use(j);
	char onset[NAME_MAX_LEN];

	if (!use)
		return;
	int32_t limit = (int32_t)policy_number(j->policy, PARAM_UNBILLED_DAYS, use->session.start);
	event_ms from = unbilled_from(j, timer_of(j, use->session.day + limit));
	if (from > j->now) {
		timeline_wake_at(j->timeline, from);
		return;
	}
	session_name(&use->session, onset, sizeof(onset));
	struct finding *finding =
	    timeline_add(j->timeline, CHECK_CONSUMABLE_UNBILLED, j->name, onset);
	if (!finding)
		return;
	finding->severity = SEVERITY_LOW;
	finding->from = from;
	finding->until = billed_since(j);
	finding->effective_day = zone_day(j->policy->zone, from);
	finding_set_value(finding, finding->effective_day - use->session.day, limit);
	finding->session = use->session.no;
	finding->client = use->session.client;
	finding->course = use->session.course;
}

/* --- BILLED_UNUSED ------------------------------------------------------------------------- */

/* The first exposure anywhere; TIME_NEVER: none. */
static event_ms exposed_at(const struct cart_judging *j)
{
	event_ms first = TIME_NEVER;

	for (size_t i = 0; i < j->history->use_count; i++) {
		const struct cartridge_use *use = &j->history->uses[i];
		event_ms at = use->session.exposed_from > use->use.from ? use->session.exposed_from
		                                                        : use->use.from;
		if (use_is_exposed(use) && at < first)
			first = at;
	}
	for (size_t i = 0; i < j->sighting_count; i++)
		if (j->sightings[i].start < first)
			first = j->sightings[i].start;
	return first;
}

/* The first 06:00 from that one on at which the line stands, if there is one. */
static event_ms standing_from(const struct cart_judging *j, uint64_t number, event_ms at)
{
	event_ms said = at;

	while (!stands_at(j, number, at) && said != TIME_NEVER) {
		said = facts_next_change(j->history->facts, said);
		if (said != TIME_NEVER && stands_at(j, number, said))
			said = at = timer_from(j, said);
	}
	return at;
}

/* When a line that stands at a moment was taken back after it. */
static event_ms credited_at(const struct cart_judging *j, uint64_t number, event_ms after)
{
	event_ms at = facts_next_change(j->history->facts, after);

	while (at != TIME_NEVER && stands_at(j, number, at))
		at = facts_next_change(j->history->facts, at);
	return at;
}

/* Of a line that was corrected the day that was said last. */
static bool day_of_line(const struct cart_judging *j, uint64_t number, int32_t *day)
{
	struct facts facts = j->history->facts;

	for (size_t i = facts.count; i-- > 0;) {
		const Carepace__V1__BillingLine *line = line_in(&facts.items[i]);
		if (line && line->line == number && !line->credit)
			return civil_parse_yyyymmdd(line->local_date, day);
	}
	return false;
}

/* `told`: when it was billed first. */
static void judge_line(const struct cart_judging *j, uint64_t number, event_ms told)
{
	int32_t limit = (int32_t)policy_number(j->policy, PARAM_UNUSED_DAYS, told);
	event_ms exposed = exposed_at(j);
	int32_t day;
	char onset[24];

	if (!day_of_line(j, number, &day))
		return;
	event_ms from = timer_of(j, day + limit);
	if (told > from)
		from = timer_from(j, told);
	from = standing_from(j, number, from);
	if (exposed <= from || !stands_at(j, number, from))
		return;
	if (from > j->now) {
		timeline_wake_at(j->timeline, from);
		return;
	}
	snprintf(onset, sizeof(onset), "%" PRIu64, number);
	struct finding *finding = timeline_add(j->timeline, CHECK_BILLED_UNUSED, j->name, onset);
	if (!finding)
		return;
	event_ms credited = credited_at(j, number, from);
	finding->severity = SEVERITY_LOW;
	finding->from = from;
	finding->until = exposed < credited ? exposed : credited;
	finding->effective_day = zone_day(j->policy->zone, from);
	finding_set_value(finding, finding->effective_day - day, limit);
}

static bool is_told_before(const struct cart_judging *j, size_t at)
{
	struct facts facts = j->history->facts;
	uint64_t number = line_in(&facts.items[at])->line;

	for (size_t i = 0; i < at; i++) {
		const Carepace__V1__BillingLine *line = line_in(&facts.items[i]);
		if (line && line->line == number && !line->credit)
			return true;
	}
	return false;
}

/* --- both ------------------------------------------------------------------------------------ */

void judge_billing(const struct cart_judging *j)
{
	struct facts facts = j->history->facts;

	judge_unbilled(j);
	for (size_t i = 0; i < facts.count; i++)
		if (line_in(&facts.items[i]) && !line_in(&facts.items[i])->credit &&
		    !is_told_before(j, i))
			judge_line(j, line_in(&facts.items[i])->line, facts.items[i].reading.ts);
}
