#include "year_deeds.h"

#include "year_books.h"
#include "year_course.h"

#include <stddef.h>

#define DEED_PERMILLE 90
#define LATE_WORD_MS (8 * MS_PER_MINUTE)
#define LATE_HOURS_MS (45 * MS_PER_MINUTE) /* half an hour is slack (8.7) */
#define HOME_AFTER_MS (80 * MS_PER_MINUTE)
#define SILENT_AFTER_MS (18 * MS_PER_MINUTE)
#define ORPHAN_MS (10 * MS_PER_MINUTE)
#define LOST_MS (4 * MS_PER_HOUR)
#define DAY_MS (24 * MS_PER_HOUR)

#define CHECK(NAME) CAREPACE__V1__CHECK__##NAME
#define IS(NAME) CAREPACE__V1__SEVERITY__##NAME

static bool is_rf(const struct clinic *clinic, const struct visit *visit)
{
	return clinic->units[visit->unit].kind == CAREPACE__V1__DEVICE_KIND__DEVICE_RF;
}

void deed_leave_open(struct expected *finding, const struct visit *visit)
{
	finding->until = WHEN(visit->ended);
	finding->state = "RAISED";
}

/* --- cleaning -------------------------------------------------------------------------------- */

static void forget_cleaning(struct clinic *clinic, struct visit *visit)
{
	(void)clinic;
	visit->manners.is_cleaned = false;
}

/* Until somebody cleans it for a later client. */
static void expect_uncleaned(struct clinic *clinic, struct visit *visit)
{
	struct expected finding = visit_finding(visit, CHECK(CLEANING_MISSING), IS(HIGH));
	const struct visit *next = visit->after;

	if (!visit->before || visit->before->course->client == visit->course->client)
		return;
	while (next && !next->cleaned)
		next = next->after;
	if (next)
		finding.until = WHEN(next->cleaned);
	else
		deed_leave_open(&finding, visit);
	expect(&clinic->all, &finding);
	visit_weigh(visit, ANSWER_REQUIRE_OVERRIDE);
}

/* --- screening, bookings ------------------------------------------------------------------------
 */

static void forget_screening(struct clinic *clinic, struct visit *visit)
{
	visit->manners.is_screened = false;
	if (dice_permille(&clinic->dice, 500))
		visit->manners.screened_late = visit->start + LATE_WORD_MS;
}

/* What was said during the session cleared it, and the verdict with it (R19). */
static void expect_until_word(
    struct clinic *clinic, struct visit *visit, Carepace__V1__Check check, event_ms word)
{
	struct expected finding = visit_finding(visit, check, IS(MEDIUM));

	if (word) {
		finding.until = AT(word);
	} else {
		deed_leave_open(&finding, visit);
		visit_weigh(visit, ANSWER_ADVISE);
	}
	expect(&clinic->all, &finding);
}

static void expect_unscreened(struct clinic *clinic, struct visit *visit)
{
	expect_until_word(clinic, visit, CHECK(SCREENING_MISSING), visit->manners.screened_late);
}

static void walk_in(struct clinic *clinic, struct visit *visit)
{
	visit->manners.is_booked = false;
	if (dice_permille(&clinic->dice, 500))
		visit->manners.booked_late = visit->start + LATE_WORD_MS;
}

static void expect_unbooked(struct clinic *clinic, struct visit *visit)
{
	expect_until_word(clinic, visit, CHECK(UNAUTHORISED_USE), visit->manners.booked_late);
}

/* --- operators ----------------------------------------------------------------------------------
 */

static void leave_operator_out(struct clinic *clinic, struct visit *visit)
{
	(void)clinic;
	visit->manners.has_operator = false;
}

static void expect_nobody(struct clinic *clinic, struct visit *visit)
{
	struct expected missing = visit_finding(visit, CHECK(DATA_MISSING), IS(LOW));

	missing.onset = "operator";
	missing.until = missing.from;
	expect(&clinic->all, &missing);
	expect_until_word(clinic, visit, CHECK(UNAUTHORISED_USE), 0);
}

static bool has_run_out(const struct clinic *clinic, const struct visit *visit)
{
	return visit->day > clinic->cert_ends && visit->day < clinic->cert_renewed;
}

static void treat_all_the_same(struct clinic *clinic, struct visit *visit)
{
	(void)clinic;
	visit->operator_no = OPERATOR_RUNS_OUT;
}

static void expect_expired(struct clinic *clinic, struct visit *visit)
{
	struct expected finding = visit_finding(visit, CHECK(CERT_EXPIRED), IS(HIGH));

	finding.value = clinic_date(clinic, visit->day);
	finding.limit = clinic_date(clinic, clinic->cert_ends);
	finding.until = AT(clinic_moment(clinic, clinic->cert_renewed, BOOKS_RENEWED_MIN));
	if (finding.until.ms > clinic->until)
		deed_leave_open(&finding, visit);
	expect(&clinic->all, &finding);
	visit_weigh(visit, ANSWER_REQUIRE_OVERRIDE);
}

