/* client.h - what the files of judge_client share. Not for other rooms.
 *
 * What:    a client's treatments, merged in the order of time: sessions of this site,
 *          sessions of other clinics (CLIENT_HISTORY), rollers used at home. Every
 *          check of domain 8.1 walks this one list.
 * Rules:   an echo of our own session changes nothing (domain 9.4); of what is said
 *          twice about a sid the last word counts; each treatment is dated in its own
 *          clinic's zone (R2).
 * Memory:  treatments lie in the timeline's arena.
 */
#ifndef CARE_JUDGE_CLIENT_H
#define CARE_JUDGE_CLIENT_H

#include "care/judge.h"

struct treatment {
	struct session *session;  /* of this site, else NULL */
	const struct fact *said;  /* who told of it, if it is not of this site */
	const struct fact *event; /* a use at home that was reported here: judged itself */
	struct id sid;            /* zero: nobody gave it one */
	event_ms start;
	event_ms end;
	int32_t day;
	enum modality modality;
	int32_t needle_um; /* of a roller at home; UNKNOWN_UM: not said */
	uint32_t zones;
	int64_t course;
	bool is_exposing;
	bool is_completed;
	int32_t place; /* among the completed ones of its course, by their ends; 0: it is none */
	size_t visit;  /* index of the visit's first treatment (R13) */
};

#define UNKNOWN_UM (-1)

struct client_walk {
	const struct client_history *history;
	const struct policy *policy;
	wall_ms now;
	struct timeline *timeline;
	struct treatment *treatments; /* by time */
	size_t count;
	const struct completion *done; /* judge/client_done.c */
	size_t done_count;
	int32_t longest_days;  /* no required gap is longer */
	int32_t shortest_days; /* after fewer nothing is due */
};

static inline bool is_in_clinic(const struct treatment *treatment)
{
	return treatment->modality != MODALITY_HOME_ROLLER;
}

/* What findings call it: a session's name, another clinic's sid, a message. */
void treatment_name(const struct treatment *treatment, char *out, size_t out_bytes);

/* --- treatments (judge/client_treatments.c) ------------------------------------------ */

/* False when the arena is full. Sets `visit` of every session of this site. */
bool treatments_merge(struct client_walk *walk);

/* The first treatment that begins at a moment or later; walk->count: none. */
size_t treatments_from(const struct client_walk *walk, event_ms at);

/* --- what was done (judge/client_done.c) ----------------------------------------------- */

/* Sets `place` of every treatment. False when the arena is full. */
bool completions_number(struct client_walk *walk);

/* How many treatments of a course had been completed and were over at a moment, and when
 * the next one was; TIME_NEVER: none. */
int32_t course_completed(const struct client_walk *walk, int64_t course, event_ms at);
event_ms course_next_completed(const struct client_walk *walk, int64_t course, event_ms after);

/* --- plans (judge/client_plans.c) ------------------------------------------------------- */

/* The revisions of one course, within history->plans. */
struct course {
	int64_t no;
	const struct plan *plans;
	size_t count;
};

/* The next course after one; {0} starts. False: there is none. */
bool course_next(const struct client_walk *walk, struct course *course);
bool course_find(const struct client_walk *walk, int64_t no, struct course *course);

/* The client's revision in force. NULL before the first, and while the course is somebody
 * else's. */
const struct plan *course_plan(
    const struct client_walk *walk, const struct course *course, event_ms at);
const struct plan *course_active_plan(
    const struct client_walk *walk, const struct course *course, event_ms at);

/* The first moment after one at which another plan may be in force; TIME_NEVER. */
event_ms course_next_plan(const struct course *course, event_ms after);

/* A finding about a course, since an input. */
struct finding *course_finding(
    const struct client_walk *walk, enum check check, int64_t course, const char *onset);

/* How many sessions a band has: domain 2.2. max 0: no cap. */
struct band_range {
	int32_t min;
	int32_t max;
};
struct band_range band_range_of(const struct policy *policy, int32_t band, event_ms at);

/* --- spacing (judge/client_spacing.c) --------------------------------------------------------- */

/* What somebody wants to treat, and when. */
struct intent {
	event_ms at;
	int32_t day;
	uint32_t zones;
	int64_t course; /* 0: any active plan of the client counts */
	size_t before;  /* only treatments below this index count */
	size_t visit;   /* and none of this visit; SIZE_MAX: all */
};

/* R15: the earlier treatment that allows it latest, and from which day on; NULL: nothing
 * stands against it. */
struct earlier {
	const struct treatment *treatment;
	int32_t required_days;
	int32_t earliest_day;
	uint32_t zones;
};
bool spacing_look_back(
    const struct client_walk *walk, const struct intent *intent, struct earlier *out);
void spacing_fill(
    struct finding *finding, const struct intent *intent, const struct earlier *found);
int32_t spacing_longest_days(const struct client_walk *walk);

void judge_spacing(const struct client_walk *walk);
void judge_bookings(const struct client_walk *walk); /* judge/client_bookings.c */

/* --- courses --------------------------------------------------------------------------------- */

void judge_plans(const struct client_walk *walk);
int32_t clocks_shortest_days(const struct client_walk *walk);
void judge_clocks(const struct client_walk *walk, const struct course *course);
struct course_outlook;
void clocks_outlook(const struct client_walk *walk, const struct course *course,
    struct course_outlook *out); /* phase, last session, window but for spacing */
void judge_progress(const struct client_walk *walk); /* judge/client_progress.c */
void judge_at_home(const struct client_walk *walk);  /* judge/client_home.c */

#endif
