#include "ledger/aggregates.h"

#include "care/aggregate.h"
#include "care/civil.h"
#include "care/zone.h"
#include "ledger/history.h"
#include "ledger/sessions.h"
#include "ledger/states.h"

/* Of a day the first so many sessions count (P6). */
#define DAY_SESSIONS_MAX 5000

/* From 2 January 1970 to 2149: no number is 0, and an alert without a date is of no day. */
#define DAY_BITS 16
#define OF_BITS 2

struct aggregate_key aggregates_key(int64_t no)
{
	return (struct aggregate_key){
	    .of = (enum aggregate_of)(no >> DAY_BITS & 3),
	    .who = no >> (DAY_BITS + OF_BITS),
	    .day = (int32_t)(no & 0xffff),
	};
}

static int64_t number_of(struct aggregate_key key)
{
	return key.who << (DAY_BITS + OF_BITS) | (int64_t)key.of << DAY_BITS | key.day;
}

/* --- what changes a day --------------------------------------------------------------- */

/* R7: nobody asks for a day before 06:00 of the next one. */
static wall_ms deadline_of(const struct ledger *ledger, int32_t day)
{
	return zone_time_at(ledger->config.policy.zone, day + 1, TIMER_MINUTE_OF_DAY);
}

/* A recount composes the days that it finds and those that the store has. */
static void touch(struct ledger *ledger, struct aggregate_key key)
{
	if (key.day <= 0 || key.day > 0xffff)
		return;
	if (ledger->config.is_recount)
		db_run(&ledger->db,
		    "INSERT INTO subject(kind, subject, judged_at) VALUES(?, ?, ?)"
		    " ON CONFLICT DO NOTHING",
		    "iii", (int64_t)SUBJECT_AGGREGATE, number_of(key), (int64_t)ledger->now);
	else
		states_touch(
		    ledger, SUBJECT_AGGREGATE, number_of(key), deadline_of(ledger, key.day));
}

static void touch_all(struct ledger *ledger, int64_t device, int64_t operator_no, int32_t day)
{
	touch(ledger, (struct aggregate_key){.of = AGGREGATE_OF_SITE, .day = day});
	if (device)
		touch(ledger,
		    (struct aggregate_key){.of = AGGREGATE_OF_DEVICE, .who = device, .day = day});
	if (operator_no)
		touch(ledger, (struct aggregate_key){
		                  .of = AGGREGATE_OF_OPERATOR, .who = operator_no, .day = day});
}

void aggregates_touch_session(struct ledger *ledger, const struct session *session)
{
	bool is_over = session->state == SESSION_ENDED || session->state == SESSION_LOST;
	struct span span = aggregate_span(session);

	if (!is_over || session->is_test || session_is_undated(session))
		return;
	int32_t last = zone_day(ledger->config.policy.zone, span.until);
	for (int32_t day = session->day; day <= last; day++)
		touch_all(ledger, session->device, session->operator_no, day);
}

void aggregates_touch_device(struct ledger *ledger, int64_t device, event_ms at)
{
	touch_all(ledger, device, 0, zone_day(ledger->config.policy.zone, at));
}

void aggregates_touch_alert(struct ledger *ledger, const struct alert *alert)
{
	const struct finding *finding = &alert->finding;
	struct session session = {0};

	if (ledger->config.is_recount || finding->is_test)
		return;
	if (finding->session)
		sessions_load(ledger, finding->session, &session);
	touch_all(ledger, finding->device ? finding->device : session.device,
	    finding->operator_no ? finding->operator_no : session.operator_no,
	    finding->effective_day);
}

void aggregates_touch_since(struct ledger *ledger, event_ms since)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT subject FROM subject WHERE kind = ? AND (subject & 65535) >= ?", "ii",
	    (int64_t)SUBJECT_AGGREGATE, (int64_t)zone_day(ledger->config.policy.zone, since));

	if (!ledger->config.is_recount)
		while (db_next(&rows))
			touch(ledger, aggregates_key(db_int(&rows, 0)));
	db_end(&rows);
}

