/* cartridge.h - what the files of judge_cartridge share. Not for other rooms.
 *
 * Uses elsewhere (CART_HISTORY, CART_SEEN) are events: they say themselves when they
 * were, so the newest revision counts at any moment. One whose sid is among our own
 * uses is an echo and changes nothing (domain 9.4).
 */
#ifndef CARE_JUDGE_CARTRIDGE_H
#define CARE_JUDGE_CARTRIDGE_H

#include "care/judge.h"

/* An exposing use in another clinic. */
struct sighting {
	struct id sid;
	int64_t client; /* local number, 0: not told */
	event_ms start;
};

struct cart_judging {
	const struct cartridge_history *history;
	const struct policy *policy;
	wall_ms now;
	struct timeline *timeline;
	const bool *is_first; /* of each use: the first exposure of its visit */
	const struct sighting *sightings;
	size_t sighting_count;
	char name[40]; /* "04012345678901/1001", of a home roller its serial: the subject */
};

/* What an attach finds behind it. */
struct reuse {
	int64_t visits;    /* earlier visits with exposure, anywhere */
	bool is_other;     /* one of them another's, or nobody knows whose */
	bool is_continued; /* this visit used the cartridge before: its pulses are its own */
	struct id related[FINDING_RELATED_MAX]; /* sids */
	size_t related_count;
};

/* Of what is attached a second time: CART_REUSE, of rollers ROLLER_LIFE. */
void judge_reuse(const struct cart_judging *j, size_t at, const struct reuse *reuse);
void judge_clinic_roller(const struct cart_judging *j, size_t at, const struct reuse *reuse);

void judge_tips(const struct cart_judging *j);
void judge_home_roller(const struct cart_judging *j);
void judge_billing(const struct cart_judging *j);

#endif
