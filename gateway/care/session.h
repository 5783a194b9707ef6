/* session.h - one treatment, as derived from everything its device said about it.
 *
 * States (domain 9):
 *
 *     START ---> OFFERED --first PARAM, SAMPLE, PULSES--> ACTIVE <--> PAUSED
 *                   |                                       |
 *                   +----- SESSION_END ---> ENDED <---------+
 *                   +----- silence of 4 h, or the device's next START ---> LOST
 *
 * A SESSION_END that arrives after LOST ends the session all the same.
 *
 * Identity: (device, sid). Another device that uses the same sid speaks about a
 *           session of its own, so nobody can touch what it did not open (P7,
 *           R23), and the order in which both arrive does not matter (P4).
 * Exposure: a span from the first to the last sample or pulse that treated skin.
 *           Fold and session are plain values; no memory is owned.
 */
#ifndef CARE_SESSION_H
#define CARE_SESSION_H

#include "base/id.h"
#include "base/time.h"
#include "care/message_no.h"
#include "care/time/ts_source.h"

enum session_state {
	SESSION_OFFERED = 1,
	SESSION_ACTIVE,
	SESSION_PAUSED,
	SESSION_ENDED,
	SESSION_LOST
};
enum modality {
	MODALITY_PEN = 1,
	MODALITY_STAMP,
	MODALITY_ROLLER,
	MODALITY_RF,
	MODALITY_HOME_ROLLER /* of plans and of what was done at home: never a session's */
};
enum phase {
	PHASE_SERIES = 1,
	PHASE_MAINTENANCE,
	PHASE_SINGLE
};

/* What the messages of a session add up to. Sums, minima and maxima only, so
 * that any order gives the same fold; the journal removes duplicates (P2). */
struct session_fold {
	event_ms first_at;     /* oldest message of any kind */
	event_ms last_at;      /* newest one */
	event_ms start_from;   /* oldest SESSION_START; TIME_NEVER before */
	event_ms stream_from;  /* first PARAM, SAMPLE or PULSES; TIME_NEVER before */
	event_ms exposed_from; /* TIME_NEVER: no exposure in the stream */
	event_ms exposed_until;
	int64_t active_ms;
	int64_t pulses;
	int64_t stream_first; /* names of the first and the last message of the stream */
	int64_t stream_last;  /* by (boot, seq); above, below all: none */
};

#define SESSION_FOLD_EMPTY                                                                         \
	((struct session_fold){.first_at = TIME_NEVER,                                             \
	    .last_at = INT64_MIN,                                                                  \
	    .start_from = TIME_NEVER,                                                              \
	    .stream_from = TIME_NEVER,                                                             \
	    .exposed_from = TIME_NEVER,                                                            \
	    .exposed_until = INT64_MIN,                                                            \
	    .stream_first = INT64_MAX,                                                             \
	    .stream_last = INT64_MIN})

#define MODEL_UNKNOWN (-1)

/* Plausible (domain 1.3). What runs elsewhere and has no end is taken to last as long. */
#define SESSION_LONGEST_MS (8 * MS_PER_HOUR)

struct session {
	int64_t no; /* local number; the ledger's */
	struct id sid;
	struct id source; /* the device */
	int64_t device;   /* its local number */
	uint32_t boot;    /* with seq the name of its START, or of its first message */
	uint32_t seq;

	enum session_state state;
	bool has_start;
	bool has_end;
	bool is_replay;           /* the START was buffered on the device: no verdict (R19) */
	bool is_test;             /* R22: touches no client, cartridge, course */
	bool is_exposing;         /* R12 */
	bool is_completed;        /* R12 */
	bool has_odd_end;         /* not when its END says: that cannot be */
	bool is_void;             /* R21: it did not take place; what remains is the record */
	enum ts_source ts_source; /* which clock dated its start (R18) */

	int64_t client; /* local numbers, 0 absent; or CLIENT_FORGOTTEN */
	int64_t operator_no;
	int64_t booking; /* as its START names it, 0 none */
	int64_t course;
	int32_t model; /* of its device when it began; MODEL_UNKNOWN: it never said */
	enum phase phase;
	enum modality modality;
	uint32_t zones; /* set of zone bits; 0: not given */

	event_ms start;
	event_ms end;          /* SESSION_END, else the last message (R13) */
	int32_t day;           /* civil day of the start (R2) */
	event_ms exposed_from; /* TIME_NEVER: not exposing */
	event_ms exposed_until;
	int64_t seal;   /* ledger/seals.h; 0: it has none */
	int64_t sealed; /* row of the stream up to which */
	int64_t visit;  /* local number of the visit's first session (R13); judge_client */
	struct session_fold fold;
};

/* R19, R23: may still get a verdict. */
static inline bool session_is_open(const struct session *session)
{
	return session->state == SESSION_OFFERED || session->state == SESSION_ACTIVE ||
	       session->state == SESSION_PAUSED;
}

/* R18: nobody knows its date; what depends on it is not evaluated. */
static inline bool session_is_undated(const struct session *session)
{
	return session->ts_source == TS_UNKNOWN || session->ts_source == TS_IN_DOUBT;
}

/* The order of everything that is judged: (event time, source, boot, seq). */
int session_order(const struct session *a, const struct session *b);

void session_fold_add(struct session_fold *fold, const struct session_fold *more);

/* "<sid>/<device>": what findings call a session. */
void session_name(const struct session *session, char *out, size_t out_bytes);

/* R14: the sets meet, or one has UNKNOWN, which is everywhere. False when a set
 * is empty: then the check cannot be evaluated (R16). */
bool zones_overlap(uint32_t a, uint32_t b);

const char *modality_name(enum modality modality);
const char *phase_name(enum phase phase);
const char *session_state_name(enum session_state state);

#define ZONES_TEXT_BYTES 128

/* "the cheek and the neck" for people, of more than four the first three and
 * how many others; returns `out`, which ZONES_TEXT_BYTES are enough for. */
const char *zones_text(uint32_t zones, char *out, size_t out_bytes);

#endif
