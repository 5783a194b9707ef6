/* store_rest.h - before the store is opened: may it be? (P11)
 *
 *     three failures within ten minutes     rest until the first is older than that
 *     an I/O error or a read-only disk      rest, look every second
 *     no room on the disk at all            rest, look every second
 *
 * Resting: the program runs, so that the service manager does not start it again and
 *          again; nobody listens, nothing is acknowledged, devices keep their
 *          messages. It says so once and in the status line, and goes on by itself: a
 *          clinic's box has nobody who would press a button.
 */
#ifndef SHELL_STORE_REST_H
#define SHELL_STORE_REST_H

#include "io/config.h"

#define STORE_REST_WHY_BYTES 700

struct uv_loop_s;

/* Another gateway runs on this store; it was said. */
bool store_is_taken(const struct config_store *config);

/* Runs the loop meanwhile, until *is_stopping; `why` is the sentence while it rests, else "".
 * *lock is held with CP_OK, unless it was
 * stopped. CP_BUSY, CP_CONFIG: a person must act; it was said. */
enum cp_err store_rest(struct uv_loop_s *loop, const struct config_store *config,
    const bool *is_stopping, int *lock, char why[STORE_REST_WHY_BYTES]) CP_MUST_CHECK;

#endif
