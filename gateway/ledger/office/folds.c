#include "ledger/office/folds.h"

#include "ledger/judging/history.h"
#include "ledger/office/outbox.h"

static int64_t device_of(struct ledger *ledger, const struct finding *finding)
{
	if (finding->device || !finding->session)
		return finding->device;
	return db_value(
	    &ledger->db, 0, "SELECT source FROM session WHERE no = ?", "i", finding->session);
}

/* 0: it goes alone. Those of no device are the site's. */
static int64_t choose(struct ledger *ledger, const struct alert *alert)
{
	int64_t device = device_of(ledger, &alert->finding);
	int64_t fold = db_value(&ledger->db, 0,
	    "INSERT INTO fold(check_id, device_day, alerts) VALUES(?, ?, 1)"
	    " ON CONFLICT(check_id, device_day) DO UPDATE SET alerts = alerts + 1"
	    " RETURNING CASE WHEN alerts > ? THEN no ELSE 0 END",
	    "iii", (int64_t)alert->finding.check,
	    history_day_no(ledger, device, alert->finding.from), (int64_t)FOLD_ALONE_MAX);

	db_run(&ledger->db, "UPDATE alert SET fold = ? WHERE id = ?", "ib", fold,
	    slice_of(alert->id.b, ID_BYTES));
	return fold;
}

void folds_put_alert(struct ledger *ledger, const struct alert *alert)
{
	if (ledger->config.is_recount)
		return;
	int64_t fold = db_value(&ledger->db, 0, "SELECT coalesce(fold, -1) FROM alert WHERE id = ?",
	    "b", slice_of(alert->id.b, ID_BYTES));
	if (fold < 0 && alert->finding.is_test) /* R22: nobody was told of it */
		return;
	if (fold < 0)
		fold = choose(ledger, alert);
	if (fold == 0) {
		outbox_put_alert(ledger, &alert->id);
		return;
	}
	db_run(&ledger->db, "UPDATE fold SET revision = revision + 1 WHERE no = ?", "i", fold);
	outbox_put_state(ledger, OUTBOX_ALERT, fold);
}

void folds_offer_all(struct ledger *ledger)
{
	struct db_rows rows =
	    db_query(&ledger->db, "SELECT id FROM alert WHERE fold = 0 ORDER BY raised_at, id", "");
	struct id id;

	while (db_next(&rows))
		if (id_from_bytes(&id, db_blob(&rows, 0)))
			outbox_put_alert(ledger, &id);
	rows = db_query(&ledger->db, "SELECT no FROM fold WHERE revision > 0 ORDER BY no", "");
	while (db_next(&rows))
		outbox_put_state(ledger, OUTBOX_ALERT, db_int(&rows, 0));
}
