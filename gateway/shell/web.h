/* web.h - /healthz, /readyz and /metrics.
 *
 *     http thread --question--> loop fills it --> back, within WEB_ASK_MS
 *                 '--view-----> the store, read-only, looked at every WEB_STORE_MS
 *
 * What:    /healthz: the loop answers, and the ledger is not stuck at a batch.
 *          /readyz:  devices are served; else 503 and why, in one sentence. Head office has
 *          no part in it: this box works without.
 *          /metrics: shell/metrics.h.
 * Threads: opened and closed by the loop's; the answers are made on the http thread. They
 *          meet in io/mailbox; one question is under way at most.
 */
#ifndef SHELL_WEB_H
#define SHELL_WEB_H

#include "io/config.h"
#include "shell/numbers.h"

#define WEB_ASK_MS 1000
#define WEB_STORE_MS 5000
#define WEB_STUCK_MS 60000

struct web;
struct uv_loop_s;

/* CP_OK with *out NULL when it is turned off. `take` is called on the loop. `config` and
 * `store_file` are borrowed. Logs what went wrong. */
enum cp_err web_open(struct uv_loop_s *loop, const struct config_http *config,
    const char *store_file, numbers_fn *take, void *ctx, struct web **out) CP_MUST_CHECK;

/* A heartbeat_fn of a struct web: whether the http thread answers. */
bool web_answers(void *web);

/* Run the loop afterwards until its handles are closed. NULL is allowed. */
void web_close(struct web *web);

#endif
