#include "ledger/facts.h"

#include "care/fold.h"
#include "ledger/answers.h"
#include "ledger/downs.h"
#include "ledger/sessions.h"

static void add_fact(struct ledger *ledger, enum subject_kind kind, int64_t subject,
    const struct reading *reading, const struct journal_row *row)
{
	db_run(&ledger->db,
	    "INSERT INTO fact(kind, subject, ts, source, boot, seq) VALUES(?, ?, ?, ?, ?, ?)"
	    " ON CONFLICT DO NOTHING",
	    "iiiiii", (int64_t)kind, subject, (int64_t)reading->ts, row->source, (int64_t)row->boot,
	    (int64_t)row->seq);
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
		touched_add(&ledger->sessions, &ledger->scratch, open->session.no, loud);
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

static void apply_hello(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	const Carepace__V1__Hello *hello = reading->up->hello;

	db_run(&ledger->db,
	    "UPDATE source SET kind = ?, model = ?, serial = ?, context = ?, fw = ?, seen_at = ?"
	    " WHERE no = ?",
	    "iitiiii", (int64_t)hello->kind, (int64_t)hello->model, hello->serial,
	    (int64_t)hello->context, (int64_t)hello->fw, (int64_t)row->recv, row->source);
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
		touched_add(&ledger->clients, &ledger->scratch, db_int(&rows, 0), true);
}

void facts_apply(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	switch (reading->kind) {
	case READING_HELLO:
		apply_hello(ledger, reading, row);
		break;
	case READING_SESSION_START:
	case READING_SESSION_PAUSE:
	case READING_SESSION_RESUME:
	case READING_SESSION_END:
	case READING_CART_ATTACH:
	case READING_CART_DETACH:
	case READING_PARAM:
	case READING_SAMPLES:
	case READING_PULSES:
	case READING_FAULT:
	case READING_ESTOP:
		apply_session(ledger, reading, row);
		break;
	case READING_ACK_ALERT:
	case READING_OVERRIDE:
		answers_apply(ledger, reading, row, is_loud(ledger, reading, row));
		break;
	case READING_PLAN:
		apply_plan(ledger, reading, row);
		break;
	default:
		break;
	}
}
