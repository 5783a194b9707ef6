/* session_carts.c - what an attach itself and the lists tell (domain 8.4).
 *
 * An alert speaks about a session, a serial and a slot (R9): off and on again is one
 * alert, and its last attach says whether it is over.
 */
#include "care/judge/session.h"

#include "care/time/civil.h"

#include <stdio.h>
#include <string.h>

/* `cleared`: when the event came that clears it, TIME_NEVER if it has not. */
static struct finding *find_or_add(const struct judging *j, enum check check, const char *onset,
    const struct cart_use *use, event_ms cleared)
{
	char subject[NAME_MAX_LEN];

	session_name(j->session, subject, sizeof(subject));
	struct finding *finding = timeline_find(j->timeline, check, subject, onset);
	if (!finding) {
		finding = timeline_add_to_session(j->timeline, check, onset, j->session);
		if (!finding)
			return NULL;
		finding->from = use->from;
	}
	finding_clear_by(finding, j->session, cleared);
	return finding;
}

static event_ms replaced_at(const struct cart_use *use)
{
	return use->is_replaced ? use->until : TIME_NEVER;
}

/* --- CART_EXPIRED --------------------------------------------------------------------- */

static void judge_expired(const struct judging *j, const struct cart_use *use, const char *onset)
{
	int32_t last_day;

	if (!j->session->has_start || session_is_undated(j->session) || !use->expiry_yyyymmdd ||
	    !civil_parse_expiry(use->expiry_yyyymmdd, &last_day) || j->session->day <= last_day)
		return;
	struct finding *finding = find_or_add(j, CHECK_CART_EXPIRED, onset, use, replaced_at(use));
	if (!finding)
		return;
	finding->severity = SEVERITY_HIGH;
	finding_set_value(finding, civil_to_yyyymmdd(j->session->day), civil_to_yyyymmdd(last_day));
}

/* --- CART_RECALLED -------------------------------------------------------------------- */

static bool is_of_lot(const struct fact *recall, const struct cart_use *use)
{
	const Carepace__V1__RecallLot *lot = recall->reading.order->recall_lots;

	return !lot->lifted && strcmp(lot->gtin, use->gtin) == 0 && strcmp(lot->lot, use->lot) == 0;
}

/* The first moment from its attach on at which the list has the lot. */
static event_ms recalled_at(const struct judging *j, const struct cart_use *use)
{
	struct facts recalls = j->policy->recalls;
	event_ms first = TIME_NEVER;

	for (size_t i = 0; i < recalls.count; i++) {
		const struct fact *recall = &recalls.items[i];
		event_ms at = recall->reading.ts > use->from ? recall->reading.ts : use->from;
		if (at < first && is_of_lot(recall, use) && fact_holds(recall, at))
			first = at;
	}
	return first;
}

/* When no entry has it any more: one may be said again, or stand on the list twice. */
static event_ms lifted_at(const struct judging *j, const struct cart_use *use, event_ms from)
{
	struct facts recalls = j->policy->recalls;
	event_ms at = from;
	event_ms until = from;

	do {
		at = until;
		for (size_t i = 0; i < recalls.count; i++) {
			const struct fact *recall = &recalls.items[i];
			if (is_of_lot(recall, use) && fact_holds(recall, at) &&
			    fact_until(recall) > until)
				until = fact_until(recall);
		}
	} while (until > at && until != TIME_NEVER);
	return until;
}

/* False, and a later look, when it is still to come. */
static bool has_come(const struct judging *j, event_ms at)
{
	if (at > j->now)
		timeline_wake_at(j->timeline, at);
	return at <= j->now;
}

/* What comes onto the list during the session counts from then on. */
static void judge_recalled(const struct judging *j, const struct cart_use *use)
{
	event_ms from = recalled_at(j, use);
	char onset[NAME_MAX_LEN];

	if (!has_come(j, from) || (from > use->from && from >= use->until))
		return;
	event_ms lifted = lifted_at(j, use, from);
	if (!has_come(j, lifted))
		lifted = TIME_NEVER;
	event_ms cleared = replaced_at(use) < lifted ? replaced_at(use) : lifted;
	snprintf(onset, sizeof(onset), "%s/%s#%u@%s", use->gtin, use->serial, (unsigned)use->slot,
	    use->lot);
	struct finding *finding = find_or_add(j, CHECK_CART_RECALLED, onset, use, cleared);
	if (!finding)
		return;
	if (finding->severity == SEVERITY_NONE || from < finding->from)
		finding->from = from;
	finding->severity = SEVERITY_CRITICAL;
}

