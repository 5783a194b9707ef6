/* A gateway that is wrong: now and then it says that a batch is on disk, and nothing is. */
#include "parties.h"

#include "ledger/ledger.h"

enum cp_err __real_ledger_apply(struct ledger *ledger, struct batch *batch, wall_ms now);
enum cp_err __wrap_ledger_apply(struct ledger *ledger, struct batch *batch, wall_ms now);

enum cp_err __wrap_ledger_apply(struct ledger *ledger, struct batch *batch, wall_ms now)
{
	bool is_said_only = now % 10 == 0;
	enum cp_err err = is_said_only ? CP_OK : __real_ledger_apply(ledger, batch, now);

	if (!err && !is_said_only)
		oracle_applied(batch);
	return err;
}
