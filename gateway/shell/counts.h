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
#include "shell/staff.h"

#define COUNTS_LINE_BYTES 1000

/* Returns `out`. Office and staff may be NULL. */
const char *counts_line(const struct devices *devices, const struct head_office *office,
    const struct staff *staff, char out[COUNTS_LINE_BYTES]);

#endif
