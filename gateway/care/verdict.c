#include "care/verdict.h"

/* What an alert is to the verdict of a session beside which it stands. */
enum part {
	PART_NONE,
	PART_CITED,
	PART_COUNTS
};

/* A start-time result still stands after an acknowledgement, which says "seen"; an
 * override lifts it (R17). A cartridge that was replaced before any exposure is over and
 * not latched: gone. */
static enum part part_of_session(const struct finding *finding)
{
	bool stands = finding->is_latched || finding->until == TIME_NEVER;

	return stands && catalogue_find(finding->check)->when & WHEN_START ? PART_COUNTS
	                                                                   : PART_NONE;
}

/* R19: what is open about the device counts without an alert of the session's own; about
 * a course or a case it is cited only. */
static enum part part_of(const struct alert *alert)
{
	bool is_open = alert->state != ALERT_CLEARED && alert->state != ALERT_RETRACTED;

	if (alert->state == ALERT_RETRACTED)
		return PART_NONE;
	switch (finding_about(&alert->finding)) {
	case ABOUT_COURSE:
	case ABOUT_CASE:
		return is_open ? PART_CITED : PART_NONE;
	case ABOUT_GATEWAY: /* R18; only of a session that began in doubt */
		return is_open ? PART_COUNTS : PART_NONE;
	case ABOUT_DEVICE:
		if (alert->finding.session == 0)
			return is_open ? PART_COUNTS : PART_NONE;
		return part_of_session(&alert->finding);
	default:
		return part_of_session(&alert->finding);
	}
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
		enum part part = part_of(&alerts[i]);
		if (part == PART_NONE)
			continue;
		enum decision decision = decision_for(&alerts[i]);
		if (part == PART_COUNTS && decision > verdict.decision)
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
