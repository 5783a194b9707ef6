#include "ledger/down_rows.h"

#include "ledger/names.h"

void down_rows_open(struct ledger *ledger, wall_ms now)
{
	db_run(&ledger->db, "DELETE FROM down WHERE expires_at <= ?", "i", (int64_t)now);
}

static int64_t next_number(struct ledger *ledger, struct source_state *source)
{
	if (source->last_down == 0)
		source->last_down = db_value(
		    &ledger->db, 0, "SELECT max(n) FROM down WHERE source = ?", "i", source->no);
	return ++source->last_down;
}

uint64_t down_rows_add(
    struct ledger *ledger, const struct id *device, struct slice payload, wall_ms expires_at)
{
	if (ledger->config.is_recount || expires_at - ledger->now <= DOWN_ROWS_WORTH_MS)
		return 0;
	struct source_state *source = names_source(ledger, device);
	if (!source)
		return 0;

	int64_t n = next_number(ledger, source);
	db_run(&ledger->db, "INSERT INTO down(source, n, expires_at, payload) VALUES(?, ?, ?, ?)",
	    "iiib", source->no, n, (int64_t)expires_at, payload);
	return (uint64_t)n;
}

void down_rows_over(struct ledger *ledger, const struct batch_over *over)
{
	struct source_state *source = names_source(ledger, &over->device);

	if (source)
		db_run(&ledger->db, "DELETE FROM down WHERE source = ? AND n = ?", "ii", source->no,
		    (int64_t)over->n);
}

enum cp_err ledger_each_down(
    struct ledger *ledger, void (*take)(void *ctx, const struct batch_down *down), void *ctx)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT s.id, d.n, d.expires_at, d.payload FROM down d JOIN source s ON s.no = d.source"
	    " ORDER BY d.source, d.n",
	    "");

	while (db_next(&rows)) {
		struct batch_down down = {
		    .n = (uint64_t)db_int(&rows, 1),
		    .expires_at = db_int(&rows, 2),
		    .payload = db_blob(&rows, 3),
		};
		CP_CHECK(id_from_bytes(&down.device, db_blob(&rows, 0)));
		take(ctx, &down);
	}
	return ledger->db.err;
}
