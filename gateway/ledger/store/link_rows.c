#include "ledger/store/link_rows.h"

#include "ledger/store/names.h"

void link_rows_open(struct ledger *ledger, wall_ms now)
{
	db_run(&ledger->db, "UPDATE link SET ends_at = ? + expiry_s * 1000 WHERE ends_at = ?", "ii",
	    (int64_t)now, (int64_t)TIME_NEVER);
	db_run(&ledger->db, "DELETE FROM link WHERE ends_at <= ?", "i", (int64_t)now);
}

void link_rows_save(struct ledger *ledger, const struct batch_link *link)
{
	struct source_state *source = names_source(ledger, &link->device);

	if (!source)
		return;
	if (!link->is_kept)
		db_run(&ledger->db, "DELETE FROM link WHERE source = ?", "i", source->no);
	else
		db_run(&ledger->db,
		    "INSERT INTO link(source, expiry_s, qos, ends_at) VALUES(?, ?, ?, ?)"
		    " ON CONFLICT(source) DO UPDATE SET expiry_s = excluded.expiry_s,"
		    " qos = excluded.qos, ends_at = excluded.ends_at",
		    "iiii", source->no, (int64_t)link->expiry_s, (int64_t)link->qos,
		    (int64_t)link->ends_at);
}

enum cp_err ledger_each_link(
    struct ledger *ledger, void (*take)(void *ctx, const struct batch_link *link), void *ctx)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT s.id, l.expiry_s, l.qos, l.ends_at FROM link l JOIN source s ON s.no = "
	    "l.source",
	    "");

	while (db_next(&rows)) {
		struct batch_link link = {
		    .is_kept = true,
		    .expiry_s = (uint32_t)db_int(&rows, 1),
		    .qos = (int8_t)db_int(&rows, 2),
		    .ends_at = db_int(&rows, 3),
		};
		CP_CHECK(id_from_bytes(&link.device, db_blob(&rows, 0)));
		take(ctx, &link);
	}
	return ledger->db.err;
}
