/* policy_file.h - takes the clinic's policy file again while the daemon runs (SIGHUP).
 *
 * What:    the file is read on libuv's pool; if it is good as a whole, it goes to the ledger
 *          with the next batch and holds from then on, as after a restart. One line in the
 *          log says what changed.
 * Fails:   closed. Of a file with a fault nothing is taken; each fault is a line in the
 *          log, and what was in force stays so.
 * Threads: the loop's only.
 */
#ifndef SHELL_POLICY_FILE_H
#define SHELL_POLICY_FILE_H

#include "base/err.h"
#include "shell/intake.h"

struct policy_file;
struct uv_loop_s;

/* `path` lives as long as it does; NULL: there is no such file, and nothing to do. */
enum cp_err policy_file_open(struct uv_loop_s *loop, const char *path, struct intake *intake,
    struct policy_file **out) CP_MUST_CHECK;

/* While one is under way, once more after it. NULL is allowed. */
void policy_file_reload(struct policy_file *file);
void policy_file_settled(struct policy_file *file, const struct batch *batch);

/* After the intake is closed, which may still hold what was read. Its memory goes when the loop has
 * run. NULL is allowed. */
void policy_file_close(struct policy_file *file);

#endif
