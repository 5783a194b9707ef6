#include "year_deeds.h"

#include "year_books.h"
#include "year_course.h"

#include <stddef.h>

#define DEED_PERMILLE 250
#define LATE_WORD_MS (8 * MS_PER_MINUTE)
#define LATE_HOURS_MS (45 * MS_PER_MINUTE) /* half an hour is slack (8.7) */
#define HOME_AFTER_MS (80 * MS_PER_MINUTE)
#define SILENT_AFTER_MS (18 * MS_PER_MINUTE)
#define ORPHAN_MS (10 * MS_PER_MINUTE)
#define LOST_MS (4 * MS_PER_HOUR)
#define DAY_MS (24 * MS_PER_HOUR)
#define CUT_AFTER_MS (16 * MS_PER_MINUTE)
#define REMEMBERED_AFTER_MS (20 * MS_PER_MINUTE)
#define WIFI_AFTER_MS (9 * MS_PER_MINUTE)
#define WIFI_END_MS (28 * MS_PER_MINUTE)
#define WIFI_BACK_MS (36 * MS_PER_MINUTE)

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

/* Silent for ten minutes, until `over` (8.3). */
static struct expected silence(const struct visit *visit, event_ms last, struct when over)
{
	struct expected orphan = visit_finding(visit, CHECK(SESSION_ORPHAN), IS(MEDIUM));

	orphan.raised_ms = last + ORPHAN_MS + 1;
	orphan.from = AT(orphan.raised_ms);
	orphan.until = over;
	orphan.state = "CLEARED";
	orphan.value = ORPHAN_MS + 1;
	orphan.limit = ORPHAN_MS;
	return orphan;
}

/* Moisturizer is fine a day after it ended, when nobody said so in time. */
static void expect_aftercare_of(
    struct clinic *clinic, const struct visit *visit, const struct saying *said, int64_t after_ms)
{
	struct expected open = visit_finding(visit, CHECK(AFTERCARE_OPEN), IS(INFO));

	open.value = open.limit = DAY_MS;
	open.from = open.until = AFTER(said, after_ms + DAY_MS);
	open.raised_by = said;
	open.is_timed = true;
	expect(&clinic->all, &open);
}

static event_ms last_word(const struct visit *visit)
{
	return visit->last->at + visit->last->delay_ms;
}

/* The next start on its device ends it, or four hours do (R23). Its last message says when it
 * ended. */
static void expect_orphan(struct clinic *clinic, struct visit *visit)
{
	event_ms lost = last_word(visit) + LOST_MS;

	if (visit->after && visit->after->start < lost)
		lost = visit->after->start;
	struct expected orphan = silence(visit, last_word(visit), AT(lost));
	expect(&clinic->all, &orphan);
	expect_aftercare_of(clinic, visit, visit->last, visit->last->delay_ms);
}

/* --- power and Wi-Fi
 * -------------------------------------------------------------------------------- */

static bool has_power(const struct clinic *clinic, const struct visit *visit)
{
	const struct unit *unit = &clinic->units[visit->unit];

	return !unit->cut[visit->day] && !unit->has_deaf_hour[visit->day];
}

static void pull_plug(struct clinic *clinic, struct visit *visit)
{
	event_ms cut = visit->start + CUT_AFTER_MS;

	clinic->units[visit->unit].cut[visit->day] = cut;
	visit->end = cut;
	visit->manners.has_end = false;
	visit->manners.silent_from = cut;
	visit->manners.reason = CAREPACE__V1__END_REASON__END_FAULT;
	visit->is_completed = false;
}

/* The device starts anew and remembers what it was about: when the next client is on the
 * chair already and the session was given up, or before. It was silent until then. */
static void expect_cut(struct clinic *clinic, struct visit *visit)
{
	const struct visit *next = visit->after;
	bool is_lost = next && next->day == visit->day;
	event_ms said = is_lost ? next->start + LATE_WORD_MS : visit->end + REMEMBERED_AFTER_MS;
	Carepace__V1__SessionEnd *end = visit_end(clinic, visit, said);

	end->has_end_ts_ms = true;
	end->end_ts_ms = visit->end;
	struct expected orphan = silence(visit, last_word(visit), WHEN(visit->ended));
	orphan.value = said - last_word(visit);
	expect(&clinic->all, &orphan);
	expect_aftercare_of(clinic, visit, visit->ended, visit->end - said);
}

static void lose_wifi(struct clinic *clinic, struct visit *visit)
{
	const struct outage outage = {
	    .from = visit->start + WIFI_AFTER_MS,
	    .until = visit->start + WIFI_BACK_MS,
	    .flush = FLUSH_IN_ORDER,
	};

	visit->end = visit->start + WIFI_END_MS;
	clinic->units[visit->unit].has_deaf_hour[visit->day] = true;
	tape_add_outage(&clinic->tape, clinic->units[visit->unit].speaker, &outage);
}

/* Heard until then; what comes afterwards fills the gap. */
static void expect_deaf(struct clinic *clinic, struct visit *visit)
{
	const struct unit *unit = &clinic->units[visit->unit];
	const struct saying *heard = visit->started;

	for (size_t i = 0; i < VISIT_BATCHES; i++)
		if (visit->batches[i] && visit->batches[i]->at + visit->batches[i]->delay_ms <
		                             visit->start + WIFI_AFTER_MS)
			heard = visit->batches[i];
	incident_tell_back(clinic, unit, visit->day, visit->start + WIFI_BACK_MS);
	struct expected orphan = silence(visit, heard->at + heard->delay_ms, UNSAID);
	orphan.from = UNSAID; /* it moves while the gap is filled */
	expect(&clinic->all, &orphan);
}

/* --- tables
 * --------------------------------------------------------------------------------------- */

static const struct deed therapists[] = {
    {"forgetful therapist: no cleaning", NULL, forget_cleaning, NULL, expect_uncleaned},
    {"forgetful therapist: no screening", NULL, forget_screening, NULL, expect_unscreened},
    {"forgetful therapist: no end", NULL, walk_away, NULL, expect_orphan},
    {"mid-session power cut", has_power, pull_plug, NULL, expect_cut},
    {"mid-session Wi-Fi cut", has_power, lose_wifi, NULL, expect_deaf},
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
