/* gateway.c - what the box recorded of itself (domain 8.8).
 *
 * Whether a condition holds was decided when it was noticed (care/watch.h): nothing of what
 * was measured is kept but the beginning and the end. A unit is one of these episodes.
 */
#include "care/judge.h"

#include "care/time/zone.h"

#include <stdio.h>

static enum severity severity_of(enum check check)
{
	switch (check) {
	case CHECK_GW_DISK:
	case CHECK_GW_UNJUDGED:
		return SEVERITY_HIGH;
	case CHECK_GW_QUEUE:
	case CHECK_GW_CRL_STALE:
	case CHECK_GW_CLOCK:
		return SEVERITY_MEDIUM;
	default: /* GW_UPSTREAM_DOWN, GW_CONFIG_STALE, GW_PARKED */
		return SEVERITY_LOW;
	}
}

/* NULL: a later version of the program recorded it, which knew more. */
static const struct fact *beginning(const struct gateway_history *history)
{
	for (size_t i = 0; i < history->facts.count; i++)
		if (history->facts.items[i].reading.seq == history->no)
			return &history->facts.items[i];
	return NULL;
}

static struct finding *add(const struct fact *fact, const struct policy *policy, enum check check,
    const char *subject, struct timeline *timeline)
{
	char onset[FACT_NAME_BYTES];
	struct finding *finding = timeline_add(timeline, check, subject, fact_name(fact, onset));

	if (!finding)
		return NULL;
	finding->from = fact->reading.ts;
	finding->effective_day = zone_day(policy->zone, fact->reading.ts);
	return finding;
}

/* --- GW_... --------------------------------------------------------------------------- */

static void judge_condition(const struct gateway_history *history, const struct fact *began,
    const struct policy *policy, struct timeline *timeline)
{
	const Carepace__V1__BoxCondition *condition = began->reading.box->condition;
	enum check check = (enum check)condition->check;
	struct finding *finding =
	    catalogue_find(check) ? add(began, policy, check, "gateway", timeline) : NULL;

	if (!finding)
		return;
	finding->severity = severity_of(check);
	finding_set_value(finding, condition->value, condition->limit);
	for (size_t i = 0; i < history->facts.count; i++) {
		const struct reading *reading = &history->facts.items[i].reading;
		if (reading->box->condition->on)
			continue;
		/* The clock may have been set back between the two. */
		finding->until = reading->ts > finding->from ? reading->ts : finding->from;
	}
}

/* --- PRIVACY_REJECT ---------------------------------------------------------------------- */

static void judge_privacy(const struct gateway_history *history, const struct fact *began,
    const struct policy *policy, struct timeline *timeline)
{
	const Carepace__V1__PrivacyReject *reject = began->reading.box->privacy_reject;
	char subject[NAME_MAX_LEN];
	char hex[ID_HEX_LEN + 1] = "";
	struct id device;
	int64_t count = 0;

	if (id_from_bytes(&device, slice_of(reject->device.data, reject->device.len)))
		id_hex(&device, hex);
	snprintf(subject, sizeof(subject), "%s/%s", hex, reject->field);
	struct finding *finding = add(began, policy, CHECK_PRIVACY_REJECT, subject, timeline);
	if (!finding)
		return;
	for (size_t i = 0; i < history->facts.count; i++)
		count += history->facts.items[i].reading.box->privacy_reject->count;
	finding->until = finding->from; /* a past fact */
	finding->severity = SEVERITY_MEDIUM;
	finding->device = history->device;
	finding_set_value(finding, count, 0);
}

/* --- GW_CLOCK: in doubt (R18); for how long nothing has kept it is a condition -------------- */

static void judge_doubt(const struct gateway_history *history, const struct fact *began,
    const struct policy *policy, struct timeline *timeline)
{
	struct finding *finding = add(began, policy, CHECK_GW_CLOCK, "gateway", timeline);

	if (!finding)
		return;
	finding->severity = severity_of(CHECK_GW_CLOCK);
	for (size_t i = 0; i < history->facts.count && finding->until == TIME_NEVER; i++) {
		const struct reading *reading = &history->facts.items[i].reading;
		if (!reading->box->clock->in_doubt)
			finding->until = reading->ts > finding->from ? reading->ts : finding->from;
	}
}

void judge_gateway(
    const struct gateway_history *history, const struct policy *policy, struct timeline *timeline)
{
	const struct fact *began = beginning(history);

	if (began && began->reading.kind == READING_BOX_CONDITION)
		judge_condition(history, began, policy, timeline);
	else if (began && began->reading.kind == READING_BOX_CLOCK)
		judge_doubt(history, began, policy, timeline);
	else if (began && began->reading.kind == READING_PRIVACY_REJECT)
		judge_privacy(history, began, policy, timeline);
}
