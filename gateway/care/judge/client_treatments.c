/* client_treatments.c - one list of everything that treated a client (R2, R13). */
#include "care/judge/client.h"

#include "base/sort.h"
#include "care/time/civil.h"
#include "care/time/zone.h"

#include <stdio.h>
#include <string.h>

/* Nobody can be asked for the zones of what was not done here: everywhere (1.4). */
#define ZONES_ELSEWHERE(message)                                                                   \
	((message)->has_zones && (message)->zones ? (message)->zones                               \
	                                          : 1U << CAREPACE__V1__ZONE__ZONE_UNKNOWN)

static struct id sid_of(const ProtobufCBinaryData *bytes)
{
	struct id id;

	id_from_bytes(&id, slice_of(bytes->data, bytes->len));
	return id;
}

static struct treatment of_session(struct session *session)
{
	return (struct treatment){
	    .session = session,
	    .sid = session->sid,
	    .start = session->start,
	    .end = session->end,
	    .day = session->day,
	    .modality = session->modality,
	    .needle_um = UNKNOWN_UM,
	    .zones = session->zones,
	    .course = session->course,
	    .is_exposing = session->is_exposing,
	    .is_completed = session->is_completed,
	};
}

/* Whether it was completed may be left out: then it was, which judges the next one. A date
 * that no zone of the world has at its start is none: who looks back stops by dates. */
static struct treatment of_past(
    const struct client_walk *walk, const struct fact *said, const Carepace__V1__PastSession *past)
{
	struct treatment treatment = {
	    .said = said,
	    .sid = sid_of(&past->sid),
	    .start = past->start_ts_ms,
	    .end = past->has_end_ts_ms && past->end_ts_ms ? past->end_ts_ms : past->start_ts_ms,
	    .modality = (enum modality)past->modality,
	    .needle_um = past->has_needle_um ? (int32_t)past->needle_um : UNKNOWN_UM,
	    .zones = ZONES_ELSEWHERE(past),
	    .course = (int64_t)past->course,
	    .is_exposing = past->exposing,
	    .is_completed = !past->has_completed || past->completed,
	};

	int32_t day = zone_day(walk->policy->zone, treatment.start);
	if (!civil_parse_yyyymmdd(past->local_date, &treatment.day) || treatment.day < day - 1 ||
	    treatment.day > day + 1)
		treatment.day = day;
	return treatment;
}

static struct treatment of_use(
    const struct client_walk *walk, const struct fact *said, const Carepace__V1__RollerUse *use)
{
	return (struct treatment){
	    .said = said,
	    .event = said,
	    .start = said->reading.ts,
	    .end = said->reading.ts,
	    .day = zone_day(walk->policy->zone, said->reading.ts),
	    .modality = MODALITY_HOME_ROLLER,
	    .needle_um = use->has_needle_um ? (int32_t)use->needle_um : UNKNOWN_UM,
	    .zones = ZONES_ELSEWHERE(use),
	    .is_exposing = true, /* R12 */
	    .is_completed = true,
	};
}

/* --- one list ---------------------------------------------------------------------------- */

static bool is_ours(const struct client_history *history, const struct id *sid)
{
	for (size_t i = 0; i < history->own_sid_count; i++)
		if (id_eq(&history->own_sids[i], sid))
			return true;
	return false;
}

static void add(struct client_walk *walk, const struct treatment *treatment)
{
	walk->treatments[walk->count++] = *treatment;
}

/* The facts are in order: a later word about a sid takes the place of an earlier one. */
static void add_past(struct client_walk *walk, const struct treatment *past)
{
	for (size_t i = 0; i < walk->count; i++) {
		struct treatment *known = &walk->treatments[i];
		if (!known->session && id_eq(&known->sid, &past->sid)) {
			*known = *past;
			return;
		}
	}
	add(walk, past);
}

/* Told by the tablet, by the app and once more by a history: a roller was used once. */
static bool is_told(const struct client_walk *walk, const struct treatment *use)
{
	for (size_t i = 0; i < walk->count; i++)
		if (walk->treatments[i].event && walk->treatments[i].start == use->start)
			return true;
	return false;
}

static void add_use(
    struct client_walk *walk, const struct fact *said, const Carepace__V1__RollerUse *use)
{
	struct treatment treatment = of_use(walk, said, use);

	if (!is_told(walk, &treatment))
		add(walk, &treatment);
}

static void add_history(struct client_walk *walk, const struct fact *said)
{
	const Carepace__V1__ClientHistory *told = said->reading.order->client_history;

	for (size_t i = 0; i < told->n_session; i++) {
		struct treatment past = of_past(walk, said, told->session[i]);
		if (!is_ours(walk->history, &past.sid) &&
		    (is_in_clinic(&past) || !is_told(walk, &past)))
			add_past(walk, &past);
	}
}

