/* store_start.h - the store's part of the start: wait until it may be opened
 * (shell/store_rest.h), open it with what the configuration says, and say what a person
 * should know of it.
 *
 * Errors: statuses of enum gateway_exit; the sentence is in the log.
 */
#ifndef SHELL_STORE_START_H
#define SHELL_STORE_START_H

#include "shell/store_rest.h"

struct ledger;
struct zone;

struct store_terms {
	struct uv_loop_s *loop; /* runs while the store rests */
	const struct config *config;
	const char *file;
	const struct zone *zone;
	const char *tzdata; /* as struct ledger_config has it */
	const bool *is_stopping;
};

/* 0 without a ledger: stopped meanwhile. *lock, once taken, is the caller's in any case;
 * `resting` as store_rest() has it. */
int store_start(const struct store_terms *terms, int *lock, char resting[STORE_REST_WHY_BYTES],
    struct ledger **out) CP_MUST_CHECK;

#endif
