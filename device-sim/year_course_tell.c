/* year_course_tell.c - plans and flags, and the clocks that run between the sessions of a
 * course (domain.md 8.1). */
#include "year_course.h"

#include <inttypes.h>

#define CHECK(NAME) CAREPACE__V1__CHECK__##NAME
#define IS(NAME) CAREPACE__V1__SEVERITY__##NAME

#define TOLD_MIN (7 * 60 + 30)
#define CLOSED_MIN (12 * 60 + 34)
#define FLAGS_MAX 64
#define OVERDUE_DAYS 42
#define OVERDUE_WORSE_DAYS 56
#define LAPSED_DAYS 180
#define MAINT_DAYS 90
#define MAINT_OVERDUE_DAYS 180
#define MAINT_RF_DAYS 180
#define MAINT_OVERDUE_RF_DAYS 365

/* --- what head office says -------------------------------------------------------------------- */

static void tell_flags(struct clinic *clinic, const struct course *course, event_ms at)
{
	struct tape *tape = &clinic->tape;
	const ProtobufCEnumDescriptor *codes = &carepace__v1__flag__descriptor;
	Carepace__V1__ClientFlags *flags =
	    ORDER(tape, at, tape_text(tape, "flags/%s", course->name), CLIENT_FLAGS);

	flags->client_token = tape_id(&course->client->token);
	flags->flag = tape_list(tape, FLAGS_MAX);
	for (unsigned i = 0; i < codes->n_values && flags->n_flag < FLAGS_MAX; i++) {
		if (codes->values[i].value == CAREPACE__V1__FLAG__FLAG_UNSPECIFIED)
			continue;
		Carepace__V1__FlagEntry *entry =
		    tape_message(tape, &carepace__v1__flag_entry__descriptor);
		entry->flag = (Carepace__V1__Flag)codes->values[i].value;
		entry->value = CAREPACE__V1__FLAG_VALUE__FLAG_NO;
		flags->flag[flags->n_flag++] = entry;
	}
	flags->has_age_ok_18 = flags->age_ok_18 = true;
	flags->has_age_ok_22 = flags->age_ok_22 = true;
	flags->has_fitzpatrick = true;
	flags->fitzpatrick = 3;
	if (course->client->trait)
		trait_fill(clinic, course, flags);
}

static Carepace__V1__Plan *tell_plan(
    struct clinic *clinic, const struct course *course, event_ms at)
{
	struct tape *tape = &clinic->tape;
	Carepace__V1__Plan *plan = ORDER(tape, at, tape_text(tape, "plan/%s", course->name), PLAN);

	plan->course = course->no;
	plan->client_token = tape_id(&course->client->token);
	plan->band = course->band;
	plan->has_planned = plan->has_zones = plan->has_modalities = true;
	plan->planned = course->planned;
	plan->zones = course->zones;
	plan->modalities = 1u << course->kind; /* kinds and modalities count alike */
	plan->state = CAREPACE__V1__PLAN_STATE__PLAN_ACTIVE;
	return plan;
}

/* In the first days the books are written before anybody comes. */
static void tell_course(struct clinic *clinic, struct course *course)
{
	event_ms at = clinic_moment(clinic, course->told_day, TOLD_MIN);

	tell_flags(clinic, course, at);
	if (course->temper == TEMPER_UNPLANNED)
		at = clinic_moment(clinic, course->visits[0]->day + 1, CLOSED_MIN);
	Carepace__V1__Plan *plan = tell_plan(clinic, course, at);
	course->told = clinic->tape.last;
	if (course->temper == TEMPER_BAD_PLAN) {
		plan->planned++;
		tell_plan(clinic, course, clinic_moment(clinic, course->told_day + 2, CLOSED_MIN));
		course->corrected = clinic->tape.last;
	}
	if (course->closed_day < 0)
		return;
	plan = tell_plan(clinic, course, clinic_moment(clinic, course->closed_day, CLOSED_MIN));
	plan->state = CAREPACE__V1__PLAN_STATE__PLAN_CLOSED;
	course->closed = clinic->tape.last;
}

/* --- how far it has come -----------------------------------------------------------------------
 */

static struct expected course_finding(const struct course *course, const struct visit *visit,
    Carepace__V1__Check check, Carepace__V1__Severity severity)
{
	return (struct expected){
	    .check = check,
	    .subject = course->name,
	    .onset = visit->name,
	    .severity = severity,
	    .persona = course->persona,
	};
}

