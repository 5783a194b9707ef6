/* device.h - what one benchmarked device wants to say, and when.
 *
 * A talker says HELLO, starts a session and then sends SAMPLES of it. A starter
 * tells sessions of PAST_DAYS ago from its buffer, one for each client that it
 * will treat, and then starts a session with each of them when the time comes:
 * too soon, so that every VERDICT has something to judge.
 *
 * Two phases: what prepares is sent as fast as it is acknowledged; what is
 * measured is due at times that do not depend on the server's answers. A message
 * that had to wait counts from when it was due.
 */
#ifndef BENCH_DEVICE_H
#define BENCH_DEVICE_H

#include "client.h"
#include "series.h"
#include "speech.h"

enum device_role {
	DEVICE_TALKER,
	DEVICE_STARTER,
	DEVICE_RELAY, /* only listens, to what all say */
	DEVICE_PROBE, /* only pings */
};

struct device {
	struct client client; /* first: a client is its device */
	enum device_role role;
	size_t in_flight_max;
	struct voice voice;
	struct id session; /* that runs */
	uint32_t prepared; /* messages of the first phase said */
	uint32_t starts;   /* sessions that a starter will start */
	uint32_t started;
	bool has_to_end; /* the session got its VERDICT */
	bool is_measured;
	int64_t verdict_due_ns; /* of the session that waits for VERDICT; 0 = none */
	int64_t *due_ns;        /* a queue: one entry for each message that is due */
	size_t due_from;
	size_t due_count;
	size_t due_cap;
};

/* Pings are due at fixed times: one that waits lets those behind it wait as well. */
struct probe {
	int64_t interval_ns;
	int64_t due_ns; /* of the oldest that is not answered */
	bool is_out;
	struct series pings;
};

struct tally { /* of all devices together */
	uint64_t acknowledged;
	uint64_t measured;  /* SAMPLES acknowledged */
	uint64_t relayed;   /* to the relay */
	uint64_t advised;   /* VERDICTs that were no PERMIT */
	uint64_t out_bytes; /* of SAMPLES */
	struct series acks;
	struct series verdicts;
};

void device_init(
    struct device *device, enum device_role role, size_t in_flight_max, const struct id *id);
void device_deinit(struct device *device);

/* SAMPLES, or the next session of a starter, is due. */
void device_due(struct device *device, int64_t at_ns);

/* Says what can be said now. */
void device_speak(struct device *device, struct tally *tally);

/* True when nothing waits any more, neither to be said nor for an answer. */
bool device_is_quiet(const struct device *device);

void device_acked(struct device *device, struct tally *tally, int64_t tag);
void device_arrived(struct device *device, struct tally *tally, struct slice payload);

#endif
