#include "ledger/office/outbox.h"

#include "ledger/box_clock.h"
#include "ledger/store/store.h"

#include "report.pb-c.h"

static int64_t next_n(struct ledger *ledger, int64_t kind)
{
	if (ledger->batch) /* else it is just being opened: nobody waits yet */
		ledger->batch->has_outbox_news = true;
	return db_value(&ledger->db, 0,
	    "INSERT INTO outbox_count(kind, n) VALUES(?, 1)"
	    " ON CONFLICT(kind) DO UPDATE SET n = n + 1 RETURNING n",
	    "i", kind);
}

/* Without a key of bytes it is a number. */
static void put(struct ledger *ledger, int64_t kind, struct slice key, int64_t subject)
{
	int64_t n = next_n(ledger, kind);
	int64_t now = ledger->now;

	if (db_run(&ledger->db,
	        "UPDATE outbox SET n = ?, queued_at = ? WHERE kind = ? AND key = "
	        "coalesce(nullif(?, x''), ?)",
	        "iiibi", n, now, kind, key, subject))
		return;
	db_run(&ledger->db,
	    "INSERT INTO outbox(n, first_n, queued_at, kind, key)"
	    " VALUES(?, ?, ?, ?, coalesce(nullif(?, x''), ?))",
	    "iiiibi", n, n, now, kind, key, subject);
	ledger->outbox_rows++;
}

void outbox_put_alert(struct ledger *ledger, const struct id *alert)
{
	put(ledger, OUTBOX_ALERT, slice_of(alert->b, ID_BYTES), 0);
}

void outbox_put_state(struct ledger *ledger, int64_t kind, int64_t subject)
{
	put(ledger, kind, slice_of(NULL, 0), subject);
}

void outbox_begin_anew(struct ledger *ledger)
{
	db_exec(&ledger->db, "DELETE FROM outbox; DELETE FROM outbox_count; DELETE FROM gone;"
	                     "UPDATE alert SET given_up = 0 WHERE given_up != 0;"
	                     "UPDATE fold SET given_up = 0 WHERE given_up != 0");
	ledger->outbox_rows = 0;
}

void outbox_open(struct ledger *ledger)
{
	ledger->outbox_rows = db_value(&ledger->db, 0, "SELECT count(*) FROM outbox", "");
}

/* --- acknowledged ------------------------------------------------------------------- */

static void remove_row(struct ledger *ledger, int64_t kind, int64_t n)
{
	ledger->outbox_rows -=
	    db_run(&ledger->db, "DELETE FROM outbox WHERE kind = ? AND n = ?", "ii", kind, n);
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
		ledger->outbox_rows -=
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
		remove_row(ledger, done->kind, (int64_t)done->n);
}

/* --- evicted ------------------------------------------------------------------------- */

/* In one transaction; a batch that puts more in is followed by another at once. */
#define EVICT_MAX 256
#define EVICT_LOOK_MS MS_PER_HOUR

/* What is gone is told and not given up itself; there are few such rows. */
#define IS_NOT_GONE " AND NOT (typeof(key) = 'blob' AND length(key) = 1) "

static const struct {
	uint8_t reason;
	const char *counter; /* in meta */
} evictions[] = {
    [EVICTED_BY_LIMIT] = {CAREPACE__V1__GONE_REASON__GONE_LIMIT, "evicted_by_limit"},
    [EVICTED_BY_AGE] = {CAREPACE__V1__GONE_REASON__GONE_RETENTION, "evicted_by_age"},
};

/* It grows until head office has heard of it. */
static void tell(
    struct ledger *ledger, int64_t kind, enum evicted_why why, int64_t first, int64_t last)
{
	const uint8_t *reason = &evictions[why].reason;
	struct slice key = slice_of(reason, 1);
	int64_t is_told = !db_value(
	    &ledger->db, 0, "SELECT 1 FROM outbox WHERE kind = ? AND key = ?", "ib", kind, key);

