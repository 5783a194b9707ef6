/* copies.h - a clinic's years many times over, in one store.
 *
 * What:    every client, session, cartridge and message of a store comes again as
 *          others in a copy of it, until there are so many sessions, on pens of their own.
 *          Operators and the stream (30 days of it are kept) stay as they are.
 * Not:     anything that a judge could tell from a store that grew: a copy's finding
 *          stands beside its session, its deadline is far away.
 */
#ifndef BENCH_JUDGING_COPIES_H
#define BENCH_JUDGING_COPIES_H

#include <stdint.h>

/* `large` is a copy of the file `small`. */
void copies_make(const char *small, const char *large, int64_t sessions);

#endif
