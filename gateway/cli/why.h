/* why.h - everything that explains one alert; gathered once, told twice. */
#ifndef CLI_WHY_H
#define CLI_WHY_H

#include "cli/source.h"
#include "ledger/view/session.h"

struct why_session {
	struct view_session view;
	struct cart_use *uses;
	size_t use_count;
	bool is_subject; /* the session that the alert speaks about */
};

struct why {
	const struct cli_source *source;
	struct view_alert row;
	struct policy policy; /* the clinic's */
	const struct check_row *check;
	struct why_session sessions[1 + FINDING_RELATED_MAX];
	size_t session_count;
	struct view_correction *corrections; /* of these sessions, then of the client (R21) */
	size_t correction_count;
	size_t correction_cap;
	bool has_plan; /* of the course, in force when the condition began to hold */
	struct plan plan;
};

void why_print_text(const struct why *why, struct arena *arena);
void why_print_json(const struct why *why);

/* "session a2a2a2a2 belongs to client c2c2c2, not to c1c1c1" */
#define WHY_CORRECTION_BYTES 160
const char *why_correction_text(
    const struct view_correction *correction, char out[WHY_CORRECTION_BYTES]);

#endif
