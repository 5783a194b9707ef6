/* clock.h - the only clock reads of the simulator. */
#ifndef SIM_CLOCK_H
#define SIM_CLOCK_H

#include "base/time.h"

#define CLOCK_TEXT_BYTES 9 /* "10:42:07" and a NUL */

wall_ms clock_wall(void);
mono_ms clock_mono(void);

/* The time of day here, for the eye; returns `out`. */
const char *clock_text(wall_ms at, char out[CLOCK_TEXT_BYTES]);

/* The date here, as YYYYMMDD. */
uint32_t clock_date(wall_ms at);

/* 31 December of the year `years` after that of `at`, as YYYYMMDD. */
uint32_t clock_year_end(wall_ms at, int years);

#endif
