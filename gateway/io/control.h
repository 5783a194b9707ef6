/* control.h - the daemon's door for the people who run it.
 *
 * What:    a unix socket in the store's folder. A `carepace` command brings one line
 *          and is given one line; then the connection ends. What the lines say is
 *          shell/staff's business.
 * Who:     the daemon's own user and root, as the kernel says (SO_PEERCRED); the file
 *          has mode 0600 in a folder of 0700. Everybody else is closed and logged.
 * Bounds:  P6. CONTROL_CLIENTS_MAX at once, CONTROL_LINE_MAX a line, CONTROL_ASK_MS to
 *          bring it and as long to take the answer.
 * Names:   a request is a uint64_t, never 0 and never used twice; an answer to one
 *          who has left finds nothing.
 * Threads: the loop's; control_ask() is the other side and blocks.
 */
#ifndef IO_CONTROL_H
#define IO_CONTROL_H

#include "base/err.h"
#include "base/slice.h"

#define CONTROL_SOCKET_NAME "control"
#define CONTROL_CLIENTS_MAX 16
#define CONTROL_LINE_MAX 4096 /* with its end */
#define CONTROL_ASK_MS 5000

struct control;
struct uv_loop_s;

/* `line` without its end. Owes one control_answer(), now or later. */
typedef void control_request_fn(void *ctx, uint64_t request, struct slice line);

struct control_counters {
	uint64_t requests;
	uint64_t refused; /* another user, too many, too long, too slow */
};

/* The folder's lock must be held: what lies there under the name is removed.
 * Logs what went wrong. */
enum cp_err control_open(struct uv_loop_s *loop, const char *folder, control_request_fn *on_request,
    void *ctx, struct control **out) CP_MUST_CHECK;

/* Cut to what a line holds. */
void control_answer(struct control *control, uint64_t request, struct slice line);

const struct control_counters *control_counters(const struct control *control);

/* Who waits is closed unanswered. Run the loop afterwards until its handles are
 * closed. NULL is allowed. */
void control_close(struct control *control);

/* Asks the daemon that runs on `folder`. CP_NOTFOUND: none does. Else `why` is one
 * sentence. `answer` is ended by a NUL. */
enum cp_err control_ask(const char *folder, const char *line, int timeout_ms,
    char answer[CONTROL_LINE_MAX], char why[256]) CP_MUST_CHECK;

/* Who holds the door: the process id of the gateway that runs on the folder's store, 0 if none
 * does (or this user may not knock). */
int control_process(const char *folder);

#endif
