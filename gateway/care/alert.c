#include "care/alert.h"

#include "care/policy.h"

static bool covers(const struct alert_answer *answer, const struct alert *alert)
{
	return answer->at != 0 && answer->covers >= alert->finding.severity;
}

bool alert_is_overridden(const struct alert *alert)
{
	return alert->finding.severity < SEVERITY_CRITICAL && covers(&alert->override, alert);
}

static enum alert_state state_of(const struct alert *alert)
{
	bool is_over = alert->finding.until != TIME_NEVER;
	bool is_acked = covers(&alert->ack, alert);

	if (is_over && (!alert->finding.is_latched || is_acked))
		return ALERT_CLEARED;
	if (alert_is_overridden(alert))
		return ALERT_OVERRIDDEN;
	return is_acked ? ALERT_ACKED : ALERT_RAISED;
}

static void settle(struct alert *alert, wall_ms now)
{
	enum alert_state state = state_of(alert);

	if (state != ALERT_CLEARED)
		alert->cleared_at = 0;
	else if (alert->state != ALERT_CLEARED)
		alert->cleared_at = now;
	alert->state = state;
	alert->revision++;
}

struct alert alert_raise(const struct finding *finding, wall_ms now)
{
	const struct check_row *row = catalogue_find(finding->check);
	struct alert alert = {
	    .id = finding_id(finding->check, finding->subject, finding->onset),
	    .finding = *finding,
	    .raised_at = now,
	    .is_late = !(row->when & WHEN_TIMER) && now - finding->from > LATE_AFTER_MS,
	};

	settle(&alert, now);
	return alert;
}

static bool same_finding(const struct finding *a, const struct finding *b)
{
	return a->from == b->from && a->until == b->until && a->is_latched == b->is_latched &&
	       a->severity == b->severity && a->value == b->value && a->limit == b->limit &&
	       a->effective_day == b->effective_day && a->session == b->session &&
	       a->client == b->client && a->course == b->course && a->zones == b->zones &&
	       a->earliest_day == b->earliest_day && a->count == b->count && a->max == b->max &&
	       a->is_test == b->is_test && a->device == b->device &&
	       a->operator_no == b->operator_no && a->related_count == b->related_count &&
	       memcmp(a->related, b->related, sizeof(a->related)) == 0;
}

bool alert_amend(struct alert *alert, const struct finding *finding, wall_ms now)
{
	if (alert->state != ALERT_RETRACTED && same_finding(&alert->finding, finding))
		return false;
	alert->finding = *finding;
	settle(alert, now);
	return true;
}

bool alert_retract(struct alert *alert, wall_ms now)
{
	if (alert->state == ALERT_RETRACTED)
		return false;
	alert->state = ALERT_RETRACTED;
	alert->cleared_at = now;
	alert->revision++;
	return true;
}

static bool answer(
    struct alert *alert, struct alert_answer *slot, const struct alert_answer *given, wall_ms now)
{
	if (alert->state == ALERT_RETRACTED || covers(slot, alert))
		return false;
	*slot = *given;
	slot->covers = alert->finding.severity;
	settle(alert, now);
	return true;
}

bool alert_ack(struct alert *alert, const struct alert_answer *given, wall_ms now)
{
	return answer(alert, &alert->ack, given, now);
}

bool alert_override(struct alert *alert, const struct alert_answer *given, wall_ms now)
{
	if (alert->finding.severity >= SEVERITY_CRITICAL)
		return false;
	return answer(alert, &alert->override, given, now);
}

const char *alert_state_name(enum alert_state state)
{
	static const char *const names[] = {
	    "-", "RAISED", "ACKED", "CLEARED", "OVERRIDDEN", "RETRACTED"};

	return (size_t)state < CP_COUNT(names) ? names[state] : "?";
}
