/* year_clinic.h - one clinic for a year: its house, its people, its appointments.
 *
 * What:    the ordinary frame, in which nothing is wrong: opening hours, devices that are
 *          switched on, tested and serviced in time, certificates, free chairs. Personas
 *          bend it (year_deeds, year_course, year_incidents) and write down what follows.
 * Memory:  in the tape's arena, but for the struct itself.
 * Time:    days are counted from the first of the plan.
 */
#ifndef SIM_YEAR_CLINIC_H
#define SIM_YEAR_CLINIC_H

#include "year.h"
#include "year_expect.h"

#define CLINIC_DAYS_MAX 400
#define CLINIC_UNITS_MAX 8
#define CLINIC_OPERATORS 4
#define CLINIC_SLOTS 9 /* of an hour; sessions are shorter */

#define CLINIC_OPEN_MIN (9 * 60) /* Monday to Saturday */
#define CLINIC_CLOSE_MIN (18 * 60)
#define CLINIC_CLOSE_SATURDAY_MIN (13 * 60)

#define OFFLINE_AFTER_MS (60 * MS_PER_MINUTE) /* as the chain's policy has it here */
#define BEAT_MS (20 * MS_PER_MINUTE)

/* What is wrong with a device on a day. */
enum incident {
	INCIDENT_NONE,
	INCIDENT_OUTAGE,      /* no Wi-Fi between two appointments, or for hours */
	INCIDENT_CLOCK_DRIFT, /* off, but believed */
	INCIDENT_CLOCK_WRONG, /* off, and not believed */
	INCIDENT_NO_CLOCK,
	INCIDENT_NO_SELFTEST,
	INCIDENT_LATE_OPENING, /* switched on hours after the doors opened */
	INCIDENT_LOST_MESSAGE,
	INCIDENT_ROLLBACK, /* its counter shows less than the day before */
	INCIDENT_FAULTS,
	INCIDENT_OLD_FIRMWARE,
};

struct visit;

/* A device that treats. */
struct unit {
	unsigned speaker;
	Carepace__V1__DeviceKind kind;
	char hex[ID_HEX_LEN + 1];
	enum incident incidents[CLINIC_DAYS_MAX];
	struct visit *slots[CLINIC_DAYS_MAX][CLINIC_SLOTS];
	event_ms cut[CLINIC_DAYS_MAX];          /* power gone for a moment; 0: not */
	bool has_deaf_hour[CLINIC_DAYS_MAX];    /* its Wi-Fi is gone in a session */
	event_ms late_hours[CLINIC_DAYS_MAX];   /* somebody treats so late; 0: nobody */
	event_ms faulty_until[CLINIC_DAYS_MAX]; /* sessions before it are advised against */
	enum answer weight[CLINIC_DAYS_MAX];    /* what its own state makes of every verdict */
	struct visit *last;                     /* of those told so far */
};

struct clinic {
	struct tape tape;
	struct expectations all;
	struct dice dice;
	char site[TOWN_SITE_BYTES];
	struct town town;
	int32_t first_day;
	int days;
	int busy; /* new clients a day, at most */
	event_ms from, until;
	struct unit units[CLINIC_UNITS_MAX];
	size_t unit_count;
	unsigned tablet;
	struct id operators[CLINIC_OPERATORS];
	int cert_ends;    /* the last day of the last one's certificate */
	int cert_renewed; /* the day on which it is renewed, too late */
	uint64_t numbers; /* of courses, bookings, cartridges, bills */
	struct visit **visits;
	size_t visit_count, visit_cap;
	int infections; /* few enough for no cluster */
	Carepace__V1__Check off;
};

void clinic_init(struct clinic *clinic, const struct year_options *options, size_t number);
void clinic_deinit(struct clinic *clinic);

/* What head office says on the first day: policy, calendar, profiles, people, devices. */
void clinic_tell_books(struct clinic *clinic);
/* Every day's start, heartbeats, self-test, service, end, and what the incidents make of it. */
void clinic_tell_days(struct clinic *clinic);

bool clinic_is_open(const struct clinic *clinic, int day);
event_ms clinic_moment(const struct clinic *clinic, int day, int minute);
event_ms clinic_opens(const struct clinic *clinic, int day);
event_ms clinic_closes(const struct clinic *clinic, int day);
/* 06:00, when a day's conditions become true (R7). */
event_ms clinic_six(const struct clinic *clinic, int day);
uint32_t clinic_date(const struct clinic *clinic, int day);
int clinic_day_of(const struct clinic *clinic, event_ms at);
int clinic_slot_count(const struct clinic *clinic, int day);
event_ms clinic_slot(const struct clinic *clinic, int day, int slot);

uint64_t clinic_number(struct clinic *clinic);

/* When a device is switched on and off, what its clock shows in between. */
struct shift clinic_shift(const struct clinic *clinic, const struct unit *unit, int day);

/* A device of that kind, free on the day: its first free hour, or one with nothing wrong
 * about the device if `is_calm`. False: there is none. */
bool clinic_find_slot(struct clinic *clinic, Carepace__V1__DeviceKind kind, int day, bool is_calm,
    unsigned *unit, int *slot);

/* The plan of what is wrong with devices, before anybody books. */
void incidents_plan(struct clinic *clinic);
/* What one of them makes of the device's day; the rest of the day is told. */
void incident_tell(struct clinic *clinic, struct unit *unit, int day, const struct saying *hello,
    const struct saying *beat_before);
void incident_hello(
    const struct clinic *clinic, const struct unit *unit, int day, Carepace__V1__Hello *hello);

/* Connected again after an outage. */
void incident_tell_back(struct clinic *clinic, const struct unit *unit, int day, event_ms at);

enum answer answer_worst(enum answer a, enum answer b);

#endif