/* --- the truth -------------------------------------------------------------------------- */

#define OVER_WITHIN "s.state IN (4, 5) AND s.start_at >= ?1 AND s.start_at < ?2"
#define IN_ORDER " ORDER BY s.start_at, r.id, s.boot, s.seq LIMIT ?3"

static struct db_rows query_sessions(
    struct ledger *ledger, struct aggregate_key key, event_ms from, event_ms until)
{
	static const char *const selects[] = {
	    [AGGREGATE_OF_SITE] =
	        "SELECT " SESSION_COLUMNS SESSION_FROM "WHERE " OVER_WITHIN IN_ORDER,
	    [AGGREGATE_OF_DEVICE] = "SELECT " SESSION_COLUMNS SESSION_FROM
	                            "WHERE s.source = ?4 AND " OVER_WITHIN IN_ORDER,
	    [AGGREGATE_OF_OPERATOR] =
	        "SELECT " SESSION_COLUMNS SESSION_FROM
	        "WHERE s.operator = ?4 AND s.operator != 0 AND " OVER_WITHIN IN_ORDER,
	};

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

static bool load_sessions(
    struct ledger *ledger, struct aggregate_key key, struct aggregate_input *input)
{
	const struct zone *zone = ledger->config.policy.zone;
	struct day_session *items = NULL;
	size_t cap = 0;
	struct db_rows rows =
	    query_sessions(ledger, key, zone_time_at(zone, key.day, 0) - SESSION_LONGEST_MS,
	        zone_time_at(zone, key.day + 1, 0));

