#include "ledger/judging/pending.h"

#include "ledger/clocks.h"
#include "ledger/facts.h"
#include "ledger/judging/subjects.h"
#include "ledger/judging/unjudged.h"
#include "ledger/judging/verdicts.h"
#include "ledger/store/sessions.h"
#include "ledger/store/store.h"

/* One transaction's worth of what was never tried. */
#define GROUP_ITEMS_MAX 256

/* What one batch waits for: twice as many items as a batch can have rows, and a
 * few suspects, each of which is a transaction of its own. */
#define ITEMS_PER_CALL 2000
#define SUSPECTS_PER_CALL 8

struct item {
	enum subject_kind kind;
	int64_t subject; /* a row's source */
	uint32_t boot;   /* of a row, else 0 */
	uint32_t seq;
	int64_t attempts;
	bool is_loud; /* of a subject (R11) */
};

/* --- in -------------------------------------------------------------------------- */

static void add(struct ledger *ledger, const struct item *item)
{
	db_run(&ledger->db,
	    "INSERT INTO pending(kind, subject, boot, seq, is_loud) VALUES(?, ?, ?, ?, ?)"
	    " ON CONFLICT DO UPDATE SET is_loud = max(is_loud, excluded.is_loud)",
	    "iiiii", (int64_t)item->kind, item->subject, (int64_t)item->boot, (int64_t)item->seq,
	    (int64_t)item->is_loud);
}

void pending_add_row(struct ledger *ledger, const struct journal_row *row)
{
	struct item item = {
	    .kind = SUBJECT_ROW, .subject = row->source, .boot = row->boot, .seq = row->seq};

	add(ledger, &item);
}

void pending_add_tail(struct ledger *ledger)
{
	ledger->stream_folded = store_meta(ledger, "stream_folded", 0);
	if (ledger->stream_folded == ledger->stream_last)
		return;
	db_run(&ledger->db,
	    "INSERT INTO pending(kind, subject, boot, seq) SELECT 0, source, boot, seq FROM stream "
	    "s"
	    " WHERE no > ? AND NOT EXISTS (SELECT 1 FROM unjudged u WHERE u.kind = 0 AND"
	    " u.subject = s.source AND u.boot = s.boot AND u.seq = s.seq) ON CONFLICT DO NOTHING",
	    "i", ledger->stream_folded);
	ledger->stream_folded = ledger->stream_last;
	store_set_meta(ledger, "stream_folded", ledger->stream_folded);
}

static void add_set(struct ledger *ledger, enum subject_kind kind, struct touched *set)
{
	for (size_t i = 0; i < set->count; i++) {
		struct item item = {
		    .kind = kind,
		    .subject = set->items[i].no,
		    .is_loud = set->items[i].is_loud,
		};
		if (!unjudged_has(ledger, kind, item.subject))
			add(ledger, &item);
	}
	if (set->is_full)
		db_fail(&ledger->db, CP_NOMEM, "out of memory for the subjects of a batch");
	*set = (struct touched){0};
}

void pending_add_touched(struct ledger *ledger)
{
	for (enum subject_kind kind = SUBJECT_SESSION; kind < SUBJECT_KINDS; kind++)
		add_set(ledger, kind, &ledger->touched[kind]);
}

/* --- out: untried, of the first kind there is (rows before sessions before clients
 * before cartridges before verdicts, as in a batch); or suspects ------------------- */

static size_t load(struct ledger *ledger, const char *sql, struct item *items, size_t max)
{
	struct db_rows rows = db_query(&ledger->db, sql, "i", (int64_t)max);
	size_t count = 0;

	while (db_next(&rows))
		items[count++] = (struct item){
		    .kind = (enum subject_kind)db_int(&rows, 0),
		    .subject = db_int(&rows, 1),
		    .boot = (uint32_t)db_int(&rows, 2),
		    .seq = (uint32_t)db_int(&rows, 3),
		    .attempts = db_int(&rows, 4),
		    .is_loud = db_int(&rows, 5),
		};
	return count;
}

#define COLUMNS "kind, subject, boot, seq, attempts, is_loud"

static size_t load_untried(struct ledger *ledger, struct item *items, size_t max)
{
	return load(ledger,
	    "SELECT " COLUMNS " FROM pending WHERE attempts = 0 AND kind ="
	    " (SELECT kind FROM pending WHERE attempts = 0 ORDER BY kind LIMIT 1)"
	    " ORDER BY subject, boot, seq LIMIT ?",
	    items, max);
}

