/* run.h - one way of a world's inputs into a ledger.
 *
 * What:   builds the messages, sends them through the gate (care/reading) and the
 *         ledger in some order, with copies, in batches, over restarts, at a
 *         growing `now`; ends with a tick at the world's `now`.
 * Answer: the truth as text, one line a finding or session; the same for every way
 *         (P4), and equal to the recount (P3, checked where the way says so).
 */
#ifndef PROPERTY_RUN_H
#define PROPERTY_RUN_H

#include "base/buf.h"
#include "care/policy.h"
#include "ledger/own.h"
#include "world.h"

struct ledger;

struct way {
	const char *name;
	bool is_shuffled;
	bool is_at_once;              /* the clock stands at the world's `now` all the time */
	unsigned copies_percent;      /* of the messages come again, some of them often */
	size_t batch_max;             /* entries, 1 to BATCH_ENTRIES_MAX */
	unsigned restarts_max;        /* half of them by dying without a word */
	bool is_recounted;            /* P3 too; it costs as much as the run */
	bool is_swept;                /* rows of the stream go: after minutes, or days */
	const struct ledger_own *own; /* what the clinic's own policy file says; NULL: no file */
	size_t own_count;

	/* NULL, or who looks at the store in the end, at `now`. An answer is what is wrong. */
	const char *(*look)(void *ctx, struct ledger *ledger, const char *path,
	    const struct policy *policy, wall_ms now);
	void *ctx;
};

/* False: `why` says what went wrong. The store is a new file in `folder`. */
bool run_world(const struct world *world, const struct way *way, const struct policy *policy,
    const char *folder, struct buf *truth, char why[512]);

/* The zone of all worlds, with a summer time. */
void run_load_zone(struct zone *zone);

#endif
