#include "ledger/store/stream_names.h"

#include "care/message_no.h"
#include "ledger/state.h"
#include "ledger/store/store.h"

#include <stdlib.h>

#define SLOTS (2 * STREAM_NAMES_MAX) /* a power of two */

/* A row of stream_name: the names with one seq / 64, in the order in which they were
 * written. An entry is the stream's row and the rest of seq in one number; a row that has gone
 * leaves a bit. */
#define PAGE_BITS 6
#define PAGE_NAMES (1U << PAGE_BITS)
#define ENTRY_BYTES 8

static const char select_page[] =
    "SELECT entries, gone FROM stream_name WHERE source = ? AND boot = ? AND page = ?";
static const char select_last_page[] = "SELECT entries, boot, page, gone FROM stream_name"
                                       " WHERE source = ? ORDER BY boot DESC, page DESC LIMIT 1";
static const char append_page[] =
    "INSERT INTO stream_name(source, boot, page, entries) VALUES(?, ?, ?, ?) ON CONFLICT DO UPDATE"
    " SET entries = CAST(entries || excluded.entries AS BLOB)";

/* --- entries --------------------------------------------------------------------- */

static void put_entry(uint8_t out[ENTRY_BYTES], int64_t row, uint32_t seq)
{
	uint64_t entry = (uint64_t)row << PAGE_BITS | seq % PAGE_NAMES;

	for (size_t i = 0; i < ENTRY_BYTES; i++)
		out[i] = (uint8_t)(entry >> (8 * i));
}

static uint64_t entry_at(struct slice entries, size_t i)
{
	uint64_t entry = 0;

	for (size_t byte = ENTRY_BYTES; byte-- > 0;)
		entry = entry << 8 | entries.p[i * ENTRY_BYTES + byte];
	return entry;
}

static int64_t row_in(struct slice entries, uint32_t seq)
{
	for (size_t i = 0; i < entries.len / ENTRY_BYTES; i++) {
		uint64_t entry = entry_at(entries, i);
		if (entry % PAGE_NAMES == seq % PAGE_NAMES)
			return (int64_t)(entry >> PAGE_BITS);
	}
	return 0;
}

/* --- in memory --------------------------------------------------------------------- */

static bool is_name(const struct stream_name *name, int64_t source, uint32_t boot, uint32_t seq)
{
	return name->seq == seq && name->boot == boot && name->source == source;
}

/* Where the name stands, or the free slot where it would. */
static struct stream_name *slot_of(
    const struct stream_names *names, int64_t source, uint32_t boot, uint32_t seq)
{
	uint64_t hash = ((uint64_t)source << 32 ^ (uint64_t)boot << 16 ^ seq) * 0x9E3779B97F4A7C15U;
	size_t at = (size_t)(hash >> 40) % SLOTS;

	while (names->slots[at].row && !is_name(&names->slots[at], source, boot, seq))
		at = (at + 1) % SLOTS;
	return &names->slots[at];
}

int64_t stream_names_find(struct ledger *ledger, int64_t source, uint32_t boot, uint32_t seq)
{
	int64_t row = slot_of(&ledger->stream_names, source, boot, seq)->row;
	if (row)
		return row;

	struct db_rows rows = db_query(
	    &ledger->db, select_page, "iii", source, (int64_t)boot, (int64_t)(seq >> PAGE_BITS));
	if (db_next(&rows)) {
		row = row_in(db_blob(&rows, 0), seq);
		if (!row && (uint64_t)db_int(&rows, 1) >> seq % PAGE_NAMES & 1)
			row = STREAM_NAME_GONE;
		db_end(&rows);
	}
	return row;
}

void stream_names_add(
    struct ledger *ledger, int64_t source, uint32_t boot, uint32_t seq, int64_t row)
{
	struct stream_names *names = &ledger->stream_names;

	*slot_of(names, source, boot, seq) =
	    (struct stream_name){.row = row, .source = source, .boot = boot, .seq = seq};
	if (++names->count == STREAM_NAMES_MAX)
		stream_names_write(ledger);
}

