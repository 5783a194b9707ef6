#include "ledger/pending.h"

#include "ledger/facts.h"
#include "ledger/sessions.h"
#include "ledger/subjects.h"
#include "ledger/unjudged.h"
#include "ledger/verdicts.h"

struct item {
	enum subject_kind kind;
	int64_t subject; /* a row's source */
	uint32_t boot;   /* of a row, else 0 */
	uint32_t seq;
	int64_t attempts;
};

static void add(
    struct ledger *ledger, enum subject_kind kind, int64_t subject, uint32_t boot, uint32_t seq)
{
	db_run(&ledger->db,
	    "INSERT INTO pending(kind, subject, boot, seq) VALUES(?, ?, ?, ?) ON CONFLICT DO "
	    "NOTHING",
	    "iiii", (int64_t)kind, subject, (int64_t)boot, (int64_t)seq);
}

void pending_add_row(struct ledger *ledger, const struct journal_row *row)
{
	add(ledger, SUBJECT_ROW, row->source, row->boot, row->seq);
}

static void add_set(struct ledger *ledger, enum subject_kind kind, struct touched *set)
{
	for (size_t i = 0; i < set->count; i++)
		if (!unjudged_has(ledger, kind, set->items[i].no))
			add(ledger, kind, set->items[i].no, 0, 0);
	*set = (struct touched){.is_full = set->is_full};
}

void pending_add_touched(struct ledger *ledger)
{
	add_set(ledger, SUBJECT_SESSION, &ledger->sessions);
	add_set(ledger, SUBJECT_CLIENT, &ledger->clients);
	add_set(ledger, SUBJECT_CART, &ledger->carts);
}

/* --- one item ---------------------------------------------------------------------- */

static bool next_item(struct ledger *ledger, struct item *item)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT kind, subject, boot, seq, attempts FROM pending"
	    " ORDER BY kind, subject, boot, seq LIMIT 1",
	    "");

	if (!db_next(&rows))
		return false;
	*item = (struct item){
	    .kind = (enum subject_kind)db_int(&rows, 0),
	    .subject = db_int(&rows, 1),
	    .boot = (uint32_t)db_int(&rows, 2),
	    .seq = (uint32_t)db_int(&rows, 3),
	    .attempts = db_int(&rows, 4),
	};
	db_end(&rows);
	return true;
}

static void forget(struct ledger *ledger, const struct item *item)
{
	db_run(&ledger->db,
	    "DELETE FROM pending WHERE kind = ? AND subject = ? AND boot = ? AND seq = ?", "iiii",
	    (int64_t)item->kind, item->subject, (int64_t)item->boot, (int64_t)item->seq);
}

static void set_aside(struct ledger *ledger, const struct item *item)
{
	db_exec(&ledger->db, "BEGIN IMMEDIATE");
	unjudged_add(ledger, item->kind, item->subject, item->boot, item->seq);
	forget(ledger, item);
	db_exec(&ledger->db, "COMMIT");
	ledger->batch->unjudged++;
}

static void apply_row(struct ledger *ledger, const struct item *item)
{
	struct reading reading;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT " JOURNAL_COLUMNS " FROM journal j WHERE source = ?1 AND boot = ?2 AND seq = ?3"
	    " UNION ALL SELECT " JOURNAL_COLUMNS
	    " FROM stream j WHERE source = ?1 AND boot = ?2 AND seq = ?3",
	    "iii", item->subject, (int64_t)item->boot, (int64_t)item->seq);

	if (!db_next(&rows))
		return;
	struct journal_row row = journal_row_of(&rows);
	enum reading_result result = reading_from_journal(
	    &ledger->scratch, row.payload, row.kind >= READING_ORDER, &reading);
	db_end(&rows);
	if (result != READING_OK)
		return;
	facts_apply(ledger, &reading, &row);
	sessions_flush(ledger);
}

static void apply(struct ledger *ledger, const struct item *item)
{
	db_exec(&ledger->db, "BEGIN IMMEDIATE");
	db_run(&ledger->db,
	    "UPDATE pending SET attempts = attempts + 1"
	    " WHERE kind = ? AND subject = ? AND boot = ? AND seq = ?",
	    "iiii", (int64_t)item->kind, item->subject, (int64_t)item->boot, (int64_t)item->seq);
	db_exec(&ledger->db, "COMMIT");

	db_exec(&ledger->db, "BEGIN IMMEDIATE");
	if (item->kind == SUBJECT_ROW)
		apply_row(ledger, item);
	else
		subjects_judge_one(
		    ledger, item->kind, (struct touch){.no = item->subject, .is_loud = true});
	forget(ledger, item);
	pending_add_touched(ledger);
	verdicts_settle(ledger);
	ledger->verdicts = (struct touched){0};
	db_exec(&ledger->db, "COMMIT");
	arena_reset(&ledger->scratch);
}

void pending_drain(struct ledger *ledger)
{
	struct item item;

	while (!ledger->db.err && next_item(ledger, &item)) {
		if (item.attempts >= PENDING_ATTEMPTS_MAX)
			set_aside(ledger, &item);
		else
			apply(ledger, &item);
	}
}
