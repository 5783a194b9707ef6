#include "ledger/judging/alerts.h"

#include "ledger/store/alert_rows.h"
#include "ledger/answers.h"

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
		alert_rows_save(ledger, &alert, is_loud);
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
			alert_rows_save(ledger, &stored[i], is_loud);
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
		alert_rows_save(ledger, &alerts[i], false);
	}
}