/* --- in bulk ------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const struct stream_name *x = a;
	const struct stream_name *y = b;

	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	if (x->boot != y->boot)
		return x->boot < y->boot ? -1 : 1;
	return (x->seq > y->seq) - (x->seq < y->seq);
}

static bool is_same_page(const struct stream_name *a, const struct stream_name *b)
{
	return a->source == b->source && a->boot == b->boot &&
	       a->seq >> PAGE_BITS == b->seq >> PAGE_BITS;
}

/* Moves what is used to the front of the table, sorted. */
static void gather(struct stream_names *names)
{
	size_t count = 0;

	for (size_t i = 0; i < SLOTS; i++)
		if (names->slots[i].row)
			names->slots[count++] = names->slots[i];
	qsort(names->slots, count, sizeof(*names->slots), compare);
}

void stream_names_write(struct ledger *ledger)
{
	struct stream_names *names = &ledger->stream_names;
	uint8_t entries[PAGE_NAMES * ENTRY_BYTES];

	if (names->count == 0)
		return;
	gather(names);
	for (size_t i = 0, n; i < names->count; i += n) {
		const struct stream_name *first = &names->slots[i];
		for (n = 0; i + n < names->count && is_same_page(first, first + n); n++)
			put_entry(entries + n * ENTRY_BYTES, first[n].row, first[n].seq);
		db_run(&ledger->db, append_page, "iiib", first->source, (int64_t)first->boot,
		    (int64_t)(first->seq >> PAGE_BITS), slice_of(entries, n * ENTRY_BYTES));
	}
	store_set_meta(ledger, "stream_named", ledger->stream_last);
	memset(names->slots, 0, SLOTS * sizeof(*names->slots));
	names->count = 0;
}

/* Of the entries those that are not among the names; sets a bit for each that is. */
static size_t keep_others(struct slice entries, const struct stream_name *names, size_t count,
    uint8_t *kept, uint64_t *gone)
{
	size_t len = 0;

	for (size_t i = 0; i < entries.len / ENTRY_BYTES; i++) {
		uint64_t entry = entry_at(entries, i);
		size_t k = 0;
		while (k < count && names[k].row != (int64_t)(entry >> PAGE_BITS))
			k++;
		if (k < count) {
			*gone |= UINT64_C(1) << entry % PAGE_NAMES;
			continue;
		}
		memcpy(kept + len, entries.p + i * ENTRY_BYTES, ENTRY_BYTES);
		len += ENTRY_BYTES;
	}
	return len;
}

static void forget_in_page(struct ledger *ledger, const struct stream_name *names, size_t count)
{
	uint8_t kept[PAGE_NAMES * ENTRY_BYTES];
	int64_t page = names->seq >> PAGE_BITS;
	struct db_rows rows =
	    db_query(&ledger->db, select_page, "iii", names->source, (int64_t)names->boot, page);

	if (!db_next(&rows))
		return;
	uint64_t gone = (uint64_t)db_int(&rows, 1);
	size_t len = keep_others(db_blob(&rows, 0), names, count, kept, &gone);
	db_end(&rows);
	db_run(&ledger->db,
	    "UPDATE stream_name SET entries = ?, gone = ? WHERE source = ? AND boot = ? AND page = "
	    "?",
	    "biiii", slice_of(kept, len), (int64_t)gone, names->source, (int64_t)names->boot, page);
}

void stream_names_forget(struct ledger *ledger, struct stream_name *names, size_t count)
{
	if (count > 1)
		qsort(names, count, sizeof(*names), compare);
	for (size_t i = 0, n; i < count; i += n) {
		for (n = 1; i + n < count && is_same_page(&names[i], &names[i + n]); n++)
			;
		forget_in_page(ledger, &names[i], n);
	}
}

/* --- a range --------------------------------------------------------------------------- */

struct range {
	struct ledger *ledger;
	int64_t first;
	int64_t last;
	struct stream_name *items;
	size_t count;
	size_t cap;
};

