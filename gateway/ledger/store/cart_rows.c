#include "ledger/store/cart_rows.h"

#include "ledger/store/names.h"

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
	    .tip_count = db_int(rows, c + 16),
	    .low_at = db_int(rows, c + 17),
	    .exhausted_at = db_int(rows, c + 18),
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
	    " tip_used, tip_count, tip_limit, low_at, exhausted_at, needle_um, from_at, until_at,"
	    " is_replaced) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    "iiiiiittiiiiiiiiii", session->no, session->device, (int64_t)use->boot,
	    (int64_t)use->seq, use->cart, (int64_t)use->slot, use->gtin, use->lot,
	    (int64_t)use->expiry_yyyymmdd, use->tip_used, use->tip_count, (int64_t)use->tip_limit,
	    (int64_t)use->low_at, (int64_t)use->exhausted_at, (int64_t)use->needle_um,
	    (int64_t)use->from, (int64_t)use->until, (int64_t)use->is_replaced);
}

void cart_rows_name(struct ledger *ledger, const struct session_history *history)
{
	for (size_t i = 0; i < history->use_count; i++)
		if (history->uses[i].serial[0])
			history->uses[i].cart =
			    names_cartridge(ledger, history->uses[i].gtin, history->uses[i].serial);
}

void cart_rows_save(struct ledger *ledger, const struct session_history *history)
{
	db_run(&ledger->db, "DELETE FROM cart_use WHERE session = ?", "i", history->session->no);
	for (size_t i = 0; i < history->use_count; i++)
		save(ledger, history->session, &history->uses[i]);
}
