#include "ledger/judging/history.h"

#include "base/sort.h"
#include "ledger/clocks.h"
#include "ledger/corrections.h"
#include "ledger/forgets.h"
#include "ledger/store/cart_rows.h"
#include "ledger/store/decoded.h"
#include "ledger/store/sessions.h"

#include <stdio.h>

/* One more element behind items[count]; NULL with db.err set when out of room. */
static void *push(struct ledger *ledger, void *items, size_t count, size_t *cap, size_t size)
{
	void *grown = arena_push(&ledger->work, items, count, cap, size);

	if (!grown)
		db_fail(&ledger->db, CP_NOMEM, "a history is larger than a judge call may be");
	return grown;
}

/* --- facts ------------------------------------------------------------------------ */

#define SELECT_FACTS                                                                               \
	"SELECT f.source, f.boot, f.seq, f.ts, ifnull(f.until, 0x7fffffffffffffff) FROM fact f "   \
	"WHERE f.kind = ?1 AND f.subject = ?2"

/* What came after a client was forgotten says nothing of them any more. */
static bool is_forgotten(enum subject_kind kind, const struct fact *fact)
{
	return fact->client == CLIENT_FORGOTTEN &&
	       (kind == SUBJECT_CLIENT || reading_is_roller_use(fact->reading.kind));
}

/* By what is stored alone, so that a recount stops at the same one. */
static bool is_full(struct ledger *ledger, struct fact_list *list, const struct reading *reading)
{
	size_t bytes = sizeof(struct fact) + reading->payload.len;

	if (list->bytes + bytes > FACTS_BYTES_MAX) {
		ledger->has_passed_over = true;
		return true;
	}
	list->bytes += bytes;
	return false;
}

/* Rows of SELECT_FACTS. What this version does not understand is left out here as it was
 * when it came: parked kinds have no facts. */
static void take_facts(
    struct ledger *ledger, struct db_rows *rows, enum subject_kind kind, struct fact_list *list)
{
	while (db_next(rows)) {
		struct journal_row row;
		struct reading reading;
		enum reading_result result = decoded_row(ledger, db_int(rows, 0),
		    (uint32_t)db_int(rows, 1), (uint32_t)db_int(rows, 2), &row, &reading);
		if (result == READING_PARKED)
			continue;
		if (result == READING_OK && is_full(ledger, list, &reading))
			break;
		struct fact *items = result == READING_OK ? push(ledger, list->items, list->count,
		                                                &list->cap, sizeof(*items))
		                                          : NULL;
		if (!items) {
			db_fail(
			    &ledger->db, CP_NOMEM, "a history is larger than a judge call may be");
			break;
		}
		reading.ts = db_int(rows, 3);
		reading.ts_source = clocks_source(ledger, &reading, &row);
		list->items = items;
		items[list->count] = (struct fact){
		    .reading = reading,
		    .source = row.source,
		    .client = forgets_client(ledger, row.client, reading.ts),
		    .client2 = forgets_client(ledger, row.client2, reading.ts),
		    .operator_no = row.operator_no,
		    .until = db_int(rows, 4),
		};
		list->count += !is_forgotten(kind, &items[list->count]);
	}
	db_end(rows);
}

static int compare_facts(const void *a, const void *b)
{
	return fact_order(a, b);
}

struct facts history_sorted(struct fact_list *list)
{
	sort_items(list->items, list->count, sizeof(*list->items), compare_facts);
	return (struct facts){.items = list->items, .count = list->count};
}

void history_add(struct ledger *ledger, struct fact_list *list, enum subject_kind kind,
    int64_t subject, int64_t topic)
{
	history_add_within(ledger, list, kind, subject, topic, INT64_MIN, TIME_NEVER);
}

/* Of one moment, from however many sources: the judge decides which is the last one. Only
 * who makes up event times says more than this at once. */
