/* clocks.h - gives the devices of a world clocks that are off, jump, or lost their time,
 * boots that nobody sees live, buffers and slow ways (R18).
 *
 * Each message then has one moment at which it comes in, whatever way the world goes: the
 * receive stamp is an input of the truth, the order in which rows are applied is not.
 */
#ifndef PROPERTY_CLOCKS_H
#define PROPERTY_CLOCKS_H

#include "world.h"

void clocks_break(struct world *world);

#endif
