/* gateway.h - the whole daemon: opens everything in order, closes it in reverse.
 *
 *     zone -> web -> store -> certificates -> intake -> devices -> head office -> staff
 *
 * Stop (SIGTERM, SIGINT): devices are told and closed, the batch under way is
 * waited for, head office is told, the store is closed cleanly. A failed store:
 * the same, but nothing is acknowledged any more (P11); and when it has failed three
 * times within ten minutes, the next start rests first (shell/store_rest.h).
 */
#ifndef SHELL_GATEWAY_H
#define SHELL_GATEWAY_H

#include "io/config.h"

/* Exit statuses of `carepace run`. */
enum gateway_exit {
	GATEWAY_STOPPED = 0,     /* asked to */
	GATEWAY_CONFIG = 2,      /* settings, certificates, port, newer store: a person must act */
	GATEWAY_UNAVAILABLE = 3, /* memory, descriptors: try again */
	GATEWAY_STORE = 74,      /* the store failed (EX_IOERR of sysexits.h) */
};

/* Runs until it is stopped. `config` is what stands in the file; a reload reads it again and
 * changes its content. */
int gateway_run(const char *config_path, struct config *config);

#endif