static void expect_reached(struct clinic *clinic, const struct course *course,
    const struct visit *visit, Carepace__V1__Check check, uint32_t count)
{
	struct expected finding = course_finding(course, visit, check, IS(INFO));

	finding.from = finding.until = WHEN(visit->ended);
	finding.value = finding.limit = count;
	expect(&clinic->all, &finding);
}

/* --- clocks
 * --------------------------------------------------------------------------------------- */

/* From one session to the next, or to the end of the course. */
struct wait {
	const struct visit *visit;
	struct when end;
	event_ms end_ms; /* true time; TIME_NEVER: it goes on */
};

static struct wait wait_after(const struct course *course, int i)
{
	const struct visit *next = i + 1 < course->visit_count ? course->visits[i + 1] : NULL;
	struct wait wait = {.visit = course->visits[i], .end = STILL, .end_ms = TIME_NEVER};

	if (next) {
		wait.end = WHEN(next->started);
		wait.end_ms = next->start;
	} else if (course->closed) {
		wait.end = WHEN(course->closed);
		wait.end_ms = course->closed->at;
	}
	return wait;
}

/* True at 06:00 of the day on which more than `days` (or just as many) have passed. */
static bool wait_is_over(struct clinic *clinic, const struct wait *wait, int days)
{
	event_ms six = clinic_six(clinic, wait->visit->day + days);

	return six < wait->end_ms && six <= clinic->until;
}

/* `first`: the day of the condition, counted from the session. */
static void expect_waited(struct clinic *clinic, const struct course *course,
    const struct wait *wait, Carepace__V1__Check check, Carepace__V1__Severity severity, int first,
    int limit)
{
	struct expected finding = course_finding(course, wait->visit, check, severity);

	if (!wait_is_over(clinic, wait, first))
		return;
	finding.raised_ms = clinic_six(clinic, wait->visit->day + first);
	finding.from = AT(finding.raised_ms);
	finding.until = wait->end;
	finding.value = first;
	finding.limit = limit;
	/* The second step amends the first (R9). */
	if (check == CHECK(INTERVAL_OVERDUE) &&
	    wait_is_over(clinic, wait, OVERDUE_WORSE_DAYS + 1)) {
		finding.severity = IS(MEDIUM);
		finding.value = OVERDUE_WORSE_DAYS + 1;
		finding.limit = OVERDUE_WORSE_DAYS;
	}
	expect(&clinic->all, &finding);
}

static void expect_waits(
    struct clinic *clinic, const struct course *course, int i, bool is_complete)
{
	struct wait wait = wait_after(course, i);
	bool is_rf = course->kind == CAREPACE__V1__DEVICE_KIND__DEVICE_RF;
	int due = is_rf ? MAINT_RF_DAYS : MAINT_DAYS;
	int overdue = is_rf ? MAINT_OVERDUE_RF_DAYS : MAINT_OVERDUE_DAYS;

	if (is_complete) {
		expect_waited(clinic, course, &wait, CHECK(MAINT_DUE), IS(INFO), due, due);
		expect_waited(
		    clinic, course, &wait, CHECK(MAINT_OVERDUE), IS(LOW), overdue + 1, overdue);
	} else {
		expect_waited(clinic, course, &wait, CHECK(INTERVAL_OVERDUE), IS(LOW),
		    OVERDUE_DAYS + 1, OVERDUE_DAYS);
		expect_waited(clinic, course, &wait, CHECK(COURSE_LAPSED), IS(LOW), LAPSED_DAYS + 1,
		    LAPSED_DAYS);
	}
}

static void expect_course(struct clinic *clinic, const struct course *course)
{
	uint32_t completed = 0;

	for (int i = 0; i < course->visit_count; i++) {
		const struct visit *visit = course->visits[i];
		completed += visit->is_completed;
		if (visit->is_completed && completed == course->band_min)
			expect_reached(clinic, course, visit, CHECK(COURSE_MIN_REACHED), completed);
		if (visit->is_completed && completed == course->planned)
			expect_reached(clinic, course, visit, CHECK(COURSE_COMPLETE), completed);
		expect_waits(clinic, course, i, completed >= course->planned);
	}
}

void courses_tell(struct clinic *clinic, const struct courses *courses)
{
	for (size_t i = 0; i < courses->count; i++) {
		struct course *course = courses->items[i];
		tell_course(clinic, course);
		expect_course(clinic, course);
		temper_tell(clinic, course);
	}
}
