#include "ledger/names.h"

#include <stdlib.h>

/* --- sources, cached: every message asks ------------------------------------- */

static size_t slot_of(const struct ledger *ledger, const struct id *id)
{
	uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */

	for (size_t i = 0; i < ID_BYTES; i++)
		h = (h ^ id->b[i]) * UINT64_C(1099511628211);
	size_t at = (size_t)h & (ledger->source_cap - 1);
	while (ledger->sources[at].no && !id_eq(&ledger->sources[at].id, id))
		at = (at + 1) & (ledger->source_cap - 1);
	return at;
}

static bool grow(struct ledger *ledger)
{
	struct source_state *old = ledger->sources;
	size_t old_cap = ledger->source_cap;
	size_t cap = old_cap ? old_cap * 2 : 64;
	struct source_state *sources = calloc(cap, sizeof(*sources));

	if (!sources) {
		db_fail(&ledger->db, CP_NOMEM, "out of memory for the table of devices");
		return false;
	}
	ledger->sources = sources;
	ledger->source_cap = cap;
	for (size_t i = 0; i < old_cap; i++)
		if (old[i].no)
			sources[slot_of(ledger, &old[i].id)] = old[i];
	free(old);
	return true;
}

static void load_highest(struct ledger *ledger, struct source_state *source, const char *sql)
{
	struct db_rows rows = db_query(&ledger->db, sql, "i", source->no);

	if (!db_next(&rows))
		return;
	uint32_t boot = (uint32_t)db_int(&rows, 0);
	uint32_t seq = (uint32_t)db_int(&rows, 1);
	if (boot > source->boot || (boot == source->boot && seq > source->seq)) {
		source->boot = boot;
		source->seq = seq;
	}
	db_end(&rows);
}

struct source_state *names_source(struct ledger *ledger, const struct id *id)
{
	if ((ledger->source_count + 1) * 2 > ledger->source_cap && !grow(ledger))
		return NULL;

	struct source_state *source = &ledger->sources[slot_of(ledger, id)];
	if (source->no)
		return source;

	struct slice bytes = slice_of(id->b, ID_BYTES);
	db_run(&ledger->db, "INSERT INTO source(id) VALUES(?) ON CONFLICT DO NOTHING", "b", bytes);
	int64_t no = db_value(&ledger->db, 0, "SELECT no FROM source WHERE id = ?", "b", bytes);
	if (ledger->db.err)
		return NULL;
	*source = (struct source_state){.id = *id, .no = no};
	load_highest(ledger, source,
	    "SELECT boot, seq FROM journal WHERE source = ? ORDER BY boot DESC, seq DESC LIMIT 1");
	load_highest(ledger, source,
	    "SELECT boot, seq FROM stream WHERE source = ? ORDER BY boot DESC, seq DESC LIMIT 1");
	ledger->source_count++;
	return source;
}

/* --- tokens and cartridges ------------------------------------------------------ */

int64_t names_client(struct ledger *ledger, const struct id *token)
{
	struct slice bytes = slice_of(token->b, ID_BYTES);

	if (id_is_zero(token))
		return 0;
	int64_t no = db_value(&ledger->db, 0, "SELECT no FROM client WHERE token = ?", "b", bytes);
	if (no || ledger->db.err)
		return no;
	db_run(&ledger->db, "INSERT INTO client(token) VALUES(?)", "b", bytes);
	return db_last_rowid(&ledger->db);
}

int64_t names_operator(struct ledger *ledger, const struct id *token)
{
	struct slice bytes = slice_of(token->b, ID_BYTES);

	if (id_is_zero(token))
		return 0;
	int64_t no =
	    db_value(&ledger->db, 0, "SELECT no FROM operator WHERE token = ?", "b", bytes);
	if (no || ledger->db.err)
		return no;
	db_run(&ledger->db, "INSERT INTO operator(token) VALUES(?)", "b", bytes);
	return db_last_rowid(&ledger->db);
}

int64_t names_cartridge(struct ledger *ledger, const char *gtin, const char *serial)
{
	int64_t no = db_value(&ledger->db, 0,
	    "SELECT no FROM cartridge WHERE gtin = ? AND serial = ?", "tt", gtin, serial);

	if (no || ledger->db.err)
		return no;
	db_run(&ledger->db, "INSERT INTO cartridge(gtin, serial) VALUES(?, ?)", "tt", gtin, serial);
	return db_last_rowid(&ledger->db);
}
