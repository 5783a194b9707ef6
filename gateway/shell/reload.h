/* reload.h - the certificates and the registry as they are on disk now.
 *
 * What:    looks at the registry every second, so that a revoked device is closed
 *          within 5 s; takes all files again when told (SIGHUP); makes a new ticket
 *          key every hour. Files are read on libuv's pool, the new configuration is
 *          handed over on the loop.
 * Fails:   closed. What cannot be used is said once, in one line, and counted; what
 *          was in use stays so.
 * Threads: the loop's only.
 */
#ifndef SHELL_RELOAD_H
#define SHELL_RELOAD_H

#include "io/tls.h"

#include <uv.h>

struct reload;

struct reload_counters {
	uint64_t done;
	uint64_t failed;
};

/* Borrows `tls` for the call: hold it. */
typedef void reload_fn(void *ctx, struct tls_config *tls);

/* Reads for the first time at once. `files`, without ticket keys, and all that is
 * named here live as long as it does. */
enum cp_err reload_open(uv_loop_t *loop, const struct tls_files *files, const char *ticket_keys,
    reload_fn *changed, void *ctx, struct reload **out, struct pki_error *error) CP_MUST_CHECK;

struct tls_config *reload_tls(const struct reload *reload);
const struct reload_counters *reload_counters(const struct reload *reload);

/* All of them, and systemd is told. */
void reload_all(struct reload *reload);

/* Calls nobody any more. Its memory goes when the loop has run. NULL is allowed. */
void reload_close(struct reload *reload);

#endif
