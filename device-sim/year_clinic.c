#include "year_clinic.h"

#include "year_books.h"
#include "year_visit.h"

#include <stdio.h>
#include <stdlib.h>

#define SATURDAY 6
#define SUNDAY 7
#define FIRST_SLOT_MIN 15 /* after the doors open */
#define SLOT_MIN 60
#define ON_BEFORE_MS (20 * MS_PER_MINUTE)
#define OFF_AFTER_MS (40 * MS_PER_MINUTE)
#define SELFTEST_AFTER_MS (5 * MS_PER_MINUTE)
#define CUT_MS (3 * MS_PER_MINUTE)
#define LATE_OPENING_MS (2 * MS_PER_HOUR)
#define DRIFT_MS (150 * MS_PER_SECOND)
#define WRONG_MS (-25 * MS_PER_MINUTE)
#define FIRST_YEAR 2025

static const Carepace__V1__DeviceKind kinds[] = {
    CAREPACE__V1__DEVICE_KIND__DEVICE_PEN,
    CAREPACE__V1__DEVICE_KIND__DEVICE_RF,
    CAREPACE__V1__DEVICE_KIND__DEVICE_PEN,
    CAREPACE__V1__DEVICE_KIND__DEVICE_STAMP,
};

static unsigned add_speaker(struct clinic *clinic, Carepace__V1__DeviceKind kind)
{
	struct tape *tape = &clinic->tape;
	unsigned speaker = (unsigned)tape->speaker_count++;

	tape->speakers[speaker] = (struct speaker){.id = dice_id(&clinic->dice), .kind = kind};
	return speaker;
}

static int32_t day_of(uint32_t date)
{
	return civil_of((int)(date / 10000), (int)(date / 100 % 100), (int)(date % 100));
}

void clinic_init(struct clinic *clinic, const struct year_options *options, size_t number)
{
	*clinic = (struct clinic){
	    .dice = {.state = options->seed * UINT64_C(1000003) + number},
	    .days = (int)options->days,
	    .busy = (int)options->busy,
	    .off = options->off,
	};
	tape_init(&clinic->tape);
	clinic->town = town_of(number, clinic->site);
	/* Any day of four years: a leap day, and both nights of summer time, come up. */
	clinic->first_day = civil_of(FIRST_YEAR, 1, 1) + dice_range(&clinic->dice, 0, 3 * 365);
	if (options->first_date)
		clinic->first_day = day_of(options->first_date);
	clinic->from = clinic_moment(clinic, 0, 0);
	clinic->until = clinic_moment(clinic, clinic->days, 0);
	clinic->all = (struct expectations){.tape = &clinic->tape, .until = clinic->until};
	clinic->numbers = 1000;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct unit *unit = &clinic->units[clinic->unit_count++];
		unit->kind = kinds[i];
		unit->speaker = add_speaker(clinic, kinds[i]);
		(void)id_hex(&clinic->tape.speakers[unit->speaker].id, unit->hex);
	}
	clinic->tablet = add_speaker(clinic, CAREPACE__V1__DEVICE_KIND__DEVICE_TABLET);
	for (size_t i = 0; i < CLINIC_OPERATORS; i++)
		clinic->operators[i] = dice_id(&clinic->dice);
}

void clinic_deinit(struct clinic *clinic)
{
	tape_deinit(&clinic->tape);
}

uint64_t clinic_number(struct clinic *clinic)
{
	return ++clinic->numbers;
}

enum answer answer_worst(enum answer a, enum answer b)
{
	return a > b ? a : b;
}

/* --- days ----------------------------------------------------------------------------------- */

event_ms clinic_moment(const struct clinic *clinic, int day, int minute)
{
	return town_moment(&clinic->town, clinic->first_day + day, minute);
}

event_ms clinic_six(const struct clinic *clinic, int day)
{
	return clinic_moment(clinic, day, 6 * 60);
}

uint32_t clinic_date(const struct clinic *clinic, int day)
{
	return civil_date(clinic->first_day + day);
}

int clinic_day_of(const struct clinic *clinic, event_ms at)
{
	return town_day(&clinic->town, at) - clinic->first_day;
}

static unsigned week_day(const struct clinic *clinic, int day)
{
	return civil_week_day(clinic->first_day + day);
}

bool clinic_is_open(const struct clinic *clinic, int day)
{
	return week_day(clinic, day) != SUNDAY && !books_is_holiday(clinic, day);
}

event_ms clinic_opens(const struct clinic *clinic, int day)
{
	return clinic_moment(clinic, day, CLINIC_OPEN_MIN);
}

event_ms clinic_closes(const struct clinic *clinic, int day)
{
	return clinic_moment(clinic, day,
	    week_day(clinic, day) == SATURDAY ? CLINIC_CLOSE_SATURDAY_MIN : CLINIC_CLOSE_MIN);
}

int clinic_slot_count(const struct clinic *clinic, int day)
{
	return (int)((clinic_closes(clinic, day) - clinic_opens(clinic, day)) /
	             (SLOT_MIN * MS_PER_MINUTE));
}

event_ms clinic_slot(const struct clinic *clinic, int day, int slot)
{
	return clinic_opens(clinic, day) + (FIRST_SLOT_MIN + slot * SLOT_MIN) * MS_PER_MINUTE;
}

