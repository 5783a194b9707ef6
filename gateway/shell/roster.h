/* roster.h - every device that has something here: a connection, a session, a message.
 *
 * What:    the sessions (MQTT's word for what outlives a connection: here expiry and
 *          subscription), as the store has them or will have them with the next batch,
 *          and the messages that wait. Read from the store once, then kept in step.
 * Promise: P1 for sessions: whoever is told to wait answers the device only when
 *          roster_waits() is false again: what a device has heard survives kill -9. A
 *          session without expiry needs no row, so its device needs not wait.
 * Bounds:  the registry: only a device that proved its identity is let in (P6).
 * Memory:  a device stays where it is until roster_leave() finds nothing of it. Rows
 *          to write are a list through the devices.
 * Time:    wall times, given by the caller. Pure.
 */
#ifndef SHELL_ROSTER_H
#define SHELL_ROSTER_H

#include "base/map.h"
#include "mqtt/link_event.h"
#include "shell/downlink.h"

struct device_link;

struct device {
	struct batch_link session; /* its id is the device's */
	bool is_changed;           /* in the list of rows to write */
	unsigned under_way;        /* batches that have a row of it */
	struct device *next_changed;
	struct device_link *link; /* the caller's: its newest connection, or NULL */
	struct downlink_queue downs;
};

struct roster_counters {
	uint64_t resumed; /* CONNECTs that found their session */
	uint64_t expired; /* sessions */
};

struct roster {
	struct map by_id; /* struct device */
	struct device *changed;
	struct device **changed_end;
	struct downlink downlink;
	struct roster_counters counters;
};

void roster_init(struct roster *roster);
void roster_deinit(struct roster *roster);

/* What the store knows, when it has been opened. */
enum cp_err roster_put_session(
    struct roster *roster, const struct batch_link *session) CP_MUST_CHECK;
enum cp_err roster_put_message(struct roster *roster, const struct batch_down *down) CP_MUST_CHECK;

struct device *roster_find(const struct roster *roster, const struct id *id); /* or NULL */
struct device *roster_meet(struct roster *roster, const struct id *id);       /* NULL: no memory */

/* Forgets it if nothing is left of it. */
void roster_leave(struct roster *roster, struct device *device);

/* True: the answer waits for the row. */
bool roster_connect(struct roster *roster, struct device *device, bool is_clean, uint32_t expiry_s,
    wall_ms now, struct link_session *out);
bool roster_subscribe(struct roster *roster, struct device *device, int8_t qos);

/* Its connection has ended; with `expiry_s` 0 the session, too. */
void roster_disconnect(
    struct roster *roster, struct device *device, uint32_t expiry_s, wall_ms now);

/* Sessions whose time is over end: the next of them, or NULL. */
struct device *roster_next_ended(struct roster *roster, size_t *at, wall_ms now);

/* Forgets everybody of whom nothing is left. */
void roster_tidy(struct roster *roster);

/* The next row to write, as it is now, or NULL. Later changes are another one. */
struct device *roster_next_change(struct roster *roster);

/* A row of it is durable. */
void roster_written(struct device *device);

/* The store does not say yet what the roster says. */
bool roster_waits(const struct device *device);

#endif
