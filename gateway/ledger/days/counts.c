#include "ledger/days/counts.h"

#include "care/time/civil.h"
#include "care/time/zone.h"
#include "ledger/days/civil_days.h"
#include "ledger/judging/history.h"
#include "ledger/store/sessions.h"

/* --- sessions ----------------------------------------------------------------------------- */

#define WITHIN "s.start_at >= ?1 AND s.start_at < ?2"
#define IN_ORDER " ORDER BY s.start_at, r.id, s.boot, s.seq LIMIT ?3"

/* Whose sessions; ?4 is who. */
#define OF_SITE ""
#define OF_DEVICE "s.source = ?4 AND "
#define OF_OPERATOR "s.operator = ?4 AND s.operator != 0 AND "
#define FOR_EACH_OF(before, after)                                                                 \
	{                                                                                          \
		[AGGREGATE_OF_SITE] = before OF_SITE after,                                        \
		[AGGREGATE_OF_DEVICE] = before OF_DEVICE after,                                    \
		[AGGREGATE_OF_OPERATOR] = before OF_OPERATOR after,                                \
	}

static struct db_rows query_day(struct ledger *ledger, const char *const selects[3],
    struct aggregate_key key, event_ms from, event_ms until)
{
	return db_query(&ledger->db, selects[key.of], key.of == AGGREGATE_OF_SITE ? "iii" : "iiii",
	    (int64_t)from, (int64_t)until, (int64_t)DAY_SESSIONS_MAX, key.who);
}

static void load_words(struct ledger *ledger, struct day_session *it)
{
	static const int64_t topics[] = {
	    FACT_TOPIC(READING_SESSION_END, 0), FACT_TOPIC(READING_ESTOP, 0)};

	it->words =
	    history_facts(ledger, SUBJECT_SESSION, it->session.no, topics, CP_COUNT(topics));
	it->is_unauthorised = db_value(&ledger->db, 0,
	    "SELECT 1 FROM alert WHERE session = ? AND session != 0 AND check_id = ?"
	    " AND state != ? AND is_latched = 1 LIMIT 1",
	    "iii", it->session.no, (int64_t)CHECK_UNAUTHORISED_USE, (int64_t)ALERT_RETRACTED);
}

/* What began the day before and reaches into it adds to its time alone. */
static struct day_session *load_sessions(
    struct ledger *ledger, struct aggregate_key key, struct span day, struct aggregate_input *input)
{
	static const char *const selects[] =
	    FOR_EACH_OF("SELECT " SESSION_COLUMNS SESSION_FROM "WHERE ",
	        SESSION_IS_OVER " AND " WITHIN IN_ORDER);
	struct day_session *items = NULL;
	size_t cap = 0;
	struct db_rows rows =
	    query_day(ledger, selects, key, day.from - SESSION_LONGEST_MS, day.until);

	while (db_next(&rows)) {
		struct day_session it = {.session = session_of_row(&rows, 0)};
		if (!aggregate_counts(&it.session) ||
		    (it.session.day != key.day && aggregate_span(&it.session).until <= day.from))
			continue;
		struct day_session *grown =
		    arena_push(&ledger->work, items, input->session_count, &cap, sizeof(*items));
		if (!grown) {
			db_fail(&ledger->db, CP_NOMEM, "out of memory for a day");
			break;
		}
		items = grown;
		items[input->session_count++] = it;
	}
	db_end(&rows);
	input->sessions = items;
	input->spans =
	    arena_alloc(&ledger->work, (input->session_count + 1) * sizeof(*input->spans));
	if (!input->spans)
		db_fail(&ledger->db, CP_NOMEM, "out of memory for a day");
	return items;
}

/* Beyond the first ones nobody looks. */
static void count_left_out(
    struct ledger *ledger, struct aggregate_key key, struct span day, struct aggregate_input *input)
{
	static const char *const selects[] = FOR_EACH_OF(
	    "SELECT count(*) FROM session s WHERE ", SESSION_COUNTS " AND " WITHIN " AND ?3 > 0");
	uint32_t counted = 0;

