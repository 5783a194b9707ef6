/* summary.h - a session that is over, as head office reads it (domain 9.3).
 *
 * Pure. Site, time zone and tokens are not in it: who sends it adds them (P10).
 */
#ifndef CARE_REPORT_SUMMARY_H
#define CARE_REPORT_SUMMARY_H

#include "care/history.h"

#define SUMMARY_CARTS_MAX 16

struct summary_input {
	const struct session *session;
	struct facts facts; /* said by its device; the stream is in the session's fold */
	const struct cart_use *uses;
	size_t use_count;
	struct id visit;    /* sid of the visit's first session; zero: not known */
	int decision;       /* of the last verdict given; 0: none was */
	uint32_t overrides; /* of its alerts */
};

/* A message with room for what it points to; `input` must outlive it. */
struct summary {
	Carepace__V1__SessionSummary message;
	Carepace__V1__SessionEnd end;
	Carepace__V1__Cartridge carts[SUMMARY_CARTS_MAX];
	Carepace__V1__Cartridge *cart_pointers[SUMMARY_CARTS_MAX];
};

void summary_fill(struct summary *summary, const struct summary_input *input);

#endif
