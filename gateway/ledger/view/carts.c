#include "ledger/view/carts.h"

#include "ledger/judging/history.h"
#include "ledger/store/cart_rows.h"
#include "ledger/store/sessions.h"
#include "ledger/view/state.h"

#include <stdio.h>

/* --- cartridges -------------------------------------------------------------------------- */

/* Alerts of its own judge, and those of a session whose onset is an attach of it. */
#define OF_ITS_ALERTS                                                                              \
	" FROM alert a WHERE a.state IN (1, 2, 4) AND a.id IN"                                     \
	" (SELECT id FROM alert WHERE unit_kind = 3 AND unit = k.no UNION"                         \
	" SELECT x.id FROM cart_use y JOIN alert x ON x.session = y.session AND x.session != 0"    \
	" WHERE y.cart = k.no AND substr(x.onset, 1, length(k.gtin || k.serial) + 2) ="            \
	" k.gtin || '/' || k.serial || '#')"

/* The bare columns are those of the row that has the max(): SQLite's documented rule. */
#define SELECT_CARTS                                                                               \
	"SELECT k.no, k.gtin, k.serial, count(DISTINCT u.session),"                                \
	" count(DISTINCT nullif(s.client, 0)), max(u.from_at), u.lot, u.expiry, u.tip_count,"      \
	" u.tip_limit, u.exhausted_at, s.state BETWEEN 1 AND 3 AND NOT u.is_replaced,"             \
	" (SELECT count(*)" OF_ITS_ALERTS "), (SELECT max(a.severity)" OF_ITS_ALERTS ")"           \
	" FROM cartridge k LEFT JOIN cart_use u ON u.cart = k.no"                                  \
	" LEFT JOIN session s ON s.no = u.session"

static struct view_cart cart_of(const struct db_rows *rows)
{
	struct view_cart cart = {
	    .no = db_int(rows, 0),
	    .uses = db_int(rows, 3),
	    .clients = db_int(rows, 4),
	    .use = {.from = db_int(rows, 5),
	        .expiry_yyyymmdd = (uint32_t)db_int(rows, 7),
	        .tip_count = db_int(rows, 8),
	        .tip_limit = (uint32_t)db_int(rows, 9),
	        .exhausted_at = db_int(rows, 10)},
	    .is_in_use = db_int(rows, 11) != 0,
	    .open_alerts = db_int(rows, 12),
	    .worst = (enum severity)db_int(rows, 13),
	};

	snprintf(cart.use.gtin, sizeof(cart.use.gtin), "%s", db_text(rows, 1));
	snprintf(cart.use.serial, sizeof(cart.use.serial), "%s", db_text(rows, 2));
	snprintf(cart.use.lot, sizeof(cart.use.lot), "%s", db_text(rows, 6));
	return cart;
}

struct view_cart *view_carts(struct view *view, struct arena *arena,
    const struct view_cart_filter *filter, struct view_page *page, size_t *count)
{
	struct page_reader reader = page_begin(view, arena, page, sizeof(struct view_cart));
	struct db_rows rows = db_query(&view->ledger.db,
	    SELECT_CARTS " WHERE k.no < ? AND (?2 = '' OR k.serial = ?2)"
	                 " GROUP BY k.no HAVING ?3 = 0 OR max(u.from_at) >= ?3"
	                 " ORDER BY k.no DESC LIMIT ?4",
	    "itii", view_page_below(page), filter->serial ? filter->serial : "",
	    (int64_t)filter->since, (int64_t)page->max + 1);
	struct view_cart *cart;

	while ((cart = page_row(&reader, &rows)))
		*cart = cart_of(&rows);
	return page_end(&reader, &rows, count);
}

/* --- a lot -------------------------------------------------------------------------------- */