#define FACTS_AT_ONCE_MAX INT64_C(64)
#define FACTS_AT(moment)                                                                           \
	SELECT_FACTS " AND f.topic = ?3 AND f.ts = (SELECT " moment " FROM fact"                   \
	             " WHERE kind = ?1 AND subject = ?2 AND topic = ?3"
#define LAST_FIRST " ORDER BY f.source DESC, f.boot DESC, f.seq DESC LIMIT ?5"

void history_add_last(struct ledger *ledger, struct fact_list *list, enum subject_kind kind,
    int64_t subject, int64_t topic, event_ms at)
{
	if (topics_last(ledger, kind, subject, topic) == INT64_MIN)
		return;
	struct db_rows rows = db_query(&ledger->db, FACTS_AT("max(ts)") " AND ts <= ?4)" LAST_FIRST,
	    "iiiii", (int64_t)kind, subject, topic, (int64_t)at, FACTS_AT_ONCE_MAX);

	take_facts(ledger, &rows, kind, list);
}

void history_add_next(struct ledger *ledger, struct fact_list *list, enum subject_kind kind,
    int64_t subject, int64_t topic, event_ms at)
{
	if (topics_last(ledger, kind, subject, topic) <= at)
		return;
	struct db_rows rows = db_query(&ledger->db, FACTS_AT("min(ts)") " AND ts > ?4)" LAST_FIRST,
	    "iiiii", (int64_t)kind, subject, topic, (int64_t)at, FACTS_AT_ONCE_MAX);
	take_facts(ledger, &rows, kind, list);
}

void history_add_around(struct ledger *ledger, struct fact_list *list, enum subject_kind kind,
    int64_t subject, int64_t topic, event_ms at)
{
	if (!subject)
		return;
	history_add_last(ledger, list, kind, subject, topic, at);
	history_add_next(ledger, list, kind, subject, topic, at);
}

void history_add_within(struct ledger *ledger, struct fact_list *list, enum subject_kind kind,
    int64_t subject, int64_t topic, event_ms from, event_ms to)
{
	event_ms last = topics_last(ledger, kind, subject, topic);

	if (!subject || last < from || last == INT64_MIN)
		return;
	struct db_rows rows =
	    db_query(&ledger->db, SELECT_FACTS " AND f.topic = ? AND f.ts BETWEEN ? AND ?", "iiiii",
	        (int64_t)kind, subject, topic, (int64_t)from, (int64_t)to);
	take_facts(ledger, &rows, kind, list);
}

struct facts history_facts(struct ledger *ledger, enum subject_kind kind, int64_t subject,
    const int64_t *topics, size_t topic_count)
{
	struct fact_list list = {0};

	for (size_t i = 0; i < topic_count; i++)
		history_add(ledger, &list, kind, subject, topics[i]);
	return history_sorted(&list);
}

struct facts history_all_facts(struct ledger *ledger, enum subject_kind kind, int64_t subject)
{
	struct fact_list list = {0};
	struct db_rows rows = db_query(&ledger->db, SELECT_FACTS, "ii", (int64_t)kind, subject);

	take_facts(ledger, &rows, kind, &list);
	return history_sorted(&list);
}

struct facts history_facts_around(struct ledger *ledger, enum subject_kind kind, int64_t subject,
    const int64_t *topics, size_t topic_count, event_ms at)
{
	struct fact_list list = {0};

	for (size_t i = 0; i < topic_count; i++)
		history_add_around(ledger, &list, kind, subject, topics[i], at);
	return history_sorted(&list);
}

/* --- session -------------------------------------------------------------------- */

bool history_of_session(struct ledger *ledger, struct session_history *history)
{
	const struct session *session = history->session;
	event_ms from = session->fold.start_from != TIME_NEVER ? session->fold.start_from
	                                                       : session->fold.first_at;

	history->facts = history_all_facts(ledger, SUBJECT_SESSION, session->no);
	history->corrections = corrections_of(ledger, &session->sid);
	history->next_start_on_device = db_value(&ledger->db, TIME_NEVER,
	    "SELECT min(start_from) FROM session WHERE source = ? AND start_from > ?", "ii",
	    session->device, (int64_t)from);
	history->uses = arena_alloc(&ledger->work, SESSION_USES_MAX * sizeof(*history->uses));
	if (!history->uses)
		db_fail(&ledger->db, CP_NOMEM, "a history is larger than a judge call may be");
	return !ledger->db.err;
}

