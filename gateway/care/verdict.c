#include "care/verdict.h"

/* A start-time result that still stands. An acknowledgement does not lift it: it
 * says "seen"; an override lifts it (R17). A cartridge that was replaced before
 * any exposure is over and not latched: gone. */
static bool stands(const struct alert *alert)
{
	const struct finding *finding = &alert->finding;

	return (catalogue_find(finding->check)->when & WHEN_START) &&
	       alert->state != ALERT_RETRACTED &&
	       (finding->is_latched || finding->until == TIME_NEVER);
}

static enum decision decision_for(const struct alert *alert)
{
	unsigned who = catalogue_find(alert->finding.check)->who;

	if (alert_is_overridden(alert))
		return DECISION_PERMIT;
	switch (alert->finding.severity) {
	case SEVERITY_CRITICAL:
		return DECISION_DENY;
	case SEVERITY_HIGH:
		return DECISION_REQUIRE_OVERRIDE;
	case SEVERITY_MEDIUM:
		return DECISION_ADVISE;
	case SEVERITY_LOW:
		return who & (WHO_OPERATOR | WHO_CLINICIAN) ? DECISION_ADVISE : DECISION_PERMIT;
	default:
		return DECISION_PERMIT;
	}
}

/* Worst first; of equals the smaller id, so that equal sets give equal verdicts. */
static bool comes_before(const struct alert *a, const struct alert *b)
{
	if (a->finding.severity != b->finding.severity)
		return a->finding.severity > b->finding.severity;
	return id_cmp(&a->id, &b->id) < 0;
}

static void insert(struct verdict *verdict, const struct alert *alert)
{
	size_t at = verdict->item_count;

	while (at > 0 && comes_before(alert, verdict->items[at - 1]))
		at--;
	if (at == VERDICT_ITEMS_MAX)
		return;
	if (verdict->item_count < VERDICT_ITEMS_MAX)
		verdict->item_count++;
	for (size_t i = verdict->item_count - 1; i > at; i--)
		verdict->items[i] = verdict->items[i - 1];
	verdict->items[at] = alert;
}

struct verdict verdict_of(const struct alert *alerts, size_t count)
{
	struct verdict verdict = {.decision = DECISION_PERMIT};

	for (size_t i = 0; i < count; i++) {
		if (!stands(&alerts[i]))
			continue;
		enum decision decision = decision_for(&alerts[i]);
		if (decision > verdict.decision)
			verdict.decision = decision;
		insert(&verdict, &alerts[i]);
	}
	return verdict;
}

const char *decision_name(enum decision decision)
{
	static const char *const names[] = {"none", "permit", "advise", "require override", "deny"};

	return (size_t)decision < CP_COUNT(names) ? names[decision] : "?";
}
