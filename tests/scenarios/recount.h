/* recount.h - every story is counted again from its journal in the end.
 *
 * What:    a clinic's store in a folder of its own, in memory where there is such a
 *          place, and `carepace verify` over it.
 * Promise: P3, P4. A finding that only a message's own batch would find, or that a
 *          message forgot to touch, is a difference.
 */
#ifndef SCENARIOS_RECOUNT_H
#define SCENARIOS_RECOUNT_H

#include "clinic.h"

struct recount {
	char folder[64];
	char path[80];
};

/* Opens the clinic on a store of its own. */
void recount_open(struct recount *recount, struct clinic *clinic, const char *zone_name);

/* Fails the clinic where the recount says something else. */
void recount_check(const struct recount *recount, struct clinic *clinic);

void recount_close(struct recount *recount, struct clinic *clinic);

#endif
