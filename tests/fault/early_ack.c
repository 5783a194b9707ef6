/* The negative control of test_kill.py: a gateway that breaks P1. Linked with
 * --wrap, so that every line of the daemon is the real one but for this: one
 * transaction stays open over several batches, and each of them is handed back, and
 * acknowledged, before the commit that holds it. */
#include "ledger/ledger.h"
#include "ledger/store/db.h"

#define BATCHES_PER_COMMIT 8

void __real_db_begin(struct db *db);
void __wrap_db_begin(struct db *db);
void __real_db_commit(struct db *db);
void __wrap_db_commit(struct db *db);
enum cp_err __real_ledger_apply(struct ledger *ledger, struct batch *batch, wall_ms now);
enum cp_err __wrap_ledger_apply(struct ledger *ledger, struct batch *batch, wall_ms now);
enum cp_err __real_ledger_checkpoint(struct ledger *ledger);
enum cp_err __wrap_ledger_checkpoint(struct ledger *ledger);
void __real_ledger_close(struct ledger *ledger);
void __wrap_ledger_close(struct ledger *ledger);

/* There is one writer, on one thread. */
static struct db *open_db; /* its transaction */
static bool is_applying;
static unsigned batches;

static void commit_late(void)
{
	struct db *db = open_db;

	open_db = NULL;
	batches = 0;
	if (db)
		__real_db_commit(db);
}

void __wrap_db_begin(struct db *db)
{
	if (is_applying && open_db)
		return; /* goes on in the open one */
	__real_db_begin(db);
	if (is_applying)
		open_db = db;
}

void __wrap_db_commit(struct db *db)
{
	if (!is_applying)
		__real_db_commit(db);
}

enum cp_err __wrap_ledger_apply(struct ledger *ledger, struct batch *batch, wall_ms now)
{
	if (++batches > BATCHES_PER_COMMIT)
		commit_late();
	is_applying = true;
	enum cp_err err = __real_ledger_apply(ledger, batch, now);
	is_applying = false;
	return err;
}

enum cp_err __wrap_ledger_checkpoint(struct ledger *ledger)
{
	commit_late();
	return __real_ledger_checkpoint(ledger);
}

void __wrap_ledger_close(struct ledger *ledger)
{
	commit_late();
	__real_ledger_close(ledger);
}
