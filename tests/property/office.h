/* office.h - what head office knows and tablets ask, but for plans: the oracle does not
 * judge by it, yet every way of arrival must come to one truth with it (P3, P4).
 *
 * Drawn: flags of clients, certificates, bookings, sessions elsewhere, assignments and
 * records of devices, each in revisions; screenings. Their moments lie at the starts of
 * treatments, a millisecond beside them, or anywhere.
 */
#ifndef PROPERTY_OFFICE_H
#define PROPERTY_OFFICE_H

#include "base/arena.h"
#include "world.h"

#define OFFICE_OPERATORS 3 /* the first one: absent */

/* Of a treatment's START, by its sid. */
struct id office_operator(const struct id *sid);

/* Adds to a world that has its treatments; the orders' n goes on from `n`. */
void office_play(struct world *world, struct rng *rng, const struct id *clients,
    size_t client_count, uint32_t n);

/* The bytes of an INPUT_ORDER, in the arena. */
struct slice office_bytes(const struct input *input, struct arena *arena);

#endif
