/* load.h - one run: connect all, prepare, rest, measure, and say what was seen.
 *
 * Order:  all connections, a few handshakes at a time; then what must be said
 *         before (HELLO, sessions); then the measured part. The server's CPU time
 *         and memory are read between the parts.
 * Flood:  without a rate a message is due as soon as one before it is answered.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "options.h"

/* Prints JSON to standard output. Ends the program when anything goes wrong. */
void load_run(const struct options *options);

#endif
