/* clock.h - the only clock reads of the program (P9).
 *
 * What:    the shell reads once per event and passes the time down.
 * Doubt:   while this box does not know the time (care/time/gateway_clock.h) the ledger says what
 *          to count from instead, and every part of the program goes by that: deadlines of
 *          messages, certificates, logs.
 * Threads: any.
 * Units:   milliseconds; see base/time.h for what each kind is for.
 */
#ifndef IO_CLOCK_H
#define IO_CLOCK_H

#include "care/time/gateway_clock.h"

/* UTC since 1970. May jump either way: never use it for a timeout. */
wall_ms clock_wall(void);

/* How long a timer must run until then; negative: it is past. */
mono_ms clock_until(wall_ms at);

/* Since some start; never goes back. Does not count time asleep. */
mono_ms clock_mono(void);

/* The same in microseconds, for what is measured. */
int64_t clock_mono_us(void);

/* Since the box started; counts time asleep. */
mono_ms clock_since_boot(void);

/* All of them, as the system has them, and whether it says that something keeps its clock;
 * with all that a run begins with. */
struct clock_reading clock_read(void);
struct clock_start clock_start(void);

/* What clock_wall() says is assumed: it may be later, but not earlier. */
bool clock_in_doubt(void);

/* What clock_wall() counts from, less the time since the box started; TIME_NEVER: the
 * system's clock is trusted again. */
void clock_assume(int64_t offset_ms);

#endif
