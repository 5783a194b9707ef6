/* The oracle looks over the ledger's shoulder. */
#include "parties.h"

#include "ledger/ledger.h"

enum cp_err __real_ledger_apply(struct ledger *ledger, struct batch *batch, wall_ms now);
enum cp_err __wrap_ledger_apply(struct ledger *ledger, struct batch *batch, wall_ms now);

enum cp_err __wrap_ledger_apply(struct ledger *ledger, struct batch *batch, wall_ms now)
{
	enum cp_err err = __real_ledger_apply(ledger, batch, now);

	if (!err)
		oracle_applied(batch);
	return err;
}
