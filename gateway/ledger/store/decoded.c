#include "ledger/store/decoded.h"

#include "ledger/store/journal.h"

struct decoded {
	struct journal_row row;
	struct reading reading;
	enum reading_result result; /* OK or PARKED */
};

void decoded_init(struct decoded_rows *rows)
{
	*rows = (struct decoded_rows){0};
	arena_init(&rows->arena, 64 * 1024, 2 * DECODED_KEPT_BYTES);
}

void decoded_deinit(struct decoded_rows *rows)
{
	map_deinit(&rows->by_name);
	arena_deinit(&rows->arena);
}

/* A name in sixteen bytes. */
static struct id key_of(int64_t source, uint32_t boot, uint32_t seq)
{
	struct id key;

	memcpy(key.b, &source, sizeof(source));
	memcpy(key.b + 8, &boot, sizeof(boot));
	memcpy(key.b + 12, &seq, sizeof(seq));
	return key;
}

static enum reading_result decode(
    struct arena *arena, const struct journal_row *row, struct decoded *out)
{
	out->row = *row;
	out->row.payload = slice_of(NULL, 0);
	out->result = journal_decode(arena, row, &out->reading);
	return out->result;
}

/* NULL: there is no room for it, or no memory. */
static struct decoded *keep(
    struct decoded_rows *rows, const struct id *key, const struct journal_row *row)
{
	struct decoded *kept = rows->arena.used_bytes < DECODED_KEPT_BYTES
	                           ? arena_alloc(&rows->arena, sizeof(*kept))
	                           : NULL;

	if (!kept || decode(&rows->arena, row, kept) == READING_NOMEM ||
	    map_put(&rows->by_name, key, kept))
		return NULL;
	return kept;
}

enum reading_result decoded_row(struct ledger *ledger, int64_t source, uint32_t boot, uint32_t seq,
    struct journal_row *row, struct reading *reading)
{
	struct id key = key_of(source, boot, seq);
	const struct decoded *found = map_get(&ledger->decoded.by_name, &key);
	struct decoded once = {.result = READING_PARKED};

	if (!found) {
		struct db_rows rows = db_query(&ledger->db,
		    "SELECT " JOURNAL_COLUMNS " FROM journal j WHERE source = ? AND boot = ?"
		    " AND seq = ?",
		    "iii", source, (int64_t)boot, (int64_t)seq);
		if (db_next(&rows)) {
			struct journal_row stored = journal_row_of(&rows);
			found = keep(&ledger->decoded, &key, &stored);
			if (!found)
				decode(&ledger->work, &stored, &once);
			db_end(&rows);
		}
	}
	if (!found)
		found = &once;
	*row = found->row;
	*reading = found->reading;
	return found->result;
}

void decoded_trim(struct decoded_rows *rows)
{
	if (rows->arena.used_bytes < DECODED_KEPT_BYTES)
		return;
	map_deinit(&rows->by_name);
	arena_reset(&rows->arena);
}
