/* A gateway that is wrong: it looks for the answer in a batch that it has just handed over.
 * The seeds roll as ever, and the thread sanitizer sees it. */
#include "model.h"

#include "shell/ledger_thread.h"

void __real_ledger_thread_submit(struct ledger_thread *thread, struct batch *batch);
void __wrap_ledger_thread_submit(struct ledger_thread *thread, struct batch *batch);

void __wrap_ledger_thread_submit(struct ledger_thread *thread, struct batch *batch)
{
	static wall_ms next_wake;

	__real_ledger_thread_submit(thread, batch);
	next_wake = batch->next_wake;
	CP_CHECK(next_wake >= 0);
}
