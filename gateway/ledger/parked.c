#include "ledger/parked.h"

#include "ledger/box_clock.h"
#include "ledger/facts.h"
#include "ledger/judging/pending.h"
#include "ledger/policies.h"
#include "ledger/store/names.h"
#include "ledger/store/store.h"

/* What one batch waits for. */
#define ROWS_PER_BATCH 64
#define BYTES_PER_BATCH (512 * 1024)
#define LOOKS_PER_BATCH 2000 /* at rows that nobody asked for */
#define CAREFUL_PER_BATCH 8

/* --- in -------------------------------------------------------------------------- */

static bool is_there(struct ledger *ledger, int64_t source, struct slice hash)
{
	return db_value(&ledger->db, 0, "SELECT 1 FROM parked WHERE source = ? AND hash = ?", "ib",
	           source, hash) != 0;
}

/* Once per source and run: summing up reads every parked byte. */
static void count(struct ledger *ledger, struct source_state *source)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT count(*), coalesce(sum(length(payload)), 0) FROM parked WHERE source = ?", "i",
	    source->no);

	if (!db_next(&rows))
		return;
	source->parked_rows = db_int(&rows, 0);
	source->parked_bytes = db_int(&rows, 1);
	source->is_park_known = true;
	db_end(&rows);
}

enum batch_outcome parked_add(struct ledger *ledger, const struct batch_entry *entry)
{
	const struct reading *reading = &entry->reading;
	struct source_state *source = names_source(ledger, &reading->source);
	struct slice hash = slice_of(reading->hash, READING_HASH_BYTES);
	if (!source)
		return BATCH_NOT_KEPT;
	if (is_there(ledger, source->no, hash))
		return BATCH_PARKED;

	if (!source->is_park_known)
		count(ledger, source);
	if (source->parked_rows >= PARKED_ROWS_MAX ||
	    source->parked_bytes + (int64_t)reading->payload.len > PARKED_BYTES_MAX)
		return BATCH_NOT_KEPT;
	source->parked_rows++;
	source->parked_bytes += (int64_t)reading->payload.len;
	struct stamp stamp = box_clock_stamp(ledger, entry->recv);
	db_run(&ledger->db,
	    "INSERT INTO parked(source, hash, recv, is_tablet, why, payload, doubt)"
	    " VALUES(?, ?, ?, ?, ?, ?, nullif(?, 0))",
	    "ibiitbi", source->no, hash, (int64_t)stamp.recv, (int64_t)entry->is_tablet,
	    entry->why ? entry->why : "", reading->payload, stamp.doubt);
	return BATCH_PARKED;
}

/* --- the walk ---------------------------------------------------------------------- */

struct parked_row {
	int64_t source;
	struct id device;
	struct id hash;
	struct stamp stamp;
	bool is_tablet;
	bool is_wanted;
	struct slice payload; /* in the scratch arena; only of a wanted one */
};

/* Where the walk of an upgrade stands, and whose it is. */
#define MARK_BYTES (sizeof(int64_t) + ID_BYTES)

static struct slice version_of(const struct ledger *ledger)
{
	return slice_str(ledger->config.version ? ledger->config.version : "");
}

static void set_meta(struct ledger *ledger, const char *name, struct slice value)
{
	db_run(&ledger->db,
	    "INSERT INTO meta(name, value) VALUES(?, ?)"
	    " ON CONFLICT(name) DO UPDATE SET value = excluded.value",
	    "tb", name, value);
}

void parked_open(struct ledger *ledger)
{
	struct parked_walk *walk = &ledger->walk;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT name = 'parked_tried_by', value FROM meta"
	    " WHERE name IN('parked_tried_by', 'parked_mark') ORDER BY name",
	    "");

	*walk = (struct parked_walk){.is_under_way = true, .is_upgrade = true};
	while (db_next(&rows)) {
		struct slice value = db_blob(&rows, 1);
		if (db_int(&rows, 0)) {
			walk->is_under_way = !slice_eq(value, version_of(ledger));
		} else if (slice_eq(slice_from(value, MARK_BYTES), version_of(ledger))) {
			memcpy(&walk->source, value.p, sizeof(walk->source));
			memcpy(walk->hash.b, value.p + sizeof(walk->source), ID_BYTES);
		}
	}
}

