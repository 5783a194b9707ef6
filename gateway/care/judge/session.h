/* session.h - what the files of judge_session share. Not for other rooms.
 *
 * Rules:  a check that starts with the session is judged by what was known at
 *         session->start: facts_holding(), facts_last(). What cleared it later is
 *         finding_clear_by()'s. Without a START there is no verdict to give and
 *         nothing is known but the stream (R23).
 * R16:    a missing input is never a silent pass: judge_missing() says so once per
 *         group.
 */
#ifndef CARE_JUDGE_SESSION_H
#define CARE_JUDGE_SESSION_H

#include "care/judge.h"

struct judging {
	const struct session_history *history;
	const struct session *session;
	const struct scene *scene;
	const struct policy *policy;
	wall_ms now;
	struct timeline *timeline;
};

/* What was known when the session began. The device's own last word; NULL: it never said
 * HELLO. Its model by HELLO, else as head office has it; false: nobody said. The profile
 * of that model, NULL: none is on file. The client's flags, NULL: none or no client. */
const Carepace__V1__Hello *judging_hello(const struct judging *j);
bool judging_model(const struct judging *j, uint32_t *model);
const Carepace__V1__ModelProfile *judging_profile(const struct judging *j);
const Carepace__V1__ClientFlags *judging_flags(const struct judging *j);

/* The operator's certificate for this device that holds at a moment, valid or not (see
 * valid_through_date); of several the one good for longest. NULL: none. */
const Carepace__V1__Cert *judging_cert(const struct judging *j, event_ms at);

/* finding_clear_by() for what may be said of a time to come: it clears then. */
void judge_clear_by(const struct judging *j, struct finding *finding, event_ms event);

/* R16: DATA_MISSING, once per group, however many checks lack it. */
#define MISSING_START "start"
#define MISSING_CLIENT "client"
#define MISSING_OPERATOR "operator"
#define MISSING_FLAGS "flags"
#define MISSING_PROFILE "model profile"
#define MISSING_ZONES "zones"
#define MISSING_END "end"     /* it tells one that cannot be */
#define MISSING_CLOCK "clock" /* nobody knows its date (R18) */
void judge_missing(const struct judging *j, const char *group);

void judge_data(const struct judging *j);        /* DATA_MISSING of what all need */
void judge_eligibility(const struct judging *j); /* 8.2 */
void judge_people(const struct judging *j);      /* 8.7 */
void judge_overlap(const struct judging *j);     /* 8.3, 8.7: in two clinics at once */
void judge_dose(const struct judging *j);        /* 8.3, SKIN_TYPE_LIMIT */
void judge_aftercare(const struct judging *j);   /* 8.1 */
void judge_carts(const struct judging *j);       /* 8.4 */
void judge_readiness(const struct judging *j);   /* 8.5 */

#endif
