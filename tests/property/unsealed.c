/* A gateway that is wrong: rows of a stream go, and nothing is written of what they came to. */
#include "ledger/seals.h"

bool __wrap_seals_add_session(struct ledger *ledger, int64_t no);

bool __wrap_seals_add_session(struct ledger *ledger, int64_t no)
{
	(void)ledger;
	(void)no;
	return true;
}
