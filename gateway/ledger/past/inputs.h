/* inputs.h - everything that came in, again, as the entries of a log (wire/log_file.h).
 *
 * What:    journal, stream and conflicts in the order of arrival, with the payloads as they
 *          came. Replayed, they come to the same truth (P4).
 * Tokens:  P10. The journal holds none; what stands in their place is made of the salt and
 *          the local number: the same for the same person within one log, and nobody's else.
 * Left out: what was parked (it may hold a token that nobody can find in it), and what the
 *          box noticed of itself, which depends on when it looked.
 * Time:    what came in while the box did not know the time has the time that is known now.
 * Threads: any; reads the store in one transaction, so it may run beside the daemon.
 */
#ifndef LEDGER_PAST_INPUTS_H
#define LEDGER_PAST_INPUTS_H

#include "base/hash.h"
#include "wire/log_file.h"

struct inputs_counts {
	int64_t entries;
	int64_t parked; /* left out; these three */
	int64_t of_box;
	int64_t too_large; /* beside its frame, for a message of a log */
};

struct inputs_ops {
	/* Once, first. The site dies when it returns. `until`: up to which it is judged. */
	enum cp_err (*head)(void *ctx, const char *site, wall_ms until);
	/* The payload dies when it returns. */
	enum cp_err (*entry)(void *ctx, const struct log_entry *entry);
};

/* An error of an operation is returned as it is, with an empty `why`. */
enum cp_err inputs_read(const char *path, const uint8_t salt[HASH_BYTES],
    const struct inputs_ops *ops, void *ctx, struct inputs_counts *counts,
    char why[256]) CP_MUST_CHECK;

#endif
