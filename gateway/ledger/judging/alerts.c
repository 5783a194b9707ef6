#include "ledger/judging/alerts.h"

#include "ledger/answers.h"
#include "ledger/cases.h"
#include "ledger/days/aggregates.h"
#include "ledger/office/folds.h"
#include "ledger/store/alert_rows.h"

/* Whoever is on a chair while it changes (R19). */
static void touch_verdicts(struct ledger *ledger, const struct finding *f, bool is_loud)
{
	static const char by_device[] =
	    "SELECT no FROM session WHERE source = ? AND state BETWEEN 1 AND 3";
	static const char by_client[] =
	    "SELECT no FROM session WHERE client = ? AND client != 0 AND state BETWEEN 1 AND 3";
	struct touched *set = &ledger->touched[SUBJECT_VERDICT];
	enum about about = finding_about(f);

	touched_add(set, &ledger->scratch, f->session, is_loud);
	if (about == ABOUT_DEVICE && f->session == 0) {
		struct db_rows rows = db_query(&ledger->db, by_device, "i", f->device);
		while (db_next(&rows))
			touched_add(set, &ledger->scratch, db_int(&rows, 0), is_loud);
	}
	if (about == ABOUT_COURSE || about == ABOUT_CASE) {
		struct db_rows rows = db_query(&ledger->db, by_client, "i", f->client);
		while (db_next(&rows))
			touched_add(set, &ledger->scratch, db_int(&rows, 0), is_loud);
	}
}

void alerts_save(struct ledger *ledger, const struct alert *alert, bool is_loud)
{
	const struct finding *f = &alert->finding;

	alert_rows_save(ledger, alert);
	touch_verdicts(ledger, f, is_loud);
	if (f->check == CHECK_INTERVAL_TOO_SOON) /* AE_AFTER_TOO_SOON */
		cases_touch_by_session(ledger, f->session, is_loud);
	aggregates_touch_alert(ledger, alert);
	folds_put_alert(ledger, alert);
}

/* What people said before it was there is no news of it: it has one revision. */
static void give_answers(struct ledger *ledger, struct alert *alert)
{
	uint64_t revision = alert->revision;

	answers_give(ledger, alert);
	alert->revision = revision;
}

/* An alert that comes back learns what people said while it was gone. */
static bool amend(struct ledger *ledger, struct alert *alert, const struct finding *finding)
{
	bool was_retracted = alert->state == ALERT_RETRACTED;
	bool is_changed = alert_amend(alert, finding, ledger->now);

	if (was_retracted)
		give_answers(ledger, alert);
	return is_changed;
}

/* A finding that its unit does not have: new, or another unit's until now. */
static void raise_or_claim(struct ledger *ledger, enum subject_kind kind, int64_t unit,
    const struct finding *finding, bool is_loud)
{
	struct id id = finding_id(finding->check, finding->subject, finding->onset);
	struct alert alert;
	bool is_changed = true;

	if (alert_rows_load(ledger, &id, &alert)) {
		is_changed = amend(ledger, &alert, finding);
	} else {
		alert = alert_raise(finding, ledger->now);
		give_answers(ledger, &alert);
	}
	alert_rows_claim(ledger, &alert, kind, unit);
	if (is_changed)
		alerts_save(ledger, &alert, is_loud);
}

static const struct finding *match(const struct timeline *timeline, const struct alert *alert)
{
	for (size_t i = 0; i < timeline->count; i++) {
		const struct finding *finding = &timeline->items[i];
		if (finding->check == alert->finding.check &&
		    strcmp(finding->subject, alert->finding.subject) == 0 &&
		    strcmp(finding->onset, alert->finding.onset) == 0)
			return finding;
	}
	return NULL;
}

/* What the timeline no longer contains was never true; but what was observed here was, and
 * is over (P4). Then it is nobody's: a unit does not read for ever what is past. */
static bool drop(struct ledger *ledger, struct alert *alert)
{
	if (!catalogue_find(alert->finding.check)->is_liveness)
		return alert_retract(alert, ledger->now);
	struct finding over = alert->finding;
	if (over.until == TIME_NEVER)
		over.until = ledger->now;
	alert_rows_claim(ledger, alert, SUBJECT_ROW, 0);
	return alert_amend(alert, &over, ledger->now);
}

void alerts_reconcile(struct ledger *ledger, enum subject_kind kind, int64_t unit,
    const struct timeline *timeline, bool is_loud)
{
	size_t stored_count;
	struct alert *stored = alert_rows_of_unit(ledger, kind, unit, &stored_count);
	bool *is_known = arena_zalloc(&ledger->work, timeline->count + 1);

	if (timeline->is_full || !is_known) {
		db_fail(&ledger->db, CP_NOMEM, "out of memory for the findings of a subject");
		return;
	}
	if (ledger->db.err)
		return;

	for (size_t i = 0; i < stored_count; i++) {
		const struct finding *finding = match(timeline, &stored[i]);
		if (finding)
			is_known[finding - timeline->items] = true;
		bool is_changed =
		    finding ? amend(ledger, &stored[i], finding) : drop(ledger, &stored[i]);
		if (is_changed)
			alerts_save(ledger, &stored[i], is_loud);
	}
	for (size_t i = 0; i < timeline->count; i++)
		if (!is_known[i])
			raise_or_claim(ledger, kind, unit, &timeline->items[i], is_loud);
}

void alerts_tell_again(struct ledger *ledger, int64_t session)
{
	size_t count;
	struct alert *alerts = alert_rows_of_session(ledger, session, &count);

	for (size_t i = 0; i < count; i++) {
		alerts[i].revision++;
		alerts_save(ledger, &alerts[i], false);
	}
}
