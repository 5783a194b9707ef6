#include "ledger/alerts.h"

#include "ledger/alert_rows.h"
#include "ledger/answers.h"

static void raise_or_revive(struct ledger *ledger, enum subject_kind kind, int64_t unit,
    const struct finding *finding, bool is_loud)
{
	struct id id = finding_id(finding->check, finding->subject, finding->onset);
	struct alert alert;

	if (alert_rows_load(ledger, &id, &alert)) {
		alert_amend(&alert, finding, ledger->now);
	} else {
		alert = alert_raise(finding, ledger->now);
		answers_give(ledger, &alert);
		ledger->batch->alerts_raised++;
	}
	alert_rows_claim(ledger, &alert, kind, unit);
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

void alerts_reconcile(struct ledger *ledger, enum subject_kind kind, int64_t unit,
    const struct timeline *timeline, bool is_loud)
{
	size_t stored_count;
	struct alert *stored = alert_rows_of_unit(ledger, kind, unit, &stored_count);
	bool *is_known = arena_zalloc(&ledger->work, timeline->count + 1);

	if (timeline->is_full || !is_known)
		db_fail(&ledger->db, CP_NOMEM, "out of memory for the findings of a subject");
	if (ledger->db.err)
		return;

	for (size_t i = 0; i < stored_count; i++) {
		const struct finding *finding = match(timeline, &stored[i]);
		if (finding)
			is_known[finding - timeline->items] = true;
		if (finding ? alert_amend(&stored[i], finding, ledger->now)
		            : alert_retract(&stored[i], ledger->now))
			alert_rows_save(ledger, &stored[i], is_loud);
	}
	for (size_t i = 0; i < timeline->count; i++)
		if (!is_known[i])
			raise_or_revive(ledger, kind, unit, &timeline->items[i], is_loud);
}
