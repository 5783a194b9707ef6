/* year_tempers.c - clients who do not come as they should, and what domain.md says of it
 * (8.1, 8.2). */
#include "year_course.h"
#include "year_deeds.h"

#include "base/hash.h"

#include <inttypes.h>
#include <stdio.h>

#define CHECK(NAME) CAREPACE__V1__CHECK__##NAME
#define IS(NAME) CAREPACE__V1__SEVERITY__##NAME

#define REQUIRED_DAYS 28
#define OTHER_SITE "elsewhere-1"
#define NOON_MIN (12 * 60)
#define EVENING_MIN (20 * 60)
#define ACK_AFTER_MS (3 * MS_PER_HOUR)
#define OVERRIDE_AFTER_MS (20 * MS_PER_SECOND)
#define ROLLER_UM 300
#define ROLLER_DAYS 7 /* after such needles (2.1) */
#define ROLLER_NECK_UM 250
#define COUNT_MOST 4
#define REASON 1

/* --- too soon
 * -------------------------------------------------------------------------------------- */

/* R9: the first 16 bytes of the key's SHA-256. */
static const struct id *alert_id(struct clinic *clinic, const char *check, const char *subject)
{
	struct id *id = tape_alloc(&clinic->tape, sizeof(*id));
	const char *key = tape_text(&clinic->tape, "%s|%s|", check, subject);
	struct slice part = slice_of(key, strlen(key));
	uint8_t hash[HASH_BYTES];

	hash_sha256(&part, 1, hash);
	memcpy(id->b, hash, sizeof(id->b));
	return id;
}

static enum answer answer_of(Carepace__V1__Severity severity)
{
	return severity == IS(HIGH) ? ANSWER_REQUIRE_OVERRIDE : ANSWER_ADVISE;
}

static Carepace__V1__Severity severity_of(int gap)
{
	return 2 * gap < REQUIRED_DAYS ? IS(HIGH) : IS(MEDIUM);
}

/* A start is a past fact: the finding ends as it begins, and waits to be acknowledged. */
static struct expected too_soon(const struct course *course, const struct visit *visit, int gap)
{
	return (struct expected){
	    .check = CHECK(INTERVAL_TOO_SOON),
	    .subject = visit->name,
	    .severity = severity_of(gap),
	    .value = gap,
	    .limit = REQUIRED_DAYS,
	    .from = WHEN(visit->started),
	    .until = WHEN(visit->started),
	    .state = "RAISED",
	    .persona = course->persona,
	};
}

static struct expected booked_too_soon(
    struct clinic *clinic, const struct course *course, const struct visit *visit, int gap)
{
	return (struct expected){
	    .check = CHECK(BOOKING_TOO_SOON),
	    .subject = tape_text(&clinic->tape, "%" PRIu64, visit->booking),
	    .onset_said = visit->booked,
	    .severity = IS(LOW),
	    .value = gap,
	    .limit = REQUIRED_DAYS,
	    .from = WHEN(visit->booked),
	    .until = WHEN(visit->started),
	    .persona = course->persona,
	};
}

static void acknowledge(struct clinic *clinic, const struct visit *visit)
{
	Carepace__V1__AckAlert *ack =
	    SAY(&clinic->tape, clinic->tablet, visit->end + ACK_AFTER_MS, ACK_ALERT);

	ack->alert_id = tape_id(alert_id(clinic, "INTERVAL_TOO_SOON", visit->name));
	ack->by_token = tape_id(&clinic->operators[0]);
}

static void override(struct clinic *clinic, const struct visit *visit)
{
	Carepace__V1__Override *said =
	    SAY(&clinic->tape, clinic->tablet, visit->start + OVERRIDE_AFTER_MS, OVERRIDE);

	said->has_sid = said->has_check = true;
	said->sid = tape_id(&visit->sid);
	said->check = CHECK(INTERVAL_TOO_SOON);
	said->by_token = tape_id(&clinic->operators[0]);
	said->reason = REASON;
}

