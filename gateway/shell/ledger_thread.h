/* ledger_thread.h - the thread that owns the ledger: the only writer.
 *
 * What:    takes one batch at a time, applies it, hands it back; checkpoints
 *          when nothing waits (P11).
 * Threads: start, submit and stop from the loop; returned() runs on the loop.
 * Memory:  a submitted batch is the thread's until returned() names it.
 * Errors:  returned(err != CP_OK): the batch is not durable, nothing of it may be
 *          acknowledged, the program must stop. It is the last call.
 *          The error was logged here once.
 */
#ifndef SHELL_LEDGER_THREAD_H
#define SHELL_LEDGER_THREAD_H

#include "ledger/ledger.h"

struct ledger_thread;
struct uv_loop_s;

/* `batch` is NULL when a checkpoint failed while none was under way. */
typedef void ledger_returned_fn(void *ctx, struct batch *batch, enum cp_err err);

/* Takes the ledger over, also on an error. */
enum cp_err ledger_thread_start(struct ledger_thread **out, struct uv_loop_s *loop,
    struct ledger *ledger, ledger_returned_fn *returned, void *ctx) CP_MUST_CHECK;

/* At most one batch is under way. */
void ledger_thread_submit(struct ledger_thread *thread, struct batch *batch);

/* Whether it has answered since it was asked last; asks again (shell/pulse.h). */
bool ledger_thread_answers(struct ledger_thread *thread);

/* Waits for the batch under way (returned() is not called for it any more),
 * closes the ledger, ends the thread. NULL is allowed. */
void ledger_thread_stop(struct ledger_thread *thread);

#endif
