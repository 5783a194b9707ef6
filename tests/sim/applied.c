/* The oracle looks over the ledger's shoulder. */
#include "sim.h"

enum cp_err __wrap_ledger_apply(struct ledger *ledger, struct batch *batch, wall_ms now);

enum cp_err __wrap_ledger_apply(struct ledger *ledger, struct batch *batch, wall_ms now)
{
	return commits_apply(ledger, batch, now);
}
