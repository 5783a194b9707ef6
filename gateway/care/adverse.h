/* adverse.h - what is known of adverse events: the codes, and a case as it was told.
 *
 * What:   the table of domain section 4 (its numbers are parameters), and the merge of
 *         reports and updates: what an update leaves out stays. Pure.
 * Order:  of the messages by (event time, source, boot, seq), like everything judged.
 */
#ifndef CARE_ADVERSE_H
#define CARE_ADVERSE_H

#include "care/fact.h"
#include "care/policy.h"

enum adverse_class {
	ADVERSE_UNKNOWN,    /* nobody has said what it is */
	ADVERSE_EXPECTED,   /* resolves by itself in days or weeks */
	ADVERSE_WATCH,      /* the same, but no expected effect */
	ADVERSE_UNEXPECTED, /* not urgent */
	ADVERSE_URGENT,
	ADVERSE_SERIOUS
};

#define ADVERSE_NO_DAY (-1)

/* A row of the table as in force at a moment. Days since the session, its own day is 0;
 * ADVERSE_NO_DAY where the class has none. */
struct adverse_code {
	enum adverse_class class;
	int32_t until_day;    /* expected until, inclusive */
	int32_t escalate_day; /* to a dermatologist after */
};

struct adverse_code adverse_code(
    const struct policy *policy, Carepace__V1__AeCode code, bool is_rf, event_ms at);

/* A case as it stands after some messages. */
struct adverse_case {
	struct id sid; /* of the session blamed; zero: none named */
	Carepace__V1__AeCode code;
	Carepace__V1__Seriousness serious;
	uint32_t zones; /* set of zone bits */
	bool is_resolved;
	unsigned reported; /* set of 1 << ReportedTo */
	bool has_onset;
	bool has_aware;
	event_ms onset;
	event_ms aware;
};

void adverse_tell(struct adverse_case *told, const struct reading *reading);

#endif
