/* history.h - the plain structs that judges walk.
 *
 * A history is everything known about one judge unit, ordered by (event time,
 * source, boot, seq). Units depend on each other one way only:
 *
 *     session -> client -> cartridge, device, operator -> case -> lot
 *
 * Memory: arrays are borrowed from whoever loaded them (ledger/history).
 */
#ifndef CARE_HISTORY_H
#define CARE_HISTORY_H

#include "care/cart_use.h"
#include "care/fact.h"
#include "care/session.h"

/* --- session: its own messages, but for the stream, which is a fold --------- */

/* Around a session's start: what its device, operator and client were then, and what
 * came after that may clear a finding. Filled once the session is derived. */
struct scene {
	struct facts device;   /* the last of each topic before the start and the first after */
	struct facts operator; /* certificates; sessions seen elsewhere */
	struct facts client;   /* everything that is known of the client */
	struct facts tablet;   /* said about its sid by others: corrections, aftercare */
	struct facts stock;    /* entries of the stock list about its cartridges */
	event_ms stock_since;  /* when that list began, TIME_NEVER: there is none */
	struct session former; /* the exposing session that its device had before; no 0: none */
};

/* What its device said of itself last before the start, else first after it; NULL: not
 * yet anything. */
const Carepace__V1__Hello *scene_hello(const struct scene *scene, event_ms start);

/* There is a client of whom something may be known. */
static inline bool session_has_client(const struct session *session)
{
	return session->client > 0;
}

#define SESSION_USES_MAX 64 /* attaches of one session; more is not a treatment */

struct session_history {
	struct session *session;       /* in: no, sid, source, device, fold; out: the rest */
	struct facts facts;            /* said by its device; the stream is in the fold */
	struct facts corrections;      /* R21 */
	struct scene scene;            /* what was known around it when it began */
	event_ms next_start_on_device; /* the device's next START, TIME_NEVER if none */
	const struct limits *limits;   /* of the stream; NULL: not judged */
	const struct guard *guard;     /* the stream, held against them */
	struct cart_use *uses;         /* out: room for SESSION_USES_MAX */
	size_t use_count;
	event_ms lost_at;     /* out: given up then, unless it speaks again; TIME_NEVER: ended */
	event_ms next_change; /* out */
};

/* --- client: sessions and plans ---------------------------------------------- */

enum plan_state {
	PLAN_ACTIVE = 1,
	PLAN_PAUSED,
	PLAN_CLOSED
};

/* One revision of a course's plan, valid from its event time to that of the
 * next revision (domain 9.4). */
struct plan {
	int64_t course;
	int64_t client; /* local number */
	event_ms from;
	event_ms until; /* of its revision */
	uint64_t revision;
	enum plan_state state;
	int32_t band;
	int32_t planned;
	int32_t min_days; /* 0: the default */
	int32_t max_days; /* 0: the default */
	int32_t maint_days;
	uint32_t modalities;     /* bit n = the modality with number n; 0: not said */
	const struct fact *said; /* the order that says so */
};

/* Of one course's revisions the one in force: the highest whose event time is not later
 * (domain 9.4). NULL before the first. */
const struct plan *plans_at(const struct plan *plans, size_t count, event_ms at);

struct client_history {
	int64_t client;
	struct session *sessions; /* by session_order(); `visit` is out */
	size_t session_count;
	const struct plan *plans; /* by (course, from, revision) */
	size_t plan_count;
	struct facts facts;        /* other clinics, rollers at home, bookings, assessments */
	const struct id *own_sids; /* those of other clinics' histories that are of this site */
	size_t own_sid_count;
};

/* --- cartridge: its uses, each with its session ------------------------------- */

struct cartridge_use {
	struct cart_use use;
	struct session session;
};

/* Did the skin meet this cartridge? */
bool use_is_exposed(const struct cartridge_use *use);

struct cartridge_history {
	int64_t cart;
	char gtin[15]; /* of a home roller "" */
	char serial[21];
	const struct cartridge_use *uses; /* by (attach time, source, boot, seq) */
	size_t use_count;
	struct facts facts;     /* seen elsewhere, billing, uses at home */
	struct facts home_uses; /* of those who use it at home: of all their rollers */
};

/* --- operator: facts alone ------------------------------------ */

struct subject_history {
	int64_t no;
	struct id id; /* of a device or case; zero for others */
	struct facts facts;
	const struct session *sessions; /* those that the judge needs; ledger/judging/history.h */
	size_t session_count;
};

#endif
