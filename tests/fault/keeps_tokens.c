/* A daemon that takes the order to forget a client, and forgets nobody: what the search of
 * tests/e2e/test_forget.py must find. */
#include "ledger/forgets.h"

void __wrap_forgets_take(struct ledger *ledger, int64_t client, bool is_loud);

void __wrap_forgets_take(struct ledger *ledger, int64_t client, bool is_loud)
{
	(void)ledger;
	(void)client;
	(void)is_loud;
}
