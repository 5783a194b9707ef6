/* world.h - a seed becomes a clinic: everything that devices, the tablet and head
 * office say over some months.
 *
 * What:    the inputs as plain values; message.h makes bytes of them. The
 *          world says what happened, not in which order it arrives.
 * Edges:   gaps around 14, 28, 42 and 56 days; starts around midnight and 06:00 and
 *          in the hours that the clocks skip or repeat; visits around 120 minutes;
 *          loss around four hours; cartridges that come back in other sessions,
 *          slots and visits, or under another GTIN; plans that are paused, closed,
 *          changed and moved to another client.
 * Sane:    a device treats one client at a time and its seq has no holes. What the
 *          rules say nothing about does not occur: a cartridge that comes off at
 *          the very millisecond of a sample, say.
 */
#ifndef PROPERTY_WORLD_H
#define PROPERTY_WORLD_H

#include "base/id.h"
#include "base/time.h"
#include "care/time/zone.h"
#include "rng.h"

#define WORLD_INPUTS_MAX 2048
#define WORLD_ENTRIES_MAX 51                   /* of a batch: enough to make a session completed */
#define WORLD_DEVICES 5                        /* with a roller */
#define WORLD_BOOTED_AT INT64_C(1577836800000) /* devices count from 2020 on, in every boot */
#define WORLD_TABLET WORLD_DEVICES
#define BOX_PHASES_MAX 6

enum input_kind {
	INPUT_HELLO,
	INPUT_START,
	INPUT_ATTACH,
	INPUT_DETACH,
	INPUT_SAMPLES,
	INPUT_PULSES,
	INPUT_END,
	INPUT_SAID,  /* any other body of a device or tablet: say.h */
	INPUT_ORDER, /* of head office: say.h */
};

struct input {
	enum input_kind kind;
	size_t device; /* index; not of an order */
	struct id source;
	uint32_t boot; /* ORDER: hq_epoch */
	uint32_t seq;  /* ORDER: n */
	event_ms ts;
	bool is_test;
	uint64_t draw; /* what else it says */

	wall_ms recv; /* clocks.h: when it comes in; 0: that is the way's */
	wall_ms booted_at;
	int64_t clock_off_ms;
	bool is_buffered;

	int body;          /* SAID, ORDER: number of the body */
	unsigned number;   /* ORDER: of its key */
	uint64_t revision; /* ORDER */

	struct id sid;    /* zero: it is not of a session */
	struct id client; /* START; zero = absent */
	uint64_t course;  /* START */
	int modality;     /* START; of a HELLO the kind, the same number */
	uint32_t zones;   /* START */

	uint32_t slot; /* ATTACH, DETACH */
	const char *gtin;
	const char *serial; /* NULL: unreadable */
	uint32_t tip_used;

	size_t entry_count;                    /* SAMPLES, PULSES */
	uint32_t dt_ms[WORLD_ENTRIES_MAX];     /* after ts */
	uint32_t active_ms[WORLD_ENTRIES_MAX]; /* SAMPLES */

	int reason; /* END */
	bool has_sums;
	uint32_t sum_active_ms;
	uint32_t sum_pulses;
	event_ms end_ts; /* 0: left out */
};

static inline bool input_is_order(const struct input *input)
{
	return input->kind == INPUT_ORDER;
}

/* HELLO and HEARTBEAT are sent live, never buffered (R18). */
bool input_is_live(const struct input *input);

/* Whom and what the words of a world are about. */
#define CAST_CLIENTS_MAX 4
#define CAST_SESSIONS_MAX 64

struct cast_session {
	struct id sid;
	size_t device;
	event_ms start;
	event_ms end;
};

struct cast {
	bool is_plain;
	struct id clients[CAST_CLIENTS_MAX];
	size_t client_count;
	struct cast_session sessions[CAST_SESSIONS_MAX];
	size_t session_count;
};

/* In which the box itself has one clock (box.h). */
struct box_phase {
	wall_ms from; /* what comes in from here on */
	bool is_restart;
	unsigned boot;
	wall_ms booted_at;
	int64_t off_ms; /* its clock is ahead by */
	bool is_synced;
};

struct world {
	uint64_t seed;
	struct cast cast;
	struct input inputs[WORLD_INPUTS_MAX]; /* by time */
	size_t count;
	struct box_phase phases[BOX_PHASES_MAX];
	size_t phase_count; /* 0: the box's clock is believed */
	wall_ms now;        /* of the last tick; not before any message */
};

/* Plain: only what the oracle knows (office.h). */
void world_make(struct world *world, uint64_t seed, const struct zone *zone, bool is_plain);

struct id world_device(size_t index);
int world_modality(size_t device); /* enum Modality, the same number as its DeviceKind */

#endif
