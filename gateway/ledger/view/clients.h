/* clients.h - clients and how their courses stand.
 *
 * Calls, memory, errors, tokens: as in view.h.
 */
#ifndef LEDGER_VIEW_CLIENTS_H
#define LEDGER_VIEW_CLIENTS_H

#include "care/outlook.h"
#include "ledger/view/list.h"

struct view_client {
	int64_t no;
	struct id token;     /* zero: forgotten */
	int64_t same_as;     /* the client into whom this one was merged (R21), else 0 */
	int64_t sessions;    /* here */
	event_ms last_start; /* of them; 0: none */
	uint32_t flags;      /* contraindications that are there now (domain 2.4) */
	int64_t open_alerts; /* about the client's sessions and courses */
	enum severity worst; /* of them */
	bool has_outlook;    /* not of one who was merged or forgotten */
	struct client_outlook outlook;
};

struct view_client_filter {
	int64_t client; /* that one; 0: all */
	event_ms since; /* treated here then or later; 0: all */
};

/* Who came to be known last comes first. NULL when there is none. */
struct view_client *view_clients(struct view *view, struct arena *arena,
    const struct view_client_filter *filter, const struct policy *policy, wall_ms now,
    struct view_page *page, size_t *count);

#endif
