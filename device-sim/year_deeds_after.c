/* year_deeds_after.c - what comes after a session that was well: skin that reacts, cream too
 * soon, an assessment too soon, a second chair elsewhere (domain.md 8.1, 8.3, 8.6, 8.7). */
#include "year_course.h"
#include "year_deeds.h"

#include <inttypes.h>

#define CHECK(NAME) CAREPACE__V1__CHECK__##NAME
#define IS(NAME) CAREPACE__V1__SEVERITY__##NAME

#define REPORTED_MIN (10 * 60 + 7) /* of the day after */
#define RESOLVED_MIN (11 * 60 + 11)
#define REDNESS_DAYS 7
#define INFECTIONS_MAX 2 /* three within a month would be a cluster */
#define ASSESSED_DAYS 14
#define ASSESS_DAYS 28
#define CREAM_AFTER_MS (10 * MS_PER_HOUR)
#define CREAM_WAIT_MS (24 * MS_PER_HOUR)
#define ELSEWHERE_OVER_MS (9 * MS_PER_MINUTE) /* after the start here */
#define OTHER_SITE "elsewhere-1"

/* --- adverse events ------------------------------------------------------------------------------
 */

static Carepace__V1__AdverseEvent *tell_event(struct clinic *clinic, const struct visit *visit,
    const struct id *ae, int day, int minute, Carepace__V1__AeCode code)
{
	event_ms at = clinic_moment(clinic, visit->day + day, minute);
	Carepace__V1__AdverseEvent *event = day == 1
	                                        ? SAY(&clinic->tape, clinic->tablet, at, AE_REPORT)
	                                        : SAY(&clinic->tape, clinic->tablet, at, AE_UPDATE);

	event->ae_id = tape_id(ae);
	event->has_sid = event->has_code = event->has_state = true;
	event->sid = tape_id(&visit->sid);
	event->code = code;
	event->state =
	    day == 1 ? CAREPACE__V1__AE_STATE__AE_OPEN : CAREPACE__V1__AE_STATE__AE_RESOLVED;
	return event;
}

static struct id *new_case(struct clinic *clinic)
{
	struct id *ae = tape_alloc(&clinic->tape, sizeof(*ae));

	*ae = dice_id(&clinic->dice);
	return ae;
}

static struct expected case_finding(struct clinic *clinic, const struct visit *visit,
    const struct id *ae, Carepace__V1__Check check, Carepace__V1__Severity severity)
{
	struct expected finding = visit_finding(visit, check, severity);
	char hex[ID_HEX_LEN + 1];

	finding.subject = tape_text(&clinic->tape, "%s", id_hex(ae, hex));
	finding.onset_said = clinic->tape.last;
	finding.from = WHEN(clinic->tape.last);
	return finding;
}

static bool is_told_in_time(const struct clinic *clinic, const struct visit *visit)
{
	return visit->day + 15 < clinic->days;
}

/* Expected for a week; longer it is persistent. */
static void expect_redness(struct clinic *clinic, struct visit *visit)
{
	const struct id *ae = new_case(clinic);
	int resolved = dice_range(&clinic->dice, 2, 13);

	tell_event(clinic, visit, ae, 1, REPORTED_MIN, CAREPACE__V1__AE_CODE__REDNESS);
	struct expected recorded = case_finding(clinic, visit, ae, CHECK(AE_RECORDED), IS(INFO));
	struct expected persistent = recorded;
	tell_event(clinic, visit, ae, resolved, RESOLVED_MIN, CAREPACE__V1__AE_CODE__REDNESS);
	recorded.until = WHEN(clinic->tape.last);
	expect(&clinic->all, &recorded);
	if (resolved <= REDNESS_DAYS)
		return;
	persistent.check = CHECK(AE_PERSISTENT);
	persistent.severity = IS(MEDIUM);
	persistent.raised_ms = clinic_six(clinic, visit->day + REDNESS_DAYS + 1);
	persistent.from = AT(persistent.raised_ms);
	persistent.until = recorded.until;
	persistent.value = REDNESS_DAYS + 1;
	persistent.limit = REDNESS_DAYS;
	expect(&clinic->all, &persistent);
}

static bool is_rare(const struct clinic *clinic, const struct visit *visit)
{
	return clinic->infections < INFECTIONS_MAX && is_told_in_time(clinic, visit);
}

static void count_infection(struct clinic *clinic, struct visit *visit)
{
	(void)visit;
	clinic->infections++;
}