/* Once it is committed, no later start of this version tries this row. */
static void mark(struct ledger *ledger)
{
	const struct parked_walk *walk = &ledger->walk;
	struct slice version = version_of(ledger);
	uint8_t *bytes = arena_alloc(&ledger->scratch, MARK_BYTES + version.len);

	if (!bytes) {
		db_fail(&ledger->db, CP_NOMEM, "out of memory for a parked message");
		return;
	}
	memcpy(bytes, &walk->source, sizeof(walk->source));
	memcpy(bytes + sizeof(walk->source), walk->hash.b, ID_BYTES);
	memcpy(bytes + MARK_BYTES, version.p, version.len);
	set_meta(ledger, "parked_mark", slice_of(bytes, MARK_BYTES + version.len));
}

static void finish(struct ledger *ledger)
{
	if (ledger->walk.is_upgrade) {
		set_meta(ledger, "parked_tried_by", version_of(ledger));
		db_run(&ledger->db, "DELETE FROM meta WHERE name = 'parked_mark'", "");
	}
	ledger->walk = (struct parked_walk){0};
}

static bool is_wanted(const struct parked_walk *walk, const struct id *hash)
{
	char hex[ID_HEX_LEN + 1];

	return strncmp(id_hex(hash, hex), walk->wanted, strlen(walk->wanted)) == 0;
}

/* The row behind the last one. */
static bool next(struct ledger *ledger, struct parked_row *row)
{
	struct parked_walk *walk = &ledger->walk;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT p.source, p.hash, p.recv, p.is_tablet, s.id, p.payload, p.doubt"
	    " FROM parked p JOIN source s ON s.no = p.source"
	    " WHERE (p.source, p.hash) > (?, ?) ORDER BY p.source, p.hash LIMIT 1",
	    "ib", walk->source, slice_of(walk->hash.b, ID_BYTES));

	if (!db_next(&rows))
		return false;
	*row = (struct parked_row){
	    .source = db_int(&rows, 0),
	    .stamp = {.recv = db_int(&rows, 2), .doubt = db_int(&rows, 6)},
	    .is_tablet = db_int(&rows, 3) != 0,
	};
	row->is_wanted = id_from_bytes(&row->hash, db_blob(&rows, 1)) &&
	                 id_from_bytes(&row->device, db_blob(&rows, 4)) &&
	                 is_wanted(walk, &row->hash);
	if (row->is_wanted)
		row->payload = arena_copy(&ledger->scratch, db_blob(&rows, 5));
	walk->source = row->source;
	walk->hash = row->hash;
	db_end(&rows);
	return true;
}

/* --- one of them -------------------------------------------------------------------- */

static void forget(struct ledger *ledger, const struct parked_row *row)
{
	struct source_state *source = names_source(ledger, &row->device);

	if (source && source->is_park_known) {
		source->parked_rows--;
		source->parked_bytes -= (int64_t)row->payload.len;
	}
	db_run(&ledger->db, "DELETE FROM parked WHERE source = ? AND hash = ?", "ib", row->source,
	    slice_of(row->hash.b, ID_BYTES));
}

/* An order that was parked has an empty row in its place (ledger.c, hold_place). */
static void free_place(struct ledger *ledger, int64_t source, const struct reading *order)
{
	db_run(&ledger->db,
	    "DELETE FROM journal WHERE source = ? AND boot = ? AND seq = ? AND kind = 0", "iii",
	    source, (int64_t)order->boot, (int64_t)order->seq);
}

static void journal(struct ledger *ledger, const struct parked_row *parked, struct reading *reading)
{
	struct journal_row row;

	if (reading->kind == READING_ORDER_RECEIPT)
		return; /* about an outbox that has moved on; it has no place in the journal */
	if (reading->order)
		free_place(ledger, parked->source, reading);
	if (journal_append(ledger, reading, parked->stamp, &row) != BATCH_NEW)
		return; /* sent again meanwhile, in another form */
	if (ledger->is_careful)
		pending_add_row(ledger, &row);
	else
		facts_apply(ledger, reading, &row);
}

