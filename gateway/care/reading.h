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
#include "report.pb-c.h"
#include "telemetry.pb-c.h"

#define READING_HASH_BYTES 16

/* What a reading is: the number of its body field; head office's start at
 * READING_ORDER. The journal stores it, so numbers never change. */
enum reading_kind {
	READING_UNKNOWN = 0,
	READING_HELLO = CAREPACE__V1__UP__BODY_HELLO,
	READING_HEARTBEAT = CAREPACE__V1__UP__BODY_HEARTBEAT,
	READING_SESSION_START = CAREPACE__V1__UP__BODY_SESSION_START,
	READING_CART_ATTACH = CAREPACE__V1__UP__BODY_CART_ATTACH,
	READING_CART_DETACH = CAREPACE__V1__UP__BODY_CART_DETACH,
	READING_PARAM = CAREPACE__V1__UP__BODY_PARAM,
	READING_SAMPLES = CAREPACE__V1__UP__BODY_SAMPLES,
	READING_PULSES = CAREPACE__V1__UP__BODY_PULSES,
	READING_FAULT = CAREPACE__V1__UP__BODY_FAULT,
	READING_ESTOP = CAREPACE__V1__UP__BODY_ESTOP,
	READING_SESSION_PAUSE = CAREPACE__V1__UP__BODY_SESSION_PAUSE,
	READING_SESSION_RESUME = CAREPACE__V1__UP__BODY_SESSION_RESUME,
	READING_SESSION_END = CAREPACE__V1__UP__BODY_SESSION_END,
	READING_SELFTEST = CAREPACE__V1__UP__BODY_SELFTEST,
	READING_MAINT = CAREPACE__V1__UP__BODY_MAINT,
	READING_AE_REPORT = CAREPACE__V1__UP__BODY_AE_REPORT, /* from here: tablets only */
	READING_AE_UPDATE = CAREPACE__V1__UP__BODY_AE_UPDATE,
	READING_AFTERCARE = CAREPACE__V1__UP__BODY_AFTERCARE,
	READING_ASSESSMENT = CAREPACE__V1__UP__BODY_ASSESSMENT,
	READING_ROLLER_USE = CAREPACE__V1__UP__BODY_ROLLER_USE,
	READING_SCREENING = CAREPACE__V1__UP__BODY_SCREENING,
	READING_ACK_ALERT = CAREPACE__V1__UP__BODY_ACK_ALERT,
	READING_OVERRIDE = CAREPACE__V1__UP__BODY_OVERRIDE,
	READING_CORRECTION = CAREPACE__V1__UP__BODY_CORRECTION,
	READING_COUNT_OVERRIDE = CAREPACE__V1__UP__BODY_COUNT_OVERRIDE,