static void expect_infection(struct clinic *clinic, struct visit *visit)
{
	const struct id *ae = new_case(clinic);

	tell_event(clinic, visit, ae, 1, REPORTED_MIN, CAREPACE__V1__AE_CODE__INFECTION);
	struct expected urgent = case_finding(clinic, visit, ae, CHECK(AE_URGENT), IS(HIGH));
	urgent.until = UNSAID;
	urgent.state = "RAISED";
	expect(&clinic->all, &urgent);
}

/* --- too soon
 * ------------------------------------------------------------------------------------- */

static void expect_cream(struct clinic *clinic, struct visit *visit)
{
	struct tape *tape = &clinic->tape;
	Carepace__V1__Aftercare *care = ORDER(tape, visit->end + CREAM_AFTER_MS,
	    tape_text(tape, "care/%" PRIu64, clinic_number(clinic)), AFTERCARE);
	struct expected finding = visit_finding(visit, CHECK(AFTERCARE_EARLY), IS(LOW));

	care->sid = tape_id(&visit->sid);
	care->kind = CAREPACE__V1__CARE_KIND__CARE_MOISTURIZER;
	finding.subject = NULL;
	finding.subject_said = tape->last;
	finding.from = WHEN(tape->last);
	finding.until = AFTER(visit->ended, CREAM_WAIT_MS);
	finding.value = CREAM_AFTER_MS;
	finding.limit = CREAM_WAIT_MS;
	expect(&clinic->all, &finding);
}

static void expect_assessment(struct clinic *clinic, struct visit *visit)
{
	struct tape *tape = &clinic->tape;
	event_ms at = clinic_moment(clinic, visit->day + ASSESSED_DAYS, REPORTED_MIN);
	Carepace__V1__Assessment *assessment = SAY(tape, clinic->tablet, at, ASSESSMENT);
	struct expected finding = visit_finding(visit, CHECK(ASSESS_EARLY), IS(INFO));

	assessment->client_token = tape_id(&visit->course->client->token);
	assessment->has_course = true;
	assessment->course = visit->course->no;
	finding.subject = NULL;
	finding.subject_said = tape->last;
	finding.from = finding.until = WHEN(tape->last);
	finding.value = ASSESSED_DAYS;
	finding.limit = ASSESS_DAYS;
	expect(&clinic->all, &finding);
}

/* --- in two clinics at once
 * ------------------------------------------------------------------------ */

static void tell_elsewhere(struct clinic *clinic, const struct visit *visit, const struct id *sid,
    event_ms at, bool is_over)
{
	struct tape *tape = &clinic->tape;
	char hex[ID_HEX_LEN + 1];
	Carepace__V1__SessionSeen *seen =
	    ORDER(tape, at, tape_text(tape, "seen/%s", id_hex(sid, hex)), SESSION_SEEN);

	seen->sid = tape_id(sid);
	seen->site = (char *)OTHER_SITE;
	seen->start_ts_ms = visit->start - 10 * MS_PER_MINUTE;
	seen->has_end_ts_ms = is_over;
	seen->end_ts_ms = is_over ? visit->start + ELSEWHERE_OVER_MS : 0;
	seen->has_client_token = true;
	seen->client_token = tape_id(&visit->course->client->token);
}

/* It is seen running before this one starts, and seen to be over during it. */
static void expect_two_chairs(struct clinic *clinic, struct visit *visit)
{
	struct expected finding = visit_finding(visit, CHECK(CLIENT_OVERLAP), IS(HIGH));
	const struct id *sid = new_case(clinic);

	tell_elsewhere(clinic, visit, sid, visit->start - 4 * MS_PER_MINUTE, false);
	tell_elsewhere(clinic, visit, sid, visit->start + 12 * MS_PER_MINUTE, true);
	finding.until = AT(visit->start + ELSEWHERE_OVER_MS);
	expect(&clinic->all, &finding);
}

static const struct deed after[] = {
    {"client whose skin is red", is_told_in_time, NULL, NULL, expect_redness},
    {"client with an infection", is_rare, count_infection, NULL, expect_infection},
    {"client who takes cream", NULL, NULL, NULL, expect_cream},
    {"impatient assessor", is_told_in_time, NULL, NULL, expect_assessment},
    {"client on two chairs", NULL, NULL, NULL, expect_two_chairs},
};

const struct deeds deeds_after = {after, sizeof(after) / sizeof(after[0])};
