#include "ledger/store/down_rows.h"

#include "ledger/store/names.h"
#include "wire/scan.h"

/* A copy in which the token is another one; empty when out of memory (db.err is set). */
static struct slice with_token(
    struct ledger *ledger, struct arena *arena, struct slice payload, struct slice token)
{
	struct slice copy = arena_copy(arena, payload);

	if (!copy.p)
		db_fail(&ledger->db, CP_NOMEM, "out of memory for a message to a device");
	else if (token.len)
		wire_fill_tokens(
		    &carepace__v1__down__descriptor, (uint8_t *)copy.p, copy.len, token);
	else
		wire_blank_tokens(&carepace__v1__down__descriptor, (uint8_t *)copy.p, copy.len);
	return copy;
}

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

uint64_t down_rows_add(struct ledger *ledger, const struct id *device, struct slice payload,
    wall_ms expires_at, int64_t client)
{
	if (ledger->config.is_recount || expires_at - ledger->now <= DOWN_ROWS_WORTH_MS)
		return 0;
	struct source_state *source = names_source(ledger, device);
	if (!source)
		return 0;

	int64_t n = next_number(ledger, source);
	if (client)
		payload = with_token(ledger, &ledger->scratch, payload, slice_of(NULL, 0));
	db_run(&ledger->db,
	    "INSERT INTO down(source, n, expires_at, client, payload)"
	    " VALUES(?, ?, ?, nullif(?, 0), ?)",
	    "iiiib", source->no, n, (int64_t)expires_at, client, payload);
	return (uint64_t)n;
}

void down_rows_forget(struct ledger *ledger, int64_t client)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT s.id, d.n FROM down d JOIN source s ON s.no = d.source WHERE d.client = ?", "i",
	    client);

	while (db_next(&rows)) {
		struct batch_down down = {.n = (uint64_t)db_int(&rows, 1)};
		CP_CHECK(id_from_bytes(&down.device, db_blob(&rows, 0)));
		if (!batch_add_down(ledger->batch, &down))
			db_fail(&ledger->db, CP_NOMEM, "out of memory for a message to a device");
	}
	db_run(&ledger->db, "DELETE FROM down WHERE client = ?", "i", client);
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
	    "SELECT s.id, d.n, d.expires_at, d.payload, c.token FROM down d JOIN source s"
	    " ON s.no = d.source LEFT JOIN client c ON c.no = d.client ORDER BY d.source, d.n",
	    "");

	while (db_next(&rows)) {
		struct batch_down down = {
		    .n = (uint64_t)db_int(&rows, 1),
		    .expires_at = db_int(&rows, 2),
		    .payload = db_blob(&rows, 3),
		};
		struct slice token = db_blob(&rows, 4);
		if (token.len)
			down.payload = with_token(ledger, &ledger->work, down.payload, token);
		CP_CHECK(id_from_bytes(&down.device, db_blob(&rows, 0)));
		take(ctx, &down);
		arena_reset(&ledger->work);
	}
	return ledger->db.err;
}
