#include "ledger/judging/unjudged.h"

bool unjudged_has(const struct ledger *ledger, enum subject_kind kind, int64_t no)
{
	const struct touched *set = &ledger->set_aside[kind];

	for (size_t i = 0; i < set->count; i++)
		if (set->items[i].no == no)
			return true;
	return false;
}

void unjudged_load(struct ledger *ledger)
{
	db_run(&ledger->db,
	    "INSERT INTO pending(kind, subject, boot, seq)"
	    " SELECT kind, subject, boot, seq FROM unjudged WHERE version != ? ON CONFLICT DO "
	    "NOTHING",
	    "t", ledger->config.version);
	db_run(&ledger->db, "DELETE FROM unjudged WHERE version != ?", "t", ledger->config.version);

	struct db_rows rows = db_query(&ledger->db,
	    "SELECT kind, subject FROM unjudged WHERE kind != 0 ORDER BY kind, subject", "");
	while (db_next(&rows))
		touched_add(&ledger->set_aside[db_int(&rows, 0)], &ledger->lasting,
		    db_int(&rows, 1), false);
}

void unjudged_add(
    struct ledger *ledger, enum subject_kind kind, int64_t no, uint32_t boot, uint32_t seq)
{
	db_run(&ledger->db,
	    "INSERT INTO unjudged(kind, subject, boot, seq, at, version) VALUES(?, ?, ?, ?, ?, ?)"
	    " ON CONFLICT DO NOTHING",
	    "iiiiit", (int64_t)kind, no, (int64_t)boot, (int64_t)seq, (int64_t)ledger->now,
	    ledger->config.version);
	if (kind == SUBJECT_ROW)
		return;
	touched_add(&ledger->set_aside[kind], &ledger->lasting, no, false);
	touched_settle(&ledger->set_aside[kind]);
	unjudged_forget_deadlines(ledger);
}

void unjudged_forget_deadlines(struct ledger *ledger)
{
	for (size_t kind = 0; kind < SUBJECT_KINDS; kind++)
		for (size_t i = 0; i < ledger->set_aside[kind].count; i++)
			db_run(&ledger->db,
			    "UPDATE subject SET next_change = NULL WHERE kind = ? AND subject = ?"
			    " AND next_change NOTNULL",
			    "ii", (int64_t)kind, ledger->set_aside[kind].items[i].no);
}
