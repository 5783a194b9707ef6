#include "ledger/facts.h"

#include "care/stream/fold.h"
#include "ledger/answers.h"
#include "ledger/apply.h"
#include "ledger/box_clock.h"
#include "ledger/clocks.h"
#include "ledger/days/aggregates.h"
#include "ledger/days/civil_days.h"
#include "ledger/judging/guards.h"
#include "ledger/judging/subjects.h"
#include "ledger/merges.h"
#include "ledger/office/audit.h"
#include "ledger/policies.h"
#include "ledger/revisions.h"
#include "ledger/seals.h"
#include "ledger/store/names.h"
#include "ledger/store/sessions.h"
#include "ledger/watch.h"

void facts_add_under(struct ledger *ledger, enum subject_kind kind, int64_t subject, int64_t topic,
    const struct reading *reading, const struct journal_row *row)
{
	if (ledger->filing == FILING_OUT) {
		db_run(&ledger->db,
		    "DELETE FROM fact WHERE kind = ? AND subject = ? AND topic = ? AND ts = ?"
		    " AND source = ? AND boot = ? AND seq = ?",
		    "iiiiiii", (int64_t)kind, subject, topic, (int64_t)fact_time(reading),
		    row->source, (int64_t)row->boot, (int64_t)row->seq);
		topics_forget(&ledger->topics, kind, subject);
		return;
	}
	if (ledger->filing == FILING_ENDED) {
		db_run(&ledger->db,
		    "UPDATE fact SET until = ? WHERE kind = ? AND subject = ? AND topic = ?"
		    " AND ts = ? AND source = ? AND boot = ? AND seq = ?",
		    "iiiiiiii", (int64_t)ledger->holding.until, (int64_t)kind, subject, topic,
		    (int64_t)ledger->holding.from, row->source, (int64_t)row->boot,
		    (int64_t)row->seq);
		return;
	}
	event_ms until = reading->order ? ledger->holding.until : TIME_NEVER;
	db_run(&ledger->db,
	    "INSERT INTO fact(kind, subject, topic, ts, source, boot, seq, until)"
	    " VALUES(?, ?, ?, ?, ?, ?, ?, nullif(?, ?)) ON CONFLICT DO NOTHING",
	    "iiiiiiiii", (int64_t)kind, subject, topic, (int64_t)fact_time(reading), row->source,
	    (int64_t)row->boot, (int64_t)row->seq, (int64_t)until, TIME_NEVER);
	topics_add(&ledger->topics, kind, subject, topic, fact_time(reading));
}

void facts_add(struct ledger *ledger, enum subject_kind kind, int64_t subject,
    const struct reading *reading, const struct journal_row *row)
{
	facts_add_under(ledger, kind, subject, fact_topic(reading), reading, row);
}

/* R11: what is old, was parked for long, or comes from a buffer, never causes a
 * device command. */
