#include "ledger/outbox.h"

#include "ledger/store.h"

void outbox_put(struct ledger *ledger, int64_t kind, struct slice key)
{
	if (ledger->config.is_recount)
		return;
	int64_t n = db_value(&ledger->db, 0,
	    "INSERT INTO outbox_count(kind, n) VALUES(?, 1)"
	    " ON CONFLICT(kind) DO UPDATE SET n = n + 1 RETURNING n",
	    "i", kind);
	db_run(&ledger->db,
	    "INSERT INTO outbox(kind, key, n, queued_at) VALUES(?, ?, ?, ?)"
	    " ON CONFLICT(kind, key) DO UPDATE SET n = excluded.n, queued_at = excluded.queued_at",
	    "ibii", kind, key, n, (int64_t)ledger->now);
	ledger->batch->has_outbox_news = true;
}

void outbox_done(struct ledger *ledger, const struct batch_done *done)
{
	if (!done->is_receipt)
		db_run(&ledger->db, "DELETE FROM outbox WHERE kind = ? AND n = ?", "ii",
		    (int64_t)done->kind, (int64_t)done->n);
	else if (done->epoch == (uint64_t)store_meta(ledger, "epoch", 0))
		db_run(&ledger->db, "DELETE FROM outbox WHERE kind = ? AND n <= ?", "ii",
		    (int64_t)done->kind, (int64_t)done->n);
}