static void retry(struct ledger *ledger, const struct parked_row *row)
{
	struct batch_retry *tally = &ledger->batch->retry;
	struct reading reading;
	const char *why;
	enum reading_result result =
	    id_eq(&row->device, &reading_head_office)
	        ? reading_parse_order(&ledger->scratch, row->payload, &reading, &why)
	        : reading_parse(
	              &ledger->scratch, row->payload, &row->device, row->is_tablet, &reading, &why);

	tally->tried++;
	if (result <= READING_RANGE && reading.order && policies_refuse(ledger, &reading))
		return;
	switch (result) {
	case READING_OK:
	case READING_RANGE:
		journal(ledger, row, &reading);
		forget(ledger, row);
		tally->journaled++;
		break;
	case READING_PRIVACY:
		forget(ledger, row); /* kept only because nobody could see what it was (P10) */
		tally->refused++;
		break;
	case READING_NOMEM:
		db_fail(&ledger->db, CP_NOMEM, "out of memory for a parked message");
		break;
	default: /* still not understood, or speaks for another device: it stays */
		break;
	}
}

/* --- too long --------------------------------------------------------------------------- */

static bool next_expired(struct ledger *ledger, struct parked_row *row)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT p.source, p.hash, s.id, length(p.payload) FROM parked p"
	    " JOIN source s ON s.no = p.source WHERE p.recv < ? LIMIT 1",
	    "i", (int64_t)(ledger->now - PARKED_KEPT_MS));

	if (!db_next(&rows))
		return false;
	*row = (struct parked_row){.source = db_int(&rows, 0)};
	row->payload.len = (size_t)db_int(&rows, 3);
	bool is_good = id_from_bytes(&row->hash, db_blob(&rows, 1)) &&
	               id_from_bytes(&row->device, db_blob(&rows, 2));
	db_end(&rows);
	return is_good;
}

void parked_expire(struct ledger *ledger)
{
	struct parked_row row;
	int64_t count = 0;

	if (ledger->now < ledger->parked_expiry)
		return;
	while (count < ROWS_PER_BATCH && next_expired(ledger, &row)) {
		forget(ledger, &row);
		count++;
	}
	if (count)
		store_set_meta(
		    ledger, "parked_expired", store_meta(ledger, "parked_expired", 0) + count);
	if (count < ROWS_PER_BATCH)
		ledger->parked_expiry = ledger->now + MS_PER_HOUR;
}

/* --- some of them -------------------------------------------------------------------- */

static void take_wish(struct ledger *ledger)
{
	struct batch_retry *wish = &ledger->batch->retry;

	if (!wish->is_asked)
		return;
	wish->is_busy = ledger->walk.is_under_way || ledger->room.lacking_bytes;
	if (wish->is_busy)
		return;
	ledger->walk = (struct parked_walk){.is_under_way = true};
	memcpy(ledger->walk.wanted, wish->wanted, sizeof(wish->wanted));
}

void parked_retry(struct ledger *ledger)
{
	struct batch_retry *tally = &ledger->batch->retry;
	struct parked_row row = {0};
	size_t bytes = 0;

	take_wish(ledger);
	for (int looks = 0; ledger->walk.is_under_way && !ledger->is_careful; looks++) {
		if (ledger->room.lacking_bytes || looks == LOOKS_PER_BATCH ||
		    tally->tried == ROWS_PER_BATCH || bytes >= BYTES_PER_BATCH || ledger->db.err)
			break;
		if (!next(ledger, &row))
			finish(ledger);
		else if (row.is_wanted)
			retry(ledger, &row);
		bytes += row.payload.len;
	}
	tally->is_under_way = ledger->walk.is_under_way;
}

/* False: the walk is over. */
static bool retry_next_carefully(struct ledger *ledger)
{
	struct parked_row row = {0};

	db_begin(&ledger->db);
	bool is_one = next(ledger, &row);
	if (!is_one)
		finish(ledger);
	else if (ledger->walk.is_upgrade)
		mark(ledger);
	db_commit(&ledger->db);
	if (!is_one || !row.is_wanted)
		return is_one;
	db_begin(&ledger->db);
	retry(ledger, &row);
	db_commit(&ledger->db);
	return true;
}

void parked_retry_carefully(struct ledger *ledger)
{
	for (int i = 0; i < CAREFUL_PER_BATCH && ledger->walk.is_under_way && !ledger->db.err; i++)
		if (!retry_next_carefully(ledger))
			return;
}
