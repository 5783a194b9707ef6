/* reload.h - what the daemon reads from disk, as it is there now.
 *
 * What:    looks at the registry every second, so that a revoked device is closed within
 *          5 s; makes a new ticket key every hour; and when told (SIGHUP) takes everything
 *          again: configuration, policy file, certificates, registry.
 *
 *     read (libuv's pool) -> prepare (what can fail: a new port) -> judge (the policy, by the
 *     ledger, durable) -> take (cannot fail)
 *
 * Promise: as a whole or not at all. What cannot be used is said with file and line, and
 *          counted; then everything stays as it was. A revocation does not wait for that: the
 *          registry is looked at all the same.
 * Not:     settings that need a restart (io/settings): said, and as before until then.
 * Threads: the loop's only.
 */
#ifndef SHELL_RELOAD_H
#define SHELL_RELOAD_H

#include "io/config.h"
#include "io/tls.h"
#include "shell/intake.h"

#include <uv.h>

struct reload;

struct reload_counters {
	uint64_t done;
	uint64_t failed;
};

struct reload_ops {
	/* Only registry or tickets are new. Borrows `tls` for the call: hold it. */
	void (*renewed)(void *ctx, struct tls_config *tls);

	/* What can fail, it says why; then judge() and taken(), or abandon(). */
	enum cp_err (*prepare)(void *ctx, const struct config *next);
	void (*abandon)(void *ctx);

	/* To the ledger with the next batch, then reload_settled(). */
	void (*judge)(void *ctx, const struct own_policy *own);

	/* The configuration in force is the new one. */
	void (*taken)(void *ctx, struct tls_config *tls, bool has_new_head_office);
};

/* Reads certificates and registry for the first time at once. `path` is that of `config`, which
 * is what is in force: its content changes with each reload. Both, and all that is named here,
 * live as long as it does. */
enum cp_err reload_open(uv_loop_t *loop, const char *path, struct config *config,
    const char *ticket_keys, const struct reload_ops *ops, void *ctx, struct reload **out,
    struct pki_error *error) CP_MUST_CHECK;

struct tls_config *reload_tls(const struct reload *reload);
const struct reload_counters *reload_counters(const struct reload *reload);

/* Everything, and systemd is told. While one is under way, once more after it. */
void reload_all(struct reload *reload);

/* NULL is allowed. */
void reload_settled(struct reload *reload, const struct batch *batch);

/* After the intake is closed, which may still hold what was read. Calls nobody any more. Its
 * memory goes when the loop has run. NULL is allowed. */
void reload_close(struct reload *reload);

#endif