static void take_rf(struct clinic *clinic, struct visit *visit)
{
	(void)clinic;
	visit->operator_no = OPERATOR_NO_RF;
}

static void expect_uncertified(struct clinic *clinic, struct visit *visit)
{
	struct expected finding = visit_finding(visit, CHECK(OPERATOR_UNCERTIFIED), IS(HIGH));

	deed_leave_open(&finding, visit);
	expect(&clinic->all, &finding);
	visit_weigh(visit, ANSWER_REQUIRE_OVERRIDE);
}

/* --- hours
 * ---------------------------------------------------------------------------------------- */

static bool is_last_of_day(const struct clinic *clinic, const struct visit *visit)
{
	int last = clinic_slot_count(clinic, visit->day) - 1;

	return clinic->units[visit->unit].slots[visit->day][last] == visit;
}

static void stay_late(struct clinic *clinic, struct visit *visit)
{
	int64_t length_ms = visit->end - visit->start;

	visit->start = clinic_closes(clinic, visit->day) + LATE_HOURS_MS;
	visit->end = visit->start + length_ms;
	clinic->units[visit->unit].late_hours[visit->day] = visit->start + HOME_AFTER_MS;
}

static void expect_late(struct clinic *clinic, struct visit *visit)
{
	struct expected finding = visit_finding(visit, CHECK(OUT_OF_HOURS), IS(LOW));

	finding.until = finding.from;
	finding.state = "RAISED";
	expect(&clinic->all, &finding);
}

/* --- ends that nobody says
 * ------------------------------------------------------------------------- */

static void walk_away(struct clinic *clinic, struct visit *visit)
{
	(void)clinic;
	visit->manners.has_end = false;
	visit->manners.silent_from = visit->start + SILENT_AFTER_MS;
	visit->is_completed = false;
}

/* When a lost session ended: with the last reading of its last batch. */
static struct when last_word(const struct visit *visit)
{
	return AFTER(visit->last, visit->last->delay_ms);
}

/* Silent for ten minutes; given up at the next start on its device, or after four hours (8.3,
 * R23). Nothing says when it ended but its last message. */
static void expect_orphan(struct clinic *clinic, struct visit *visit)
{
	struct expected orphan = visit_finding(visit, CHECK(SESSION_ORPHAN), IS(MEDIUM));
	struct expected open = visit_finding(visit, CHECK(AFTERCARE_OPEN), IS(INFO));
	event_ms last = visit->last->at + visit->last->delay_ms;
	event_ms lost = last + LOST_MS;

	if (visit->after && visit->after->start < lost)
		lost = visit->after->start;
	orphan.from = AT(last + ORPHAN_MS + 1);
	orphan.raised_ms = orphan.from.ms;
	orphan.until = AT(lost);
	orphan.value = ORPHAN_MS + 1;
	orphan.limit = ORPHAN_MS;
	expect(&clinic->all, &orphan);
	open.value = open.limit = DAY_MS;
	open.from = last_word(visit);
	open.from.ms += DAY_MS;
	open.until = open.from;
	open.raised_ms = last + DAY_MS;
	expect(&clinic->all, &open);
}

/* --- tables
 * --------------------------------------------------------------------------------------- */

static const struct deed therapists[] = {
    {"forgetful therapist: no cleaning", NULL, forget_cleaning, NULL, expect_uncleaned},
    {"forgetful therapist: no screening", NULL, forget_screening, NULL, expect_unscreened},
    {"forgetful therapist: no end", NULL, walk_away, NULL, expect_orphan},
    {"walk-in", NULL, walk_in, NULL, expect_unbooked},
    {"therapist without a name", NULL, leave_operator_out, NULL, expect_nobody},
    {"operator who renews late", has_run_out, treat_all_the_same, NULL, expect_expired},
    {"operator who tries RF", is_rf, take_rf, NULL, expect_uncertified},
    {"therapist of late hours", is_last_of_day, stay_late, NULL, expect_late},
};

const struct deeds deeds_of_therapists = {therapists, sizeof(therapists) / sizeof(therapists[0])};

static const struct deeds *const tables[] = {
    &deeds_of_therapists, &deeds_of_needles, &deeds_of_cartridges, &deeds_after};

void deed_choose(struct clinic *clinic, struct visit *visit)
{
	const size_t count = sizeof(tables) / sizeof(tables[0]);

	if (clinic->units[visit->unit].incidents[visit->day] != INCIDENT_NONE ||
	    !dice_permille(&clinic->dice, DEED_PERMILLE))
		return;
	const struct deeds *table = tables[dice_range(&clinic->dice, 0, (int)count - 1)];
	const struct deed *deed = &table->rows[dice_range(&clinic->dice, 0, (int)table->count - 1)];
	if (deed->suits && !deed->suits(clinic, visit))
		return;
	visit->deed = deed;
	if (deed->bend)
		deed->bend(clinic, visit);
}
