/* gauges.h - what a store says to who watches the box: what is open, what waits. How the
 * store itself is says health.h.
 *
 * Cost:  what is open and what waits, by indexes; not what was ever there.
 * Calls, memory, errors: as in view.h.
 */
#ifndef LEDGER_VIEW_GAUGES_H
#define LEDGER_VIEW_GAUGES_H

#include "ledger/view/view.h"

#define VIEW_OPEN_MAX 256

/* Open alerts of one check and severity; never 0 of them. */
struct view_open {
	enum check check;
	enum severity severity;
	int64_t count;
};

struct view_gauges {
	int64_t outbox[VIEW_KINDS_MAX];        /* reports that wait, by ReportKind */
	wall_ms outbox_oldest[VIEW_KINDS_MAX]; /* TIME_NEVER: none waits */
	struct view_open open[VIEW_OPEN_MAX];
	size_t open_count;
	int64_t open_by_severity[SEVERITY_COUNT];
	int64_t raised_by_severity[SEVERITY_COUNT]; /* of these: that nobody has answered */
};

void view_gauges(struct view *view, struct view_gauges *out);

/* Ids of open alerts, the worst first, and of one severity the newest. Returns how many. */
size_t view_worst(struct view *view, struct id *ids, size_t max);

/* Open alerts of one check and severity, by the newest of those that nobody has answered, or if
 * all are, of all. */
struct view_group {
	struct id newest;
	int64_t count;
};

/* The worst first; those that are answered last. Returns how many. */
size_t view_groups(struct view *view, struct view_group *out, size_t max);

/* The clinic's day so far. */
struct view_today {
	int64_t sessions;   /* that began since then */
	int64_t devices;    /* that were ever heard of */
	wall_ms last_heard; /* of any; 0: never */
};

void view_today(struct view *view, event_ms since, struct view_today *out);

#endif
