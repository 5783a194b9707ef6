/* staff.h - what people ask of the running daemon (DESIGN section 3).
 *
 *     control socket -> one line of JSON -> content of the open batch -> settled
 *                    <- one line of JSON <-------------------------------'
 *
 * What:    {"do": NAME, ...} is answered by {"ok": true, ...} after the commit that
 *          holds it, or by {"ok": false, "error": SENTENCE}. A table has the names.
 * Does:    "status" {}: the daemon in numbers, for `carepace status`.
 *          "acknowledge" {"alert": its 32 digits, "by": an operator's token,
 *          "reason": 0 to 255}: "answer" is what became of it (staff.c has the words).
 *          "parked-retry" {"hash": first digits, or ""}: P8. Also counts and says what
 *          an upgrade's own retry found.
 * Threads: the loop's.
 */
#ifndef SHELL_STAFF_H
#define SHELL_STAFF_H

#include "io/control.h"
#include "shell/intake.h"

struct staff;
struct uv_loop_s;

struct staff_counters {
	uint64_t parked_tried; /* again */
	uint64_t parked_understood;
	uint64_t parked_refused; /* understood, and not to be kept (P10) */
};

/* The daemon as it is now (shell/numbers.h). */
struct numbers;
typedef void numbers_fn(void *ctx, struct numbers *out);

enum cp_err staff_open(struct uv_loop_s *loop, const char *folder, struct intake *intake,
    numbers_fn *take, void *ctx, struct staff **out) CP_MUST_CHECK;

/* The batch is durable: answer. */
void staff_settled(struct staff *staff, const struct batch *batch);

const struct staff_counters *staff_counters(
    const struct staff *staff, const struct control_counters **control);

/* NULL is allowed. */
void staff_close(struct staff *staff);

#endif