/* False when the arena is full. */
static bool lot_use_of(struct arena *arena, const struct db_rows *rows, struct view_lot_use *out)
{
	const int c = SESSION_COLUMN_COUNT + CART_USE_COLUMN_COUNT;
	const char *serial = db_text(rows, c + 1);
	struct cartridge_use both = {
	    .session = session_of_row(rows, 0), .use = cart_use_of_row(rows, SESSION_COLUMN_COUNT)};

	*out = (struct view_lot_use){
	    .session = {.session = both.session,
	        .device_kind = (unsigned)db_int(rows, c),
	        .serial = (const char *)arena_copy(arena, slice_of(serial, strlen(serial) + 1)).p},
	    .use = both.use,
	    .is_exposed = use_is_exposed(&both),
	};
	id_from_bytes(&out->session.client, db_blob(rows, c + 2));
	id_from_bytes(&out->session.operator, db_blob(rows, c + 3));
	return out->session.serial;
}

static struct db_rows query_lot(
    struct view *view, const char *gtin, const char *lot, const struct view_page *page)
{
	struct db *db = &view->ledger.db;
	event_ms start =
	    db_value(db, INT64_MAX, "SELECT start_at FROM session WHERE no = ?", "i", page->after);

	return db_query(db,
	    "SELECT " SESSION_COLUMNS ", " CART_USE_COLUMNS
	    ", r.kind, r.serial, c.token, o.token" CART_USE_FROM
	    "JOIN session s ON s.no = u.session JOIN source r ON r.no = s.source"
	    " LEFT JOIN client c ON c.no = s.client LEFT JOIN operator o ON o.no = s.operator"
	    " WHERE u.lot = ?1 AND u.lot != '' AND (?2 = '' OR u.gtin = ?2)"
	    " AND (s.start_at, s.no) < (?3, ?4)"
	    " ORDER BY s.start_at DESC, s.no DESC, u.boot, u.seq",
	    "ttii", lot, gtin, (int64_t)start, view_page_below(page));
}

struct view_lot_use *view_lot_uses(struct view *view, struct arena *arena, const char *gtin,
    const char *lot, struct view_page *page, size_t *count)
{
	struct page_reader reader = page_begin(view, arena, page, sizeof(struct view_lot_use));
	struct db_rows rows = query_lot(view, gtin, lot, page);
	struct view_lot_use *use;

	while ((use = page_row(&reader, &rows)))
		if (!lot_use_of(arena, &rows, use))
			page_no_room(&reader);
	return page_end(&reader, &rows, count);
}

/* --- on the shelf ------------------------------------------------------------------------- */

/* The last word of the stock list about a cartridge. */
static bool is_on_shelf(struct view *view, int64_t cart, const char *lot)
{
	static const int64_t topic = FACT_TOPIC(READING_CART_STOCK, 0);
	struct facts told = history_facts(&view->ledger, SUBJECT_CART, cart, &topic, 1);
	const struct fact *fact = facts_holding(told, READING_CART_STOCK, TIME_NEVER);
	const Carepace__V1__CartStock *entry = fact ? fact->reading.order->cart_stock : NULL;

	return entry && entry->cart->lot && strcmp(entry->cart->lot, lot) == 0 &&
	       !(entry->has_gone && entry->gone);
}

void view_lot_stock(
    struct view *view, const char *gtin, const char *lot, view_word_fn *take, void *ctx)
{
	view_begin(view);
	struct db_rows rows = db_query(&view->ledger.db,
	    "SELECT k.no, k.serial FROM cartridge k WHERE (?1 = '' OR k.gtin = ?1)"
	    " AND NOT EXISTS (SELECT 1 FROM cart_use u WHERE u.cart = k.no) ORDER BY k.no",
	    "t", gtin);
	while (db_next(&rows)) {
		if (is_on_shelf(view, db_int(&rows, 0), lot))
			take(ctx, db_text(&rows, 1));
		arena_reset(&view->ledger.work);
	}
	view_end(view);
}

void view_lots(struct view *view, const struct policy *policy, view_word_fn *offer, void *ctx)
{
	for (size_t i = 0; i < policy->recalls.count; i++)
		offer(ctx, policy->recalls.items[i].reading.order->recall_lots->lot);
	view_begin(view);
	struct db_rows rows =
	    db_query(&view->ledger.db, "SELECT DISTINCT lot FROM cart_use WHERE lot != ''", "");
	while (db_next(&rows))
		offer(ctx, db_text(&rows, 0));
	view_end(view);
}
