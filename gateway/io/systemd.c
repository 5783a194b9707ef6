#include "io/systemd.h"

#include "io/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

/* The results are not looked at: a manager that is gone cannot be told so. */

void systemd_ready(void)
{
	(void)sd_notify(0, "READY=1");
}

/* Type=notify-reload wants the monotonic time of the message in microseconds. */
void systemd_reloading(mono_ms now)
{
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)now * 1000);
}

void systemd_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}

/* One line: a newline would begin another assignment. */
void systemd_status(const char *format, ...)
{
	char text[201];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (char *at = text; *at; at++)
		if (*at == '\n')
			*at = ' ';
	(void)sd_notifyf(0, "STATUS=%s", text);
}

void systemd_more_time(mono_ms more_ms)
{
	(void)sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%lld", (long long)more_ms * 1000);
}

mono_ms systemd_watchdog_interval(void)
{
	uint64_t allowed_us;

	if (sd_watchdog_enabled(0, &allowed_us) <= 0)
		return 0;
	return (mono_ms)(allowed_us / 2000);
}

void systemd_watchdog(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}

enum cp_err systemd_take_socket(int *fd)
{
	int count = sd_listen_fds(1);

	*fd = -1;
	if (count == 0)
		return CP_OK;
	if (count != 1 ||
	    sd_is_socket_inet(SD_LISTEN_FDS_START, AF_UNSPEC, SOCK_STREAM, 1, 0) <= 0 ||
	    fcntl(SD_LISTEN_FDS_START, F_SETFL, O_NONBLOCK) < 0) {
		log_error(
		    "systemd did not hand over one socket that listens for TCP: carepace.socket "
		    "must have one ListenStream=, the port for devices, and Accept=no");
		return CP_CONFIG;
	}
	*fd = SD_LISTEN_FDS_START;
	return CP_OK;
}
