/* progress.h - a bar on stderr while something long works.
 *
 * Only on a terminal; elsewhere nothing is printed. Drawn anew at most some times a second.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "base/time.h"

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *doing; /* "replaying" */
	int64_t total;
	mono_ms drawn_at;
	bool is_shown;
};

void progress_begin(struct progress *progress, const char *doing, int64_t total);
void progress_at(struct progress *progress, int64_t done);
void progress_end(struct progress *progress); /* takes it off the screen */

#endif
