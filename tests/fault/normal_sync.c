/* The negative control of test_power_cut.py: a ledger that commits with synchronous=NORMAL, as
 * most programs do. What kill -9 leaves is the same; what a power cut leaves is not. */
#include "ledger/state.h"

enum cp_err __real_ledger_open(
    const struct ledger_config *config, wall_ms now, struct ledger **out, char *why);
enum cp_err __wrap_ledger_open(
    const struct ledger_config *config, wall_ms now, struct ledger **out, char *why);

enum cp_err __wrap_ledger_open(
    const struct ledger_config *config, wall_ms now, struct ledger **out, char *why)
{
	enum cp_err err = __real_ledger_open(config, now, out, why);

	if (err == CP_OK) /* it was looked at */
		db_exec(&(*out)->db, "PRAGMA synchronous = NORMAL");
	return err;
}
