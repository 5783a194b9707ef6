/* counts.h - every counter of the daemon that is not zero, as one line.
 *
 * "counts: messages=172 acknowledged=172 stored=172 tls_unknown_ca=1
 * mqtt_bad_utf8=1": written on SIGUSR1 and at the end, so that a refusal in the
 * log can be held against its number. Later also the metrics page's source.
 */
#ifndef SHELL_COUNTS_H
#define SHELL_COUNTS_H

#include "shell/devices.h"
#include "shell/head_office.h"
#include "shell/reload.h"
#include "shell/staff.h"

#define COUNTS_LINE_BYTES 1000

struct count_sources {
	const struct devices *devices;
	const struct reload *reload;
	const struct intake *intake;
	const struct head_office *office; /* NULL is allowed */
	const struct staff *staff;        /* NULL is allowed */
};

/* Returns `out`. */
const char *counts_line(const struct count_sources *from, char out[COUNTS_LINE_BYTES]);

#endif
