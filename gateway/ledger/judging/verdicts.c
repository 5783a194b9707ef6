#include "ledger/judging/verdicts.h"

#include "care/advice.h"
#include "ledger/downs.h"
#include "ledger/judging/advice.h"
#include "ledger/judging/unjudged.h"
#include "ledger/office/summaries.h"
#include "ledger/store/alert_rows.h"
#include "ledger/store/names.h"
#include "ledger/store/sessions.h"
#include "wire/unpack.h"

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

int verdicts_decision(struct arena *arena, struct slice packed)
{
	struct wire_scan scan;
	ProtobufCMessage *message;

	if (packed.len == 0 || wire_unpack(arena, &carepace__v1__verdict__descriptor, packed,
	                           &message, &scan) != WIRE_OK)
		return DECISION_NONE;
	return (int)((Carepace__V1__Verdict *)message)->decision;
}

int verdicts_given(struct ledger *ledger, int64_t session)
{
	struct given given;

	return load_given(ledger, session, &given) ? verdicts_decision(&ledger->work, given.packed)
	                                           : DECISION_NONE;
}

/* R19, R11: a start that was buffered or late is recorded without an answer. */
static bool is_answerable(const struct session *session, const struct given *given)
{
	return session->has_start && session_is_open(session) && !session->is_replay &&
	       (session->ts_source == TS_IN_DOUBT || /* R18: nobody can tell, so it is answered */
	           given->start_recv - session->start <= LATE_AFTER_MS);
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

/* What came up later is told by ADVISE (ledger/judging/advice.h). */
static size_t leave_out_during(struct alert *alerts, size_t count, const struct session *session)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (alerts[i].finding.session != session->no ||
		    !finding_is_during(&alerts[i].finding, session->start))
			alerts[kept++] = alerts[i];
	return kept;
}

static void answer(struct ledger *ledger, const struct session *session, const struct given *given)
{
	size_t count;
	struct alert *alerts = alert_rows_around(ledger, session, &count);

	count = leave_out_during(alerts, count, session);
	struct verdict verdict = verdict_of(alerts, count);
	/* R16: what nobody could judge does not pass silently; nor dates in doubt (R18). */
	if (verdict.decision == DECISION_PERMIT &&
	    (session->ts_source == TS_IN_DOUBT || is_unjudged(ledger, session)))
		verdict.decision = DECISION_ADVISE;
	struct slice packed = downs_pack_verdict(ledger, &session->sid, &verdict);
	if (ledger->db.err || (given->rev > 0 && slice_eq(packed, given->packed)))
		return;
	db_run(&ledger->db,
	    "UPDATE session SET verdict_rev = ?, verdict_at = ?, verdict = ? WHERE no = ?", "iibi",
	    (int64_t)given->rev + 1, (int64_t)ledger->now, packed, session->no);
	downs_verdict(ledger, &session->source, packed, given->rev + 1);
}

static void settle_one(struct ledger *ledger, const struct touch *touch)
{
	struct session session;
	struct given given;
	enum advice_news news = touch->is_loud ? ADVICE_LOUD : ADVICE_QUIET;

	if (!sessions_load(ledger, touch->no, &session) || !load_given(ledger, touch->no, &given))
		return;
	if (touch->is_loud && is_answerable(&session, &given)) {
		if (given.rev == 0)
			news = ADVICE_BESIDE_VERDICT;
		answer(ledger, &session, &given);
	}
	advice_settle(ledger, &session, news);
	summaries_touch(ledger, &session);
}

void verdicts_settle(struct ledger *ledger)
{
	struct touched *set = &ledger->touched[SUBJECT_VERDICT];

	if (ledger->config.is_recount)
		return;
	touched_settle(set);
	for (size_t i = 0; i < set->count && !ledger->db.err; i++) {
		if (!unjudged_has(ledger, SUBJECT_VERDICT, set->items[i].no))
			settle_one(ledger, &set->items[i]);
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
