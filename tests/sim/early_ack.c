/* A gateway that is wrong: now and then it says that a batch is on disk, and nothing is. */
#include "sim.h"

enum cp_err __wrap_ledger_apply(struct ledger *ledger, struct batch *batch, wall_ms now);

enum cp_err __wrap_ledger_apply(struct ledger *ledger, struct batch *batch, wall_ms now)
{
	return now % 10 == 0 ? CP_OK : commits_apply(ledger, batch, now);
}