bool clinic_find_slot(struct clinic *clinic, Carepace__V1__DeviceKind kind, int day, bool is_calm,
    unsigned *unit, int *slot)
{
	size_t first = (size_t)dice_range(&clinic->dice, 0, (int)clinic->unit_count - 1);

	if (!clinic_is_open(clinic, day))
		return false;
	for (size_t i = 0; i < clinic->unit_count; i++) {
		*unit = (unsigned)((first + i) % clinic->unit_count);
		const struct unit *u = &clinic->units[*unit];
		if (u->kind != kind || u->incidents[day] == INCIDENT_LATE_OPENING ||
		    (is_calm && u->incidents[day] != INCIDENT_NONE))
			continue;
		for (*slot = 0; *slot < clinic_slot_count(clinic, day); ++*slot)
			if (!u->slots[day][*slot])
				return true;
	}
	return false;
}

/* --- a device's day --------------------------------------------------------------------------- */

struct shift clinic_shift(const struct clinic *clinic, const struct unit *unit, int day)
{
	enum incident incident = unit->incidents[day];
	struct shift shift = {
	    .on = clinic_opens(clinic, day) - ON_BEFORE_MS,
	    .off = clinic_closes(clinic, day) + OFF_AFTER_MS,
	    .has_no_clock = incident == INCIDENT_NO_CLOCK,
	};

	if (incident == INCIDENT_CLOCK_DRIFT)
		shift.clock_off_ms = -DRIFT_MS;
	if (incident == INCIDENT_CLOCK_WRONG)
		shift.clock_off_ms = WRONG_MS;
	if (incident == INCIDENT_LATE_OPENING)
		shift.on += LATE_OPENING_MS;
	if (unit->late_hours[day] > shift.off)
		shift.off = unit->late_hours[day];
	return shift;
}

static const struct saying *tell_hello(
    struct clinic *clinic, const struct unit *unit, int day, event_ms at)
{
	Carepace__V1__Hello *hello = SAY(&clinic->tape, unit->speaker, at, HELLO);

	hello->model = books_model(unit->kind);
	hello->kind = unit->kind;
	hello->context = CAREPACE__V1__CONTEXT__CONTEXT_CLINIC;
	hello->has_fw = true;
	hello->fw = BOOKS_FIRMWARE;
	hello->site = clinic->site;
	incident_hello(clinic, unit, day, hello);
	return clinic->tape.last;
}

/* Live only, never from a buffer. Returns the last one said. */
static const struct saying *tell_beats(
    struct clinic *clinic, const struct unit *unit, event_ms from, event_ms until)
{
	const struct saying *last = NULL;

	for (event_ms at = from; at < until; at += BEAT_MS) {
		if (tape_is_out(&clinic->tape, unit->speaker, at))
			continue;
		Carepace__V1__Heartbeat *beat = SAY(&clinic->tape, unit->speaker, at, HEARTBEAT);
		beat->state = CAREPACE__V1__DEVICE_STATE__DEVICE_IDLE;
		last = clinic->tape.last;
	}
	return last;
}

static void tell_selftest(struct clinic *clinic, const struct unit *unit, event_ms at)
{
	Carepace__V1__Selftest *test = SAY(&clinic->tape, unit->speaker, at, SELFTEST);

	test->result = CAREPACE__V1__RESULT__RESULT_PASS;
}

static const struct saying *tell_boot(struct clinic *clinic, const struct unit *unit, int day,
    const struct shift *shift, const struct saying **beat)
{
	tape_add_shift(&clinic->tape, unit->speaker, shift);
	const struct saying *hello = tell_hello(clinic, unit, day, shift->on);
	const struct saying *last = tell_beats(clinic, unit, shift->on + MS_PER_SECOND, shift->off);

	if (last)
		*beat = last;
	return hello;
}

static void tell_day(struct clinic *clinic, struct unit *unit, int day, const struct saying **beat)
{
	struct shift shift = clinic_shift(clinic, unit, day);
	const struct saying *before = *beat;
	const struct saying *hello;

	if (unit->cut[day]) {
		struct shift first = shift;
		first.off = unit->cut[day];
		shift.on = unit->cut[day] + CUT_MS;
		hello = tell_boot(clinic, unit, day, &first, beat);
		(void)tell_boot(clinic, unit, day, &shift, beat);
	} else {
		hello = tell_boot(clinic, unit, day, &shift, beat);
	}
	if (unit->incidents[day] != INCIDENT_NO_SELFTEST)
		tell_selftest(clinic, unit, hello->at + SELFTEST_AFTER_MS);
	incident_tell(clinic, unit, day, hello, before);
}

static void tell_tablet(struct clinic *clinic, int day)
{
	const struct shift shift = {
	    .on = clinic_opens(clinic, day) - MS_PER_HOUR,
	    .off = clinic_moment(clinic, day, 23 * 60),
	};

	tape_add_shift(&clinic->tape, clinic->tablet, &shift);
	Carepace__V1__Hello *hello = SAY(&clinic->tape, clinic->tablet, shift.on, HELLO);
	hello->model = books_model(CAREPACE__V1__DEVICE_KIND__DEVICE_TABLET);
	hello->kind = CAREPACE__V1__DEVICE_KIND__DEVICE_TABLET;
	hello->context = CAREPACE__V1__CONTEXT__CONTEXT_CLINIC;
}

void clinic_tell_days(struct clinic *clinic)
{
	for (size_t i = 0; i < clinic->unit_count; i++) {
		const struct saying *beat = NULL;
		for (int day = 0; day < clinic->days; day++)
			if (clinic_is_open(clinic, day))
				tell_day(clinic, &clinic->units[i], day, &beat);
	}
	for (int day = 0; day < clinic->days; day++)
		tell_tablet(clinic, day); /* also on closed days: clients call */
}