	while (db_next(&rows)) {
		struct session session = session_of_row(&rows, 0);
		if (!aggregate_counts(&session))
			continue;
		items =
		    arena_push(&ledger->work, items, input->session_count, &cap, sizeof(*items));
		if (!items)
			break;
		items[input->session_count++] = (struct day_session){.session = session};
	}
	db_end(&rows);
	for (size_t i = 0; items && i < input->session_count; i++)
		load_words(ledger, &items[i]);
	input->sessions = items;
	input->spans =
	    arena_alloc(&ledger->work, (input->session_count + 1) * sizeof(*input->spans));
	if ((cap && !items) || !input->spans)
		db_fail(&ledger->db, CP_NOMEM, "out of memory for a day");
	return !ledger->db.err;
}

/* Of a device, and of all of them. */
static uint32_t stops_of_devices(struct ledger *ledger, struct aggregate_key key)
{
	static const char of_site[] =
	    "SELECT count(*) FROM source r JOIN fact f ON f.kind = ?1 AND f.subject = r.no"
	    " AND f.topic = ?2 AND f.ts >= ?3 AND f.ts < ?4";
	static const char of_device[] =
	    "SELECT count(*) FROM fact f WHERE f.kind = ?1 AND f.subject = ?5"
	    " AND f.topic = ?2 AND f.ts >= ?3 AND f.ts < ?4";
	const struct zone *zone = ledger->config.policy.zone;
	bool is_site = key.of == AGGREGATE_OF_SITE;

	return (uint32_t)db_value(&ledger->db, 0, is_site ? of_site : of_device,
	    is_site ? "iiii" : "iiiii", (int64_t)SUBJECT_DEVICE, FACT_TOPIC(READING_ESTOP, 0),
	    (int64_t)zone_time_at(zone, key.day, 0), (int64_t)zone_time_at(zone, key.day + 1, 0),
	    key.who);
}

/* --- what was observed -------------------------------------------------------------------- */

static const char select_alerts[] =
    "SELECT a.check_id, count(*), sum(a.override_at != 0) FROM alert a"
    " LEFT JOIN session s ON s.no = a.session AND a.session != 0"
    " WHERE a.effective_day = ?1 AND a.state != 5 AND a.is_test = 0 AND CASE ?2 WHEN 0 THEN 1"
    " WHEN 1 THEN ?3 = coalesce(nullif(a.device, 0), s.source)"
    " ELSE ?3 = coalesce(nullif(a.operator, 0), s.operator) END"
    " GROUP BY a.check_id ORDER BY a.check_id";

static void count_alerts(struct ledger *ledger, struct aggregate_key key, Carepace__V1__AggDay *out)
{
	size_t cap = 0;
	struct db_rows rows =
	    db_query(&ledger->db, select_alerts, "iii", (int64_t)key.day, (int64_t)key.of, key.who);

	while (db_next(&rows)) {
		Carepace__V1__CheckCount *one = arena_alloc(&ledger->work, sizeof(*one));
		Carepace__V1__CheckCount **list = one ? arena_push(&ledger->work, out->alerts,
		                                            out->n_alerts, &cap, sizeof(void *))
		                                      : NULL;
		if (!list) {
			db_fail(&ledger->db, CP_NOMEM, "out of memory for the alerts of a day");
			break;
		}
		carepace__v1__check_count__init(one);
		one->check = (Carepace__V1__Check)db_int(&rows, 0);
		one->alerts = (uint32_t)db_int(&rows, 1);
		out->overrides += (uint32_t)db_int(&rows, 2);
		list[out->n_alerts++] = one;
		out->alerts = list;
	}
	db_end(&rows);
}

/* R11: heard of only more than five minutes after it had ended. */
static uint32_t count_late(struct ledger *ledger, const struct aggregate_input *input)
{
	uint32_t late = 0;

	for (size_t i = 0; i < input->session_count; i++) {
		const struct session *session = &input->sessions[i].session;
		wall_ms recv = db_value(
		    &ledger->db, 0, "SELECT recv FROM session WHERE no = ?", "i", session->no);
		late += session->day == input->day && recv > session->end + LATE_AFTER_MS;
	}
	return late;
}

/* --- both ----------------------------------------------------------------------------------- */

static void observe(struct ledger *ledger, struct aggregate_key key,
    const struct aggregate_input *input, Carepace__V1__AggDay *out)
{
	carepace__v1__agg_day__init(out);
	out->local_date = civil_to_yyyymmdd(key.day);
	out->has_sessions_late = out->has_overrides = 1;
	out->sessions_late = count_late(ledger, input);
	count_alerts(ledger, key, out);
}

static bool load_device(struct ledger *ledger, int64_t device, struct id *out)
{
	struct db_rows rows =
	    db_query(&ledger->db, "SELECT id FROM source WHERE no = ?", "i", device);
	bool is_known = db_next(&rows) && id_from_bytes(out, db_blob(&rows, 0));

	db_end(&rows);
	return is_known;
}

void aggregates_compose(struct ledger *ledger, struct touch touch)
{
	struct aggregate_key key = aggregates_key(touch.no);
	struct aggregate_input input = {
	    .policy = &ledger->config.policy,
	    .day = key.day,
	    .is_of_operator = key.of == AGGREGATE_OF_OPERATOR,
	};
	struct state_people people = {.operator_no = input.is_of_operator ? key.who : 0};
	Carepace__V1__AggDay truth;
	Carepace__V1__AggDay observed;
	struct id device;

	if (!load_sessions(ledger, key, &input))
		return;
	if (!input.is_of_operator)
		input.stops = stops_of_devices(ledger, key);
	aggregate_fill(&truth, &input);
	truth.has_device = key.of == AGGREGATE_OF_DEVICE && load_device(ledger, key.who, &device);
	truth.device = (ProtobufCBinaryData){.len = ID_BYTES, .data = device.b};
	if (!ledger->config.is_recount)
		observe(ledger, key, &input, &observed);
	if (!ledger->db.err)
		states_put_both(ledger, SUBJECT_AGGREGATE, touch.no, people, &truth.base,
		    ledger->config.is_recount ? NULL : &observed.base);
}
