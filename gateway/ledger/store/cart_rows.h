/* cart_rows.h - rows of `cart_use`: which cartridge was in which slot, from when to when. */
#ifndef LEDGER_STORE_CART_ROWS_H
#define LEDGER_STORE_CART_ROWS_H

#include "care/history.h"
#include "ledger/state.h"

/* Columns of SELECT CART_USE_COLUMNS CART_USE_FROM. */
#define CART_USE_COLUMNS                                                                           \
	"u.session, u.boot, u.seq, u.cart, u.slot, u.gtin, coalesce(k.serial, ''), u.lot,"         \
	" u.expiry, u.tip_used, u.tip_limit, u.from_at, u.until_at, u.is_replaced, n.id, "         \
	"u.needle_um, u.tip_count,"                                                                \
	" u.low_at, u.exhausted_at"
#define CART_USE_COLUMN_COUNT 19
#define CART_USE_FROM                                                                              \
	" FROM cart_use u LEFT JOIN cartridge k ON k.no = u.cart JOIN source n ON n.no = "         \
	"u.source "

/* The use in columns c, c + 1, ... */
struct cart_use cart_use_of_row(const struct db_rows *rows, int c);

/* Gives each use its cartridge's number. */
void cart_rows_name(struct ledger *ledger, const struct session_history *history);

/* Replaces what is stored of the session. */
void cart_rows_save(struct ledger *ledger, const struct session_history *history);

#endif
