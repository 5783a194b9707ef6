/* year_incidents.c - devices that are off, late, old, deaf or confused for a day
 * (domain.md 8.4, 8.5; R18). */
#include "year_books.h"
#include "year_visit.h"

#include "base/hash.h"

#include <inttypes.h>

#define CHECK(NAME) CAREPACE__V1__CHECK__##NAME
#define IS(NAME) CAREPACE__V1__SEVERITY__##NAME

#define INCIDENT_PERMILLE 45
#define OUTAGE_AFTER_MIN 5 /* of an hour of the clinic's: between two appointments */
#define SELFTEST_AFTER_MS (5 * MS_PER_MINUTE)
#define FAULT_AFTER_MS (13 * MS_PER_MINUTE)
#define SKEW_LOW_MS (120 * MS_PER_SECOND)
#define SKEW_MAX_MS (300 * MS_PER_SECOND)
#define SEQ_GAP_MS (5 * MS_PER_MINUTE)
#define FAULTS 3
#define FAULT_DAYS 7
#define LIFE_PER_DAY 1000
#define LIFE_ROLLED_BACK 500
#define MAKER_FAULT 7

/* How long each of them lasts. */
static const struct {
	enum incident incident;
	int days;
	enum answer weight;
} kinds[] = {
    {INCIDENT_OUTAGE, 1, ANSWER_PERMIT},
    {INCIDENT_OUTAGE, 1, ANSWER_PERMIT},
    {INCIDENT_OUTAGE, 2, ANSWER_PERMIT},
    {INCIDENT_CLOCK_DRIFT, 3, ANSWER_PERMIT},
    {INCIDENT_CLOCK_WRONG, 2, ANSWER_ADVISE},
    {INCIDENT_NO_CLOCK, 5, ANSWER_ADVISE},
    {INCIDENT_NO_SELFTEST, 1, ANSWER_ADVISE},
    {INCIDENT_LATE_OPENING, 1, ANSWER_PERMIT},
    {INCIDENT_LOST_MESSAGE, 1, ANSWER_PERMIT},
    {INCIDENT_ROLLBACK, 1, ANSWER_REQUIRE_OVERRIDE},
    {INCIDENT_FAULTS, 1, ANSWER_PERMIT},
    {INCIDENT_OLD_FIRMWARE, 1, ANSWER_PERMIT},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* --- the plan ------------------------------------------------------------------------ */

/* The next day on which the device is switched on; clinic->days: none of the plan. */
static int next_day(const struct clinic *clinic, int day)
{
	do
		day++;
	while (day < clinic->days && !clinic_is_open(clinic, day));
	return day;
}

static void plan_outage(struct clinic *clinic, struct unit *unit, int day)
{
	int slots = clinic_slot_count(clinic, day);
	int first = dice_range(&clinic->dice, 0, slots - 2);
	int last = dice_range(&clinic->dice, first + 1, slots - 1);
	event_ms opens = clinic_opens(clinic, day) + OUTAGE_AFTER_MIN * MS_PER_MINUTE;

	tape_add_outage(&clinic->tape, unit->speaker,
	    &(struct outage){
	        .from = opens + first * MS_PER_HOUR,
	        .until = opens + last * MS_PER_HOUR,
	        .flush = (enum flush)dice_range(&clinic->dice, FLUSH_IN_ORDER, FLUSH_SHUFFLED),
	    });
}

static void begin(struct clinic *clinic, struct unit *unit, int day, size_t kind)
{
	for (int i = day; i < day + kinds[kind].days && i < clinic->days; i++) {
		if (!clinic_is_open(clinic, i))
			continue;
		unit->incidents[i] = kinds[kind].incident;
		unit->weight[i] = kinds[kind].weight;
		if (kinds[kind].incident == INCIDENT_OUTAGE)
			plan_outage(clinic, unit, i);
	}
	/* Until too few of them are recent: elapsed hours, not civil days. */
	event_ms first = clinic_shift(clinic, unit, day).on + FAULT_AFTER_MS;
	if (kinds[kind].incident == INCIDENT_FAULTS)
		for (int i = day; i <= day + FAULT_DAYS && i < clinic->days; i++)
			unit->faulty_until[i] = first + FAULT_DAYS * MS_PER_DAY;
}

void incidents_plan(struct clinic *clinic)
{
	int first = clinic_is_open(clinic, 0) ? 0 : next_day(clinic, 0);

	for (size_t i = 0; i < clinic->unit_count; i++) {
		int calm_until = first + 1; /* nothing is less than on a day that never was */
		for (int day = 1; day < clinic->days; day++) {
			size_t kind = (size_t)dice_range(&clinic->dice, 0, KINDS - 1);
			if (day < calm_until || !clinic_is_open(clinic, day) ||
			    !dice_permille(&clinic->dice, INCIDENT_PERMILLE))
				continue;
			begin(clinic, &clinic->units[i], day, kind);
			calm_until = day + kinds[kind].days + FAULT_DAYS;
		}
	}
}

/* --- what the device says
 * ---------------------------------------------------------------------------- */

static uint64_t life_of(int day)
{
	return (uint64_t)(day + 1) * LIFE_PER_DAY;
}

void incident_hello(
    const struct clinic *clinic, const struct unit *unit, int day, Carepace__V1__Hello *hello)
{
	(void)clinic;
	hello->has_life_pulses = true;
	hello->life_pulses =
	    unit->incidents[day] == INCIDENT_ROLLBACK ? LIFE_ROLLED_BACK : life_of(day);
	if (unit->incidents[day] == INCIDENT_OLD_FIRMWARE)
		hello->fw = BOOKS_FIRMWARE_OLD;
}

static struct when next_boot(const struct clinic *clinic, const struct unit *unit, int day)
{
	int next = next_day(clinic, day);

	if (next >= clinic->days)
		return STILL;
	return AT(clinic_shift(clinic, unit, next).on + TAPE_LATENCY_MS);
}

static struct expected device_finding(const struct unit *unit, Carepace__V1__Check check,
    Carepace__V1__Severity severity, const char *persona)
{
	return (struct expected){
	    .check = check,
	    .subject = unit->hex,
	    .severity = severity,
	    .until = STILL,
	    .persona = persona,
	};
}

static const struct saying *last_beat(
    const struct clinic *clinic, const struct unit *unit, event_ms before)
{
	for (size_t i = clinic->tape.count; i-- > 0;) {
		const struct saying *saying = clinic->tape.sayings[i];
		if (saying->speaker == unit->speaker && saying->at < before &&
		    saying->up->body_case == CAREPACE__V1__UP__BODY_HEARTBEAT)
			return saying;
	}
	return NULL;
}

/* --- silence
 * ------------------------------------------------------------------------------------------ */

static void expect_offline(struct clinic *clinic, const struct unit *unit,
    const struct saying *beat, wall_ms from, wall_ms until, const char *persona)
{
	struct expected finding = device_finding(unit, CHECK(DEVICE_OFFLINE), IS(LOW), persona);

	finding.onset_said = beat;
	finding.value = finding.limit = OFFLINE_AFTER_MS;
	finding.from = AT(from);
	finding.until = AT(until + TAPE_LATENCY_MS);
	finding.raised_ms = from + 1; /* exactly so long is fine */
	expect(&clinic->all, &finding);
}

void incident_tell_back(struct clinic *clinic, const struct unit *unit, int day, event_ms at)
{
	Carepace__V1__Hello *hello = SAY(&clinic->tape, unit->speaker, at, HELLO);

	hello->model = books_model(unit->kind);
	hello->kind = unit->kind;
	hello->context = CAREPACE__V1__CONTEXT__CONTEXT_CLINIC;
	hello->has_fw = true;
	hello->fw = BOOKS_FIRMWARE;
	incident_hello(clinic, unit, day, hello);
	Carepace__V1__Heartbeat *beat =
	    SAY(&clinic->tape, unit->speaker, at + MS_PER_SECOND, HEARTBEAT);
	beat->state = CAREPACE__V1__DEVICE_STATE__DEVICE_IDLE;
}

static void tell_outage(struct clinic *clinic, struct unit *unit, int day)
{
	const struct speaker *speaker = &clinic->tape.speakers[unit->speaker];
	const struct outage *outage = speaker->outages;

	while (clinic_day_of(clinic, outage->from) != day)
		outage++;
	const struct saying *beat = last_beat(clinic, unit, outage->from);
	incident_tell_back(clinic, unit, day, outage->until);
	expect_offline(clinic, unit, beat, beat->at + TAPE_LATENCY_MS + OFFLINE_AFTER_MS,
	    outage->until + MS_PER_SECOND, "flapping Wi-Fi");
}

static void expect_late_opening(struct clinic *clinic, const struct unit *unit, int day,
    const struct saying *hello, const struct saying *before)
{
	if (before)
		expect_offline(clinic, unit, before, clinic_opens(clinic, day) + OFFLINE_AFTER_MS,
		    hello->at + MS_PER_SECOND, "device that is switched on late");
}

/* The first beat of the day never arrives; the self-test after it does. */
static void lose_message(struct clinic *clinic, const struct unit *unit, const struct saying *hello)
{
	struct expected finding =
	    device_finding(unit, CHECK(SEQ_GAP), IS(LOW), "memory that loses a message");

	for (size_t i = clinic->tape.count; i-- > 0;) {
		struct saying *saying = clinic->tape.sayings[i];
		if (saying->speaker != unit->speaker || saying->at != hello->at + MS_PER_SECOND)
			continue;
		saying->is_lost = true;
		break;
	}
	finding.onset_said = hello;
	finding.raised_ms = hello->at + SELFTEST_AFTER_MS + TAPE_LATENCY_MS + SEQ_GAP_MS;
	finding.from = AT(finding.raised_ms);
	finding.value = 1;
	expect(&clinic->all, &finding);
}

/* --- clocks
 * ---------------------------------------------------------------------------------------------- */

static void expect_skew(struct clinic *clinic, const struct unit *unit, int day,
    const struct saying *hello, const char *persona)
{
	struct shift shift = clinic_shift(clinic, unit, day);
	struct expected finding = device_finding(unit, CHECK(CLOCK_SKEW), IS(LOW), persona);
	event_ms off_ms = shift_shows(&shift, hello->at) - hello->at;

	finding.onset = tape_text(
	    &clinic->tape, "%u", (unsigned)clinic->tape.speakers[unit->speaker].shift_count);
	finding.value = off_ms < 0 ? -off_ms : off_ms;
	finding.limit = SKEW_LOW_MS;
	if (finding.value > SKEW_MAX_MS) {
		finding.limit = SKEW_MAX_MS;
		finding.severity = IS(MEDIUM);
	}
	finding.from = AT(hello->at);
	finding.until = next_boot(clinic, unit, day);
	finding.raised_by = hello;
	expect(&clinic->all, &finding);
}

/* --- about its sessions
 * ------------------------------------------------------------------------------------ */

/* A finding for each session of the day; until another day on which it is over. */
static void expect_each(struct clinic *clinic, const struct unit *unit, int day,
    const struct expected *model, int64_t after_on_ms)
{
	int until_day = day;

	do
		until_day = next_day(clinic, until_day);
	while (until_day < clinic->days && unit->incidents[until_day] == unit->incidents[day]);
	for (int slot = 0; slot < CLINIC_SLOTS; slot++) {
		const struct visit *visit = unit->slots[day][slot];
		if (!visit)
			continue;
		struct expected finding = *model;
		if (finding.subject)
			finding.onset = visit_sid(clinic, visit);
		else
			finding.subject = visit->name;
		finding.from = WHEN(visit->started);
		finding.until = WHEN(visit->ended);
		finding.state = "RAISED";
		if (until_day < clinic->days) {
			struct shift shift = clinic_shift(clinic, unit, until_day);
			finding.until = AT(shift_event(&shift, shift.on + after_on_ms));
			finding.state = NULL;
		}
		expect(&clinic->all, &finding);
	}
}

static void expect_untested(struct clinic *clinic, const struct unit *unit, int day)
{
	struct expected finding = device_finding(
	    unit, CHECK(SELFTEST_MISSING), IS(MEDIUM), "forgetful therapist: no self-test");

	finding.subject = NULL;
	expect_each(clinic, unit, day, &finding, SELFTEST_AFTER_MS);
}

static void expect_old(struct clinic *clinic, const struct unit *unit, int day)
{
	struct expected finding =
	    device_finding(unit, CHECK(FIRMWARE_OLD), IS(LOW), "mixed firmware");

	finding.value = BOOKS_FIRMWARE_OLD;
	finding.limit = BOOKS_FIRMWARE_MIN;
	expect_each(clinic, unit, day, &finding, 0);
}

/* --- counter and faults
 * ---------------------------------------------------------------------------------------- */

/* Somebody has seen it in the evening: the next day is like any other. */
static void acknowledge(
    struct clinic *clinic, const struct unit *unit, int day, const struct saying *hello)
{
	struct tape *tape = &clinic->tape;
	struct id *id = tape_alloc(tape, sizeof(*id));
	const char *key = tape_text(tape, "COUNTER_ROLLBACK|%s|%s/%u/1", unit->hex, unit->hex,
	    (unsigned)tape->speakers[hello->speaker].shift_count);
	struct slice part = slice_of(key, strlen(key));
	uint8_t hash[HASH_BYTES];
	Carepace__V1__AckAlert *ack =
	    SAY(tape, clinic->tablet, clinic_closes(clinic, day) + 3 * MS_PER_HOUR, ACK_ALERT);

	hash_sha256(&part, 1, hash);
	memcpy(id->b, hash, sizeof(id->b));
	ack->alert_id = tape_id(id);
	ack->by_token = tape_id(&clinic->operators[0]);
}

static void expect_rollback(
    struct clinic *clinic, const struct unit *unit, int day, const struct saying *hello)
{
	struct expected finding = device_finding(
	    unit, CHECK(COUNTER_ROLLBACK), IS(HIGH), "cloner: the counter of a device");
	int before = day - 1;

	while (!clinic_is_open(clinic, before))
		before--;
	finding.onset_said = hello;
	finding.value = LIFE_ROLLED_BACK;
	finding.limit = (int64_t)life_of(before);
	finding.from = finding.until = WHEN(hello);
	expect(&clinic->all, &finding);
	acknowledge(clinic, unit, day, hello);
}

static void tell_faults(struct clinic *clinic, const struct unit *unit, const struct saying *hello)
{
	struct expected finding =
	    device_finding(unit, CHECK(FAULT_RATE), IS(MEDIUM), "device with faults");
	const struct saying *first = NULL;

	for (int i = 0; i < FAULTS; i++) {
		Carepace__V1__Fault *fault = SAY(&clinic->tape, unit->speaker,
		    hello->at + FAULT_AFTER_MS + i * MS_PER_MINUTE, FAULT);
		fault->code = MAKER_FAULT;
		fault->on = true;
		first = i == 0 ? clinic->tape.last : first;
	}
	finding.onset_said = clinic->tape.last;
	finding.from = WHEN(clinic->tape.last);
	finding.until = AFTER(first, FAULT_DAYS * MS_PER_DAY);
	finding.value = finding.limit = FAULTS;
	expect(&clinic->all, &finding);
}

void incident_tell(struct clinic *clinic, struct unit *unit, int day, const struct saying *hello,
    const struct saying *beat_before)
{
	switch (unit->incidents[day]) {
	case INCIDENT_OUTAGE:
		tell_outage(clinic, unit, day);
		break;
	case INCIDENT_CLOCK_DRIFT:
		expect_skew(clinic, unit, day, hello, "drifting clock");
		break;
	case INCIDENT_CLOCK_WRONG:
		expect_skew(clinic, unit, day, hello, "wrong clock");
		break;
	case INCIDENT_NO_CLOCK:
		expect_skew(clinic, unit, day, hello, "no clock at all");
		break;
	case INCIDENT_NO_SELFTEST:
		expect_untested(clinic, unit, day);
		break;
	case INCIDENT_LATE_OPENING:
		expect_late_opening(clinic, unit, day, hello, beat_before);
		break;
	case INCIDENT_LOST_MESSAGE:
		lose_message(clinic, unit, hello);
		break;
	case INCIDENT_ROLLBACK:
		expect_rollback(clinic, unit, day, hello);
		break;
	case INCIDENT_FAULTS:
		tell_faults(clinic, unit, hello);
		break;
	case INCIDENT_OLD_FIRMWARE:
		expect_old(clinic, unit, day);
		break;
	case INCIDENT_NONE:
		break;
	}
}