static void take(struct range *range, const struct stream_name *name)
{
	struct ledger *ledger = range->ledger;
	int64_t number = message_no(name->boot, name->seq);

	if (number < range->first || number > range->last || name->row > ledger->stream_last)
		return;
	struct stream_name *items =
	    arena_push(&ledger->work, range->items, range->count, &range->cap, sizeof(*items));
	if (!items) {
		db_fail(&ledger->db, CP_NOMEM, "out of memory for the names of a session");
		return;
	}
	range->items = items;
	items[range->count++] = *name;
}

static void take_page(struct range *range, const struct db_rows *rows, int64_t source)
{
	struct slice entries = db_blob(rows, 2);

	for (size_t i = 0; i < entries.len / ENTRY_BYTES; i++) {
		uint64_t entry = entry_at(entries, i);
		struct stream_name name = {
		    .row = (int64_t)(entry >> PAGE_BITS),
		    .source = source,
		    .boot = (uint32_t)db_int(rows, 0),
		    .seq = (uint32_t)db_int(rows, 1) << PAGE_BITS | (uint32_t)(entry % PAGE_NAMES),
		};
		take(range, &name);
	}
}

struct stream_name *stream_names_range(
    struct ledger *ledger, int64_t source, int64_t first, int64_t last, size_t *count)
{
	struct range range = {.ledger = ledger, .first = first, .last = last};
	struct db_rows rows = db_query(ledger->stream_db,
	    "SELECT boot, page, entries FROM stream_name WHERE source = ?1"
	    " AND (boot, page) >= (?2, ?3) AND (boot, page) <= (?4, ?5)",
	    "iiiii", source, (int64_t)message_no_boot(first),
	    (int64_t)(message_no_seq(first) >> PAGE_BITS), (int64_t)message_no_boot(last),
	    (int64_t)(message_no_seq(last) >> PAGE_BITS));

	while (db_next(&rows))
		take_page(&range, &rows, source);
	for (size_t i = 0; i < SLOTS; i++)
		if (ledger->stream_names.slots[i].row &&
		    ledger->stream_names.slots[i].source == source)
			take(&range, &ledger->stream_names.slots[i]);
	if (range.count > 1)
		qsort(range.items, range.count, sizeof(*range.items), compare);
	*count = range.count;
	return range.items;
}

/* --- life ------------------------------------------------------------------------------ */

void stream_names_read(struct ledger *ledger)
{
	int64_t named = db_value(
	    ledger->stream_db, 0, "SELECT value FROM meta WHERE name = 'stream_named'", "");

	ledger->stream_names.slots = calloc(SLOTS, sizeof(*ledger->stream_names.slots));
	if (!ledger->stream_names.slots) {
		db_fail(&ledger->db, CP_NOMEM, "out of memory for the names of the stream");
		return;
	}
	ledger->stream_last = named;
	struct db_rows rows = db_query(ledger->stream_db,
	    "SELECT no, source, boot, seq FROM stream WHERE no > ? ORDER BY no", "i", named);
	while (db_next(&rows)) {
		ledger->stream_last = db_int(&rows, 0);
		stream_names_add(ledger, db_int(&rows, 1), (uint32_t)db_int(&rows, 2),
		    (uint32_t)db_int(&rows, 3), ledger->stream_last);
	}
}

void stream_names_open(struct ledger *ledger)
{
	stream_names_read(ledger);
	stream_names_write(ledger);
}

void stream_names_deinit(struct stream_names *names)
{
	free(names->slots);
}

bool stream_names_highest(struct ledger *ledger, int64_t source, uint32_t *boot, uint32_t *seq)
{
	struct db_rows rows = db_query(&ledger->db, select_last_page, "i", source);

	if (!db_next(&rows))
		return false;
	struct slice entries = db_blob(&rows, 0);
	uint32_t last = 0;
	for (size_t i = 0; i < entries.len / ENTRY_BYTES; i++) {
		uint32_t rest = (uint32_t)(entry_at(entries, i) % PAGE_NAMES);
		if (rest > last)
			last = rest;
	}
	for (uint64_t gone = (uint64_t)db_int(&rows, 3) >> last >> 1; gone; gone >>= 1)
		last++;
	*boot = (uint32_t)db_int(&rows, 1);
	*seq = (uint32_t)db_int(&rows, 2) << PAGE_BITS | last;
	db_end(&rows);
	return true;
}