/* --- client ---------------------------------------------------------------------- */

static int compare_sessions(const void *a, const void *b)
{
	return session_order(a, b);
}

/* Their numbers, by start, stand in the index; few of the rows themselves must be read. */
static void load_sessions(struct ledger *ledger, struct client_history *history)
{
	size_t cap = 0;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT no FROM session WHERE client = ? AND client != 0", "i", history->client);

	while (db_next(&rows)) {
		struct session *sessions = push(ledger, history->sessions, history->session_count,
		    &cap, sizeof(*history->sessions));
		if (!sessions)
			break;
		history->sessions = sessions;
		struct session *session = &sessions[history->session_count];
		if (sessions_load(ledger, db_int(&rows, 0), session) && !session->is_void)
			history->session_count++;
	}
	db_end(&rows);
	sort_items(history->sessions, history->session_count, sizeof(*history->sessions),
	    compare_sessions);
}

struct plan history_plan_of(const struct fact *said)
{
	const Carepace__V1__Plan *plan = said->reading.order->plan;

	return (struct plan){
	    .course = (int64_t)plan->course,
	    .client = said->client,
	    .from = said->reading.ts,
	    .until = said->until,
	    .revision = said->reading.order->revision,
	    .state = (enum plan_state)plan->state,
	    .band = (int32_t)plan->band,
	    .planned = (int32_t)plan->planned,
	    .min_days = (int32_t)plan->min_days,
	    .max_days = (int32_t)plan->max_days,
	    .maint_days = (int32_t)plan->maint_days,
	    .modalities = plan->modalities,
	    .said = said,
	};
}

static void load_plans(struct ledger *ledger, struct client_history *history)
{
	static const int64_t topic = FACT_TOPIC(READING_PLAN, 0);
	struct plan *plans = NULL;
	size_t cap = 0;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT course FROM course WHERE client = ? ORDER BY course", "i", history->client);

	while (db_next(&rows)) {
		struct facts facts =
		    history_facts(ledger, SUBJECT_COURSE, db_int(&rows, 0), &topic, 1);
		for (size_t i = 0; i < facts.count; i++) {
			plans = push(ledger, plans, history->plan_count, &cap, sizeof(*plans));
			if (!plans)
				return;
			plans[history->plan_count++] = history_plan_of(&facts.items[i]);
		}
	}
	history->plans = plans;
}

/* An echo of a session of this site changes nothing (domain 9.4). */
static void load_own_sids(struct ledger *ledger, struct client_history *history)
{
	struct id *sids = NULL;
	size_t cap = 0;

	for (size_t i = 0; i < history->facts.count; i++) {
		const struct reading *reading = &history->facts.items[i].reading;
		if (reading->kind != READING_CLIENT_HISTORY)
			continue;
		const Carepace__V1__ClientHistory *told = reading->order->client_history;
		for (size_t k = 0; k < told->n_session; k++) {
			struct slice sid =
			    slice_of(told->session[k]->sid.data, told->session[k]->sid.len);
			if (!db_value(
			        &ledger->db, 0, "SELECT 1 FROM session WHERE sid = ?", "b", sid))
				continue;
			sids = push(ledger, sids, history->own_sid_count, &cap, sizeof(*sids));
			if (!sids)
				return;
			id_from_bytes(&sids[history->own_sid_count++], sid);
		}
	}
	history->own_sids = sids;
}

