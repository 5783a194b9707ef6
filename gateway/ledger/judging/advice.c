#include "ledger/judging/advice.h"

#include "ledger/downs.h"
#include "ledger/store/alert_rows.h"

static bool may_be_stopped(struct ledger *ledger, const struct session *session)
{
	const struct policy *policy = &ledger->config.policy;
	const Carepace__V1__ModelProfile *profile =
	    session->model == MODEL_UNKNOWN
	        ? NULL
	        : policy_profile(policy, (uint32_t)session->model, session->start);

	return profile && profile->allow_stop;
}

static void tell(struct ledger *ledger, const struct session *session, const struct alert *alert,
    const struct advice *advice)
{
	const struct finding *finding = &alert->finding;

	downs_advise(ledger, session, finding->check, finding->severity, advice->is_on);
	if (advice->is_on && finding->severity == SEVERITY_CRITICAL &&
	    may_be_stopped(ledger, session))
		downs_request_stop(ledger, session, finding->check);
}

static void settle_alert(struct ledger *ledger, const struct session *session,
    const struct alert *alert, int knows, enum advice_news news)
{
	struct advice advice = advice_of(alert, session, knows, news);

	if (advice.knows != knows)
		db_run(&ledger->db, "UPDATE alert SET advised = ? WHERE id = ?", "ib",
		    (int64_t)advice.knows, slice_of(alert->id.b, ID_BYTES));
	if (advice.is_sent)
		tell(ledger, session, alert, &advice);
}

void advice_settle(struct ledger *ledger, const struct session *session, enum advice_news news)
{
	struct alert *alerts = NULL;
	int *knows = NULL;
	size_t count = 0;
	size_t cap = 0;
	size_t knows_cap = 0;
	struct db_rows rows;

	if (!session_is_open(session))
		return;
	rows = db_query(&ledger->db,
	    "SELECT " ALERT_COLUMNS
	    ", a.advised FROM alert a WHERE a.session = ? AND a.session != 0"
	    " ORDER BY a.check_id, a.id",
	    "i", session->no);
	while (db_next(&rows)) {
		alerts = arena_push(&ledger->work, alerts, count, &cap, sizeof(*alerts));
		knows = arena_push(&ledger->work, knows, count, &knows_cap, sizeof(*knows));
		if (!alerts || !knows || !alert_of_row(&ledger->work, &rows, &alerts[count])) {
			db_fail(&ledger->db, CP_NOMEM, "out of memory for the alerts of a session");
			db_end(&rows);
			return;
		}
		knows[count++] = (int)db_int(&rows, ALERT_COLUMN_COUNT);
	}
	for (size_t i = 0; i < count && !ledger->db.err; i++)
		settle_alert(ledger, session, &alerts[i], knows[i], news);
}
