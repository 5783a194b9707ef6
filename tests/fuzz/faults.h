/* faults.h - what must hold of every fault of a configuration: "FILE:12: key: ...", each on
 * a line of its own, something to read in each. */
#ifndef FUZZ_FAULTS_H
#define FUZZ_FAULTS_H

#include "fuzz.h"

void faults_check(struct slice faults, const char *file);

#endif
