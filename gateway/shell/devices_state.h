/* devices_state.h - what the files of devices share. Not for others.
 *
 *     devices.c          connections: open, read, wait for room, close
 *     devices_session.c  a link's begin and end: CONNECT, SUBSCRIBE, the will; rows
 *     devices_up.c       PUBLISH and wills -> entries of the batch
 *     devices_down.c     a durable batch: acknowledgements and messages for devices
 *     devices_quota.c    what one device may take; beyond, its socket rests
 *     devices_change.c   another configuration
 */
#ifndef SHELL_DEVICES_STATE_H
#define SHELL_DEVICES_STATE_H

#include "base/map.h"
#include "shell/devices.h"
#include "shell/wills.h"

/* What the link waits for until its row is durable. */
enum owed {
	OWED_NOTHING,
	OWED_CONNACK,
	OWED_SUBACK /* or UNSUBACK */
};

struct device_quota;

struct device_link {
	struct id key; /* its connection, as a key of devices->by_conn */
	uint64_t conn;
	struct tls_peer peer;
	struct link_config rules; /* those of when it came */
	struct link link;
	struct buf stash; /* plaintext that came while the batch was full */
	mono_ms armed_at; /* the listener wakes us then */
	struct device_quota *quota;
	mono_ms rests_until;   /* it has sent too much; 0: it does not rest */
	bool is_over_connects; /* it will be refused: it connects too often */

	struct device *device; /* from CONNECT until it ends or a newer link takes over */
	enum owed owed;
	struct link_session session; /* of the CONNACK that it is owed */
	bool is_connected;           /* it is counted */
	bool is_resumed;             /* the link that took over goes on with the session */
	bool is_paused;              /* the listener does not read its socket */
	bool is_waiting;             /* in the list of those that wait for room */
	bool is_dirty;               /* in the list of those that settling touched */
	bool is_ending;              /* the listener was told to close it */
	struct device_link *next_waiting;
	struct device_link *next_dirty;
};

struct devices {
	struct devices_config config;
	struct intake *intake;
	struct listener *listener;
	struct map by_conn;
	struct map quotas; /* struct device_quota by device */
	struct roster *roster;
	struct wills wills;
	size_t connected;            /* links past CONNECT */
	struct device_link *waiting; /* oldest first */
	struct device_link **waiting_end;
	struct device_link *dirty;
	struct devices_counters counters;
	uint64_t told_downs, told_wills; /* losses that the log knows */
	bool is_closing;
	void (*done)(void *ctx);
	void *done_ctx;
};
/* NULL: the connection is gone. */
struct device_link *devices_find(const struct devices *devices, uint64_t conn);

/* Sends what the link has to say and arms what it waits for. */
void devices_flush(struct devices *devices, struct device_link *dl);

/* Flushed when the work in hand is done, once, whatever touched it. */
void devices_mark_dirty(struct devices *devices, struct device_link *dl);
void devices_flush_dirty(struct devices *devices);

/* Whatever comes out of the link. */
void devices_take_event(
    struct devices *devices, struct device_link *dl, const struct link_event *event);

/* --- devices_session.c */
void devices_take_connect(
    struct devices *devices, struct device_link *dl, const struct link_event *event);
void devices_take_subscription(struct devices *devices, struct device_link *dl, int8_t qos);
void devices_take_end(
    struct devices *devices, struct device_link *dl, const struct link_event *event);
void devices_settle_session(struct devices *devices, const struct batch_link *session);

/* Rows that changed, wills that are due, messages that are over: to the batch, as far as
 * there is room. */
void devices_write(struct devices *devices);

/* --- devices_up.c */
void devices_take_publish(
    struct devices *devices, struct device_link *dl, const struct link_event *event);
void devices_take_will(struct devices *devices, const struct will *will);

/* --- devices_down.c: what waits for the device, as much as its link takes now. */
void devices_deliver(struct devices *devices, struct device_link *dl);
void devices_take_out_acked(struct devices *devices, struct device_link *dl, struct packet_ack ack);

/* --- devices_quota.c: of a device, whatever its connection; NULL: no memory. */
struct device_quota *devices_quota_of(struct devices *devices, const struct id *device);
void devices_quota_deinit(struct devices *devices);
void devices_charge_connect(struct devices *devices, struct device_link *dl);
void devices_charge(
    struct devices *devices, struct device_link *dl, int64_t messages, int64_t bytes);

/* True: it has to rest, until dl->rests_until. */
bool devices_is_over_quota(struct devices *devices, struct device_link *dl);

#endif
