#include "ledger/facts.h"

#include "care/correction.h"
#include "care/fold.h"
#include "care/zone.h"
#include "ledger/box_clock.h"
#include "ledger/answers.h"
#include "ledger/cases.h"
#include "ledger/clocks.h"
#include "ledger/corrections.h"
#include "ledger/downs.h"
#include "ledger/forgets.h"
#include "ledger/guards.h"
#include "ledger/history.h"
#include "ledger/merges.h"
#include "ledger/names.h"
#include "ledger/policies.h"
#include "ledger/presence.h"
#include "ledger/reach.h"
#include "ledger/sessions.h"
#include "ledger/subjects.h"
#include "ledger/watch.h"

static void add_fact_under(struct ledger *ledger, enum subject_kind kind, int64_t subject,
    int64_t topic, const struct reading *reading, const struct journal_row *row)
{
	if (ledger->filing == FILING_OUT) {
		db_run(&ledger->db,
		    "DELETE FROM fact WHERE kind = ? AND subject = ? AND topic = ? AND ts = ?"
		    " AND source = ? AND boot = ? AND seq = ?",
		    "iiiiiii", (int64_t)kind, subject, topic, (int64_t)fact_time(reading),
		    row->source, (int64_t)row->boot, (int64_t)row->seq);
		return;
	}
	db_run(&ledger->db,
	    "INSERT INTO fact(kind, subject, topic, ts, source, boot, seq)"
	    " VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
	    "iiiiiii", (int64_t)kind, subject, topic, (int64_t)fact_time(reading), row->source,
	    (int64_t)row->boot, (int64_t)row->seq);
}

static void add_fact(struct ledger *ledger, enum subject_kind kind, int64_t subject,
    const struct reading *reading, const struct journal_row *row)
{
	add_fact_under(ledger, kind, subject, fact_topic(reading), reading, row);
}

/* R11: what is old, was parked for long, or comes from a buffer, never causes a
 * device command. */
static bool is_loud(
    const struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	bool is_late = reading->ts_source != TS_IN_DOUBT && /* R18: nobody can tell */
	               row->recv - reading->ts > LATE_AFTER_MS;

	return ledger->filing == FILING_NEW && !reading->is_replay && !is_late &&
	       ledger->now - row->recv <= LATE_AFTER_MS;
}

/* --- sessions ------------------------------------------------------------------- */

static bool has_stream(const struct open_session *open)
{
	const struct session_fold *fold = &open->session.fold;

	return fold->stream_first <= fold->stream_last;
}

static void apply_session(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	bool is_stream = reading_is_stream(reading->kind);

	/* R22: test samples treat nobody; a test START makes its session a test. */
	if (id_is_zero(&reading->sid) || (is_stream && reading->is_test))
		return;
	struct open_session *open =
	    sessions_open(ledger, row->source, &reading->source, &reading->sid);
	if (!open)
		return;

	struct session_fold more = fold_of(reading);
	bool loud = is_loud(ledger, reading, row);

	if (!is_stream)
		add_fact(ledger, SUBJECT_SESSION, open->session.no, reading, row);
	if (ledger->filing != FILING_NEW)
		return; /* its fold is counted again as a whole */
	if (ledger->config.is_recount && is_stream && !has_stream(open))
		subjects_begin_guard(ledger, open);
	bool is_news = guards_add(ledger, open, reading);
	if (!is_stream || is_news || sessions_stream_matters(open, &more))
		touched_add(
		    &ledger->touched[SUBJECT_SESSION], &ledger->scratch, open->session.no, loud);
	if (more.start_from < open->started)
		open->started = more.start_from;
	session_fold_add(&open->session.fold, &more);
	sessions_mark_dirty(ledger, open, loud);
	if (reading->kind == READING_SESSION_START)
		db_run(&ledger->db, "UPDATE session SET recv = ? WHERE no = ? AND recv = 0", "ii",
		    (int64_t)row->recv, open->session.no);
}

/* --- devices ---------------------------------------------------------------------- */

/* The last word on what it is, whichever says it: HELLO, or head office. */
static void add_to_device(struct ledger *ledger, int64_t device, const struct reading *reading,
    const struct journal_row *row)
{
	bool loud = is_loud(ledger, reading, row);

	add_fact(ledger, SUBJECT_DEVICE, device, reading, row);
	reach_device(ledger, device, reading, loud);
	touched_add(&ledger->touched[SUBJECT_DEVICE], &ledger->scratch, device, loud);
}