	if (input->session_count < DAY_SESSIONS_MAX)
		return;
	for (size_t i = 0; i < input->session_count; i++)
		counted += input->sessions[i].session.day == key.day;
	struct db_rows rows = query_day(ledger, selects, key, day.from, day.until);
	if (db_next(&rows))
		input->left_out = (uint32_t)db_int(&rows, 0) - counted;
	db_end(&rows);
}

/* --- cartridges --------------------------------------------------------------------------- */

static const struct session *find_session(
    const struct aggregate_input *input, int64_t no, size_t *at)
{
	for (size_t steps = 0; steps < input->session_count; steps++) {
		const struct session *session = &input->sessions[*at].session;
		if (session->no == no)
			return session;
		*at = (*at + 1) % input->session_count;
	}
	return NULL;
}

/* In the order of the sessions, so that the next one is found where the last one was. */
static void load_carts(
    struct ledger *ledger, struct aggregate_key key, struct span day, struct aggregate_input *input)
{
	static const char *const selects[] =
	    FOR_EACH_OF("SELECT u.session, u.cart, u.from_at, u.until_at, u.is_replaced"
	                " FROM session s CROSS JOIN cart_use u ON u.session = s.no WHERE ",
	        WITHIN " AND u.cart != 0 AND ?3 > 0 ORDER BY s.start_at");
	size_t cap = 0;
	size_t at = 0;
	struct db_rows rows = query_day(ledger, selects, key, day.from, day.until);

	while (db_next(&rows)) {
		const struct session *session = find_session(input, db_int(&rows, 0), &at);
		if (!session)
			continue;
		struct cartridge_use use = {.session = *session,
		    .use = {.from = db_int(&rows, 2),
		        .until = db_int(&rows, 3),
		        .is_replaced = db_int(&rows, 4) != 0}};
		if (!use_is_exposed(&use))
			continue;
		int64_t *grown = arena_push(
		    &ledger->work, input->carts, input->cart_count, &cap, sizeof(*grown));
		if (!grown) {
			db_fail(&ledger->db, CP_NOMEM, "out of memory for the cartridges of a day");
			break;
		}
		input->carts = grown;
		input->carts[input->cart_count++] = db_int(&rows, 1);
	}
	db_end(&rows);
}

/* --- the truth ------------------------------------------------------------------------------ */

static uint32_t stops_of_device(struct ledger *ledger, int64_t device, struct span day)
{
	return (uint32_t)db_value(&ledger->db, 0,
	    "SELECT count(*) FROM fact WHERE kind = ? AND subject = ? AND topic = ? AND ts >= ?"
	    " AND ts < ?",
	    "iiiii", (int64_t)SUBJECT_DEVICE, device, FACT_TOPIC(READING_ESTOP, 0),
	    (int64_t)day.from, (int64_t)day.until);
}

static void load_site(struct ledger *ledger, int32_t day, struct aggregate_input *input)
{
	input->stops = civil_days_stops(ledger, day);
	input->billed = civil_days_billed(ledger, day);
	input->no_shows = civil_days_no_shows(ledger, day);
	input->certs_expiring = civil_days_certs_expiring(ledger, day);
	input->carts_expiring = civil_days_carts_expiring(ledger, day);
}

bool day_counts_load(struct ledger *ledger, struct aggregate_key key, struct aggregate_input *input)
{
	const struct zone *zone = ledger->config.policy.zone;
	struct span day = {
	    .from = zone_time_at(zone, key.day, 0), .until = zone_time_at(zone, key.day + 1, 0)};

	*input = (struct aggregate_input){
	    .policy = &ledger->config.policy,
	    .day = key.day,
	    .is_of_operator = key.of == AGGREGATE_OF_OPERATOR,
	};
	struct day_session *items = load_sessions(ledger, key, day, input);
	for (size_t i = 0; i < input->session_count; i++)
		if (items[i].session.day == key.day)
			load_words(ledger, &items[i]);
	count_left_out(ledger, key, day, input);
	load_carts(ledger, key, day, input);
	if (key.of == AGGREGATE_OF_SITE)
		load_site(ledger, key.day, input);
	else if (key.of == AGGREGATE_OF_DEVICE)
		input->stops = stops_of_device(ledger, key.who, day);
	return !ledger->db.err;
}
