/* plan.h - what every device of the fleet does, and when.
 *
 * What:    sessions of today and sessions recorded weeks ago, told by stories: a
 *          client who comes too soon, a cartridge used twice, a plug pulled.
 * Pure:    the same struct plan gives the same answers, in any order of asking.
 * Memory:  nothing is stored; a visit is computed when it is asked for.
 * Time:    milliseconds since the start of the run; the past is negative.
 * Shape:   devices are counted from 0 without the tablets. One of them, `late`,
 *          is switched on in mid-run and brings news that others needed before.
 */
#ifndef SIM_PLAN_H
#define SIM_PLAN_H

#include "base/id.h"
#include "base/time.h"
#include "telemetry.pb-c.h"

#define PLAN_NO_DEVICE SIZE_MAX
#define PLAN_PAST_MAX 12 /* sessions that one device brings from weeks ago */
#define PLAN_STEPS_MAX 80
#define PLAN_OPERATORS 4   /* the last one's certificate has run out */
#define PLAN_BOOKED_MAX 12 /* visits of a device that were booked; later ones walk in */

struct plan {
	uint64_t seed;
	uint64_t run; /* tells runs apart: fresh clients, cartridges and sids */
	size_t device_count;
	size_t late; /* or PLAN_NO_DEVICE */
	int64_t length_ms;
	int64_t session_ms;       /* of a session of today */
	uint32_t expiry_yyyymmdd; /* of every cartridge */
};

enum story {
	STORY_NORMAL,
	STORY_TOO_SOON,      /* treated 20 days ago */
	STORY_MUCH_TOO_SOON, /* 9 days ago */
	STORY_LONG_AGO,      /* 35 days ago: allowed again */
	STORY_OTHER_ZONE,    /* 10 days ago, elsewhere: allowed */
	STORY_CART_SAME_CLIENT,
	STORY_CART_OTHER_CLIENT,
	STORY_DUPLICATES, /* messages are sent twice */
	STORY_TOO_DEEP,   /* the needles go deeper than the zone takes */
	STORY_NO_CERT,    /* by the operator whose certificate has run out */
	STORY_CUT,        /* the connection ends without DISCONNECT in mid-session */
	STORY_LATE_NEWS,  /* 15 days ago, but the device that knows comes late */
	STORY_COUNT
};

struct cartridge {
	char serial[20 + 1];
	char lot[20 + 1];
	uint32_t expiry_yyyymmdd;
};

struct visit {
	enum story story;
	int64_t start_ms;
	int64_t length_ms;
	int64_t treat_ms; /* needles on, after start */
	int64_t batch_ms; /* one batch of readings tells of so long */
	uint32_t batch_count;
	struct id sid;
	struct id client;
	uint64_t course; /* 0: a client without a past, none that START names */
	struct id operator_token;
	Carepace__V1__Zone zone;
	struct cartridge cart;
	struct cartridge spare; /* what the therapist takes when the first is refused */
};

/* A session that waits in a device since it was recorded without a network. */
struct past {
	uint32_t boot_index; /* each day was a start of the device of its own */
	int64_t boot_ms;     /* when the device was switched on that day */
	struct visit visit;
};

enum step_kind {
	STEP_ADMIT, /* the tablet: screened, and consents */
	STEP_SELFTEST,
	STEP_START,
	STEP_REPEAT, /* the last message once more */
	STEP_ATTACH,
	STEP_TREAT,
	STEP_BATCH,
	STEP_CUT,
	STEP_RETURN,
	STEP_DETACH,
	STEP_END,
	STEP_CLEAN,
};

struct step {
	enum step_kind kind;
	int64_t at_ms;
};

struct visit_steps {
	struct step step[PLAN_STEPS_MAX];
	size_t count;
};

/* "too_soon" */
const char *plan_story_name(enum story story);

/* When the device is switched on. */
int64_t plan_connect_ms(const struct plan *plan, size_t device);

/* The n-th session of today. False when the run is over before it would be. */
bool plan_visit(const struct plan *plan, size_t device, size_t n, struct visit *visit);

/* The sessions of weeks ago, oldest first; returns how many. */
size_t plan_past(const struct plan *plan, size_t device, struct past out[PLAN_PAST_MAX]);

/* In order of time. */
void plan_steps(const struct visit *visit, struct visit_steps *out);

/* Who treats: 0 to PLAN_OPERATORS - 1. */
struct id plan_operator(const struct plan *plan, size_t n);

/* A number of the plan's own, for jitter: the same for the same arguments. */
uint64_t plan_draw(const struct plan *plan, uint64_t device, uint64_t n, uint64_t below);

#endif