/* A counter is compared with the one told before it, so news may concern the next one's
 * day, too. */
static void apply_counters(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	const Carepace__V1__Hello *hello = reading->up->hello;
	bool loud = is_loud(ledger, reading, row);
	struct touched *days = &ledger->touched[SUBJECT_DAY];

	if (hello->has_life_active_s)
		add_fact_under(ledger, SUBJECT_METER, row->source,
		    hello->life_active_s > INT64_MAX ? INT64_MAX : (int64_t)hello->life_active_s,
		    reading, row);
	if (!hello->has_life_pulses)
		return;
	add_fact_under(ledger, SUBJECT_DEVICE, row->source, FACT_COUNTER, reading, row);
	event_ms next = db_value(&ledger->db, TIME_NEVER,
	    "SELECT min(ts) FROM fact WHERE kind = ? AND subject = ? AND topic = ? AND ts > ?",
	    "iiii", (int64_t)SUBJECT_DEVICE, row->source, FACT_COUNTER, (int64_t)reading->ts);
	touched_add(days, &ledger->scratch, history_day_no(ledger, row->source, reading->ts), loud);
	if (next != TIME_NEVER)
		touched_add(
		    days, &ledger->scratch, history_day_no(ledger, row->source, next), loud);
}

static void apply_hello(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	const Carepace__V1__Hello *hello = reading->up->hello;

	add_to_device(ledger, row->source, reading, row);
	if (!reading->is_test)
		apply_counters(ledger, reading, row);
	if (ledger->filing != FILING_NEW)
		return;
	db_run(&ledger->db,
	    "UPDATE source SET kind = ?, model = ?, serial = ?, context = ?, fw = ?, seen_at = ?"
	    " WHERE no = ?",
	    "iitiiii", (int64_t)hello->kind, (int64_t)hello->model, hello->serial,
	    (int64_t)hello->context, (int64_t)hello->fw, (int64_t)row->recv, row->source);
	if (!ledger->config.is_recount)
		downs_hello_ack(ledger, reading);
}

static void apply_to_device(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	bool is_assign = reading->kind == READING_DEVICE_ASSIGN;
	const ProtobufCBinaryData *device =
	    is_assign ? &reading->order->device_assign->device : &reading->order->device->device;
	struct id id;

	if (!id_from_bytes(&id, slice_of(device->data, device->len)))
		return;
	struct source_state *source = names_source(ledger, &id);
	if (source)
		add_to_device(ledger, source->no, reading, row);
}

/* The device that was served or tested; a tablet may speak of another (P7: reading.c). */
static int64_t device_of(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	const Carepace__V1__Maint *maint =
	    reading->kind == READING_MAINT ? reading->up->maint : NULL;
	struct id id;

	if (!maint || !id_from_bytes(&id, slice_of(maint->device.data, maint->device.len)) ||
	    id_is_zero(&id))
		return row->source;
	return names_device(ledger, &id);
}

/* R22: nobody is cleaned, calibrated or freed by a test. */
static void apply_service(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	int64_t device = device_of(ledger, reading, row);

	if (reading->is_test)
		return;
	add_to_device(ledger, device, reading, row);
	/* One that passes ends what several failed ones before may have begun. */
	if (reading->kind == READING_MAINT &&
	    reading->up->maint->kind == CAREPACE__V1__MAINT_KIND__MAINT_CALIBRATION)
		reach_found(ledger, device, CHECK_DEVICE_QUARANTINED_USE, reading->ts,
		    is_loud(ledger, reading, row));
}

static void apply_fault(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	if (reading->is_test || !reading->up->fault->on)
		return;
	add_fact(ledger, SUBJECT_DEVICE, row->source, reading, row);
	touched_add(&ledger->touched[SUBJECT_DEVICE], &ledger->scratch, row->source,
	    is_loud(ledger, reading, row));
}

static void apply_heartbeat(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	if (ledger->filing == FILING_NEW)
		presence_beat(ledger, reading, row->recv);
}

/* Something about a message that is a fact of its device's day. */
static void add_to_day(struct ledger *ledger, int64_t topic, const struct reading *reading,
    const struct journal_row *row)
{
	int64_t day = history_day_no(ledger, row->source, reading->ts);

	add_fact_under(ledger, SUBJECT_DAY, day, reading->is_test ? topic | FACT_OF_TEST : topic,
	    reading, row);
	touched_add(
	    &ledger->touched[SUBJECT_DAY], &ledger->scratch, day, is_loud(ledger, reading, row));
}

