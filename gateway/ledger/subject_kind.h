/* subject_kind.h - what is judged, what facts are about, what head office is told of. */
#ifndef LEDGER_SUBJECT_KIND_H
#define LEDGER_SUBJECT_KIND_H

/* Judge units and what facts may be about. Stored: numbers never change. */
enum subject_kind {
	SUBJECT_ROW = 0, /* pending.c only: a journal row */
	SUBJECT_SESSION = 1,
	SUBJECT_CLIENT = 2,
	SUBJECT_CART = 3,
	SUBJECT_COURSE = 4,  /* facts only: plans */
	SUBJECT_VERDICT = 5, /* pending.c only: the answer to a session's start */
	SUBJECT_DEVICE = 6,
	SUBJECT_OPERATOR = 7,
	SUBJECT_CASE = 8,      /* of adverse events */
	SUBJECT_CLUSTER = 9,   /* of cases: a device or a lot of cartridges */
	SUBJECT_GATEWAY = 10,  /* an episode: seq of the box's input that recorded the beginning */
	SUBJECT_SITE = 11,     /* facts only: policies, profiles, calendar ...; its number is 0 */
	SUBJECT_SID = 12,      /* facts only: what others say about a session, by its sid */
	SUBJECT_DAY = 13,      /* a civil day of a device (history_day_no) */
	SUBJECT_PRESENCE = 14, /* what does not come from a device; never recounted */
	SUBJECT_METER = 15,    /* facts only: a device's HELLOs by their seconds of use */

	/* What head office is told of each (ledger/office/states.h). */
	SUBJECT_SUMMARY = 16,      /* of a session */
	SUBJECT_COURSE_STATE = 17, /* its number is the course's own */
	SUBJECT_DEVICE_STATE = 18,
	SUBJECT_CASE_STATE = 19,
	SUBJECT_AGGREGATE = 20, /* of a device, an operator or the site on a civil day */
	SUBJECT_HEALTH = 21,    /* of the box: 0 */
	SUBJECT_AUDIT = 22,     /* an input */

	/* Facts only: what is of a civil day of the site, what is good through one, and on
	 * which days an appointment ever was (ledger/days/civil_days.h). */
	SUBJECT_CIVIL_DAY = 23,
	SUBJECT_GOOD_THROUGH = 24,
	SUBJECT_BOOKING = 25,
	SUBJECT_FIRMWARE = 26, /* facts only: a device's HELLOs by the firmware that they tell */
	SUBJECT_KINDS
};

/* Kinds of rows in the outbox: ReportKind, below OUTBOX_KINDS. */
#define OUTBOX_KINDS 9
#define OUTBOX_ALERT 1
#define OUTBOX_SUMMARY 2
#define OUTBOX_DEVICE 3
#define OUTBOX_DAY 4
#define OUTBOX_COURSE 5
#define OUTBOX_CASE 6
#define OUTBOX_AUDIT 7
#define OUTBOX_HEALTH 8

#endif
