#include "ledger/outbox.h"

void outbox_put(struct ledger *ledger, int64_t kind, struct slice key)
{
	if (ledger->config.is_recount)
		return;
	db_run(&ledger->db,
	    "INSERT INTO outbox(kind, key, n, queued_at) VALUES(?, ?, ?, ?)"
	    " ON CONFLICT(kind, key) DO UPDATE SET n = excluded.n, queued_at = excluded.queued_at",
	    "ibii", kind, key, ledger->next_n++, (int64_t)ledger->now);
	ledger->batch->has_outbox_news = true;
}

void outbox_done(struct ledger *ledger, const struct batch_done *done)
{
	db_run(&ledger->db, "DELETE FROM outbox WHERE kind = ? AND n = ?", "ii",
	    (int64_t)done->kind, (int64_t)done->n);
}

void outbox_settle(struct ledger *ledger)
{
	if (ledger->batch->has_outbox_news)
		db_run(&ledger->db,
		    "INSERT INTO meta(name, value) VALUES('next_n', ?)"
		    " ON CONFLICT(name) DO UPDATE SET value = excluded.value",
		    "i", ledger->next_n);
}
