/* story.h - what devices say and head office orders in a seed: a stretch of a property world
 * (tests/property/world.h), in which sessions are too soon, courses go on, cartridges come
 * back and things are corrected.
 *
 * When:  nothing is said before it happens.
 * Kept:  which copy of an input the ledger took, and when: that, in another order and without a
 *        fault, must give the same truth (P4).
 */
#ifndef SIM_STORY_H
#define SIM_STORY_H

#include "../property/world.h"
#include "base/arena.h"
#include "ledger/batch.h"

#define STORY_SAID_MAX 64
#define STORY_ORDERS_MAX 16

struct model_device;
struct zone;

/* What of an input was stored. */
struct stored {
	bool is_stored;
	bool is_replay;
	wall_ms recv;
};

struct story_order {
	struct input input; /* its boot and seq: as it was sent last */
	bool is_sent;
	struct stored stored;
};

/* And begins the time of the seed. */
void story_begin(uint64_t seed, const struct zone *zone, size_t said, size_t orders);

/* The next input is said or ordered then, or one a little later; TIME_NEVER: none is left. */
wall_ms story_next_at(void);
wall_ms story_soon_at(size_t skip);
bool story_is_due(const struct model_device *device); /* it has something to say */

/* --- orders, in the order in which head office thinks of them */
size_t story_order_count(void);
struct story_order *story_order(size_t index);
struct slice story_order_bytes(const struct story_order *order, struct arena *arena);

/* --- what was stored */
void story_stored(const struct batch_entry *entry);

/* The next one that was, from *next on; NULL when none is left. */
const struct input *story_next_stored(size_t *next, const struct stored **stored);

/* Every input that was stored, by its time, as a batch; NULL when none is left. */
struct batch *story_retell(struct batch *batch, size_t *next);

#endif
