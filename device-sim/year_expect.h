/* year_expect.h - what the gateway must have found, by the plan.
 *
 * What:    who plans a violation writes down here what domain.md says of it: the alert's
 *          name, its times, values and end, and when it must have been raised. What is not
 *          written down is false. Verdicts likewise.
 * Not:     a judge: nothing here looks at what was said.
 * Memory:  in the tape's arena.
 */
#ifndef SIM_YEAR_EXPECT_H
#define SIM_YEAR_EXPECT_H

#include "year_tape.h"

/* A moment: of its own, or so long after something was said (as R18 dates it). */
struct when {
	const struct saying *said;
	int64_t ms;
};

#define AT(at_ms) ((struct when){.ms = (at_ms)})
#define WHEN(saying) ((struct when){.said = (saying)})
#define AFTER(saying, after_ms) ((struct when){.said = (saying), .ms = (after_ms)})
#define STILL ((struct when){.ms = TIME_NEVER}) /* it holds */
#define UNSAID ((struct when){.ms = -1})        /* domain.md leaves it open */

enum answer {
	ANSWER_NONE,
	ANSWER_PERMIT,
	ANSWER_ADVISE,
	ANSWER_REQUIRE_OVERRIDE,
	ANSWER_DENY,
};

/* Strings and sayings are borrowed. Of subject and onset one form each is given: the text
 * of the key (R9), or the saying whose name it is. */
struct expected {
	Carepace__V1__Check check;
	const char *subject;
	const struct saying *subject_said;
	const char *onset;
	const struct saying *onset_said;
	Carepace__V1__Severity severity;
	int64_t value, limit;
	bool has_no_value; /* the plan does not know it */
	struct when from, until;
	const struct saying *raised_by; /* its arrival raises it, and */
	event_ms raised_ms;             /* not before this */
	bool is_timed;                  /* nor before `from` */
	const char *state;              /* "RAISED" ... in the end */
	const char *persona;
	bool is_optional; /* whether it is seen depends on how the messages came in */
};

struct expected_verdict {
	struct id sid;
	const char *name; /* "<sid>/<device>" */
	const struct saying *start;
	enum answer answer; /* in the end; NONE: too late for one (R19) */
	const char *persona;
};

struct expectations {
	struct tape *tape;
	event_ms until; /* the end of the plan: what is due later is not seen */
	struct expected *alerts;
	size_t count, cap;
	struct expected_verdict *verdicts;
	size_t verdict_count, verdict_cap;
};

/* Left out: onset "", state: CLEARED if it has an end, else RAISED; raised: by `from`. Valid
 * until the next one. NULL when it would be raised after the end of the plan. */
struct expected *expect(struct expectations *all, const struct expected *expected);
void expect_verdict(struct expectations *all, const struct expected_verdict *verdict);

/* After the tape was numbered: one JSON object a line. */
enum cp_err expectations_write(
    const struct expectations *all, const char *path, struct pki_error *error) CP_MUST_CHECK;

#endif