bool facts_are_loud(
    const struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	bool is_late = reading->ts_source != TS_IN_DOUBT && /* R18: nobody can tell */
	               row->recv - reading->ts > LATE_AFTER_MS;

	if (ledger->filing == FILING_ENDED)
		return ledger->holding.is_loud;
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
	if (!open || (is_stream && row->no <= open->session.sealed))
		return; /* of a recount: it is in the seal */

	struct session_fold more = fold_of(reading);
	bool loud = facts_are_loud(ledger, reading, row);

	if (!is_stream)
		facts_add(ledger, SUBJECT_SESSION, open->session.no, reading, row);
	if (ledger->filing != FILING_NEW)
		return; /* its fold is counted again as a whole */
	if (open->session.seal && !ledger->config.is_recount)
		seals_note_late(ledger, &open->session, reading);
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

/* --- head office -------------------------------------------------------------------- */

static void apply_plan(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	int64_t course = (int64_t)reading->order->plan->course;

	facts_add(ledger, SUBJECT_COURSE, course, reading, row);
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
	facts_add(ledger, SUBJECT_SITE, 0, reading, row);
	if (ledger->filing != FILING_ENDED) /* else by what ended it */
		policies_change(ledger, reading);
	if (reading->kind == READING_CALENDAR)
		aggregates_touch_since(ledger, fact_time(reading));
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

	facts_add(ledger, SUBJECT_SITE, 0, reading, row);
	if (reading->ts < since)
		subjects_judge_sessions_again(ledger, reading->ts);
	if (!cart->gtin || !cart->serial)
		return;
	int64_t no = names_cartridge(ledger, cart->gtin, cart->serial);
	facts_add(ledger, SUBJECT_CART, no, reading, row);
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
	facts_add(ledger, SUBJECT_CART, no, reading, row);
	touched_add(&ledger->touched[SUBJECT_CART], &ledger->scratch, no, true);
}

/* News about a cartridge on somebody's chair is told at once (R11). */
static void apply_recall(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	const Carepace__V1__RecallLot *recall = reading->order->recall_lots;

	facts_add(ledger, SUBJECT_SITE, 0, reading, row);
	policies_read_again(ledger);
	subjects_touch_users_of_lot(ledger, recall->gtin, recall->lot);
}

/* --- the box itself -------------------------------------------------------------------------- */

static void apply_to_gateway(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	int64_t episode = reading->kind == READING_BOX_CLOCK ? box_clock_take(ledger, reading, row)
	                                                     : watch_take(ledger, reading, row);

	facts_add(ledger, SUBJECT_GATEWAY, episode, reading, row);
	touched_add(&ledger->touched[SUBJECT_GATEWAY], &ledger->scratch, episode, true);
}

/* --- which message goes where -------------------------------------------------------------- */

static void apply_answer(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	if (ledger->filing == FILING_NEW) /* whenever it was given, it was */
		answers_apply(ledger, reading, row, facts_are_loud(ledger, reading, row));
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
    {READING_ESTOP, civil_days_stop},
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
    {READING_BOOKING, civil_days_booking},
    {READING_CLIENT_HISTORY, apply_client_history},
    {READING_ASSESSMENT, apply_assessment},
    {READING_AFTERCARE, apply_to_sid},
    {READING_HQ_AFTERCARE, apply_to_sid},
    {READING_SCREENING, apply_screening},
    {READING_SESSION_SEEN, apply_session_seen},
    {READING_CERT, apply_cert},
    {READING_CERT, civil_days_cert},
    {READING_DEVICE, apply_to_device},
    {READING_DEVICE_ASSIGN, apply_to_device},
    {READING_POLICY, apply_to_site},
    {READING_MODEL_PROFILE, apply_to_site},
    {READING_FIRMWARE_POLICY, apply_to_site},
    {READING_CALENDAR, apply_to_site},
    {READING_CLINIC_ROLE, apply_to_site},
    {READING_RECALL_LOTS, apply_recall},
    {READING_CART_STOCK, apply_stock},
    {READING_CART_STOCK, civil_days_stock},
    {READING_CART_HISTORY, apply_to_cartridge},
    {READING_CART_SEEN, apply_to_cartridge},
    {READING_BILLING_LINE, apply_to_cartridge},
    {READING_BILLING_LINE, civil_days_billing},
    {READING_ROLLER_USE, apply_roller_use},
    {READING_HQ_ROLLER_USE, apply_roller_use},
    {READING_BOX_CONDITION, apply_to_gateway},
    {READING_PRIVACY_REJECT, apply_to_gateway},
    {READING_BOX_CLOCK, apply_to_gateway},
    {READING_SESSION_SEAL, seals_take},
};

static void file_under_subjects(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	struct journal_row merged = *row;

	merged.client = merges_client(ledger, row->client);
	for (size_t i = 0; i < CP_COUNT(routes); i++)
		if (routes[i].kind == reading->kind)
			routes[i].apply(ledger, reading, &merged);
}

/* Whom a lower revision speaks of it concerns from now on as if it were said of them. */
static void end_order(
    struct ledger *ledger, const struct reading *by, int64_t source, const struct db_rows *lower)
{
	struct journal_row row;
	struct reading ended;

	enum reading_result result = decoded_row(
	    ledger, source, (uint32_t)db_int(lower, 0), (uint32_t)db_int(lower, 1), &row, &ended);
	if (result == READING_PARKED)
		return;
	if (result != READING_OK) {
		db_fail(&ledger->db, CP_NOMEM, "out of memory for the revisions of an order");
		return;
	}
	ended.ts = ledger->holding.until = fact_time(by);
	ledger->holding.from = db_int(lower, 2);
	file_under_subjects(ledger, &ended, &row);
}

/* Those below that a still lower one has ended before end no sooner by it. */
static void end_lower_orders(struct ledger *ledger, const struct reading *reading,
    const struct journal_row *row, event_ms until)
{
	struct db_rows lower = revisions_below(ledger, reading, row);

	ledger->holding.is_loud = facts_are_loud(ledger, reading, row);
	ledger->filing = FILING_ENDED;
	while (until > fact_time(reading) && db_next(&lower)) {
		end_order(ledger, reading, row->source, &lower);
		if (db_int(&lower, 2) < until)
			until = db_int(&lower, 2);
	}
	db_end(&lower);
	ledger->filing = FILING_NEW;
}

/* A site's orders are read again for each one that is filed: those that end go first. */
static void file_order(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	event_ms until = revisions_add(ledger, reading, row);

	end_lower_orders(ledger, reading, row, until);
	ledger->holding = (struct holding){.from = fact_time(reading), .until = until};
	file_under_subjects(ledger, reading, row);
}

static void file_away(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	file_under_subjects(ledger, reading, row);
	apply_to_day(ledger, reading, row);
}

void facts_apply(struct ledger *ledger, struct reading *reading, const struct journal_row *row)
{
	clocks_date(ledger, reading, row);
	if (reading->order)
		file_order(ledger, reading, row);
	else
		file_away(ledger, reading, row);
	audit_take(ledger, reading, row);
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
