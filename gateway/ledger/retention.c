#include "ledger/retention.h"

#include "ledger/box_clock.h"
#include "ledger/judging/pending.h"
#include "ledger/judging/session_stream.h"
#include "ledger/judging/unjudged.h"
#include "ledger/ledger.h"
#include "ledger/seals.h"
#include "ledger/store/sessions.h"
#include "ledger/store/store.h"

#define LOOK_EVERY_MS MS_PER_HOUR /* at what nobody knows the age of */
#define REST_MS 20                /* nothing came for so long: it rests */
#define PATIENCE_MS MS_PER_MINUTE /* so long a rest is waited for, */
#define HURRY_MS 250              /* then a step so often without one */
#define ROW_BYTES_MAX (8U << 20)

struct sweep {
	struct ledger *ledger;
	struct arena row; /* one message long */
	struct stream_name gone[RETENTION_ROWS];
	size_t gone_count;
	int seals;
};

/* --- when ---------------------------------------------------------------------------------- */

static bool is_possible(const struct ledger *ledger)
{
	return ledger->config.stream_kept_ms > 0 && !ledger->config.is_recount &&
	       !ledger->is_careful && !box_clock_in_doubt(ledger) && !ledger->dirty;
}

wall_ms retention_next(const struct ledger *ledger)
{
	return is_possible(ledger) ? ledger->sweep_at : TIME_NEVER;
}

static bool holds_urgent(const struct batch *batch)
{
	for (size_t i = 0; i < batch->entry_count; i++)
		if (batch->entries[i].what == BATCH_READING &&
		    reading_is_urgent(batch->entries[i].reading.kind))
			return true;
	return false;
}

/* Also when the clock was set back meanwhile. */
static bool is_due(const struct ledger *ledger)
{
	return ledger->now >= ledger->sweep_at ||
	       ledger->sweep_at - ledger->now > ledger->config.stream_kept_ms;
}

/* May a step be taken beside what the batch brought? */
static bool is_time(struct ledger *ledger)
{
	const struct batch *batch = ledger->batch;

	if (batch->entry_count == 0)
		return true;
	if (!ledger->unrest_since || ledger->unrest_since > ledger->now)
		ledger->unrest_since = ledger->now;
	ledger->sweep_at = ledger->now + REST_MS;
	return ledger->now - ledger->unrest_since >= PATIENCE_MS && !holds_urgent(batch);
}

/* When the first row that is left will be old. What is to come will be so later. */
static wall_ms next_old(struct ledger *ledger)
{
	wall_ms kept_ms = ledger->config.stream_kept_ms;
	wall_ms at = kept_ms + db_value(&ledger->db, ledger->now,
	                           "SELECT recv FROM stream WHERE no > ? ORDER BY no LIMIT 1", "i",
	                           store_meta(ledger, "stream_gone", 0));

	if (at > ledger->now + kept_ms)
		return ledger->now + kept_ms;
	return at > ledger->now ? at + 1 : ledger->now + LOOK_EVERY_MS; /* its stamp is in doubt */
}

static void plan(struct ledger *ledger, bool is_done)
{
	bool is_rest = ledger->batch->entry_count == 0;

	if (is_done || is_rest)
		ledger->unrest_since = 0;
	if (is_done)
		ledger->sweep_at = next_old(ledger);
	else
		ledger->sweep_at = ledger->now + (is_rest ? RETENTION_PAUSE_MS : HURRY_MS);
}

/* --- what goes ------------------------------------------------------------------------------- */

static bool is_set_aside(struct ledger *ledger, const struct journal_row *row)
{
	return db_value(&ledger->db, 0,
	    "SELECT 1 FROM unjudged WHERE kind = 0 AND subject = ? AND boot = ? AND seq = ?", "iii",
	    row->source, (int64_t)row->boot, (int64_t)row->seq);
}

/* False: this step has sealed enough. */
static bool may_seal(struct sweep *sweep)
{
	return ++sweep->seals <= RETENTION_SEALS;
}

enum answer {
	GOES,
	STAYS,
	LATER /* in another step */
};

static enum answer ask_boot(struct sweep *sweep, const struct journal_row *row)
{
	struct ledger *ledger = sweep->ledger;
	int64_t sealed = db_value(&ledger->db, INT64_MAX,
	    "SELECT sealed FROM boot WHERE source = ? AND boot = ?", "ii", row->source,
	    (int64_t)row->boot);

	if (sealed >= row->no)
		return GOES;
	if (!may_seal(sweep))
		return LATER;
	seals_add_boot(ledger, row->source, row->boot);
	return GOES;
}

