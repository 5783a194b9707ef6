/* office.h - what is said besides treatments: by head office, by the tablet, by devices
 * between two clients. Any kind of fact, in any number of revisions (P3, P4).
 *
 * Moments lie at starts and ends of treatments, a millisecond beside them, on 06:00, or
 * anywhere.
 * Plain:   without what the oracle does not know and what would change its answers.
 */
#ifndef PROPERTY_OFFICE_H
#define PROPERTY_OFFICE_H

#include "world.h"

/* Adds to a world that has its treatments and its cast. */
void office_play(struct world *world, struct rng *rng, const struct zone *zone, bool is_plain);

#endif
