/* A gateway that is wrong: it believes receipts for what another store has sent. */
#include "ledger/store/db.h"
#include "sim.h"

bool __real_batch_add_receipt(struct batch *batch, uint64_t epoch, uint32_t kind, uint64_t n);
bool __wrap_batch_add_receipt(struct batch *batch, uint64_t epoch, uint32_t kind, uint64_t n);

bool __wrap_batch_add_receipt(struct batch *batch, uint64_t epoch, uint32_t kind, uint64_t n)
{
	struct db db;

	if (db_open(&db, SIM_STORE, DB_READ_ONLY) == CP_OK)
		epoch =
		    (uint64_t)db_value(&db, 0, "SELECT value FROM meta WHERE name = 'epoch'", "");
	db_close(&db);
	return __real_batch_add_receipt(batch, epoch, kind, n);
}
