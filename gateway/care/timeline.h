/* timeline.h - what a judge answers: findings, and when to judge again.
 *
 * What:     a finding says that a condition held, from when, until when, how
 *           badly, and on what evidence. It is the truth (P4): the same for any
 *           arrival order, duplication, batching and restart of the same inputs.
 * Identity: (check, subject, onset), where onset is the *name of an input*,
 *           never a computed date (R9). What happened to a finding here
 *           (raised, acknowledged, sent) is an alert: care/alert.h.
 * Memory:   findings and their strings lie in the arena given at init.
 * Fails:    when the arena is full, `is_full` is set and later calls do
 *           nothing; the caller must not store such a timeline.
 */
#ifndef CARE_TIMELINE_H
#define CARE_TIMELINE_H

#include "base/arena.h"
#include "base/id.h"
#include "base/time.h"
#include "care/catalogue.h"

#define FINDING_RELATED_MAX 8 /* domain 9.3, ALERT related ids */

/* A finding's name parts are text: "<sid>/<device>", "4711", "04012345678901/1001#0". */
#define NAME_MAX_LEN 96

struct finding {
	enum check check;
	const char *subject;
	const char *onset;
	event_ms from;
	event_ms until;  /* TIME_NEVER: the condition still holds */
	bool is_latched; /* needs an acknowledgement to clear (R20) */
	bool is_test;    /* of a test session: stays on the box (R22) */

	enum severity severity; /* the current step's, and of that step: */
	int64_t value;
	int64_t limit;
	int32_t effective_day; /* civil day of the step (R7) */
	uint32_t count;        /* episodes of a streaming check (R10), else 1 */
	int64_t max;           /* worst value of all episodes, else `value` */

	/* Evidence, for the sentence and for `carepace why`. */
	int64_t session;      /* local number of the session it speaks about, 0 none */
	int64_t client;       /* local number, 0 none */
	int64_t course;       /* 0 none */
	int64_t device;       /* local number of the device it speaks about, 0: the session's */
	int64_t operator_no;  /* local number, 0: the session's */
	uint32_t zones;       /* where, as a set of zone bits */
	int32_t earliest_day; /* next safe civil day, 0 none */
	struct id related[FINDING_RELATED_MAX]; /* sids, also of other clinics' sessions */
	size_t related_count;
};

struct timeline {
	struct arena *arena;
	struct finding *items;
	size_t count;
	size_t cap;
	event_ms next_change; /* judge again then; TIME_NEVER if only inputs can change it */
	bool is_full;
};

void timeline_init(struct timeline *timeline, struct arena *arena);

/* A zeroed finding with copies of the two names, open, latched as its row of
 * the catalogue says. Valid until the next add. NULL when full. */
struct finding *timeline_add(
    struct timeline *timeline, enum check check, const char *subject, const char *onset);

/* NULL: there is none of that name yet. */
struct finding *timeline_find(
    struct timeline *timeline, enum check check, const char *subject, const char *onset);

/* Evidence: the sid of a session that it refers to. Beyond the limit it is left out. */
void finding_cite(struct finding *finding, const struct id *sid);

/* As its row says; a cluster is about a device or about a lot. */
enum about finding_about(const struct finding *finding);

/* Where a check has no value of its own to tell apart: max follows value. */
void finding_set_value(struct finding *finding, int64_t value, int64_t limit);

struct session;

/* A finding about a session as such: from its start, of its day, client, course. */
struct finding *timeline_add_to_session(
    struct timeline *timeline, enum check check, const char *onset, const struct session *session);

/* R20, for live checks of a session: the event that clears it came at `event`, or
 * TIME_NEVER. Without it an acknowledgement clears the finding once the session is over. */
void finding_clear_by(struct finding *finding, const struct session *session, event_ms event);

/* The earliest of all moments named so far becomes next_change. */
void timeline_wake_at(struct timeline *timeline, event_ms at);

/* Nobody is judged after the moment `last`: what still holds then is over, and nothing
 * changes any more once `now` has passed it. What waits for an acknowledgement goes on
 * waiting. */
void timeline_stop(struct timeline *timeline, event_ms last, event_ms now);

/* First 16 bytes of SHA-256 over "NAME|subject|onset" (R9). */
struct id finding_id(enum check check, const char *subject, const char *onset);

#endif
