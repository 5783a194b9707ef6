/* systemd_unit.h - what the service manager says of a unit. Asks, changes nothing.
 *
 * Blocks:  at most SYSTEMD_ASK_MS.
 * Fails:   without systemd, or when it does not answer: CP_NOTFOUND.
 */
#ifndef IO_SYSTEMD_UNIT_H
#define IO_SYSTEMD_UNIT_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define SYSTEMD_ASK_MS 1000
#define SYSTEMD_WORD_BYTES 64

struct systemd_unit {
	bool is_there;                    /* a unit of that name is installed */
	char active[SYSTEMD_WORD_BYTES];  /* "active", "inactive", "failed", "activating" */
	char sub[SYSTEMD_WORD_BYTES];     /* "running", "auto-restart" */
	char enabled[SYSTEMD_WORD_BYTES]; /* "enabled", "disabled" */
	char user[SYSTEMD_WORD_BYTES];    /* User=; "" is root */
	uint32_t restarts;
	uint64_t files_max; /* LimitNOFILE= */
};

enum cp_err systemd_unit_ask(const char *name, struct systemd_unit *out) CP_MUST_CHECK;

/* Whether its file lies where packages and people put units, below `root` ("" is here); also
 * without a systemd that runs. */
bool systemd_unit_is_installed(const char *root, const char *name);

#endif