static enum answer ask_session(
    struct sweep *sweep, const struct reading *reading, const struct journal_row *row)
{
	struct ledger *ledger = sweep->ledger;
	struct db_rows rows =
	    db_query(&ledger->db, "SELECT no, sealed FROM session WHERE source = ? AND sid = ?",
	        "ib", row->source, slice_of(reading->sid.b, ID_BYTES));

	if (!db_next(&rows))
		return GOES;
	int64_t no = db_int(&rows, 0);
	int64_t sealed = db_int(&rows, 1);
	db_end(&rows);
	if (sealed >= row->no)
		return GOES;
	if (!may_seal(sweep))
		return LATER;
	return seals_add_session(ledger, no) ? GOES : STAYS;
}

/* Said with a value that cannot be, or twice otherwise: a fact of its device's day. */
static bool is_fact(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	return reading->is_withheld ||
	       db_value(&ledger->db, 0,
	           "SELECT 1 FROM conflict WHERE source = ? AND boot = ? AND seq = ? LIMIT 1",
	           "iii", row->source, (int64_t)row->boot, (int64_t)row->seq);
}

static enum answer ask(struct sweep *sweep, const struct journal_row *row)
{
	struct reading reading;
	enum reading_result result = journal_decode(&sweep->row, row, &reading);

	if (result == READING_NOMEM)
		db_fail(&sweep->ledger->db, CP_NOMEM, "out of memory for a row of the stream");
	if (result == READING_OK && is_fact(sweep->ledger, &reading, row))
		return STAYS;
	enum answer answer = ask_boot(sweep, row);
	if (answer != GOES || result != READING_OK || reading.is_test || id_is_zero(&reading.sid))
		return answer;
	return ask_session(sweep, &reading, row);
}

/* Returns the row up to which everything has gone that goes. */
static int64_t gather(struct sweep *sweep, int64_t from, int64_t upto)
{
	struct ledger *ledger = sweep->ledger;
	enum answer answer = GOES;
	int64_t last = from;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT " STREAM_COLUMNS " FROM stream j WHERE no > ? AND no <= ? ORDER BY no", "ii",
	    from, upto);

	while (answer != LATER && !ledger->db.err && db_next(&rows)) {
		struct journal_row row = journal_row_of(&rows);
		answer = is_set_aside(ledger, &row) ? STAYS : ask(sweep, &row);
		arena_reset(&sweep->row);
		if (answer != LATER)
			last = row.no;
		if (answer == GOES)
			sweep->gone[sweep->gone_count++] = (struct stream_name){
			    .row = row.no, .source = row.source, .boot = row.boot, .seq = row.seq};
	}
	db_end(&rows);
	return last;
}

/* R18: in doubt nobody knows when a row came, or only that it was not later. */
static int64_t old_until(struct ledger *ledger, int64_t from, int64_t upto)
{
	return db_value(&ledger->db, 0,
	    "SELECT max(no) FROM (SELECT s.no, CASE WHEN s.doubt IS NULL THEN s.recv"
	    " WHEN d.is_lost THEN d.known ELSE s.recv - d.assumed + d.known END AS came"
	    " FROM stream s LEFT JOIN doubt d ON d.no = s.doubt"
	    " WHERE s.no > ? AND s.no <= ?) WHERE came < ?",
	    "iii", from, upto, (int64_t)(ledger->now - ledger->config.stream_kept_ms));
}

/* False: there is nothing to do for now. */
static bool step(struct ledger *ledger)
{
	struct sweep sweep = {.ledger = ledger};
	int64_t from = store_meta(ledger, "stream_gone", 0);
	int64_t upto = from + RETENTION_ROWS;

	if (upto > ledger->stream_folded)
		upto = ledger->stream_folded;
	upto = old_until(ledger, from, upto);
	if (upto <= from)
		return false;
	if (upto > store_meta(ledger, "stream_named", 0))
		stream_names_write(ledger);
	arena_init(&sweep.row, 64 * 1024, ROW_BYTES_MAX);
	upto = gather(&sweep, from, upto);
	arena_deinit(&sweep.row);
	for (size_t i = 0; i < sweep.gone_count; i++)
		db_run(&ledger->db, "DELETE FROM stream WHERE no = ?", "i", sweep.gone[i].row);
	stream_names_forget(ledger, sweep.gone, sweep.gone_count);
	store_set_meta(ledger, "stream_gone", upto);
	arena_reset(&ledger->work);
	return upto > from;
}

void retention_work(struct ledger *ledger)
{
	bool is_full = ledger->room.lacking_bytes > 0;

	if (!is_possible(ledger) || !(is_due(ledger) || is_full) || !(is_time(ledger) || is_full))
		return;
	sessions_mark_folded(ledger);
	plan(ledger, !step(ledger));
}
