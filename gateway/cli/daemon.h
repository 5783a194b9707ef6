/* daemon.h - what the running gateway says of itself when it is asked for its status. */
#ifndef CLI_DAEMON_H
#define CLI_DAEMON_H

#include "base/id.h"
#include "base/time.h"

#include <stddef.h>

#define DAEMON_TEXT_BYTES 1000
#define DAEMON_DEVICES_MAX 64 /* as shell/numbers.h */

struct daemon {
	bool is_running;
	char silence[DAEMON_TEXT_BYTES]; /* why it said nothing, when it is not */
	char version[40];
	int64_t pid;
	wall_ms started_at;
	bool is_ready;
	char why_not[DAEMON_TEXT_BYTES];
	int64_t connected;
	int64_t registered;
	bool is_clock_in_doubt;
	bool has_head_office;
	bool is_head_office_connected;
	int64_t head_office_down_ms;
	struct id devices[DAEMON_DEVICES_MAX]; /* of those connected, in no order */
	size_t device_count;
};

/* The one that runs on the store in `folder`. */
void daemon_ask(const char *folder, struct daemon *out);

#endif