void facts_conflict(
    struct ledger *ledger, const struct reading *first, const struct journal_row *row)
{
	struct reading dated = *first;

	if (!first->up)
		return;
	clocks_date_again(ledger, &dated, row);
	add_to_day(ledger, FACT_CONFLICT, &dated, row);
}

static bool is_contested(struct ledger *ledger, const struct journal_row *row)
{
	return db_value(&ledger->db, 0,
	    "SELECT 1 FROM conflict WHERE source = ? AND boot = ? AND seq = ? LIMIT 1", "iii",
	    row->source, (int64_t)row->boot, (int64_t)row->seq);
}

/* --- head office -------------------------------------------------------------------- */

static void apply_plan(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	int64_t course = (int64_t)reading->order->plan->course;

	add_fact(ledger, SUBJECT_COURSE, course, reading, row);
	if (row->client)
		db_run(&ledger->db,
		    "INSERT INTO course(client, course) VALUES(?, ?) ON CONFLICT DO NOTHING", "ii",
		    row->client, course);

	/* Also whom the course was for before: for them it is over. */
	struct db_rows rows =
	    db_query(&ledger->db, "SELECT client FROM course WHERE course = ?", "i", course);
	while (db_next(&rows))
		touched_add(
		    &ledger->touched[SUBJECT_CLIENT], &ledger->scratch, db_int(&rows, 0), true);
}

static void apply_to_site(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	add_fact(ledger, SUBJECT_SITE, 0, reading, row);
	policies_change(ledger, reading);
}

/* --- cartridges --------------------------------------------------------------------------- */

/* The stock list as a whole stands under the site: it matters to everybody since when there
 * is one. */
static void apply_stock(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	const Carepace__V1__Cartridge *cart = reading->order->cart_stock->cart;
	event_ms since = db_value(&ledger->db, TIME_NEVER,
	    "SELECT ts FROM fact WHERE kind = ? AND subject = 0 AND topic = ? ORDER BY ts LIMIT 1",
	    "ii", (int64_t)SUBJECT_SITE, fact_topic(reading));

	add_fact(ledger, SUBJECT_SITE, 0, reading, row);
	if (reading->ts < since)
		subjects_judge_sessions_again(ledger, reading->ts);
	if (!cart->gtin || !cart->serial)
		return;
	int64_t no = names_cartridge(ledger, cart->gtin, cart->serial);
	add_fact(ledger, SUBJECT_CART, no, reading, row);
	subjects_touch_users(ledger, no);
}

/* Uses in other clinics, billing. News about a cartridge on somebody's chair is told at
 * once, however old the use is (R11). */
static void apply_to_cartridge(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	const Carepace__V1__Order *order = reading->order;
	const Carepace__V1__Cartridge *cart =
	    reading->kind == READING_CART_HISTORY ? order->cart_history->cart
	    : reading->kind == READING_CART_SEEN  ? order->cart_seen->cart
	                                          : NULL;
	const char *gtin = cart ? cart->gtin : order->billing_line->gtin;
	const char *serial = cart ? cart->serial : order->billing_line->serial;

	if (!gtin || !serial)
		return;
	int64_t no = names_cartridge(ledger, gtin, serial);
	add_fact(ledger, SUBJECT_CART, no, reading, row);
	touched_add(&ledger->touched[SUBJECT_CART], &ledger->scratch, no, true);
}

/* News about a cartridge on somebody's chair is told at once (R11). Of the lots that the
 * entry named in other revisions it is the end. */
static void apply_recall(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	const struct facts *recalls = &ledger->config.policy.recalls;

	add_fact(ledger, SUBJECT_SITE, 0, reading, row);
	policies_read_again(ledger);
	for (size_t i = 0; i < recalls->count; i++) {
		const Carepace__V1__Order *order = recalls->items[i].reading.order;
		if (strcmp(order->key, reading->order->key) == 0)
			subjects_touch_users_of_lot(
			    ledger, order->recall_lots->gtin, order->recall_lots->lot);
	}
}

/* --- people ----------------------------------------------------------------------------- */

/* R22: a test speaks of nobody. */
static bool add_to_client(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	if (!row->client || reading->is_test)
		return false;
	add_fact(ledger, SUBJECT_CLIENT, row->client, reading, row);
	touched_add(&ledger->touched[SUBJECT_CLIENT], &ledger->scratch, row->client,
	    is_loud(ledger, reading, row));
	return true;
}

/* What holds of a client from now on. */
static void apply_to_client(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	if (add_to_client(ledger, reading, row))
		reach_client(
		    ledger, row->client, fact_time(reading), is_loud(ledger, reading, row));
}

