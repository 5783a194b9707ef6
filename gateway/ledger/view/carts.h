/* carts.h - cartridges, tips and rollers; and whom a lot of them touched.
 *
 * Calls, memory, errors, tokens: as in view.h.
 */
#ifndef LEDGER_VIEW_CARTS_H
#define LEDGER_VIEW_CARTS_H

#include "ledger/view/session.h"

struct view_cart {
	int64_t no;
	int64_t uses;        /* sessions here that it was in a slot of */
	int64_t clients;     /* of them, different ones */
	struct cart_use use; /* the last one; of one that was never used GTIN and serial only */
	bool is_in_use;      /* that session runs, and it is in its slot */
	int64_t open_alerts; /* about it and its uses */
	enum severity worst; /* of them */
};

struct view_cart_filter {
	const char *serial; /* NULL: all */
	event_ms since;     /* used then or later; 0: all */
};

/* Who came to be known last comes first. NULL when there is none. */
struct view_cart *view_carts(struct view *view, struct arena *arena,
    const struct view_cart_filter *filter, struct view_page *page, size_t *count);

/* --- a lot ----------------------------------------------------------------------------- */

struct view_lot_use {
	struct view_session session; /* its verdict is left out */
	struct cart_use use;
	bool is_exposed; /* it was in its slot when skin was treated */
};

/* All uses of a lot, the newest session first; of all products where gtin is "". A page
 * may be longer than asked: it ends with a session. NULL when there is none. */
struct view_lot_use *view_lot_uses(struct view *view, struct arena *arena, const char *gtin,
    const char *lot, struct view_page *page, size_t *count);

/* Serials of a lot that are on the stock list now and were never used here; each dies when
 * `take` returns. */
void view_lot_stock(
    struct view *view, const char *gtin, const char *lot, view_word_fn *take, void *ctx);

/* Lots that were used or recalled, for "did you mean". */
void view_lots(struct view *view, const struct policy *policy, view_word_fn *offer, void *ctx);

#endif
