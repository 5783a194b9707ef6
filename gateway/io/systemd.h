/* systemd.h - what the service manager is told, and what it hands over.
 *
 * What:    readiness, reload, stop, one line of status, the watchdog; the port, when
 *          carepace.socket holds it.
 * Threads: any.
 * Fails:   never in telling; without NOTIFY_SOCKET those calls do nothing.
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

/* The start takes longer than the unit allows: so much more from now on. */
void systemd_more_time(mono_ms more_ms);

/* How often systemd_watchdog() has to be called, half of what the unit allows;
 * 0 when the unit has no watchdog. */
mono_ms systemd_watchdog_interval(void);
void systemd_watchdog(void);

/* The listening socket of carepace.socket; -1 when nothing was handed over. CP_CONFIG: it is
 * something else, which was logged. Once: the caller owns it. */
enum cp_err systemd_take_socket(int *fd) CP_MUST_CHECK;

#endif
