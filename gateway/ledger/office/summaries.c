#include "ledger/office/summaries.h"

#include "care/report/summary.h"
#include "ledger/judging/history.h"
#include "ledger/judging/verdicts.h"
#include "ledger/office/states.h"
#include "ledger/store/cart_rows.h"
#include "ledger/store/sessions.h"

void summaries_touch(struct ledger *ledger, const struct session *session)
{
	if (!session_is_open(session))
		states_touch(ledger, SUBJECT_SUMMARY, session->no, ledger->now);
}

static void load_uses(struct ledger *ledger, struct summary_input *input)
{
	struct cart_use *uses = arena_alloc(&ledger->work, SUMMARY_CARTS_MAX * sizeof(*uses));
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT " CART_USE_COLUMNS CART_USE_FROM "WHERE u.session = ? ORDER BY u.from_at, n.id,"
	    " u.boot, u.seq LIMIT ?",
	    "ii", input->session->no, (int64_t)SUMMARY_CARTS_MAX);

	if (!uses)
		db_fail(&ledger->db, CP_NOMEM, "out of memory for a summary");
	while (uses && db_next(&rows))
		uses[input->use_count++] = cart_use_of_row(&rows, 0);
	db_end(&rows);
	input->uses = uses;
}

static void load_visit(struct ledger *ledger, struct summary_input *input)
{
	struct db_rows rows = db_query(
	    &ledger->db, "SELECT sid FROM session WHERE no = ?", "i", input->session->visit);

	if (db_next(&rows))
		id_from_bytes(&input->visit, db_blob(&rows, 0));
	db_end(&rows);
}

void summaries_compose(struct ledger *ledger, struct touch touch)
{
	struct session session;
	struct summary summary;
	struct summary_input input = {.session = &session};

	if (!sessions_load(ledger, touch.no, &session)) {
		states_skip(ledger, SUBJECT_SUMMARY, touch.no);
		return;
	}
	input.facts = history_all_facts(ledger, SUBJECT_SESSION, session.no);
	load_uses(ledger, &input);
	load_visit(ledger, &input);
	input.decision = verdicts_given(ledger, session.no);
	input.overrides = (uint32_t)db_value(&ledger->db, 0,
	    "SELECT count(*) FROM alert WHERE session = ? AND session != 0 AND override_at != 0",
	    "i", session.no);
	if (ledger->db.err)
		return;
	summary_fill(&summary, &input);
	if (session.is_test &&
	    !states_told(ledger, SUBJECT_SUMMARY, touch.no, &summary.message.base)) {
		states_skip(ledger, SUBJECT_SUMMARY, touch.no); /* R22 */
		return;
	}
	struct state_people people = {.client = session.client, .operator_no = session.operator_no};
	states_put(ledger, SUBJECT_SUMMARY, session.no, people, &summary.message.base);
}