bool history_of_client(struct ledger *ledger, int64_t client, struct client_history *history)
{
	static const int64_t topics[] = {
	    FACT_TOPIC(READING_CLIENT_HISTORY, 0),
	    FACT_TOPIC(READING_ROLLER_USE, 0),
	    FACT_TOPIC(READING_HQ_ROLLER_USE, 0),
	    FACT_TOPIC(READING_BOOKING, 0),
	    FACT_TOPIC(READING_ASSESSMENT, 0),
	};

	*history = (struct client_history){.client = client};
	load_sessions(ledger, history);
	load_plans(ledger, history);
	history->facts = history_facts(ledger, SUBJECT_CLIENT, client, topics, CP_COUNT(topics));
	load_own_sids(ledger, history);
	return !ledger->db.err;
}

static const int64_t roller_topics[] = {
    FACT_TOPIC(READING_ROLLER_USE, 0),
    FACT_TOPIC(READING_HQ_ROLLER_USE, 0),
};

struct facts history_roller_uses(struct ledger *ledger, int64_t client)
{
	return history_facts(
	    ledger, SUBJECT_CLIENT, client, roller_topics, CP_COUNT(roller_topics));
}

/* --- cartridge -------------------------------------------------------------------- */

static void load_uses(struct ledger *ledger, struct cartridge_history *history)
{
	struct cartridge_use *uses = NULL;
	size_t cap = 0;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT " SESSION_COLUMNS ", " CART_USE_COLUMNS CART_USE_FROM
	    "JOIN session s ON s.no = u.session JOIN source r ON r.no = s.source"
	    " WHERE u.cart = ? ORDER BY u.from_at, r.id, u.boot, u.seq",
	    "i", history->cart);

	while (db_next(&rows)) {
		uses = push(ledger, uses, history->use_count, &cap, sizeof(*uses));
		if (!uses)
			break;
		uses[history->use_count++] = (struct cartridge_use){
		    .session = session_of_row(&rows, 0),
		    .use = cart_use_of_row(&rows, SESSION_COLUMN_COUNT),
		};
	}
	db_end(&rows);
	history->uses = uses;
}

/* Of the clients who use this roller at home. */
static void load_home_uses(struct ledger *ledger, struct cartridge_history *history)
{
	struct fact_list list = {0};

	for (size_t i = 0; i < history->facts.count; i++) {
		int64_t client = history->facts.items[i].client;
		bool is_use = reading_is_roller_use(history->facts.items[i].reading.kind);
		for (size_t k = 0; k < i && is_use; k++)
			if (history->facts.items[k].client == client)
				is_use =
				    !reading_is_roller_use(history->facts.items[k].reading.kind);
		for (size_t k = 0; k < CP_COUNT(roller_topics) && is_use; k++)
			history_add(ledger, &list, SUBJECT_CLIENT, client, roller_topics[k]);
	}
	history->home_uses = history_sorted(&list);
}

bool history_of_cartridge(struct ledger *ledger, int64_t cart, struct cartridge_history *history)
{
	static const int64_t topics[] = {
	    FACT_TOPIC(READING_CART_HISTORY, 0),
	    FACT_TOPIC(READING_CART_SEEN, 0),
	    FACT_TOPIC(READING_BILLING_LINE, 0),
	    FACT_TOPIC(READING_ROLLER_USE, 0),
	    FACT_TOPIC(READING_HQ_ROLLER_USE, 0),
	};
	struct db_rows rows =
	    db_query(&ledger->db, "SELECT gtin, serial FROM cartridge WHERE no = ?", "i", cart);

	*history = (struct cartridge_history){.cart = cart};
	if (db_next(&rows)) {
		snprintf(history->gtin, sizeof(history->gtin), "%s", db_text(&rows, 0));
		snprintf(history->serial, sizeof(history->serial), "%s", db_text(&rows, 1));
		db_end(&rows);
	}
	load_uses(ledger, history);
	history->facts = history_facts(ledger, SUBJECT_CART, cart, topics, CP_COUNT(topics));
	load_home_uses(ledger, history);
	return !ledger->db.err;
}
