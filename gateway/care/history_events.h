/* history_events.h - what the judges of adverse events and of the gateway walk; as history.h. */
#ifndef CARE_HISTORY_EVENTS_H
#define CARE_HISTORY_EVENTS_H

#include "care/fact.h"
#include "care/session.h"

/* --- case of an adverse event: what tablets said, and the sessions that it blames ----- */

struct blamed {
	struct session session;
	bool is_too_soon; /* it has INTERVAL_TOO_SOON */
};

struct case_history {
	int64_t no;
	struct id id;
	struct facts facts;            /* AE_REPORT, AE_UPDATE */
	const struct blamed *sessions; /* with a sid that any of them names, by session_order() */
	size_t session_count;
};

/* --- cluster: the cases of one device, or of one lot of cartridges --------------------- */

struct cluster_case {
	int64_t no;
	char onset[FACT_NAME_BYTES]; /* the message that opened it */
	event_ms reported_at;
	struct id sid; /* of the session blamed */
};

struct cluster_history {
	int64_t no;
	char name[40];                    /* of the device its id, of the lot "GTIN/LOT" */
	int64_t device;                   /* local number, 0: it is a lot's */
	const struct cluster_case *cases; /* by (reported at, onset) */
	size_t case_count;
};

/* --- gateway: one thing that it recorded of itself, from its beginning on --------------- */

struct gateway_history {
	int64_t no; /* seq of the input that recorded the beginning */
	struct facts facts;
	int64_t device; /* local number of the device that a PRIVACY_REJECT names */
};

#endif
