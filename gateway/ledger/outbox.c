#include "ledger/outbox.h"

#include "ledger/store.h"

static int64_t next_n(struct ledger *ledger, int64_t kind)
{
	ledger->batch->has_outbox_news = true;
	return db_value(&ledger->db, 0,
	    "INSERT INTO outbox_count(kind, n) VALUES(?, 1)"
	    " ON CONFLICT(kind) DO UPDATE SET n = n + 1 RETURNING n",
	    "i", kind);
}

static const char put[] =
    "INSERT INTO outbox(kind, key, n, queued_at) VALUES(?, ?, ?, ?)"
    " ON CONFLICT(kind, key) DO UPDATE SET n = excluded.n, queued_at = excluded.queued_at";

void outbox_put_alert(struct ledger *ledger, const struct id *alert)
{
	if (!ledger->config.is_recount)
		db_run(&ledger->db, put, "ibii", (int64_t)OUTBOX_ALERT,
		    slice_of(alert->b, ID_BYTES), next_n(ledger, OUTBOX_ALERT),
		    (int64_t)ledger->now);
}

void outbox_put_state(struct ledger *ledger, int64_t kind, int64_t subject)
{
	db_run(&ledger->db, put, "iiii", kind, subject, next_n(ledger, kind), (int64_t)ledger->now);
}

static enum receipt_fault fault_of(struct ledger *ledger, const struct batch_done *receipt)
{
	if (receipt->kind == 0 || receipt->kind >= OUTBOX_KINDS)
		return RECEIPT_OF_NO_KIND;
	if (receipt->epoch != (uint64_t)store_meta(ledger, "epoch", 0))
		return RECEIPT_OF_OTHER_EPOCH;
	int64_t last = db_value(&ledger->db, 0, "SELECT n FROM outbox_count WHERE kind = ?", "i",
	    (int64_t)receipt->kind);
	return receipt->n > (uint64_t)last ? RECEIPT_OF_FUTURE : RECEIPT_GOOD;
}

static void take_receipt(struct ledger *ledger, const struct batch_done *receipt)
{
	enum receipt_fault fault = fault_of(ledger, receipt);

	if (fault == RECEIPT_GOOD) {
		db_run(&ledger->db, "DELETE FROM outbox WHERE kind = ? AND n <= ?", "ii",
		    (int64_t)receipt->kind, (int64_t)receipt->n);
		return;
	}
	ledger->batch->fault = fault;
	ledger->batch->refused = *receipt;
	store_add_meta(ledger, "receipts_refused", 1);
}

void outbox_done(struct ledger *ledger, const struct batch_done *done)
{
	if (done->is_receipt)
		take_receipt(ledger, done);
	else
		db_run(&ledger->db, "DELETE FROM outbox WHERE kind = ? AND n = ?", "ii",
		    (int64_t)done->kind, (int64_t)done->n);
}
