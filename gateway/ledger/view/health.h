/* view/health.h - how a store is, for who looks after the box. */
#ifndef LEDGER_VIEW_HEALTH_H
#define LEDGER_VIEW_HEALTH_H

#include "ledger/view/view.h"

struct view_health {
	int64_t schema;      /* its version */
	int64_t bytes;       /* of its file */
	int64_t free_bytes;  /* of them unused */
	int64_t log_bytes;   /* of the write-ahead log beside it */
	wall_ms since;       /* when the box wrote its first row; 0: not known */
	bool has_ended_well; /* the last run; false while one is under way */
	int64_t unjudged;
	int64_t parked;
	int64_t pending;
};

void view_health(struct view *view, const char *path, struct view_health *out);

/* By what it has grown a day since it began; -1: that is not a day ago. */
int64_t view_growth(const struct view_health *health, wall_ms now);

/* Reads all of it (SQLite's quick_check; minutes on a large one): "ok", or what is wrong first. */
#define VIEW_QUICK_CHECK_BYTES 200
const char *view_quick_check(struct view *view, char out[VIEW_QUICK_CHECK_BYTES]);

#endif
