/* catalogue.h - one row per check: what it is, who acts, what clears it, what people read.
 *
 * What:   the single description of the checks of domain section 8. `carepace
 *         checks`, the manual, sentences, verdicts and reports read it. The
 *         condition itself is one static function in judge_<subject>.c, its numbers
 *         are in care/parameter.h.
 * Where:  a section of the domain each: checks/spacing.c (8.1), checks/eligibility.c,
 *         checks/dose.c, checks/consumables.c, checks/device.c, checks/events.c,
 *         checks/people.c, checks/gateway.c (8.8).
 * Names:  the numbers are the wire contract's (enum Check in telemetry.proto).
 */
#ifndef CARE_CATALOGUE_H
#define CARE_CATALOGUE_H

#include "base/err.h"
#include "care/check.h"

#include <stdbool.h>
#include <stddef.h>

/* What a finding speaks about: enum Subject of telemetry.proto. */
enum about {
	ABOUT_SESSION = 1,
	ABOUT_COURSE,
	ABOUT_BOOKING,
	ABOUT_EVENT, /* the reported event: a product, an assessment, a roller use */
	ABOUT_CARTRIDGE,
	ABOUT_ROLLER,
	ABOUT_DEVICE,
	ABOUT_CASE,
	ABOUT_LOT,
	ABOUT_CERTIFICATE,
	ABOUT_GATEWAY
};

/* When a check is judged (domain section 8, column When), as a set. */
enum {
	WHEN_START = 1 << 0, /* counts for the verdict (R19) */
	WHEN_DURING = 1 << 1,
	WHEN_END = 1 << 2,
	WHEN_TIMER = 1 << 3, /* never late (R11) */
	WHEN_EVENT = 1 << 4
};

/* What closes its alert (column Clears, R20). */
enum check_clears {
	CLEARS_BY_ACK,       /* latched: an acknowledgement, once the condition is over */
	CLEARS_BY_CONDITION, /* live: the condition goes or the named event comes */
	CLEARS_AT_ONCE,      /* an event: from = until, never open ("auto") */
};

/* Who acts (column Who), as a set. */
enum {
	WHO_OPERATOR = 1 << 0,
	WHO_CLINICIAN = 1 << 1,
	WHO_MANAGER = 1 << 2,
	WHO_SERVICE = 1 << 3,
	WHO_HEAD_OFFICE = 1 << 4,
	WHO_PRIVACY = 1 << 5,
	WHO_CLIENT = 1 << 6,
};

/* Of value and limit: enum Unit of report.proto. */
enum check_unit {
	IN_NOTHING,
	IN_COUNT,
	IN_DAYS,
	IN_MS,
	IN_UM,
	IN_DHZ,
	IN_KHZ,
	IN_MW,
	IN_UJ,
	IN_US,
	IN_CDEGC,
	IN_OHM,
	IN_PERMILLE,
	IN_PERCENT,
	IN_DATE,
	IN_VERSION,
	IN_CODE
};

struct check_row {
	enum check check;
	const char *name;
	enum about about;
	unsigned when;
	enum check_clears clears;
	unsigned who;
	enum check_unit unit;
	bool is_liveness;       /* depends on arrival by nature: never recounted (P4) */
	const char *condition;  /* for people, with the default and its source */
	const char *cleared_by; /* completes "cleared by ..." */

	/* What the therapist reads, by severity; [0] is for those without one of their
	 * own. A template: care/sentence.h has its words. */
	const char *sentence[SEVERITY_COUNT];
};

/* A section of the domain. */
struct check_section {
	const char *title;
	const struct check_row *rows; /* ordered by number */
	size_t count;
};

#define CHECK_SECTIONS 8
extern const struct check_section *const catalogue[CHECK_SECTIONS];

extern const struct check_section checks_spacing;
extern const struct check_section checks_eligibility;
extern const struct check_section checks_dose;
extern const struct check_section checks_consumables;
extern const struct check_section checks_device;
extern const struct check_section checks_events;
extern const struct check_section checks_people;
extern const struct check_section checks_gateway;

/* The row after `row` in the order of the numbers; of NULL the first, of the last
 * NULL. */
const struct check_row *catalogue_next(const struct check_row *row);

/* NULL for a number that is not in the catalogue. */
const struct check_row *catalogue_find(enum check check);
const struct check_row *catalogue_find_name(const char *name);

const char *about_name(enum about about);          /* "session" */
const char *check_unit_name(enum check_unit unit); /* "days", "um"; "" for nothing */

/* "MEDIUM"; and for a set of WHO_ bits "OP, CL" into `out`. */
const char *severity_name(enum severity severity);
#define WHO_NAMES_BYTES 40
const char *who_names(unsigned who, char out[WHO_NAMES_BYTES]);

#endif
