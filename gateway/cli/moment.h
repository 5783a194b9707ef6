/* moment.h - a time that may be in doubt, said alike everywhere (R18).
 *
 * People read "~2026-11-23 01:00" and, under the table, what the mark stands for (output.h);
 * programs read "<name>_in_doubt" beside "<name>_at".
 */
#ifndef CLI_MOMENT_H
#define CLI_MOMENT_H

#include "cli/output.h"
#include "cli/source.h"

struct time_told {
	int64_t at;
	bool is_in_doubt;
};

/* What this box has stamped: when an alert was raised, when something was heard. */
struct time_told moment_stamped(const struct cli_source *source, wall_ms at);

/* When a session began, by the clock that dated it. */
struct time_told moment_of_start(const struct session *session);

/* Each returns `out`. */
const char *moment_short(const struct zone *zone, struct time_told moment, char out[WHEN_BYTES]);
const char *moment_long(const struct zone *zone, struct time_told moment, char out[WHEN_BYTES]);

void json_put_moment(
    json_t *object, const char *name, const struct zone *zone, struct time_told moment);

#endif