/* It concerns nothing but spacing and courses. */
static void apply_assessment(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	add_to_client(ledger, reading, row);
}

/* Also under each sid: it may turn out to be of this site (sessions_open). */
static void apply_client_history(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	const Carepace__V1__ClientHistory *told = reading->order->client_history;

	if (!add_to_client(ledger, reading, row))
		return;
	for (size_t i = 0; i < told->n_session; i++) {
		struct slice sid = slice_of(told->session[i]->sid.data, told->session[i]->sid.len);
		add_fact(ledger, SUBJECT_SID, names_other(ledger, SUBJECT_SID, sid), reading, row);
	}
}

/* What others say about a session, whichever device it is of. */
static void apply_to_sid(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	struct slice sid = slice_of(reading->sid.b, ID_BYTES);

	add_fact(ledger, SUBJECT_SID, names_other(ledger, SUBJECT_SID, sid), reading, row);
	struct db_rows rows =
	    db_query(&ledger->db, "SELECT no FROM session WHERE sid = ?", "b", sid);
	while (db_next(&rows))
		touched_add(&ledger->touched[SUBJECT_SESSION], &ledger->scratch, db_int(&rows, 0),
		    is_loud(ledger, reading, row));
}

/* Good for the day of the clinic on which it was done (8.2). */
static void apply_screening(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	const struct zone *zone = ledger->config.policy.zone;
	int32_t day = zone_day(zone, fact_time(reading));

	if (add_to_client(ledger, reading, row))
		reach_client_within(ledger, row->client, zone_time_at(zone, day, 0),
		    zone_time_at(zone, day + 1, 0) - 1, is_loud(ledger, reading, row));
}

static void apply_cert(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	bool loud = is_loud(ledger, reading, row);

	if (!row->operator_no)
		return;
	add_fact(ledger, SUBJECT_OPERATOR, row->operator_no, reading, row);
	touched_add(&ledger->touched[SUBJECT_OPERATOR], &ledger->scratch, row->operator_no, loud);
	reach_operator(ledger, row->operator_no, fact_time(reading), loud);
}

/* A session elsewhere concerns what began here so much earlier or later. */
static void apply_session_seen(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	event_ms from = fact_time(reading) - SESSION_LONGEST_MS;
	event_ms to = fact_time(reading) + SESSION_LONGEST_MS;
	bool loud = is_loud(ledger, reading, row);

	if (row->client) {
		add_fact(ledger, SUBJECT_CLIENT, row->client, reading, row);
		reach_client_within(ledger, row->client, from, to, loud);
	}
	if (row->operator_no) {
		add_fact(ledger, SUBJECT_OPERATOR, row->operator_no, reading, row);
		reach_operator_within(ledger, row->operator_no, from, to, loud);
	}
}

/* A roller's first use is the end of the client's roller before it. */
static void apply_roller_use(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	if (!add_to_client(ledger, reading, row))
		return;
	const char *serial = fact_roller_use(reading)->roller_serial;
	if (serial)
		add_fact(ledger, SUBJECT_CART, names_cartridge(ledger, "", serial), reading, row);
	reach_rollers(ledger, row->client);
}

static void apply_to_case(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	int64_t no = cases_take(ledger, reading);

	add_fact(ledger, SUBJECT_CASE, no, reading, row);
	touched_add(
	    &ledger->touched[SUBJECT_CASE], &ledger->scratch, no, is_loud(ledger, reading, row));
}

/* --- the box itself -------------------------------------------------------------------------- */

static void apply_to_gateway(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	int64_t episode = reading->kind == READING_BOX_CLOCK ? box_clock_take(ledger, reading, row)
	                                                     : watch_take(ledger, reading, row);

	add_fact(ledger, SUBJECT_GATEWAY, episode, reading, row);
	touched_add(&ledger->touched[SUBJECT_GATEWAY], &ledger->scratch, episode, true);
}

/* --- which message goes where -------------------------------------------------------------- */

typedef void apply_fn(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row);

static void apply_answer(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	if (ledger->filing == FILING_NEW) /* whenever it was given, it was */
		answers_apply(ledger, reading, row, is_loud(ledger, reading, row));
}

static void apply_merge(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	add_fact(ledger, SUBJECT_SITE, 0, reading, row);
	merges_change(ledger, is_loud(ledger, reading, row));
}

