/* case.c - an adverse event (domain sections 4 and 8.6).
 *
 * A case is told in pieces, each leaving out what it does not change. The judge walks the
 * spans between them: within one the case stands still. A finding that holds in several
 * spans is one, from the first to the last.
 *
 * An update that comes before its report opens the case as well: what it says may be
 * serious, and nobody knows how long the report waits.
 */
#include "care/judge.h"

#include "care/adverse.h"
#include "care/outlook.h"
#include "care/time/civil.h"
#include "care/time/zone.h"

/* The case between two messages: [from, to). */
struct span {
	const struct case_history *history;
	const struct policy *policy;
	const struct fact *report; /* what opened the case */
	bool is_test;
	struct adverse_case told;
	struct adverse_code code;
	const struct blamed *blamed; /* NULL: no session named, or it has not arrived */
	int32_t session_day;
	event_ms from;
	event_ms to;
	wall_ms now;
	struct timeline *timeline;
};

static event_ms timer_of(const struct span *span, int32_t day)
{
	return zone_time_at(span->policy->zone, day, TIMER_MINUTE_OF_DAY);
}

static int32_t day_of(const struct span *span, event_ms at)
{
	return zone_day(span->policy->zone, at);
}

/* --- findings of the case ------------------------------------------------------------- */

/* All are about one case, and one per check: its onset is the report (R9). */
static struct finding *find(const struct span *span, enum check check)
{
	for (size_t i = 0; i < span->timeline->count; i++)
		if (span->timeline->items[i].check == check)
			return &span->timeline->items[i];
	return NULL;
}

static struct finding *add(const struct span *span, enum check check, event_ms from)
{
	char subject[ID_HEX_LEN + 1];
	char onset[FACT_NAME_BYTES];
	struct finding *finding = timeline_add(span->timeline, check,
	    id_hex(&span->history->id, subject), fact_name(span->report, onset));

	if (!finding)
		return NULL;
	finding->from = finding->until = from;
	finding->effective_day = day_of(span, from);
	finding->is_test = span->is_test;
	finding->zones = span->told.zones;
	if (!span->blamed)
		return finding;
	finding->session = span->blamed->session.no;
	finding->client = span->blamed->session.client;
	finding->course = span->blamed->session.course;
	finding_cite(finding, &span->blamed->session.sid);
	return finding;
}

/* What was reported is a past fact (R20); a worse word makes it worse. */
static void add_past(const struct span *span, enum check check, enum severity severity)
{
	struct finding *finding = find(span, check);

	if (!finding)
		finding = add(span, check, span->from);
	if (!finding || severity <= finding->severity)
		return;
	finding->severity = severity;
	finding->effective_day = day_of(span, span->from);
}

/* A civil-day condition that is true from 06:00 of first_day on, at the earliest of the
 * day that the span begins on (R7), until `end` or until the case changes. What held when
 * the span began and is still true goes on. NULL: it does not hold. */
static struct finding *hold_from_day(
    const struct span *span, enum check check, int32_t first_day, event_ms end)
{
	struct finding *finding = find(span, check);
	int32_t today = day_of(span, span->from);
	bool goes_on = finding && finding->until == span->from && today >= first_day;
	int32_t day = first_day > today ? first_day : today;
	event_ms first = goes_on ? span->from : timer_of(span, day);
	event_ms to = end < span->to ? end : span->to;

	if (first >= to)
		return NULL;
	if (first > span->now && !goes_on) {
		timeline_wake_at(span->timeline, first);
		return NULL;
	}
	if (!finding)
		finding = add(span, check, first);
	if (!finding)
		return NULL;
	/* Another limit may have been reached only later than the one before. */
	if (!goes_on || finding->effective_day < first_day)
		finding->effective_day = goes_on ? first_day : day;
	finding->until = to;
	if (to == end && end > span->now) { /* only time can tell */
		finding->until = TIME_NEVER;
		timeline_wake_at(span->timeline, end);
	}
	return finding;
}

/* --- AE_RECORDED ------------------------------------------------------------------------- */

static bool is_expected(const struct span *span)
{
	return span->code.class == ADVERSE_EXPECTED || span->code.class == ADVERSE_WATCH;
}

static void judge_recorded(const struct span *span)
{
	struct finding *finding = find(span, CHECK_AE_RECORDED);

	if (!is_expected(span) || (span->told.is_resolved && finding))
		return;
	if (!finding)
		finding = add(span, CHECK_AE_RECORDED, span->from);
	if (!finding)
		return;
	finding->severity = SEVERITY_INFO;
	if (!span->told.is_resolved)
		finding->until = span->to;
}

/* --- AE_PERSISTENT, AE_ESCALATE ------------------------------------------------------------- */

static void judge_days(
    const struct span *span, enum check check, enum severity severity, int32_t limit)
{
	if (!is_expected(span) || span->told.is_resolved)
		return;
	struct finding *finding =
	    hold_from_day(span, check, span->session_day + limit + 1, TIME_NEVER);
	if (!finding)
		return;
	finding->severity = severity;
	finding_set_value(finding, finding->effective_day - span->session_day, limit);
}