/* Nobody cares, a clinician passes over it, or somebody has seen it. */
static void tell_hurried(struct clinic *clinic, const struct course *course)
{
	struct visit *visit = course->visits[course->step];
	int gap = visit->day - course->visits[course->step - 1]->day;
	struct expected finding = too_soon(course, visit, gap);
	struct expected booked = booked_too_soon(clinic, course, visit, gap);
	enum answer answer = answer_of(finding.severity);

	switch (dice_range(&clinic->dice, 0, 2)) {
	case 0:
		acknowledge(clinic, visit);
		finding.state = "CLEARED";
		break;
	case 1:
		override(clinic, visit);
		finding.state = "OVERRIDDEN";
		answer = ANSWER_PERMIT;
		break;
	default:
		break;
	}
	expect(&clinic->all, &finding);
	expect(&clinic->all, &booked);
	visit_weigh(visit, answer);
}

/* --- elsewhere
 * --------------------------------------------------------------------------------------- */

static const struct saying *tell_history(
    struct clinic *clinic, const struct course *course, int day, event_ms at)
{
	struct tape *tape = &clinic->tape;
	Carepace__V1__ClientHistory *history =
	    ORDER(tape, at, tape_text(tape, "history/%s", course->name), CLIENT_HISTORY);
	Carepace__V1__PastSession *past =
	    tape_message(tape, &carepace__v1__past_session__descriptor);
	struct id *sid = tape_alloc(tape, sizeof(*sid));

	*sid = dice_id(&clinic->dice);
	history->client_token = tape_id(&course->client->token);
	history->n_session = 1;
	history->session = tape_list(tape, 1);
	history->session[0] = past;
	past->sid = tape_id(sid);
	past->site = (char *)OTHER_SITE;
	past->start_ts_ms = clinic_moment(clinic, day, NOON_MIN);
	past->has_end_ts_ms = past->has_zones = past->has_completed = true;
	past->end_ts_ms = past->start_ts_ms + 30 * MS_PER_MINUTE;
	past->local_date = clinic_date(clinic, day);
	past->modality = CAREPACE__V1__MODALITY__MODALITY_PEN;
	past->zones = course->zones;
	past->exposing = past->completed = true;
	return tape->last;
}

/* Heard before the session here, it is answered; heard after it, only recorded (R11). */
static void tell_hopper(struct clinic *clinic, const struct course *course)
{
	struct visit *visit = course->visits[course->step];
	bool is_late = course->temper == TEMPER_LATE_HOPPER;
	int gap = dice_range(&clinic->dice, 5, 20);
	int heard_day = visit->day + (is_late ? 3 : -2);
	event_ms elsewhere = clinic_moment(clinic, visit->day - gap, NOON_MIN);
	struct expected finding = too_soon(course, visit, gap);
	struct expected booked = booked_too_soon(clinic, course, visit, gap);

	if (heard_day >= clinic->days)
		return;
	const struct saying *heard = tell_history(
	    clinic, course, visit->day - gap, clinic_moment(clinic, heard_day, NOON_MIN));
	booked.raised_by = heard;
	booked.from = AT(elsewhere);
	if (is_late)
		finding.raised_by = heard;
	else
		visit_weigh(visit, answer_of(finding.severity));
	expect(&clinic->all, &finding);
	expect(&clinic->all, &booked);
}

/* --- at home
 * ------------------------------------------------------------------------------------------ */

static const struct saying *tell_roller(struct clinic *clinic, const struct course *course, int day)
{
	struct tape *tape = &clinic->tape;
	Carepace__V1__RollerUse *use = ORDER(tape, clinic_moment(clinic, day, EVENING_MIN),
	    tape_text(tape, "roller/%" PRIu64, clinic_number(clinic)), ROLLER_USE);

	use->client_token = tape_id(&course->client->token);
	use->has_needle_um = use->has_zones = true;
	use->needle_um = ROLLER_UM;
	use->zones = course->zones;
	return tape->last;
}

/* A use too soon (after `gap` days of `required`), or deeper than the neck takes. */
static void expect_use(struct clinic *clinic, const struct course *course, const struct saying *use,
    int gap, int required)
{
	struct expected finding = {
	    .check = CHECK(ROLLER_TOO_SOON),
	    .subject_said = use,
	    .severity = IS(MEDIUM),
	    .value = gap,
	    .limit = required,
	    .from = WHEN(use),
	    .until = WHEN(use),
	    .state = "RAISED",
	    .persona = course->persona,
	};

	if (gap < required)
		expect(&clinic->all, &finding);
	if (!(course->zones & 1u << CAREPACE__V1__ZONE__NECK))
		return;
	finding.check = CHECK(HOME_DEPTH);
	finding.severity = IS(LOW);
	finding.value = ROLLER_UM;
	finding.limit = ROLLER_NECK_UM;
	expect(&clinic->all, &finding);
}

