/* touched.h - a set of local numbers, built up and then walked in order.
 *
 * A number is loud when something live touched it. What only late data touched
 * never causes a device command (R11): the bit follows the touch from a message
 * to its session, its client, its cartridges and the verdict.
 */
#ifndef LEDGER_JUDGING_TOUCHED_H
#define LEDGER_JUDGING_TOUCHED_H

#include "base/arena.h"

struct touch {
	int64_t no;
	bool is_loud;
};

struct touched {
	struct touch *items;
	size_t count;
	size_t cap;
	bool is_full; /* the arena had no room: the batch must not be committed */
};

/* 0 is no number and is left out. */
void touched_add(struct touched *set, struct arena *arena, int64_t no, bool is_loud);

/* Sorts by number and joins doubles; loud wins. */
void touched_settle(struct touched *set);

#endif