static size_t load_suspects(struct ledger *ledger, struct item *items, size_t max)
{
	return load(ledger,
	    "SELECT " COLUMNS
	    " FROM pending WHERE attempts > 0 ORDER BY kind, subject, boot, seq LIMIT ?",
	    items, max);
}

/* --- work --------------------------------------------------------------------------- */

static void mark(struct ledger *ledger, const struct item *item)
{
	db_run(&ledger->db,
	    "UPDATE pending SET attempts = attempts + 1"
	    " WHERE kind = ? AND subject = ? AND boot = ? AND seq = ?",
	    "iiii", (int64_t)item->kind, item->subject, (int64_t)item->boot, (int64_t)item->seq);
}

static void forget(struct ledger *ledger, const struct item *item)
{
	db_run(&ledger->db,
	    "DELETE FROM pending WHERE kind = ? AND subject = ? AND boot = ? AND seq = ?", "iiii",
	    (int64_t)item->kind, item->subject, (int64_t)item->boot, (int64_t)item->seq);
}

static void set_aside(struct ledger *ledger, const struct item *item)
{
	db_begin(&ledger->db);
	unjudged_add(ledger, item->kind, item->subject, item->boot, item->seq);
	forget(ledger, item);
	db_commit(&ledger->db);
	ledger->batch->unjudged++;
}

static void apply_row(struct ledger *ledger, const struct item *item)
{
	struct reading reading;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT " JOURNAL_COLUMNS " FROM journal j WHERE source = ?1 AND boot = ?2 AND seq = ?3"
	    " UNION ALL SELECT " STREAM_COLUMNS " FROM stream j WHERE no = ?4",
	    "iiii", item->subject, (int64_t)item->boot, (int64_t)item->seq,
	    stream_names_find(ledger, item->subject, item->boot, item->seq));

	if (!db_next(&rows))
		return;
	struct journal_row row = journal_row_of(&rows);
	enum reading_result result = journal_decode(&ledger->scratch, &row, &reading);
	db_end(&rows);
	if (result == READING_OK)
		facts_apply(ledger, &reading, &row);
	else if (result == READING_NOMEM)
		db_fail(&ledger->db, CP_NOMEM, "out of memory for a row of the journal");
}

static void apply(struct ledger *ledger, const struct item *item)
{
	struct touch touch = {.no = item->subject, .is_loud = item->is_loud};

	if (item->kind == SUBJECT_ROW)
		apply_row(ledger, item);
	else if (item->kind == SUBJECT_VERDICT)
		touched_add(
		    &ledger->touched[SUBJECT_VERDICT], &ledger->scratch, touch.no, touch.is_loud);
	else
		subjects_judge_one(ledger, item->kind, touch);
}

/* Items of one kind. */
static void attempt(struct ledger *ledger, const struct item *items, size_t count)
{
	db_begin(&ledger->db);
	for (size_t i = 0; i < count; i++)
		mark(ledger, &items[i]);
	db_commit(&ledger->db);

	db_begin(&ledger->db);
	for (size_t i = 0; i < count && !ledger->db.err; i++) {
		apply(ledger, &items[i]);
		forget(ledger, &items[i]);
	}
	if (items[0].kind == SUBJECT_ROW) {
		clocks_settle(ledger);
		sessions_flush(ledger);
	}
	if (items[0].kind == SUBJECT_VERDICT) {
		verdicts_settle(ledger);
		ledger->touched[SUBJECT_VERDICT] = (struct touched){0};
	}
	pending_add_touched(ledger);
	db_commit(&ledger->db);
	arena_reset(&ledger->scratch);
}

void pending_work(struct ledger *ledger)
{
	struct item items[GROUP_ITEMS_MAX];
	size_t count = 0;

	for (size_t done = 0; done < ITEMS_PER_CALL; done += count) {
		count = load_untried(ledger, items, GROUP_ITEMS_MAX);
		if (count == 0)
			break;
		attempt(ledger, items, count);
	}
	if (count > 0)
		return; /* more of the kind: suspects wait */
	count = load_suspects(ledger, items, SUSPECTS_PER_CALL);
	for (size_t i = 0; i < count && !ledger->db.err; i++) {
		if (items[i].attempts >= PENDING_ATTEMPTS_MAX)
			set_aside(ledger, &items[i]);
		else
			attempt(ledger, &items[i], 1);
	}
}
