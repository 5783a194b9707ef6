#include "ledger/cart_rows.h"

#include "ledger/names.h"

#include <stdio.h>

struct cart_use cart_use_of_row(const struct db_rows *rows, int c)
{
	struct cart_use use = {
	    .session = db_int(rows, c),
	    .boot = (uint32_t)db_int(rows, c + 1),
	    .seq = (uint32_t)db_int(rows, c + 2),
	    .cart = db_int(rows, c + 3),
	    .slot = (uint32_t)db_int(rows, c + 4),
	    .expiry_yyyymmdd = (uint32_t)db_int(rows, c + 8),
	    .tip_used = db_int(rows, c + 9),
	    .tip_limit = (uint32_t)db_int(rows, c + 10),
	    .needle_um = (uint32_t)db_int(rows, c + 15),
	    .from = db_int(rows, c + 11),
	    .until = db_int(rows, c + 12),
	    .is_replaced = db_int(rows, c + 13) != 0,
	};

	snprintf(use.gtin, sizeof(use.gtin), "%s", db_text(rows, c + 5));
	snprintf(use.serial, sizeof(use.serial), "%s", db_text(rows, c + 6));
	snprintf(use.lot, sizeof(use.lot), "%s", db_text(rows, c + 7));
	id_from_bytes(&use.source, db_blob(rows, c + 14));
	return use;
}

static void save(struct ledger *ledger, const struct session *session, const struct cart_use *use)
{
	db_run(&ledger->db,
	    "INSERT INTO cart_use(session, source, boot, seq, cart, slot, gtin, lot, expiry,"
	    " tip_used, tip_limit, needle_um, from_at, until_at, is_replaced)"
	    " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    "iiiiiittiiiiiii", session->no, session->device, (int64_t)use->boot, (int64_t)use->seq,
	    use->cart, (int64_t)use->slot, use->gtin, use->lot, (int64_t)use->expiry_yyyymmdd,
	    use->tip_used, (int64_t)use->tip_limit, (int64_t)use->needle_um, (int64_t)use->from,
	    (int64_t)use->until, (int64_t)use->is_replaced);
}

void cart_rows_save(struct ledger *ledger, const struct session_history *history)
{
	db_run(&ledger->db, "DELETE FROM cart_use WHERE session = ?", "i", history->session->no);
	for (size_t i = 0; i < history->use_count; i++) {
		struct cart_use *use = &history->uses[i];
		if (use->serial[0])
			use->cart = names_cartridge(ledger, use->gtin, use->serial);
		save(ledger, history->session, use);
	}
}
