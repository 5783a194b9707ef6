/* reading.h - a message that passed the gate.
 *
 * What:    bytes from a device, a tablet or head office become a reading: name, time, who
 *          it speaks of, the decoded message, the bytes as the journal keeps them. Pure.
 * Not:     duplicates and order (ledger/journal), meaning (the judges), clock
 *          trust (R18), whether a device may speak of that session (P7, ledger).
 * Memory:  everything a reading points to lies in the arena.
 * Promise: P8 (nothing dropped silently: each refusal has a name), P10 (tokens
 *          leave the payload here; no string passes that could be free text).
 *
 * Withheld values. A value outside its range is taken out of the decoded
 * message (its has_ flag cleared, a list cut) so that no check can use it, while
 * the payload keeps it. reading_from_journal() withholds the same ones: a
 * recount sees what the first judgement saw (P3).
 */
#ifndef CARE_READING_H
#define CARE_READING_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/time.h"
#include "care/reading_kind.h"
#include "care/time/ts_source.h"

#define READING_HASH_BYTES 16

/* The source of everything that head office sends: fifteen zero bytes and 01.
 * Ids whose first fifteen bytes are zero are never given to a device. */
extern const struct id reading_head_office;

/* Of what the box records itself: fifteen zero bytes and 02. */
extern const struct id reading_box;

struct reading {
	struct id source; /* (source, boot, seq) is the name (P2) */
	uint32_t boot;    /* head office: hq_epoch */
	uint32_t seq;     /* head office: n */
	event_ms ts;      /* of the gate as claimed; in the ledger the event time (R18) */
	event_ms claimed; /* by its sender's clock, clamped to 1970..2100 */
	enum ts_source ts_source;
	uint64_t mono_ms; /* since the device's boot; head office: 0 */
	bool is_replay;
	bool is_test;
	bool is_withheld;
	enum reading_kind kind;
	const Carepace__V1__Up *up;       /* device or tablet, else NULL */
	const Carepace__V1__Order *order; /* head office, else NULL */
	const Carepace__V1__Box *box;     /* the box itself, else NULL */
	struct slice payload;             /* as journalled: tokens blanked */
	uint8_t hash[READING_HASH_BYTES]; /* of the stream: zero, see reading_hash_stream() */
	struct id client;                 /* client_token; zero = absent */
	struct id operator;               /* operator_token or by_token; zero = absent */
	struct id new_client;             /* of a correction; zero = absent */
	struct id sid;                    /* the body's sid; zero = it has none */
};

/* Sorted: where several hold, the highest is the answer. */
enum reading_result {
	READING_OK = 0,
	READING_RANGE,   /* a value was withheld, the rest is complete: is_withheld */
	READING_PARKED,  /* cannot be understood: malformed, unknown body or enum value,
	                  * an id that is none, a value out of range that a message
	                  * cannot do without. The payload is the raw bytes, the hash
	                  * theirs, tokens included */
	READING_PRIVACY, /* a string or token that could be free text; no payload */
	READING_FOREIGN, /* speaks as somebody it is not (P7); no payload */
	READING_NOMEM,   /* the arena is full */
};

/* A payload from the device that proved to be `identity`. The name is filled
 * whenever the envelope could be read, so that it can be answered; else it is
 * zero and `kind` READING_UNKNOWN. *why names the field or the reason, never a
 * value; NULL with READING_OK; it lies in the arena or is constant. */
enum reading_result reading_parse(struct arena *arena, struct slice payload,
    const struct id *identity, bool is_tablet, struct reading *out, const char **why) CP_MUST_CHECK;

/* What the hash of a reading of the stream is. Its payload holds no token: it can be had
 * from there, in the rare case that two copies have to be compared (a seventh of what a
 * sample costs in all). READING_PARKED: no payload of a reading. */
enum reading_result reading_hash_stream(
    struct arena *arena, struct slice payload, uint8_t out[READING_HASH_BYTES]) CP_MUST_CHECK;

/* The same for a payload from head office, in protobuf's bytes or in its JSON form. What is
 * journalled is bytes. */
enum reading_result reading_parse_order(
    struct arena *arena, struct slice payload, struct reading *out, const char **why) CP_MUST_CHECK;

/* A row of the journal. client, operator and new_client stay zero: the journal
 * has a local number in their place. READING_OK, or READING_PARKED for a row
 * that this program does not understand, or READING_NOMEM. The hash is zero. */
enum reading_result reading_from_journal(
    struct arena *arena, struct slice payload, bool is_order, struct reading *out) CP_MUST_CHECK;

/* Of a device's message of a kind, from the journal, only what dates it (care/time/clock_trust.h):
 * `up` is NULL. A fraction of the work. */
enum reading_result reading_dates_from_journal(struct arena *arena, struct slice payload,
    enum reading_kind kind, struct reading *out) CP_MUST_CHECK;

/* Another moment that the same clock told, corrected by as much as `ts` is. */
event_ms reading_moment(const struct reading *reading, event_ms told);

/* The same for what the box says of itself, new or from the journal. */
enum reading_result reading_from_box(
    struct arena *arena, struct slice payload, struct reading *out) CP_MUST_CHECK;

bool reading_is_stream(enum reading_kind kind);     /* kept 30 days: the `stream` journal */
bool reading_is_roller_use(enum reading_kind kind); /* at home, by whoever tells it */
bool reading_is_urgent(enum reading_kind kind);     /* a batch that holds one leaves at once */

/* "session_start", "plan"; "unknown" for anything else. */
const char *reading_kind_name(enum reading_kind kind);

#endif
