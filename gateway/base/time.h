/* time.h - three kinds of time that must not be mixed.
 *
 * mono_ms   monotonic since some start: timeouts, keep-alive. Never stored.
 * wall_ms   our own clock, UTC since 1970: when we received or raised something.
 * event_ms  what a device or head office claims, UTC since 1970: what checks
 *           judge by. Checked, never trusted for timeouts.
 *
 * The shell reads the clocks (io/clock) once per event; nobody below does (P9).
 */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include <stdint.h>

typedef int64_t mono_ms;
typedef int64_t wall_ms;
typedef int64_t event_ms;

#define MS_PER_SECOND INT64_C(1000)
#define MS_PER_MINUTE INT64_C(60000)
#define MS_PER_HOUR INT64_C(3600000)
#define MS_PER_DAY INT64_C(86400000)

/* "Never", for deadlines and open ends. */
#define TIME_NEVER INT64_MAX

#endif