/* Under the site for the receipts, under the client for what holds of them. */
static void apply_forget(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	add_fact(ledger, SUBJECT_SITE, 0, reading, row);
	if (add_to_client(ledger, reading, row))
		forgets_take(ledger, row, is_loud(ledger, reading, row));
}

/* R21. A test corrects nobody. */
static void apply_correction(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	if (reading->is_test)
		return;
	if (correction_kind(reading) == CAREPACE__V1__CORRECTION_KIND__CORRECTION_MERGE_CLIENTS)
		apply_merge(ledger, reading, row);
	else if (!id_is_zero(&reading->sid))
		apply_to_sid(ledger, reading, row);
}

static const struct {
	enum reading_kind kind;
	apply_fn *apply;
} routes[] = {
    {READING_HELLO, apply_hello},
    {READING_SESSION_START, apply_session},
    {READING_SESSION_PAUSE, apply_session},
    {READING_SESSION_RESUME, apply_session},
    {READING_SESSION_END, apply_session},
    {READING_CART_ATTACH, apply_session},
    {READING_CART_DETACH, apply_session},
    {READING_PARAM, apply_session},
    {READING_SAMPLES, apply_session},
    {READING_PULSES, apply_session},
    {READING_FAULT, apply_session},
    {READING_FAULT, apply_fault},
    {READING_ESTOP, apply_session},
    {READING_AE_REPORT, apply_to_case},
    {READING_AE_UPDATE, apply_to_case},
    {READING_ESTOP, apply_service},
    {READING_SELFTEST, apply_service},
    {READING_MAINT, apply_service},
    {READING_HEARTBEAT, apply_heartbeat},
    {READING_ACK_ALERT, apply_answer},
    {READING_OVERRIDE, apply_answer},
    {READING_ALERT_ACK, apply_answer},
    {READING_CORRECTION, apply_correction},
    {READING_COUNT_OVERRIDE, apply_correction},
    {READING_HQ_CORRECTION, apply_correction},
    {READING_CLIENT_FORGET, apply_forget},
    {READING_PLAN, apply_plan},
    {READING_CLIENT_FLAGS, apply_to_client},
    {READING_BOOKING, apply_to_client},
    {READING_CLIENT_HISTORY, apply_client_history},
    {READING_ASSESSMENT, apply_assessment},
    {READING_AFTERCARE, apply_to_sid},
    {READING_HQ_AFTERCARE, apply_to_sid},
    {READING_SCREENING, apply_screening},
    {READING_SESSION_SEEN, apply_session_seen},
    {READING_CERT, apply_cert},
    {READING_DEVICE, apply_to_device},
    {READING_DEVICE_ASSIGN, apply_to_device},
    {READING_POLICY, apply_to_site},
    {READING_MODEL_PROFILE, apply_to_site},
    {READING_FIRMWARE_POLICY, apply_to_site},
    {READING_CALENDAR, apply_to_site},
    {READING_CLINIC_ROLE, apply_to_site},
    {READING_RECALL_LOTS, apply_recall},
    {READING_CART_STOCK, apply_stock},
    {READING_CART_HISTORY, apply_to_cartridge},
    {READING_CART_SEEN, apply_to_cartridge},
    {READING_BILLING_LINE, apply_to_cartridge},
    {READING_ROLLER_USE, apply_roller_use},
    {READING_HQ_ROLLER_USE, apply_roller_use},
    {READING_BOX_CONDITION, apply_to_gateway},
    {READING_PRIVACY_REJECT, apply_to_gateway},
    {READING_BOX_CLOCK, apply_to_gateway},
};

static void file_away(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	struct journal_row merged = *row;

	merged.client = merges_client(ledger, row->client);
	for (size_t i = 0; i < CP_COUNT(routes); i++)
		if (routes[i].kind == reading->kind)
			routes[i].apply(ledger, reading, &merged);
	if (reading->is_withheld && reading->up)
		add_to_day(ledger, FACT_WITHHELD, reading, row);
	if (ledger->filing != FILING_NEW && is_contested(ledger, row))
		add_to_day(ledger, FACT_CONFLICT, reading, row);
}

void facts_apply(struct ledger *ledger, struct reading *reading, const struct journal_row *row)
{
	clocks_date(ledger, reading, row);
	file_away(ledger, reading, row);
}

void facts_move(struct ledger *ledger, const struct reading *from, const struct reading *to,
    const struct journal_row *row)
{
	ledger->filing = FILING_OUT;
	file_away(ledger, from, row);
	ledger->filing = FILING_AGAIN;
	file_away(ledger, to, row);
	ledger->filing = FILING_NEW;
}
