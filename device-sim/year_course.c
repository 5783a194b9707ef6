/* year_course.c - who comes when. */
#include "year_course.h"

#include "year_deeds.h"

#include <inttypes.h>

#define SERIES_LOW 28 /* days between sessions: exactly that is fine (0.2) */
#define SERIES_HIGH 42
#define MAINT_LOW 75 /* before maintenance is due */
#define MAINT_HIGH 89
#define MAINT_RF_LOW 160
#define MAINT_RF_HIGH 179
#define TEMPER_PERMILLE 220
#define ON_LIMIT_PERMILLE 200
#define STAYS_PERMILLE 500 /* for maintenance */
#define CLOSED_AFTER_LOW 2
#define CLOSED_AFTER_HIGH 25

static const struct {
	Carepace__V1__Band band;
	int low, high;
	bool is_rf; /* what is suited to more than mild cases (2.3) */
} bands[] = {
    {CAREPACE__V1__BAND__BAND_SINGLE, 1, 1, false},
    {CAREPACE__V1__BAND__BAND_MILD, 3, 4, false},
    {CAREPACE__V1__BAND__BAND_MILD, 3, 4, false}, /* the most frequent */
    {CAREPACE__V1__BAND__BAND_MOD_SEVERE, 5, 6, true},
    {CAREPACE__V1__BAND__BAND_TRANSFORM, 7, 8, true},
};

#define BAND_MILD 1 /* rows of them */
#define BAND_GREAT 3

static const char *const personas[TEMPER_COUNT] = {
    [TEMPER_HURRIED] = "client in a hurry",
    [TEMPER_TARDY] = "tardy client",
    [TEMPER_DROPOUT] = "client who stays away",
    [TEMPER_HOPPER] = "client who hops between clinics",
    [TEMPER_LATE_HOPPER] = "client who hops, as is heard later",
    [TEMPER_HOME_ROLLER] = "roller enthusiast at home",
    [TEMPER_OVERTREATED] = "client who cannot stop",
    [TEMPER_BAD_PLAN] = "planner who miscounts",
    [TEMPER_MISMATCHED] = "planner who aims high with a pen",
    [TEMPER_UNPLANNED] = "planner who comes late",
};

/* --- a client --------------------------------------------------------------------------------- */

static uint32_t draw_zones(struct clinic *clinic)
{
	static const Carepace__V1__Zone zones[] = {CAREPACE__V1__ZONE__FOREHEAD,
	    CAREPACE__V1__ZONE__TEMPLE, CAREPACE__V1__ZONE__CHEEK, CAREPACE__V1__ZONE__CHIN_JAW,
	    CAREPACE__V1__ZONE__NECK};
	const int last = (int)(sizeof(zones) / sizeof(zones[0])) - 1;

	uint32_t one = 1u << zones[dice_range(&clinic->dice, 0, last)];
	uint32_t another = 1u << zones[dice_range(&clinic->dice, 0, last)];

	return one | another;
}

/* Whoever comes once can do little wrong. */
static size_t draw_band(struct clinic *clinic, enum temper temper)
{
	const int last = (int)(sizeof(bands) / sizeof(bands[0])) - 1;

	switch (temper) {
	case TEMPER_OVERTREATED:
	case TEMPER_BAD_PLAN:
		return BAND_MILD;
	case TEMPER_MISMATCHED:
		return BAND_GREAT;
	default:
		return (size_t)dice_range(
		    &clinic->dice, temper == TEMPER_ORDINARY ? 0 : BAND_MILD, last);
	}
}

static void choose_band(struct clinic *clinic, struct course *course)
{
	size_t i = draw_band(clinic, course->temper);

	course->band = bands[i].band;
	course->band_min = (uint32_t)bands[i].low;
	course->planned = (uint32_t)dice_range(&clinic->dice, bands[i].low, bands[i].high);
	course->kind = bands[i].is_rf && course->temper != TEMPER_MISMATCHED
	                   ? CAREPACE__V1__DEVICE_KIND__DEVICE_RF
	               : dice_permille(&clinic->dice, 700)
	                   ? CAREPACE__V1__DEVICE_KIND__DEVICE_PEN
	                   : CAREPACE__V1__DEVICE_KIND__DEVICE_STAMP;
}

static struct course *new_course(struct clinic *clinic)
{
	struct tape *tape = &clinic->tape;
	struct course *course = tape_alloc(tape, sizeof(*course));
	struct client *client = tape_alloc(tape, sizeof(*client));

	client->token = dice_id(&clinic->dice);
	course->client = client;
	course->no = clinic_number(clinic);
	course->name = tape_text(tape, "%" PRIu64, course->no);
	course->closed_day = -1;
	if (dice_permille(&clinic->dice, TEMPER_PERMILLE))
		course->temper = (enum temper)dice_range(&clinic->dice, 1, TEMPER_COUNT - 1);
	course->persona = personas[course->temper];
	if (course->temper == TEMPER_FLAGGED) {
		client->trait = trait_choose(clinic);
		course->persona = trait_persona(client->trait);
	}
	choose_band(clinic, course);
	course->step =
	    course->planned > 1 ? dice_range(&clinic->dice, 1, (int)course->planned - 1) : 0;
	course->zones = draw_zones(clinic);
	return course;
}

/* --- when
 * ------------------------------------------------------------------------------------------ */

struct gap {
	int low, high; /* days since the visit before */
};

static struct gap series_gap(struct clinic *clinic, const struct course *course, int step)
{
	struct gap gap = {SERIES_LOW, SERIES_HIGH};

