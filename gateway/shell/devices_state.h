/* devices_state.h - what the files of devices share. Not for others.
 *
 *     devices.c       connections: open, read, wait for room, close
 *     devices_up.c    a link's events: CONNECT, PUBLISH -> entry of the batch
 *     devices_down.c  a durable batch: acknowledgements and messages for devices
 */
#ifndef SHELL_DEVICES_STATE_H
#define SHELL_DEVICES_STATE_H

#include "base/map.h"
#include "shell/devices.h"

struct device_link {
	struct id key; /* its connection, as a key of devices->by_conn */
	uint64_t conn;
	struct tls_peer peer;
	struct link link;
	struct buf stash;  /* plaintext that came while the batch was full */
	mono_ms armed_at;  /* the listener wakes us then */
	bool is_connected; /* CONNECT was accepted: it stands in by_device */
	bool has_kept;     /* the downlink may hold messages for it: newer ones go behind them */
	bool is_paused;    /* the listener does not read its socket */
	bool is_waiting;   /* in the list of those that wait for room */
	bool is_dirty;     /* in the list of those that settling touched */
	bool is_ending;    /* the listener was told to close it */
	struct device_link *next_waiting;
	struct device_link *next_dirty;
};

struct devices {
	struct devices_config config;
	struct intake *intake;
	struct listener *listener;
	struct map by_conn;
	struct map by_device;
	struct downlink downlink;
	struct device_link *waiting; /* oldest first */
	struct device_link **waiting_end;
	struct device_link *dirty;
	struct devices_counters counters;
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

/* devices_up.c */
void devices_take_event(
    struct devices *devices, struct device_link *dl, const struct link_event *event);

/* devices_down.c: what was kept for the device, as much as its link takes now. */
void devices_deliver_kept(struct devices *devices, struct device_link *dl);

#endif
