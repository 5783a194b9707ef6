/* tally.h - how often each check of the catalogue spoke, over all seeds: a check that never
 * does is a hole in the worlds. */
#ifndef PROPERTY_TALLY_H
#define PROPERTY_TALLY_H

#include "base/slice.h"

#include <stdio.h>

/* One line of a truth (ledger/past/verify.h). */
void tally_line(struct slice line);

/* "findings by check:", a line each but for what is no truth (P4). */
void tally_print(FILE *out);

#endif
