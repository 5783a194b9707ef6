#include "ledger/facts.h"

#include "care/fold.h"
#include "ledger/answers.h"
#include "ledger/cases.h"
#include "ledger/downs.h"
#include "ledger/names.h"
#include "ledger/policies.h"
#include "ledger/sessions.h"
#include "ledger/subjects.h"

/* When it happened, or since when it holds. */
static event_ms time_of(const struct reading *reading)
{
	if (reading->kind == READING_POLICY && reading->order->policy->has_valid_from_ts_ms)
		return reading->order->policy->valid_from_ts_ms;
	return reading->ts;
}

static void add_fact(struct ledger *ledger, enum subject_kind kind, int64_t subject,
    const struct reading *reading, const struct journal_row *row)
{
	db_run(&ledger->db,
	    "INSERT INTO fact(kind, subject, topic, ts, source, boot, seq)"
	    " VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
	    "iiiiiii", (int64_t)kind, subject, fact_topic(reading), (int64_t)time_of(reading),
	    row->source, (int64_t)row->boot, (int64_t)row->seq);
}

/* R11: what is old, was parked for long, or comes from a buffer, never causes a
 * device command. */
static bool is_loud(
    const struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	return !reading->is_replay && row->recv - reading->ts <= LATE_AFTER_MS &&
	       ledger->now - row->recv <= LATE_AFTER_MS;
}

/* --- sessions ------------------------------------------------------------------- */

/* Most samples only lengthen what is known. These change an answer: the first
 * sign of treatment, exposure earlier than known, later exposure that may decide
 * which of several cartridges it was, and anything about a session that was
 * thought to be over. */
static bool stream_matters(const struct open_session *open, const struct session_fold *more)
{
	const struct session_fold *fold = &open->session.fold;

	if (!session_is_open(&open->session))
		return true;
	if (fold->stream_from == TIME_NEVER || more->exposed_from < fold->exposed_from ||
	    more->first_at < fold->first_at)
		return true;
	return fold->exposed_until < open->last_attach && fold->exposed_until < more->exposed_until;
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

	if (!is_stream || stream_matters(open, &more))
		touched_add(
		    &ledger->touched[SUBJECT_SESSION], &ledger->scratch, open->session.no, loud);
	if (!is_stream)
		add_fact(ledger, SUBJECT_SESSION, open->session.no, reading, row);
	if (more.start_from < open->started)
		open->started = more.start_from;
	session_fold_add(&open->session.fold, &more);
	sessions_mark_dirty(ledger, open, loud);
	if (reading->kind == READING_SESSION_START)
		db_run(&ledger->db, "UPDATE session SET recv = ? WHERE no = ? AND recv = 0", "ii",
		    (int64_t)row->recv, open->session.no);
}

/* --- devices ---------------------------------------------------------------------- */

/* A session is on the model that its device said last before it; before the first HELLO
 * on the one that was said then. */
static void touch_sessions_after(
    struct ledger *ledger, const struct reading *hello, const struct journal_row *row)
{
	static const char select_before[] =
	    "SELECT 1 FROM fact WHERE kind = ? AND subject = ? AND topic = ? AND ts < ? LIMIT 1";
	static const char select_next[] =
	    "SELECT min(ts) FROM fact WHERE kind = ? AND subject = ? AND topic = ? AND ts > ?";
	int64_t kind = SUBJECT_DEVICE;
	int64_t topic = fact_topic(hello);
	int64_t ts = hello->ts;
	bool is_first =
	    !db_value(&ledger->db, 0, select_before, "iiii", kind, row->source, topic, ts);
	int64_t until =
	    db_value(&ledger->db, TIME_NEVER, select_next, "iiii", kind, row->source, topic, ts);
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT no FROM session WHERE source = ?1 AND start_from >= ?2 AND start_from < ?3"
	    " UNION ALL SELECT no FROM session WHERE source = ?1 AND start_from = ?4"
	    " AND first_at >= ?2 AND first_at < ?3",
	    "iiii", row->source, is_first ? INT64_MIN : ts, until, TIME_NEVER);

	while (db_next(&rows))
		touched_add(&ledger->touched[SUBJECT_SESSION], &ledger->scratch, db_int(&rows, 0),
		    is_loud(ledger, hello, row));
}

static void apply_hello(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	const Carepace__V1__Hello *hello = reading->up->hello;

	db_run(&ledger->db,
	    "UPDATE source SET kind = ?, model = ?, serial = ?, context = ?, fw = ?, seen_at = ?"
	    " WHERE no = ?",
	    "iitiiii", (int64_t)hello->kind, (int64_t)hello->model, hello->serial,
	    (int64_t)hello->context, (int64_t)hello->fw, (int64_t)row->recv, row->source);
	add_fact(ledger, SUBJECT_DEVICE, row->source, reading, row);
	touch_sessions_after(ledger, reading, row);
	if (!ledger->config.is_recount)
		downs_hello_ack(ledger, reading);
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

/* News about a cartridge on somebody's chair is told at once (R11). */
static void apply_recall(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	const Carepace__V1__RecallLot *lot = reading->order->recall_lots;

	add_fact(ledger, SUBJECT_SITE, 0, reading, row);
	policies_read_again(ledger);
	subjects_touch_users_of_lot(ledger, lot->gtin, lot->lot, reading->ts);
}

/* --- people ----------------------------------------------------------------------------- */

/* What is known of a client may change every session of theirs: they are few. */
static void apply_to_client(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	bool loud = is_loud(ledger, reading, row);

	if (!row->client)
		return;
	add_fact(ledger, SUBJECT_CLIENT, row->client, reading, row);
	touched_add(&ledger->touched[SUBJECT_CLIENT], &ledger->scratch, row->client, loud);
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT no FROM session WHERE client = ? AND client != 0", "i", row->client);
	while (db_next(&rows))
		touched_add(
		    &ledger->touched[SUBJECT_SESSION], &ledger->scratch, db_int(&rows, 0), loud);
}

static void apply_to_case(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	int64_t no = cases_take(ledger, reading);

	add_fact(ledger, SUBJECT_CASE, no, reading, row);
	touched_add(
	    &ledger->touched[SUBJECT_CASE], &ledger->scratch, no, is_loud(ledger, reading, row));
}

/* --- which message goes where -------------------------------------------------------------- */

typedef void apply_fn(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row);

static void apply_answer(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	answers_apply(ledger, reading, row, is_loud(ledger, reading, row));
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
    {READING_ESTOP, apply_session},
    {READING_AE_REPORT, apply_to_case},
    {READING_AE_UPDATE, apply_to_case},
    {READING_ACK_ALERT, apply_answer},
    {READING_OVERRIDE, apply_answer},
    {READING_PLAN, apply_plan},
    {READING_CLIENT_FLAGS, apply_to_client},
    {READING_POLICY, apply_to_site},
    {READING_MODEL_PROFILE, apply_to_site},
    {READING_FIRMWARE_POLICY, apply_to_site},
    {READING_CALENDAR, apply_to_site},
    {READING_CLINIC_ROLE, apply_to_site},
    {READING_RECALL_LOTS, apply_recall},
    {READING_CART_STOCK, apply_stock},
};

void facts_apply(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	for (size_t i = 0; i < CP_COUNT(routes); i++)
		if (routes[i].kind == reading->kind)
			routes[i].apply(ledger, reading, row);
}