/* How many there can be at most. */
static size_t capacity(const struct client_history *history)
{
	size_t count = history->session_count + history->facts.count;

	for (size_t i = 0; i < history->facts.count; i++)
		if (history->facts.items[i].reading.kind == READING_CLIENT_HISTORY)
			count += history->facts.items[i].reading.order->client_history->n_session;
	return count;
}

/* What a later list leaves out has happened all the same, but not to this client once the
 * key speaks of another. */
static bool is_of_client(struct facts facts, const struct fact *history)
{
	for (size_t i = 0; i < facts.count; i++) {
		const struct fact *last = &facts.items[i];
		if (last->reading.kind == READING_CLIENT_HISTORY &&
		    last->source == history->source && fact_holds(last, TIME_NEVER) &&
		    strcmp(last->reading.order->key, history->reading.order->key) == 0)
			return true;
	}
	return false;
}

/* Uses that were reported go before those of histories, which are their echoes. */
static void add_elsewhere(struct client_walk *walk)
{
	struct facts facts = walk->history->facts;

	for (size_t i = 0; i < facts.count; i++) {
		const struct fact *fact = &facts.items[i];
		if (fact->reading.kind == READING_ROLLER_USE && !fact->reading.is_test)
			add_use(walk, fact, fact->reading.up->roller_use);
		else if (fact->reading.kind == READING_HQ_ROLLER_USE &&
		         fact_holds(fact, TIME_NEVER))
			add_use(walk, fact, fact->reading.order->roller_use);
	}
	for (size_t i = 0; i < facts.count; i++)
		if (facts.items[i].reading.kind == READING_CLIENT_HISTORY &&
		    is_of_client(facts, &facts.items[i]))
			add_history(walk, &facts.items[i]);
}

/* At the same instant ours go first, in their own order; then by who told of them. */
static int compare(const void *a, const void *b)
{
	const struct treatment *x = a;
	const struct treatment *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->session && y->session)
		return session_order(x->session, y->session);
	if (x->session || y->session)
		return x->session ? -1 : 1;
	int by_source = fact_order(x->said, y->said);
	return by_source ? by_source : id_cmp(&x->sid, &y->sid);
}

/* --- R13: visits ------------------------------------------------------------------------------ */

/* A session joins the visit of the newest earlier one that is not completed and
 * reaches it. `reach` is how far any earlier one reaches: beyond it nobody looks. */
static void mark_visits(struct client_walk *walk)
{
	struct treatment *items = walk->treatments;
	event_ms reach = INT64_MIN;

	for (size_t i = 0; i < walk->count; i++) {
		items[i].visit = i;
		if (!is_in_clinic(&items[i]))
			continue;
		int64_t visit_ms = MS_PER_MINUTE *
		                   policy_number(walk->policy, PARAM_VISIT_MINUTES, items[i].start);
		for (size_t j = i; items[i].start <= reach && j-- > 0;) {
			if (!is_in_clinic(&items[j]) || items[j].is_completed ||
			    items[i].start > items[j].end + visit_ms)
				continue;
			items[i].visit = items[j].visit;
			break;
		}
		if (!items[i].is_completed && items[i].end + visit_ms > reach)
			reach = items[i].end + visit_ms;
	}
}

/* A visit is called by its first session of this site. */
static void name_visits(struct client_walk *walk)
{
	for (size_t i = 0; i < walk->count; i++) {
		struct treatment *item = &walk->treatments[i];
		size_t first = item->visit;
		if (!item->session)
			continue;
		while (!walk->treatments[first].session ||
		       walk->treatments[first].visit != item->visit)
			first++;
		item->session->visit = walk->treatments[first].session->no;
	}
}

/* --- all -----------------------------------------------------------------------------------------
 */

bool treatments_merge(struct client_walk *walk)
{
	const struct client_history *history = walk->history;

	walk->treatments =
	    arena_alloc(walk->timeline->arena, (capacity(history) + 1) * sizeof(*walk->treatments));
	if (!walk->treatments)
		return false;
	add_elsewhere(walk);
	for (size_t i = 0; i < history->session_count; i++) {
		struct treatment treatment = of_session(&history->sessions[i]);
		add(walk, &treatment);
	}
	sort_items(walk->treatments, walk->count, sizeof(*walk->treatments), compare);
	mark_visits(walk);
	name_visits(walk);
	return completions_number(walk);
}

size_t treatments_from(const struct client_walk *walk, event_ms at)
{
	size_t first = 0; /* treatments[0 .. first) begin before it */

	for (size_t left = walk->count; left > 0; left /= 2)
		if (walk->treatments[first + left / 2].start < at) {
			first += left / 2 + 1;
			left--;
		}
	return first;
}

void treatment_name(const struct treatment *treatment, char *out, size_t out_bytes)
{
	char hex[ID_HEX_LEN + 1];
	char name[FACT_NAME_BYTES];

	if (treatment->session)
		session_name(treatment->session, out, out_bytes);
	else if (treatment->event)
		snprintf(out, out_bytes, "%s", fact_name(treatment->event, name));
	else
		snprintf(out, out_bytes, "%s", id_hex(&treatment->sid, hex));
}
