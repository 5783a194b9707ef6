/* gauges.h - what a store says of itself to who watches it: what is open, what waits, how
 * large it is.
 *
 * Cost:  indexes only, but for the alerts, which are read once each.
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
	int64_t parked;
	int64_t unjudged;
	int64_t pending;
	int64_t file_bytes;
	int64_t free_bytes; /* of these: pages without content */
};

void view_gauges(struct view *view, struct view_gauges *out);

#endif
