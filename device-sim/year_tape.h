/* year_tape.h - everything that is said in a clinic's year, as its gateway will hear it.
 *
 * What:    stories say things at moments, in any order of telling. In the end each device's
 *          sayings get their names (boot, seq) and their way: live, or from a buffer after
 *          an outage, perhaps twice, perhaps in another order. Then the log is written.
 * Not:     what it means (year_expect).
 * Memory:  all that is said lies in the tape's arena until tape_free().
 * Time:    `at` is the true time. What a device claims is off by the error of its clock,
 *          what the gateway hears is later by the way.
 */
#ifndef SIM_YEAR_TAPE_H
#define SIM_YEAR_TAPE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/time.h"
#include "pki/error.h"
#include "report.pb-c.h"
#include "telemetry.pb-c.h"
#include "year_civil.h"
#include "year_dice.h"

#define TAPE_OFFICE 0 /* speaker of head office; devices follow */
#define TAPE_SPEAKERS_MAX 16
#define TAPE_LATENCY_MS 30 /* of what is sent at once */
#define TAPE_NAME_BYTES 64

/* One thing said. What is below the line is known once the tape is numbered. */
struct saying {
	unsigned speaker;
	uint64_t place; /* order of telling: of one moment the first comes first */
	event_ms at;
	int64_t delay_ms; /* sent so much later: the batch was not full */
	Carepace__V1__Up *up;
	Carepace__V1__Order *order;
	bool is_lost; /* never arrives */
	/* --- */
	uint32_t boot, seq;
	event_ms event;   /* as it is to be judged (R18) */
	wall_ms received; /* its first copy */
	bool is_held;     /* came from a buffer */
};

enum flush {
	FLUSH_IN_ORDER,
	FLUSH_TWICE,
	FLUSH_BACKWARDS,
	FLUSH_SHUFFLED,
};

/* A device cannot reach the gateway. */
struct outage {
	event_ms from, until;
	enum flush flush;
};

/* From being switched on to being switched off; a boot of its own. */
struct shift {
	event_ms on, off;
	int64_t clock_off_ms;
	bool has_no_clock; /* it counts from 1970 */
};

struct speaker {
	struct id id;
	Carepace__V1__DeviceKind kind;
	struct shift *shifts; /* in order of time */
	size_t shift_count, shift_cap;
	struct outage *outages;
	size_t outage_count, outage_cap;
};

struct tape {
	struct arena arena;
	struct saying **sayings;
	size_t count, cap;
	struct speaker speakers[TAPE_SPEAKERS_MAX];
	size_t speaker_count;
	struct saying *last; /* what was said last */
};

void tape_init(struct tape *tape);
void tape_deinit(struct tape *tape);

/* Zeroed; the program ends when memory does. */
void *tape_alloc(struct tape *tape, size_t bytes);
void *tape_list(struct tape *tape, size_t count); /* of pointers */
const char *tape_text(struct tape *tape, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void *tape_message(struct tape *tape, const ProtobufCMessageDescriptor *type);
ProtobufCBinaryData tape_id(const struct id *id); /* borrows */

/* A body of Up or Order, to be filled by the caller; tape->last is its saying. */
void *tape_say(struct tape *tape, unsigned speaker, event_ms at, Carepace__V1__Up__BodyCase body);
void *tape_order(
    struct tape *tape, event_ms at, const char *key, Carepace__V1__Order__BodyCase body);

#define SAY(tape, speaker, at, NAME) tape_say(tape, speaker, at, CAREPACE__V1__UP__BODY_##NAME)
#define ORDER(tape, at, key, NAME) tape_order(tape, at, key, CAREPACE__V1__ORDER__BODY_##NAME)

/* What a device's clock makes of a moment, and the gateway of that (R18). */
event_ms shift_shows(const struct shift *shift, event_ms at);
event_ms shift_event(const struct shift *shift, event_ms at);

void tape_add_shift(struct tape *tape, unsigned speaker, const struct shift *shift);
void tape_add_outage(struct tape *tape, unsigned speaker, const struct outage *outage);
bool tape_is_out(const struct tape *tape, unsigned speaker, event_ms at);

/* Names, event times, arrivals. Nothing can be said any more. */
void tape_number(struct tape *tape, struct dice *dice);

/* "<source>/<boot>/<seq>" */
const char *tape_name(
    const struct tape *tape, const struct saying *saying, char out[TAPE_NAME_BYTES]);

enum cp_err tape_write(const struct tape *tape, const struct town *town, event_ms from,
    event_ms until, const char *path, struct pki_error *error) CP_MUST_CHECK;

#endif
