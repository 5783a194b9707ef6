/* box.h - gives the box itself clocks that are in doubt: restarts without NTP, clocks that
 * were lost, steps by hand (R18).
 *
 * What:    the life of the box in phases, each with one clock. A message comes in in one of
 *          them, whatever way the world goes: what the box knew of the time when something
 *          came is an input of its own (ledger/box_clock.h), like the receive stamp.
 * Sane:    three devices may confirm a clock that is right. One that is wrong is off by
 *          nothing that three of them agree with (clocks.c): whether they were heard before
 *          the program restarted would change what is known.
 */
#ifndef PROPERTY_BOX_H
#define PROPERTY_BOX_H

#include "ledger/ledger.h"
#include "world.h"

/* Of a world whose messages know when they come in (clocks.h). */
void box_play(struct world *world);

/* In which phase something comes in. */
size_t box_phase_at(const struct world *world, wall_ms recv);

struct clock_reading box_reading(const struct box_phase *phase, wall_ms now);
struct clock_start box_start(const struct world *world, const struct box_phase *phase, wall_ms now);

#endif