	if (step == course->step)
		switch (course->temper) {
		case TEMPER_HURRIED:
			return dice_permille(&clinic->dice, 500) ? (struct gap){14, 27}
			                                         : (struct gap){5, 13};
		case TEMPER_TARDY:
			return dice_permille(&clinic->dice, 500) ? (struct gap){43, 56}
			                                         : (struct gap){57, 200};
		case TEMPER_HOME_ROLLER:
			return (struct gap){37, SERIES_HIGH};
		default:
			break;
		}
	if (dice_permille(&clinic->dice, ON_LIMIT_PERMILLE))
		gap.low = gap.high = dice_permille(&clinic->dice, 500) ? SERIES_LOW : SERIES_HIGH;
	return gap;
}

/* A chair on one of these days; a day on which nobody is there is passed over. */
static struct visit *book(struct clinic *clinic, struct course *course, int after, struct gap gap)
{
	bool is_calm = course->temper != TEMPER_ORDINARY;
	int width = gap.high - gap.low + 1;
	int first = dice_range(&clinic->dice, 0, width - 1);
	unsigned unit;
	int slot;

	for (int i = 0; i < width; i++) {
		int day = after + gap.low + (first + i) % width;
		if (day < clinic->days &&
		    clinic_find_slot(clinic, course->kind, day, is_calm, &unit, &slot)) {
			struct visit *visit = visit_book(clinic, course, unit, day, slot);
			course->visits[course->visit_count++] = visit;
			if (course->temper == TEMPER_ORDINARY)
				deed_choose(clinic, visit);
			return visit;
		}
	}
	return NULL;
}

static bool is_beyond(const struct clinic *clinic, int day)
{
	return day >= clinic->days;
}

/* What lies beyond the plan nobody sees; else there was no chair, and the client goes. */
static void close_course(struct clinic *clinic, struct course *course, int last_day)
{
	int day = last_day + dice_range(&clinic->dice, CLOSED_AFTER_LOW, CLOSED_AFTER_HIGH);

	if (!is_beyond(clinic, day))
		course->closed_day = day;
}

/* False: the series ended before it was done. */
static bool book_series(struct clinic *clinic, struct course *course, int *last_day)
{
	uint32_t completed = course->visits[0]->is_completed;

	while (completed < course->planned && course->visit_count < COURSE_VISITS_MAX) {
		int step = course->visit_count;
		struct gap gap = series_gap(clinic, course, step);
		if (course->temper == TEMPER_DROPOUT && step == course->step)
			return true;
		struct visit *visit = book(clinic, course, *last_day, gap);
		if (!visit) {
			if (!is_beyond(clinic, *last_day + gap.high))
				close_course(clinic, course, *last_day);
			return false;
		}
		visit->booked_at =
		    clinic_moment(clinic, *last_day + dice_range(&clinic->dice, 1, 3), 8 * 60);
		completed += visit->is_completed;
		*last_day = visit->day;
	}
	return completed >= course->planned;
}

static void book_maintenance(struct clinic *clinic, struct course *course, int last_day)
{
	bool is_rf = course->kind == CAREPACE__V1__DEVICE_KIND__DEVICE_RF;
	struct gap gap = {is_rf ? MAINT_RF_LOW : MAINT_LOW, is_rf ? MAINT_RF_HIGH : MAINT_HIGH};

	/* One in four comes when it is due. */
	if (course->temper == TEMPER_ORDINARY && dice_permille(&clinic->dice, 250))
		gap = is_rf ? (struct gap){181, 200} : (struct gap){91, 120};
	while (course->visit_count < COURSE_VISITS_MAX &&
	       dice_permille(&clinic->dice, STAYS_PERMILLE)) {
		struct visit *visit = book(clinic, course, last_day, gap);
		if (!visit)
			break;
		visit->phase = CAREPACE__V1__PHASE__PHASE_MAINTENANCE;
		visit->booked_at = clinic_moment(clinic, visit->day - 3, 8 * 60);
		last_day = visit->day;
	}
	if (!is_beyond(clinic, last_day + gap.high))
		close_course(clinic, course, last_day);
}

/* The session more that the band does not have. */
static void book_more(struct clinic *clinic, struct course *course, int *last_day)
{
	uint32_t most = 4;

	while (course->visit_count < (int)most + 1) {
		struct visit *visit =
		    book(clinic, course, *last_day, (struct gap){SERIES_LOW, SERIES_HIGH});
		if (!visit)
			return;
		visit->booked_at = clinic_moment(clinic, visit->day - 2, 8 * 60);
		*last_day = visit->day;
	}
}

static bool plan_course(struct clinic *clinic, struct course *course, int day)
{
	struct visit *first = book(clinic, course, day, (struct gap){3, 9});
	int last_day;

	if (!first)
		return false;
	course->told_day = day;
	first->booked_at = clinic_moment(clinic, day, 8 * 60);
	last_day = first->day;
	if (!book_series(clinic, course, &last_day))
		return true;
	if (course->temper == TEMPER_DROPOUT)
		return true;
	if (course->temper == TEMPER_OVERTREATED)
		book_more(clinic, course, &last_day);
	book_maintenance(clinic, course, last_day);
	return true;
}

void courses_plan(struct clinic *clinic, struct courses *courses)
{
	for (int day = 0; day < clinic->days; day++)
		for (int i = dice_range(&clinic->dice, 0, 1); i < clinic->busy; i++) {
			struct course *course = new_course(clinic);
			if (!plan_course(clinic, course, day))
				continue;
			courses->items = arena_push(&clinic->tape.arena, courses->items,
			    courses->count, &courses->cap, sizeof(struct course *));
			CP_CHECK(courses->items);
			courses->items[courses->count++] = course;
		}
}
