/* wills.h - what devices left to be said in their name.
 *
 * What:    a will waits here for its delay, and for room in the batch. It goes up like
 *          a PUBLISH of its device, owed no answer. Not kept over a restart: the
 *          devices come back, and what ended was the gateway.
 * Bounds:  WILLS_BYTES_MAX; what comes beyond is lost, counted (P6, P8). A device has
 *          at most one that waits for its delay.
 * Memory:  a will's bytes are copied; the struct is the caller's.
 * Time:    `now` is an argument. Pure.
 */
#ifndef SHELL_WILLS_H
#define SHELL_WILLS_H

#include "base/id.h"
#include "base/time.h"

#define WILLS_BYTES_MAX (4U << 20)

struct will {
	struct will *next;
	struct id device;
	bool is_tablet;
	mono_ms due_at;
	size_t len;
	uint8_t payload[];
};

struct wills_counters {
	uint64_t cancelled; /* the device came back before the delay was over */
	uint64_t dropped;   /* the limit, or no memory */
};

struct wills {
	struct will *first; /* due first */
	size_t bytes;
	struct wills_counters counters;
};

void wills_deinit(struct wills *wills); /* safe on a zeroed struct, which is empty */

void wills_keep(struct wills *wills, const struct id *device, bool is_tablet, struct slice payload,
    mono_ms due_at);

/* The device is back in its session [MQTT-3.1.3-9]; or the session has ended. What was
 * due already goes up in both cases. */
void wills_cancel(struct wills *wills, const struct id *device, mono_ms now);
void wills_hurry(struct wills *wills, const struct id *device, mono_ms now);

/* One that is due, or NULL; wills_done() when it has gone up. */
struct will *wills_next(const struct wills *wills, mono_ms now);
void wills_done(struct wills *wills, struct will *will);

#endif
