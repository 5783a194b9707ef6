/* aggregate.h - what one civil day of a device, an operator or the site adds up to (domain
 * section 6).
 *
 * What:    counts only; who loads the day has found what belongs to it. A session counts once
 *          it is over, for the day of its start; its time is split at midnight.
 * Not:     tests, what was voided (R21), what nobody can date (R18).
 * Days:    have 23, 24 or 25 hours: every span is clipped by its instants.
 * Memory:  arrays are borrowed and put in order.
 */
#ifndef CARE_REPORT_AGGREGATE_H
#define CARE_REPORT_AGGREGATE_H

#include "care/session.h"
#include "care/time/opening.h"

#include "report.pb-c.h"

struct day_session {
	struct session session;
	struct facts words;   /* ENDs and emergency stops that its device told */
	bool is_unauthorised; /* and nobody has linked it since */
};

/* A number that may be unknown: then it is left out. */
struct known_count {
	bool is_known;
	uint32_t count;
};

struct aggregate_input {
	const struct policy *policy;
	int32_t day;
	const struct day_session *sessions; /* that began on it or reach into it */
	size_t session_count;
	uint32_t left_out;   /* that are beyond what is counted of one day */
	struct span *spans;  /* room for session_count */
	bool is_of_operator; /* then the stops of the sessions count, else */
	uint32_t stops;      /* those of the devices on that day, in sessions or not */

	/* Local numbers of the cartridges that met the skin in those that began on it; as often
	 * as they did. */
	int64_t *carts;
	size_t cart_count;

	/* Of the site alone. */
	struct known_count billed;         /* cartridges */
	struct known_count no_shows;       /* appointments */
	struct known_count certs_expiring; /* within 30 days */
	struct known_count carts_expiring; /* in stock, within 60 days */
};

/* The treatment as it counts for the time that a device was busy: what ends later than a
 * session can last was not at work until then. */
struct span aggregate_span(const struct session *session);

/* Is it over, and known to have taken place on some day? */
bool aggregate_counts(const struct session *session);

/* Without device, and, as who sends it adds them (P10), without site, time zone and token. */
void aggregate_fill(Carepace__V1__AggDay *out, const struct aggregate_input *input);

#endif
