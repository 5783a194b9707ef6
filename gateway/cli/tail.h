/* tail.h - `carepace tail`: what happens, as it happens.
 *
 * How:     looks at the store and asks the running gateway, again and again, and tells what is
 *          another than before. So the gateway does not know who follows: a reader who is
 *          slow, or a thousand of them, hold nobody up; what a reader has missed is still in
 *          the store and is told when the reader goes on.
 * Bounds:  TAIL_BATCH news a look; TAIL_SESSIONS sessions whose end is awaited: of more the
 *          end is not told, and that is said. Of more than DAEMON_DEVICES_MAX devices only
 *          the number is told.
 */
#ifndef CLI_TAIL_H
#define CLI_TAIL_H

#include "cli/daemon.h"
#include "cli/source.h"

#define TAIL_LOOK_MS 500
#define TAIL_BATCH 200
#define TAIL_SESSIONS 256
#define TAIL_OPEN 4096

struct tail_session {
	int64_t no;
	uint32_t verdict_rev; /* as told */
};

struct tail {
	struct cli_options options;
	const char *device_word;
	enum check check; /* 0: all */
	enum severity severity;

	struct cli_source *source;
	bool has_device;
	struct id device;
	wall_ms now;

	/* As it was told last. */
	struct daemon daemon;
	int64_t last_session;
	struct tail_session running[TAIL_SESSIONS];
	size_t running_count;
	wall_ms raised_since;
	struct id raised[TAIL_BATCH]; /* then or later, told */
	size_t raised_count;
	struct id open[TAIL_OPEN]; /* sorted */
	size_t open_count;
};

/* A look at the store; the first one tells nothing. False: it cannot be read. */
bool tail_look_at_store(struct tail *tail, bool is_first);

/* One line. */
void tail_tell_alert(const struct tail *tail, const char *what, const struct view_alert *row);
void tail_tell_session(const struct tail *tail, const char *what, int64_t no);
void tail_tell_device(const struct tail *tail, const char *what, const struct id *device);
void tail_tell(const struct tail *tail, const char *what, const char *text); /* of the box */

#endif