static void judge_persistent(const struct span *span)
{
	judge_days(span, CHECK_AE_PERSISTENT, SEVERITY_MEDIUM, span->code.until_day);
}

static void judge_escalate(const struct span *span)
{
	judge_days(span, CHECK_AE_ESCALATE, SEVERITY_HIGH, span->code.escalate_day);
}

/* --- AE_URGENT, AE_SERIOUS ----------------------------------------------------------------------
 */

static void judge_urgent(const struct span *span)
{
	if (span->code.class == ADVERSE_UNEXPECTED)
		add_past(span, CHECK_AE_URGENT, SEVERITY_MEDIUM);
	/* What nobody has named may be anything (R16). */
	if (span->code.class == ADVERSE_URGENT || span->code.class == ADVERSE_UNKNOWN)
		add_past(span, CHECK_AE_URGENT, SEVERITY_HIGH);
}

static void judge_serious(const struct span *span)
{
	if (span->code.class == ADVERSE_SERIOUS)
		add_past(span, CHECK_AE_SERIOUS, SEVERITY_CRITICAL);
}

/* --- AE_AFTER_TOO_SOON
 * ---------------------------------------------------------------------------- */

static void judge_after_too_soon(const struct span *span)
{
	bool is_its_harm = span->told.code == CAREPACE__V1__AE_CODE__INFECTION ||
	                   span->told.code == CAREPACE__V1__AE_CODE__SKIN_INJURY;

	if (is_its_harm && span->blamed && span->blamed->is_too_soon)
		add_past(span, CHECK_AE_AFTER_TOO_SOON, SEVERITY_HIGH);
}

/* --- AE_REPORT_DUE, AE_REPORT_OVERDUE
 * ---------------------------------------------------------------- */

static bool is_work_day(const Carepace__V1__ClinicRole *role, int32_t day)
{
	if (civil_weekday(day) >= CIVIL_SATURDAY)
		return false;
	for (size_t i = 0; i < role->n_holiday_date; i++)
		if (role->holiday_date[i] == civil_to_yyyymmdd(day))
			return false;
	return true;
}

static int32_t add_work_days(const Carepace__V1__ClinicRole *role, int32_t day, int64_t days)
{
	while (days > 0)
		days -= is_work_day(role, ++day);
	return day;
}

static int32_t deadline_of(
    const struct span *span, const Carepace__V1__ClinicRole *role, int32_t aware_day)
{
	static const enum parameter of_maker[] = {
	    [CAREPACE__V1__SERIOUSNESS__SERIOUS] = PARAM_REPORT_SERIOUS_DAYS,
	    [CAREPACE__V1__SERIOUSNESS__DEATH_OR_UNANTICIPATED] = PARAM_REPORT_DEATH_DAYS,
	    [CAREPACE__V1__SERIOUSNESS__PUBLIC_THREAT] = PARAM_REPORT_THREAT_DAYS,
	};
	event_ms at = span->report->reading.ts;

	if (role->mdr_role == CAREPACE__V1__MDR_ROLE__MDR_USER_FACILITY)
		return add_work_days(
		    role, aware_day, policy_number(span->policy, PARAM_REPORT_WORK_DAYS, at));
	enum parameter days = role->mdr_role == CAREPACE__V1__MDR_ROLE__MDR_EU_MAKER
	                          ? of_maker[span->told.serious]
	                          : PARAM_REPORT_CLINIC_DAYS;
	return aware_day + (int32_t)policy_number(span->policy, days, at);
}

/* Domain section 4: of a death at a user facility both must hear, else one is enough. */
static bool is_filed(const struct span *span, const Carepace__V1__ClinicRole *role)
{
	const unsigned both = 1U << CAREPACE__V1__REPORTED_TO__REPORTED_TO_MAKER |
	                      1U << CAREPACE__V1__REPORTED_TO__REPORTED_TO_AUTHORITY;

	if (role->mdr_role == CAREPACE__V1__MDR_ROLE__MDR_USER_FACILITY &&
	    span->told.serious == CAREPACE__V1__SERIOUSNESS__DEATH_OR_UNANTICIPATED)
		return (span->told.reported & both) == both;
	return span->told.reported != 0;
}

static void set_dates(struct finding *finding, enum severity severity, int32_t deadline)
{
	if (!finding)
		return;
	finding->severity = severity;
	finding_set_value(
	    finding, civil_to_yyyymmdd(finding->effective_day), civil_to_yyyymmdd(deadline));
}

static const Carepace__V1__ClinicRole *role_of(const struct span *span)
{
	return policy_role(span->policy, span->report->reading.ts);
}

static int32_t aware_day_of(const struct span *span)
{
	return day_of(span, span->told.has_aware ? span->told.aware : span->report->reading.ts);
}

/* Is a report still to be filed, and through which day? */
static bool has_duty(const struct span *span, int32_t *deadline)
{
	const Carepace__V1__ClinicRole *role = role_of(span);

	if (!role || role->mdr_role == CAREPACE__V1__MDR_ROLE__MDR_VOLUNTARY ||
	    role->mdr_role == CAREPACE__V1__MDR_ROLE__MDR_ROLE_UNSPECIFIED ||
	    span->told.serious < CAREPACE__V1__SERIOUSNESS__SERIOUS || is_filed(span, role))
		return false;
	*deadline = deadline_of(span, role, aware_day_of(span));
	return true;
}

