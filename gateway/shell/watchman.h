/* watchman.h - takes the daemon's looks at itself (domain 8.8).
 *
 * What:    every few seconds measures what only the shell can: the connection to head office,
 *          the age of the revocation list, the disk; and gives it to the ledger with the next
 *          batch, which adds what it knows and records what has begun or ended. Says once a
 *          day that the listener's certificate ends within WATCHMAN_EXPIRY_DAYS.
 * Threads: the loop's.
 */
#ifndef SHELL_WATCHMAN_H
#define SHELL_WATCHMAN_H

#include "shell/head_office.h"
#include "shell/intake.h"
#include "shell/reload.h"

#define WATCHMAN_EXPIRY_DAYS 30

struct watchman {
	struct intake *intake;
	const struct head_office *office; /* NULL: none is configured */
	const struct reload *reload;
	const char *store_path;
	mono_ms *expiry_said_at; /* the caller keeps it; 0: never yet */
};

void watchman_look(const struct watchman *watchman);

#endif
