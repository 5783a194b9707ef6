/* systemd.h - what the service manager is told.
 *
 * What:    readiness, reload, stop, one line of status, the watchdog.
 * Threads: any.
 * Fails:   never; without NOTIFY_SOCKET every call does nothing.
 */
#ifndef IO_SYSTEMD_H
#define IO_SYSTEMD_H

#include "base/err.h"
#include "base/time.h"

void systemd_ready(void);

/* Follow it by systemd_ready() when the reload is over. */
void systemd_reloading(mono_ms now);

void systemd_stopping(void);

/* The line that `systemctl status` shows; cut at 200 bytes. */
void systemd_status(const char *format, ...) CP_PRINTF(1, 2);

/* How often systemd_watchdog() has to be called, half of what the unit allows;
 * 0 when the unit has no watchdog. */
mono_ms systemd_watchdog_interval(void);
void systemd_watchdog(void);

#endif