/* Ten days after the clinic, which is too soon; four weeks after, which is not; and two
 * days later again. The next session is a week later at least. */
static void tell_home_roller(struct clinic *clinic, const struct course *course)
{
	int day = course->visits[course->step - 1]->day;

	if (day + 31 >= clinic->days)
		return;
	expect_use(clinic, course, tell_roller(clinic, course, day + 10), 10, REQUIRED_DAYS);
	expect_use(
	    clinic, course, tell_roller(clinic, course, day + 28), REQUIRED_DAYS, REQUIRED_DAYS);
	expect_use(clinic, course, tell_roller(clinic, course, day + 30), 2, ROLLER_DAYS);
}

/* --- plans
 * --------------------------------------------------------------------------------------------- */

static struct expected plan_finding(const struct course *course, Carepace__V1__Check check,
    Carepace__V1__Severity severity, const struct saying *until)
{
	return (struct expected){
	    .check = check,
	    .subject = course->name,
	    .onset_said = course->told,
	    .severity = severity,
	    .from = WHEN(course->told),
	    .until = until ? WHEN(until) : STILL,
	    .persona = course->persona,
	};
}

static void expect_bad_plan(struct clinic *clinic, const struct course *course)
{
	struct expected finding =
	    plan_finding(course, CHECK(COURSE_PLAN_RANGE), IS(LOW), course->corrected);

	finding.value = course->planned + 1;
	finding.limit = COUNT_MOST;
	if (finding.value > finding.limit)
		expect(&clinic->all, &finding);
}

static void expect_mismatch(struct clinic *clinic, const struct course *course)
{
	struct expected finding =
	    plan_finding(course, CHECK(MODALITY_MISMATCH), IS(INFO), course->closed);

	expect(&clinic->all, &finding);
}

static void expect_unplanned(struct clinic *clinic, const struct course *course)
{
	struct expected finding = visit_finding(course->visits[0], CHECK(NO_PLAN), IS(INFO));

	finding.until = WHEN(course->told);
	finding.persona = course->persona;
	if (course->told->at >= clinic->until)
		deed_leave_open(&finding, course->visits[0]);
	expect(&clinic->all, &finding);
}

static void expect_overtreated(struct clinic *clinic, const struct course *course)
{
	if (course->visit_count <= COUNT_MOST ||
	    course->visits[COUNT_MOST]->phase != CAREPACE__V1__PHASE__PHASE_SERIES)
		return;
	struct visit *visit = course->visits[COUNT_MOST];
	struct expected finding = visit_finding(visit, CHECK(COURSE_COUNT_OVER), IS(MEDIUM));
	finding.until = finding.from;
	finding.state = "RAISED";
	finding.value = COUNT_MOST + 1;
	finding.limit = COUNT_MOST;
	finding.persona = course->persona;
	expect(&clinic->all, &finding);
	visit_weigh(visit, ANSWER_ADVISE);
}

/* --- all
 * --------------------------------------------------------------------------------------------- */

static bool has_step(const struct course *course)
{
	return course->step > 0 && course->step < course->visit_count;
}

void temper_tell(struct clinic *clinic, struct course *course)
{
	switch (course->temper) {
	case TEMPER_HURRIED:
		if (has_step(course))
			tell_hurried(clinic, course);
		break;
	case TEMPER_HOPPER:
	case TEMPER_LATE_HOPPER:
		if (has_step(course))
			tell_hopper(clinic, course);
		break;
	case TEMPER_HOME_ROLLER:
		if (has_step(course))
			tell_home_roller(clinic, course);
		break;
	case TEMPER_BAD_PLAN:
		expect_bad_plan(clinic, course);
		break;
	case TEMPER_MISMATCHED:
		expect_mismatch(clinic, course);
		break;
	case TEMPER_UNPLANNED:
		expect_unplanned(clinic, course);
		break;
	case TEMPER_OVERTREATED:
		expect_overtreated(clinic, course);
		break;
	case TEMPER_FLAGGED:
		for (int i = 0; i < course->visit_count; i++)
			trait_expect(clinic, course, course->visits[i]);
		break;
	default: /* the clocks of the course tell of the tardy, and of those who stay away */
		break;
	}
}
