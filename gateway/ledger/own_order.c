#include "ledger/own_order.h"

#include "ledger/facts.h"
#include "ledger/revisions.h"
#include "ledger/store/journal.h"
#include "wire/pack.h"

void own_order_record(struct ledger *ledger, Carepace__V1__Order *order, wall_ms now)
{
	struct reading reading;
	struct journal_row row;
	struct slice payload;
	const char *why;

	order->hq_epoch = 1;
	order->n = 1 + (uint32_t)db_value(&ledger->db, 0,
	                   "SELECT max(seq) FROM journal WHERE source = ? AND boot = 1", "i",
	                   (int64_t)SOURCE_BOX);
	if (wire_pack(&ledger->work, &order->base, &payload) ||
	    reading_parse_order(&ledger->work, payload, &reading, &why) > READING_RANGE) {
		db_fail(&ledger->db, CP_INVALID, "an order of this box cannot be recorded");
		return;
	}
	reading.source = reading_box;
	if (journal_append(ledger, &reading, (struct stamp){.recv = now}, &row) == BATCH_NEW)
		facts_apply(ledger, &reading, &row);
}

uint64_t own_order_revision(struct ledger *ledger, enum reading_kind kind, const char *key)
{
	return revisions_highest(ledger, SOURCE_BOX, kind, key);
}
