/* failures.h - how often the store has failed lately (P11).
 *
 * What:    a file "failures" beside the store: the wall time of each of the last
 *          failures, a line each. So the count survives the restarts that they cause,
 *          whoever does these.
 * Rule:    FAILURES_MAX within FAILURES_WINDOW_MS: rest until the first of them is older.
 *          A person who has mended the disk deletes the file.
 * Clock:   times in the future are of a clock that was wrong, and do not count.
 * Fails:   never: a disk that takes no line will not let the store be opened either.
 */
#ifndef IO_FAILURES_H
#define IO_FAILURES_H

#include "base/time.h"

#define FAILURES_FILE_NAME "failures"
#define FAILURES_MAX 3
#define FAILURES_WINDOW_MS (10 * MS_PER_MINUTE)

void failures_add(const char *folder, wall_ms now);

/* In the past or `now`: go on. */
wall_ms failures_rest_until(const char *folder, wall_ms now);

/* "the store in ... has failed 3 times within ten minutes": half a sentence; returns `out`. */
#define FAILURES_TEXT_BYTES 256
const char *failures_text(char out[FAILURES_TEXT_BYTES], const char *folder);

#endif
