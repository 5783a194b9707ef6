/* cartridge.c - what the history of a cartridge, tip or roller tells (domain 8.4).
 *
 * A single-use cartridge is used up by its first exposing visit, wherever that was. Every
 * later attach is a finding about the session that it was attached in.
 */
#include "care/judge/cartridge.h"

#include <stdio.h>
#include <string.h>

/* --- uses elsewhere ------------------------------------------------------------------- */

static const Carepace__V1__CartSeen *seen_in(const struct fact *fact)
{
	switch (fact->reading.kind) {
	case READING_CART_HISTORY:
		return fact->reading.order->cart_history;
	case READING_CART_SEEN:
		return fact->reading.order->cart_seen;
	default:
		return NULL;
	}
}

static bool is_ours(const struct cartridge_history *history, const struct id *sid)
{
	for (size_t i = 0; i < history->use_count; i++)
		if (id_eq(&history->uses[i].session.sid, sid))
			return true;
	return false;
}

/* History and news may speak of one session: the last that holds counts. */
static bool is_superseded(struct facts facts, size_t at)
{
	for (size_t i = at + 1; i < facts.count; i++)
		if (seen_in(&facts.items[i]) &&
		    id_eq(&facts.items[i].reading.sid, &facts.items[at].reading.sid) &&
		    fact_holds(&facts.items[i], TIME_NEVER))
			return true;
	return !fact_holds(&facts.items[at], TIME_NEVER);
}

static bool gather_sightings(struct cart_judging *j)
{
	struct facts facts = j->history->facts;
	struct sighting *sightings =
	    arena_alloc(j->timeline->arena, (facts.count + 1) * sizeof(*sightings));

	for (size_t i = 0; sightings && i < facts.count; i++) {
		const struct fact *fact = &facts.items[i];
		const Carepace__V1__CartSeen *seen = seen_in(fact);
		if (!seen || (seen->has_exposing && !seen->exposing) ||
		    is_ours(j->history, &fact->reading.sid) || is_superseded(facts, i))
			continue;
		sightings[j->sighting_count++] = (struct sighting){
		    .sid = fact->reading.sid,
		    .client = fact->client,
		    .start = seen->start_ts_ms,
		};
	}
	j->sightings = sightings;
	return sightings;
}

/* --- what was before --------------------------------------------------------------------- */

/* Which uses are the first exposure of their visit: visits of two clients may take
 * turns, so the use before does not tell. */
static bool mark_first_uses(struct cart_judging *j)
{
	const struct cartridge_use *uses = j->history->uses;
	bool *is_first = arena_zalloc(j->timeline->arena, j->history->use_count + 1);

	for (size_t i = 0; is_first && i < j->history->use_count; i++) {
		is_first[i] = use_is_exposed(&uses[i]);
		for (size_t k = 0; k < i && is_first[i]; k++)
			if (is_first[k] && uses[k].session.visit == uses[i].session.visit)
				is_first[i] = false;
	}
	j->is_first = is_first;
	return is_first;
}

static void add_visit(struct reuse *reuse, const struct id *sid)
{
	reuse->visits++;
	if (reuse->related_count < FINDING_RELATED_MAX)
		reuse->related[reuse->related_count++] = *sid;
}

static void look_back_here(const struct cart_judging *j, size_t at, struct reuse *reuse)
{
	const struct session *session = &j->history->uses[at].session;

	for (size_t i = 0; i < at; i++) {
		const struct session *earlier = &j->history->uses[i].session;
		if (!use_is_exposed(&j->history->uses[i]))
			continue;
		if (earlier->visit == session->visit) {
			reuse->is_continued = true;
			continue;
		}
		if (!session_has_client(earlier) || earlier->client != session->client)
			reuse->is_other = true;
		if (j->is_first[i])
			add_visit(reuse, &earlier->sid);
	}
}

/* Nobody takes a cartridge to another clinic within a visit. */
static void look_back_elsewhere(const struct cart_judging *j, size_t at, struct reuse *reuse)
{
	const struct cartridge_use *use = &j->history->uses[at];

	for (size_t i = 0; i < j->sighting_count; i++) {
		const struct sighting *earlier = &j->sightings[i];
		if (earlier->start > use->use.from)
			continue;
		if (earlier->client <= 0 || earlier->client != use->session.client)
			reuse->is_other = true;
		add_visit(reuse, &earlier->sid);
	}
}

/* --- all ------------------------------------------------------------------------------------ */

static void judge_uses(const struct cart_judging *j)
{
	for (size_t i = 0; i < j->history->use_count; i++) {
		const struct cartridge_use *use = &j->history->uses[i];
		struct reuse reuse = {0};
		look_back_here(j, i, &reuse);
		look_back_elsewhere(j, i, &reuse);
		if (use->session.modality == MODALITY_ROLLER)
			judge_clinic_roller(j, i, &reuse);
		else
			judge_reuse(j, i, &reuse);
	}
}

void judge_cartridge(const struct cartridge_history *history, const struct policy *policy,
    wall_ms now, struct timeline *timeline)
{
	struct cart_judging j = {
	    .history = history,
	    .policy = policy,
	    .now = now,
	    .timeline = timeline,
	};

	if (!gather_sightings(&j) || !mark_first_uses(&j)) {
		timeline->is_full = true;
		return;
	}
	snprintf(j.name, sizeof(j.name), "%s%s%s", history->gtin, history->gtin[0] ? "/" : "",
	    history->serial);
	judge_uses(&j);
	judge_tips(&j);
	judge_home_roller(&j);
	judge_billing(&j);
}