/* --- CART_UNKNOWN --------------------------------------------------------------------- */

static bool is_stock_of(const struct fact *fact, const struct cart_use *use)
{
	const Carepace__V1__Cartridge *cart = fact->reading.order->cart_stock->cart;

	return cart->gtin && cart->serial && strcmp(cart->gtin, use->gtin) == 0 &&
	       strcmp(cart->serial, use->serial) == 0;
}

/* Since when the stock list has had it, at or after its attach; TIME_NEVER: not yet.
 * Nobody misses it in a list that is not there. */
static event_ms in_stock_at(const struct judging *j, const struct cart_use *use)
{
	struct facts stock = j->scene->stock;

	if (use->from < j->scene->stock_since)
		return use->from;
	for (size_t i = 0; i < stock.count; i++) {
		const struct fact *fact = &stock.items[i];
		event_ms at = fact->reading.ts > use->from ? fact->reading.ts : use->from;
		if (is_stock_of(fact, use) && !fact->reading.order->cart_stock->gone &&
		    fact_holds(fact, at))
			return at;
	}
	return TIME_NEVER;
}

/* When it was known what this is, at or after its attach. */
static event_ms known_at(const struct judging *j, const struct cart_use *use)
{
	if (!use->gtin[0] || !use->serial[0] || !use->expiry_yyyymmdd)
		return TIME_NEVER;
	return in_stock_at(j, use);
}

/* Reading the code again is an attach of its own, and so is another cartridge. */
static event_ms identified_at(const struct judging *j, size_t at)
{
	const struct cart_use *uses = j->history->uses;
	event_ms known = known_at(j, &uses[at]);

	for (size_t i = at + 1; i < j->history->use_count; i++)
		if (uses[i].slot == uses[at].slot && known_at(j, &uses[i]) < known)
			known = known_at(j, &uses[i]);
	return known;
}

static void judge_unknown(const struct judging *j, size_t at, const char *onset)
{
	const struct cart_use *use = &j->history->uses[at];

	if (known_at(j, use) == use->from)
		return;
	struct finding *finding =
	    find_or_add(j, CHECK_CART_UNKNOWN, onset, use, identified_at(j, at));
	if (finding)
		finding->severity = SEVERITY_MEDIUM;
}

/* --- CART_INCOMPATIBLE ---------------------------------------------------------------- */

static bool is_listed(const Carepace__V1__ModelProfile *profile, const struct cart_use *use)
{
	for (size_t i = 0; i < profile->n_cart_gtin; i++)
		if (strcmp(profile->cart_gtin[i], use->gtin) == 0)
			return true;
	return false;
}

/* Which product, and domain 1.3: needle count, profile equality. What is unknown of the
 * cartridge is CART_UNKNOWN's, what the profile lacks DATA_MISSING's. */
static void judge_incompatible(
    const struct judging *j, const struct cart_use *use, const char *onset)
{
	const Carepace__V1__ModelProfile *profile =
	    j->session->model != MODEL_UNKNOWN
	        ? policy_profile(j->policy, (uint32_t)j->session->model, use->from)
	        : NULL;

	if (!profile)
		return;
	bool is_foreign = profile->n_cart_gtin > 0 && use->gtin[0] && !is_listed(profile, use);
	bool is_other_count = profile->has_pins && use->pins && use->pins != profile->pins;
	if (!is_foreign && !is_other_count)
		return;
	struct finding *finding =
	    find_or_add(j, CHECK_CART_INCOMPATIBLE, onset, use, replaced_at(use));
	if (!finding)
		return;
	finding->severity = SEVERITY_HIGH;
	if (!is_foreign)
		finding_set_value(finding, use->pins, profile->pins);
}

/* --- all --------------------------------------------------------------------------------- */

void judge_carts(const struct judging *j)
{
	for (size_t i = 0; i < j->history->use_count; i++) {
		const struct cart_use *use = &j->history->uses[i];
		char onset[NAME_MAX_LEN];

		cart_use_name(use, onset, sizeof(onset));
		judge_expired(j, use, onset);
		judge_recalled(j, use);
		judge_unknown(j, i, onset);
		judge_incompatible(j, use, onset);
	}
}