	/* READING_ORDER + CAREPACE__V1__ORDER__BODY_..., those named that code uses */
	READING_ORDER = 256,
	READING_PLAN = READING_ORDER + CAREPACE__V1__ORDER__BODY_PLAN,
	READING_CLIENT_FLAGS = READING_ORDER + CAREPACE__V1__ORDER__BODY_CLIENT_FLAGS,
	READING_CLIENT_HISTORY = READING_ORDER + CAREPACE__V1__ORDER__BODY_CLIENT_HISTORY,
	READING_CART_HISTORY = READING_ORDER + CAREPACE__V1__ORDER__BODY_CART_HISTORY,
	READING_CART_SEEN = READING_ORDER + CAREPACE__V1__ORDER__BODY_CART_SEEN,
	READING_CART_STOCK = READING_ORDER + CAREPACE__V1__ORDER__BODY_CART_STOCK,
	READING_SESSION_SEEN = READING_ORDER + CAREPACE__V1__ORDER__BODY_SESSION_SEEN,
	READING_BOOKING = READING_ORDER + CAREPACE__V1__ORDER__BODY_BOOKING,
	READING_BILLING_LINE = READING_ORDER + CAREPACE__V1__ORDER__BODY_BILLING_LINE,
	READING_CERT = READING_ORDER + CAREPACE__V1__ORDER__BODY_CERT,
	READING_DEVICE = READING_ORDER + CAREPACE__V1__ORDER__BODY_DEVICE,
	READING_CALENDAR = READING_ORDER + CAREPACE__V1__ORDER__BODY_CALENDAR,
	READING_CLINIC_ROLE = READING_ORDER + CAREPACE__V1__ORDER__BODY_CLINIC_ROLE,
	READING_MODEL_PROFILE = READING_ORDER + CAREPACE__V1__ORDER__BODY_MODEL_PROFILE,
	READING_RECALL_LOTS = READING_ORDER + CAREPACE__V1__ORDER__BODY_RECALL_LOTS,
	READING_FIRMWARE_POLICY = READING_ORDER + CAREPACE__V1__ORDER__BODY_FIRMWARE_POLICY,
	READING_POLICY = READING_ORDER + CAREPACE__V1__ORDER__BODY_POLICY,
	READING_DEVICE_ASSIGN = READING_ORDER + CAREPACE__V1__ORDER__BODY_DEVICE_ASSIGN,
	READING_HQ_CORRECTION = READING_ORDER + CAREPACE__V1__ORDER__BODY_CORRECTION,
	READING_HQ_ROLLER_USE = READING_ORDER + CAREPACE__V1__ORDER__BODY_ROLLER_USE,
	READING_HQ_AFTERCARE = READING_ORDER + CAREPACE__V1__ORDER__BODY_AFTERCARE,
	READING_SITE_TIME = READING_ORDER + CAREPACE__V1__ORDER__BODY_SITE_TIME,
	READING_CLIENT_FORGET = READING_ORDER + CAREPACE__V1__ORDER__BODY_CLIENT_FORGET,
	READING_ALERT_ACK = READING_ORDER + CAREPACE__V1__ORDER__BODY_ALERT_ACK,
	READING_ORDER_RECEIPT = READING_ORDER + CAREPACE__V1__ORDER__BODY_RECEIPT,
};

/* The source of everything that head office sends: fifteen zero bytes and 01.
 * Ids whose first fifteen bytes are zero are never given to a device. */
extern const struct id reading_head_office;

/* Of what the box records itself: fifteen zero bytes and 02. */
extern const struct id reading_box;

struct reading {
	struct id source; /* (source, boot, seq) is the name (P2) */
	uint32_t boot;    /* head office: hq_epoch */
	uint32_t seq;     /* head office: n */
	event_ms ts;      /* as claimed, clamped to 1970..2100 (R18 decides) */
	uint64_t mono_ms; /* since the device's boot; head office: 0 */
	bool is_replay;
	bool is_test;
	bool is_withheld;
	enum reading_kind kind;
	const Carepace__V1__Up *up;       /* device or tablet, else NULL */
	const Carepace__V1__Order *order; /* head office, else NULL */
	struct slice payload;             /* as journalled: tokens blanked */
	uint8_t hash[READING_HASH_BYTES];
	struct id client;     /* client_token; zero = absent */
	struct id operator;   /* operator_token or by_token; zero = absent */
	struct id new_client; /* of a correction; zero = absent */
	struct id sid;        /* the body's sid; zero = it has none */
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

/* The same for a payload from head office. */
enum reading_result reading_parse_order(
    struct arena *arena, struct slice payload, struct reading *out, const char **why) CP_MUST_CHECK;

/* A row of the journal. client, operator and new_client stay zero: the journal
 * has a local number in their place. READING_OK, or READING_PARKED for a row
 * that this program does not understand, or READING_NOMEM. The hash is zero. */
enum reading_result reading_from_journal(
    struct arena *arena, struct slice payload, bool is_order, struct reading *out) CP_MUST_CHECK;

bool reading_is_stream(enum reading_kind kind);     /* kept 30 days: the `stream` journal */
bool reading_is_roller_use(enum reading_kind kind); /* at home, by whoever tells it */
bool reading_is_urgent(enum reading_kind kind);     /* a batch that holds one leaves at once */

/* "session_start", "plan"; "unknown" for anything else. */
const char *reading_kind_name(enum reading_kind kind);

#endif
