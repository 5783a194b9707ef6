#include "ledger/revisions.h"

#include "care/fact.h"

#define OF_KEY "source = ?1 AND kind = ?2 AND key = ?3"
#define IN_ORDER "(revision, ts, boot, seq)"

/* Stored signed, in the same order. */
static int64_t stored(uint64_t revision)
{
	return (int64_t)(revision ^ UINT64_C(1) << 63);
}

event_ms revisions_add(
    struct ledger *ledger, const struct reading *order, const struct journal_row *row)
{
	const char *key = order->order->key;
	int64_t revision = stored(order->order->revision);

	/* Of one revision that was sent twice the last in order counts. */
	event_ms until = db_value(&ledger->db, TIME_NEVER,
	    "SELECT min(ts) FROM revision WHERE " OF_KEY " AND " IN_ORDER " > (?4, ?5, ?6, ?7)",
	    "iitiiii", row->source, (int64_t)order->kind, key, revision, (int64_t)fact_time(order),
	    (int64_t)row->boot, (int64_t)row->seq);
	db_run(&ledger->db,
	    "INSERT INTO revision(source, kind, key, revision, ts, boot, seq)"
	    " VALUES(?, ?, ?, ?, ?, ?, ?)",
	    "iitiiii", row->source, (int64_t)order->kind, key, revision, (int64_t)fact_time(order),
	    (int64_t)row->boot, (int64_t)row->seq);
	return until;
}

struct db_rows revisions_below(
    struct ledger *ledger, const struct reading *order, const struct journal_row *row)
{
	return db_query(&ledger->db,
	    "SELECT boot, seq, ts FROM revision WHERE " OF_KEY " AND " IN_ORDER " < (?4, ?5, ?6, "
	    "?7) ORDER BY revision DESC, ts DESC, boot DESC, seq DESC",
	    "iitiiii", row->source, (int64_t)order->kind, order->order->key,
	    stored(order->order->revision), (int64_t)fact_time(order), (int64_t)row->boot,
	    (int64_t)row->seq);
}

uint64_t revisions_highest(
    struct ledger *ledger, int64_t source, enum reading_kind kind, const char *key)
{
	int64_t highest =
	    db_value(&ledger->db, 0, "SELECT ifnull(max(revision), ?4) FROM revision WHERE " OF_KEY,
	        "iiti", source, (int64_t)kind, key, stored(0));

	return (uint64_t)stored((uint64_t)highest);
}
