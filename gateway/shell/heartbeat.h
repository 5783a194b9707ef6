/* heartbeat.h - feeds the service manager's watchdog while every thread answers.
 *
 * What:    twice in the time that the unit allows (WatchdogSec) each part is asked. A part
 *          that was silent for more beats than it may ends the feeding, so that the service
 *          manager kills the program and starts it again: what was acknowledged is on disk
 *          (P1), devices send the rest once more. One that answers again is fed again.
 *          The loop is watched by being the one who feeds.
 * Not:     a judge of slowness: being offline for weeks, a full disk or a slow one are no
 *          hangs, and a part has patience for what may hold it up (heartbeat_watch()).
 * Threads: the loop's only.
 * Memory:  the caller owns struct heartbeat; it stays until its handle is closed.
 */
#ifndef SHELL_HEARTBEAT_H
#define SHELL_HEARTBEAT_H

#include "base/time.h"

#include <stdbool.h>
#include <uv.h>

#define HEARTBEAT_PARTS_MAX 4

/* How many beats in a row it may be silent. With WatchdogSec=30 a beat is 15 s: a batch may
 * wait a minute for a slow disk, the MQTT library two minutes for a name server. */
#define HEARTBEAT_STORE_BEATS 4
#define HEARTBEAT_OFFICE_BEATS 8
#define HEARTBEAT_WEB_BEATS 8

/* True when it has answered since it was asked last; asks again. */
typedef bool heartbeat_fn(void *part);

struct heartbeat_part {
	const char *name; /* "the store": for the log */
	heartbeat_fn *answers;
	void *part;
	unsigned beats_max;
	unsigned silent_beats;
};

struct heartbeat {
	uv_timer_t timer;
	mono_ms interval_ms; /* 0: nobody wants to be fed */
	struct heartbeat_part parts[HEARTBEAT_PARTS_MAX];
	size_t count;
};

void heartbeat_start(struct heartbeat *heartbeat, uv_loop_t *loop);

/* `name` and `part` are borrowed until heartbeat_stop(). */
void heartbeat_watch(struct heartbeat *heartbeat, const char *name, heartbeat_fn *answers,
    void *part, unsigned beats_max);

/* Nobody is asked any more; run the loop until the handle is closed. */
void heartbeat_stop(struct heartbeat *heartbeat);

#endif