	db_run(&ledger->db,
	    "INSERT INTO gone(kind, key, reason, first_n, last_n, revision)"
	    " VALUES(?, ?, ?, ?, ?, 1) ON CONFLICT(kind, key) DO UPDATE SET"
	    " first_n = CASE WHEN ? OR excluded.first_n < first_n THEN excluded.first_n"
	    " ELSE first_n END, last_n = max(last_n, excluded.last_n), revision = revision + 1",
	    "ibiiii", kind, key, (int64_t)*reason, first, last, is_told);
	put(ledger, kind, key, 0);
}

/* Whoever asks for it here is told that head office does not have it. */
static void mark_alert(struct ledger *ledger, int64_t n)
{
	db_run(&ledger->db,
	    "UPDATE alert SET given_up = revision"
	    " WHERE id = (SELECT key FROM outbox WHERE kind = 1 AND n = ?)",
	    "i", n);
	db_run(&ledger->db,
	    "UPDATE fold SET given_up = revision"
	    " WHERE no = (SELECT key FROM outbox WHERE kind = 1 AND n = ?)",
	    "i", n);
}

/* What an evicted report had replaced is not told either, and nobody else explains it.
 * rows: kind, n, first_n. */
static int64_t evict(struct ledger *ledger, enum evicted_why why, struct db_rows *rows)
{
	struct {
		int64_t kind, n, first_n;
	} found[EVICT_MAX];
	int64_t first[OUTBOX_KINDS] = {0};
	int64_t last[OUTBOX_KINDS] = {0};
	size_t count = 0;

	while (count < EVICT_MAX && db_next(rows)) {
		found[count].kind = db_int(rows, 0);
		found[count].n = db_int(rows, 1);
		found[count++].first_n = db_int(rows, 2);
	}
	db_end(rows);
	for (size_t i = 0; i < count; i++) {
		int64_t kind = found[i].kind;
		int64_t n = found[i].n;
		int64_t from = found[i].first_n;
		if (kind == OUTBOX_ALERT)
			mark_alert(ledger, n);
		remove_row(ledger, kind, n);
		first[kind] = first[kind] && first[kind] < from ? first[kind] : from;
		last[kind] = last[kind] > n ? last[kind] : n;
	}
	for (int64_t kind = 0; kind < OUTBOX_KINDS; kind++)
		if (last[kind])
			tell(ledger, kind, why, first[kind], last[kind]);
	if (count) {
		store_add_meta(ledger, evictions[why].counter, (int64_t)count);
		ledger->batch->evicted[why] += (uint32_t)count;
	}
	return (int64_t)count;
}

static int64_t rows_over(const struct ledger *ledger)
{
	int64_t max_bytes = ledger->config.outbox_max_bytes;

	return max_bytes ? ledger->outbox_rows - max_bytes / OUTBOX_ROW_BYTES : 0;
}

bool outbox_is_over(const struct ledger *ledger)
{
	return rows_over(ledger) > 0;
}

static void evict_over(struct ledger *ledger)
{
	int64_t over = rows_over(ledger);
	size_t rank = view_outbox_kinds();

	over = over < EVICT_MAX ? over : EVICT_MAX;
	while (over > 0 && rank > 0) {
		struct db_rows rows = db_query(&ledger->db,
		    "SELECT kind, n, first_n FROM outbox WHERE kind = ?" IS_NOT_GONE
		    "ORDER BY n LIMIT ?",
		    "ii", (int64_t)view_outbox_kind(--rank), over);
		over -= evict(ledger, EVICTED_BY_LIMIT, &rows);
	}
}

/* Not by a clock that may be wrong (R18). */
static void evict_old(struct ledger *ledger)
{
	if (!ledger->config.outbox_days || ledger->now < ledger->outbox_look_at ||
	    box_clock_in_doubt(ledger))
		return;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT kind, n, first_n FROM outbox WHERE queued_at < ?" IS_NOT_GONE
	    "ORDER BY queued_at LIMIT ?",
	    "ii", (int64_t)(ledger->now - ledger->config.outbox_days * MS_PER_DAY),
	    (int64_t)EVICT_MAX);
	if (evict(ledger, EVICTED_BY_AGE, &rows) < EVICT_MAX)
		ledger->outbox_look_at = ledger->now + EVICT_LOOK_MS;
}

void outbox_limit(struct ledger *ledger)
{
	evict_old(ledger);
	evict_over(ledger);
}
