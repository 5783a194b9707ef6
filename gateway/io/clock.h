/* clock.h - the only clock reads of the program (P9).
 *
 * What:    the shell reads once per event and passes the time down.
 * Threads: any.
 * Units:   milliseconds; see base/time.h for what each kind is for.
 */
#ifndef IO_CLOCK_H
#define IO_CLOCK_H

#include "base/time.h"

/* UTC since 1970. May jump either way: never use it for a timeout. */
wall_ms clock_wall(void);

/* Since some start; never goes back. Does not count time asleep. */
mono_ms clock_mono(void);

#endif
