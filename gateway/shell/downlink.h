/* downlink.h - messages for devices that are not there, or not ready, just now.
 *
 * A message waits until its device subscribes or until it is worthless (R19: a
 * verdict 2 s). Bounded: DOWNLINK_DEVICE_MAX messages of one device; beyond, its
 * oldest goes, so that no device takes another's place. DOWNLINK_MAX in all;
 * beyond, the one that expires first goes. Both counted (P8). Kept in memory: what
 * is still worth something after a restart comes with step B.
 * Loop thread only; times are wall times, given by the caller.
 */
#ifndef SHELL_DOWNLINK_H
#define SHELL_DOWNLINK_H

#include "base/err.h"
#include "base/id.h"
#include "base/time.h"

#define DOWNLINK_MAX 1024
#define DOWNLINK_DEVICE_MAX 16

struct downlink_message {
	struct id device;
	wall_ms expires_at;
	uint8_t *bytes; /* owned */
	size_t len;
};

struct downlink_counters {
	uint64_t expired;
	uint64_t dropped; /* no room, no memory */
};

struct downlink {
	struct downlink_message items[DOWNLINK_MAX]; /* in the order they came */
	size_t count;
	struct downlink_counters counters;
};

void downlink_deinit(struct downlink *downlink); /* safe on a zeroed struct, which is empty */

void downlink_keep(
    struct downlink *downlink, const struct id *device, struct slice payload, wall_ms expires_at);

/* The oldest message for the device that is still worth something, or NULL.
 * Valid until the next call; downlink_drop() when it was sent. */
const struct downlink_message *downlink_next(
    struct downlink *downlink, const struct id *device, wall_ms now);
void downlink_drop(struct downlink *downlink, const struct downlink_message *message);

/* Seconds left, rounded up, at least 1: MQTT's message expiry. */
uint32_t downlink_expiry_s(wall_ms expires_at, wall_ms now);

#endif
