#include "ledger/verdicts.h"

#include "ledger/alert_rows.h"
#include "ledger/downs.h"
#include "ledger/names.h"
#include "ledger/sessions.h"
#include "ledger/unjudged.h"

struct given {
	uint32_t rev; /* 0: none yet */
	wall_ms at;
	wall_ms start_recv;
	struct slice packed; /* rev 0; in the work arena */
};

static bool load_given(struct ledger *ledger, int64_t session, struct given *out)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT verdict_rev, verdict_at, recv, verdict FROM session WHERE no = ?", "i",
	    session);

	if (!db_next(&rows))
		return false;
	*out = (struct given){
	    .rev = (uint32_t)db_int(&rows, 0),
	    .at = db_int(&rows, 1),
	    .start_recv = db_int(&rows, 2),
	    .packed = arena_copy(&ledger->work, db_blob(&rows, 3)),
	};
	db_end(&rows);
	return true;
}

/* R19, R11: a start that was buffered or late is recorded without an answer. */
static bool is_answerable(const struct session *session, const struct given *given)
{
	return session->has_start && session_is_open(session) && !session->is_replay &&
	       given->start_recv - session->start <= LATE_AFTER_MS;
}

/* Set aside, or after a crash not yet judged. */
static bool is_open_question(struct ledger *ledger, enum subject_kind kind, int64_t no)
{
	return unjudged_has(ledger, kind, no) ||
	       (ledger->is_careful &&
	           db_value(&ledger->db, 0, "SELECT 1 FROM pending WHERE kind = ? AND subject = ?",
	               "ii", (int64_t)kind, no));
}

/* Nobody could judge the session, its client, its device or one of its cartridges. */
static bool is_unjudged(struct ledger *ledger, const struct session *session)
{
	bool is_one = is_open_question(ledger, SUBJECT_SESSION, session->no) ||
	              is_open_question(ledger, SUBJECT_CLIENT, session->client) ||
	              is_open_question(ledger, SUBJECT_DEVICE, session->device);
	struct db_rows rows =
	    db_query(&ledger->db, "SELECT cart FROM cart_use WHERE session = ?", "i", session->no);

	while (db_next(&rows))
		is_one = is_one || is_open_question(ledger, SUBJECT_CART, db_int(&rows, 0));
	return is_one;
}

static void settle_one(struct ledger *ledger, int64_t no)
{
	struct session session;
	struct given given;
	size_t count;

	if (!sessions_load(ledger, no, &session) || !load_given(ledger, no, &given) ||
	    !is_answerable(&session, &given))
		return;

	struct alert *alerts = alert_rows_around(ledger, &session, &count);
	struct verdict verdict = verdict_of(alerts, count);
	/* R16: what nobody could judge does not pass silently. */
	if (verdict.decision == DECISION_PERMIT && is_unjudged(ledger, &session))
		verdict.decision = DECISION_ADVISE;
	struct slice packed = downs_pack_verdict(ledger, &session.sid, &verdict);
	if (ledger->db.err || (given.rev > 0 && slice_eq(packed, given.packed)))
		return;
	db_run(&ledger->db,
	    "UPDATE session SET verdict_rev = ?, verdict_at = ?, verdict = ? WHERE no = ?", "iibi",
	    (int64_t)given.rev + 1, (int64_t)ledger->now, packed, no);
	downs_verdict(ledger, &session.source, packed, given.rev + 1);
}

void verdicts_settle(struct ledger *ledger)
{
	if (ledger->config.is_recount)
		return;
	touched_settle(&ledger->touched[SUBJECT_VERDICT]);
	for (size_t i = 0; i < ledger->touched[SUBJECT_VERDICT].count && !ledger->db.err; i++) {
		if (!ledger->touched[SUBJECT_VERDICT].items[i].is_loud ||
		    unjudged_has(
		        ledger, SUBJECT_VERDICT, ledger->touched[SUBJECT_VERDICT].items[i].no))
			continue;
		settle_one(ledger, ledger->touched[SUBJECT_VERDICT].items[i].no);
		arena_reset(&ledger->work);
	}
}

void verdicts_repeat(struct ledger *ledger, const struct reading *start)
{
	struct source_state *source = names_source(ledger, &start->source);
	struct given given;

	if (!source)
		return;
	int64_t no = db_value(&ledger->db, 0, "SELECT no FROM session WHERE source = ? AND sid = ?",
	    "ib", source->no, slice_of(start->sid.b, ID_BYTES));
	if (no && load_given(ledger, no, &given) && given.rev > 0 &&
	    ledger->now - given.at <= VERDICT_VALID_MS)
		downs_verdict(ledger, &start->source, given.packed, given.rev);
	arena_reset(&ledger->work);
}
