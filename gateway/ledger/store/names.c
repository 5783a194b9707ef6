#include "ledger/store/names.h"

#include "ledger/forgets.h"
#include "ledger/judging/presence.h"

/* --- sources, cached: every message asks ------------------------------------- */

/* Of what was there before this run: names of this run make their source known. */
static void load_highest(struct ledger *ledger, struct source_state *source)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT boot, seq FROM journal WHERE source = ? ORDER BY boot DESC, seq DESC LIMIT 1",
	    "i", source->no);
	uint32_t boot;
	uint32_t seq;

	if (db_next(&rows)) {
		source->boot = (uint32_t)db_int(&rows, 0);
		source->seq = (uint32_t)db_int(&rows, 1);
		db_end(&rows);
	}
	if (stream_names_highest(ledger, source->no, &boot, &seq) &&
	    (boot > source->boot || (boot == source->boot && seq > source->seq))) {
		source->boot = boot;
		source->seq = seq;
	}
	presence_load(ledger, source);
}

int64_t names_device(struct ledger *ledger, const struct id *id)
{
	struct slice bytes = slice_of(id->b, ID_BYTES);

	db_run(&ledger->db, "INSERT INTO source(id) VALUES(?) ON CONFLICT DO NOTHING", "b", bytes);
	return db_value(&ledger->db, 0, "SELECT no FROM source WHERE id = ?", "b", bytes);
}

struct source_state *names_source(struct ledger *ledger, const struct id *id)
{
	struct source_state *source = map_get(&ledger->sources, id);
	if (source)
		return source;

	int64_t no = names_device(ledger, id);
	source = arena_zalloc(&ledger->lasting, sizeof(*source));
	if (!source || map_put(&ledger->sources, id, source)) {
		db_fail(&ledger->db, CP_NOMEM, "out of memory for the table of devices");
		return NULL;
	}
	if (ledger->db.err)
		return NULL;
	source->no = no;
	load_highest(ledger, source);
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
	no = forgets_find(ledger, token);
	if (no || ledger->db.err)
		return no;
	db_run(&ledger->db, "INSERT INTO client(token) VALUES(?)", "b", bytes);
	return db_last_rowid(&ledger->db);
}

bool names_token(struct ledger *ledger, int64_t client, struct id *token)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT token FROM client WHERE no = ? AND token IS NOT NULL", "i", client);

	if (!db_next(&rows))
		return false;
	id_from_bytes(token, db_blob(&rows, 0));
	db_end(&rows);
	return true;
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

int64_t names_known(struct ledger *ledger, enum subject_kind kind, struct slice key)
{
	return db_value(&ledger->db, 0, "SELECT no FROM name WHERE kind = ? AND key = ?", "ib",
	    (int64_t)kind, key);
}

int64_t names_other(struct ledger *ledger, enum subject_kind kind, struct slice key)
{
	int64_t no = names_known(ledger, kind, key);

	if (no || ledger->db.err)
		return no;
	db_run(&ledger->db, "INSERT INTO name(kind, key) VALUES(?, ?)", "ib", (int64_t)kind, key);
	return db_last_rowid(&ledger->db);
}
