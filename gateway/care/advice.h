/* advice.h - what a device is told while its session runs (R11, R19).
 *
 * The verdict answers a start. What comes up later, or is over, is an ADVISE: of the
 * checks that watch the treatment, and of start-time results that news from elsewhere
 * brought once the session had left OFFERED. Never twice for the same state: what the
 * device knows of an alert is kept beside it.
 */
#ifndef CARE_ADVICE_H
#define CARE_ADVICE_H

#include "care/alert.h"
#include "care/session.h"

/* What the device knows of an alert: 0 nothing, or that it is over; +severity by ADVISE;
 * -severity: it needs no ADVISE, its verdict told it or it was no news. Stored. */
struct advice {
	int knows; /* from now on */
	bool is_sent;
	bool is_on;
};

enum advice_news {
	ADVICE_QUIET,          /* the change came by late data: never a device command (R11) */
	ADVICE_BESIDE_VERDICT, /* start-time results are told by a first verdict */
	ADVICE_LOUD
};

/* Pure; the session is open. */
struct advice advice_of(
    const struct alert *alert, const struct session *session, int knows, enum advice_news news);

/* Found while the session ran, not at its start: none of the verdict's business. */
bool finding_is_during(const struct finding *finding, event_ms start);

#endif
