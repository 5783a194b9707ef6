/* doubts.h - when this box was not sure of the time, for who shows times (R18).
 *
 * What:    what it stamped then (alerts raised, messages received) is stored as it was assumed.
 *          Once the time is known those stamps can be put right; until then, and for ever if
 *          the box restarted meanwhile, they are in doubt, and never later than the truth.
 * Calls, memory, errors: as in view.h.
 */
#ifndef LEDGER_VIEW_DOUBTS_H
#define LEDGER_VIEW_DOUBTS_H

#include "ledger/view/view.h"

struct view_doubt {
	wall_ms from; /* both as stamped */
	wall_ms until;
	int64_t late_by_ms; /* the truth is later by this; where it is known: */
	bool is_settled;
};

struct view_doubts {
	const struct view_doubt *items;
	size_t count;
};

struct view_doubts view_doubts(struct view *view, struct arena *arena);

struct view_stamp {
	wall_ms at; /* put right, if that can be done */
	bool is_in_doubt;
};

struct view_stamp view_stamp(const struct view_doubts *doubts, wall_ms stored);

#endif