static void judge_report(const struct span *span)
{
	int32_t aware_day = aware_day_of(span);
	int32_t deadline;

	if (!has_duty(span, &deadline))
		return;
	set_dates(
	    hold_from_day(span, CHECK_AE_REPORT_DUE, aware_day + 1, timer_of(span, deadline + 1)),
	    SEVERITY_MEDIUM, deadline);
	set_dates(hold_from_day(span, CHECK_AE_REPORT_OVERDUE, deadline + 1, TIME_NEVER),
	    SEVERITY_HIGH, deadline);
}

/* --- the walk
 * -------------------------------------------------------------------------------------------- */

/* Two devices may use one sid: it belongs to the one that was first (R23). */
static const struct blamed *session_of(const struct case_history *history, const struct id *sid)
{
	for (size_t i = 0; i < history->session_count; i++)
		if (!id_is_zero(sid) && id_eq(&history->sessions[i].session.sid, sid))
			return &history->sessions[i];
	return NULL;
}

/* R22: a test says nothing about a case that is none. */
static bool is_test_case(const struct case_history *history)
{
	for (size_t i = 0; i < history->facts.count; i++)
		if (!history->facts.items[i].reading.is_test)
			return false;
	return true;
}

static const struct fact *opening(const struct case_history *history, bool is_test)
{
	const struct fact *first = NULL;

	for (size_t i = 0; i < history->facts.count; i++) {
		const struct fact *fact = &history->facts.items[i];
		if (fact->reading.is_test != is_test)
			continue;
		if (fact->reading.kind == READING_AE_REPORT)
			return fact;
		if (!first)
			first = fact;
	}
	return first;
}

/* Without a session it cannot have been later than the event itself. */
static void take(struct span *span, const struct reading *reading)
{
	adverse_tell(&span->told, reading);
	span->from = reading->ts;
	span->blamed = session_of(span->history, &span->told.sid);
	bool is_rf = span->blamed && span->blamed->session.modality == MODALITY_RF;
	span->code = adverse_code(span->policy, span->told.code, is_rf, span->report->reading.ts);
	span->session_day = span->blamed           ? span->blamed->session.day
	                    : span->told.has_onset ? day_of(span, span->told.onset)
	                                           : day_of(span, span->report->reading.ts);
}

/* When the next message that counts was said. */
static event_ms next_word(const struct span *span, size_t after)
{
	const struct facts *facts = &span->history->facts;

	for (size_t i = after + 1; i < facts->count; i++)
		if (facts->items[i].reading.is_test == span->is_test)
			return facts->items[i].reading.ts;
	return TIME_NEVER;
}

static struct span begin(const struct case_history *history, const struct policy *policy)
{
	bool is_test = is_test_case(history);

	return (struct span){
	    .history = history,
	    .policy = policy,
	    .is_test = is_test,
	    .report = opening(history, is_test),
	};
}

void judge_case(const struct case_history *history, const struct policy *policy, wall_ms now,
    struct timeline *timeline)
{
	struct span span = begin(history, policy);

	span.now = now;
	span.timeline = timeline;
	for (size_t i = 0; i < history->facts.count; i++) {
		const struct reading *reading = &history->facts.items[i].reading;
		if (reading->is_test != span.is_test)
			continue;
		take(&span, reading);
		span.to = next_word(&span, i);
		if (span.to == span.from)
			continue; /* said in one breath */
		judge_recorded(&span);
		judge_persistent(&span);
		judge_escalate(&span);
		judge_urgent(&span);
		judge_serious(&span);
		judge_after_too_soon(&span);
		judge_report(&span);
	}
}

/* As all that was said leaves it. False: it is none. */
static bool walk_to_end(struct span *span)
{
	if (!span->report || span->is_test)
		return false;
	for (size_t i = 0; i < span->history->facts.count; i++)
		if (!span->history->facts.items[i].reading.is_test)
			take(span, &span->history->facts.items[i].reading);
	return true;
}

bool case_clusters(const struct case_history *history, const struct policy *policy,
    struct cluster_case *out, const struct session **blamed)
{
	struct span span = begin(history, policy);

	*blamed = NULL;
	if (!walk_to_end(&span))
		return false;
	*out = (struct cluster_case){
	    .no = history->no, .reported_at = span.report->reading.ts, .sid = span.told.sid};
	fact_name(span.report, out->onset);
	*blamed = span.blamed ? &span.blamed->session : NULL;
	return span.blamed && span.code.class != ADVERSE_EXPECTED;
}

bool outlook_of_case(
    const struct case_history *history, const struct policy *policy, struct case_outlook *out)
{
	struct span span = begin(history, policy);

	*out = (struct case_outlook){.id = history->id};
	if (!walk_to_end(&span))
		return false;
	out->told = span.told;
	out->role = role_of(&span) ? role_of(&span)->mdr_role : 0;
	out->has_duty = has_duty(&span, &out->deadline_day);
	return true;
}
