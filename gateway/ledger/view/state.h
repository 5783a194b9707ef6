/* state.h - what the files of the view share. Not for other rooms.
 *
 *     view.c          connection, transactions, counts
 *     view/alerts.c   alerts; view/outbox.c what is sent next
 *     view/session.c  sessions, cartridges, plans; view/corrections.c put right
 *     view/list.c     who is meant; view/devices.c, view/clients.c, view/carts.c
 *
 * A view is a ledger that is never opened: its db, its work arena, its config's policy.
 * So it loads histories as the judges do, and what it tells of a course or of a device
 * is what they would say.
 */
#ifndef LEDGER_VIEW_STATE_H
#define LEDGER_VIEW_STATE_H

#include "ledger/state.h"
#include "ledger/view/list.h"

struct view {
	struct ledger ledger;
	int steps; /* of the transaction, in units of VIEW_STEPS_BETWEEN */
};

/* Everything that a call reads it reads between these two. */
void view_begin(struct view *view);
void view_end(struct view *view);

void view_no_room(struct view *view); /* the caller's arena is full */

/* A page being read. The first column of its rows is the local number by which the list goes
 * on; rows of one number stay together.
 *
 *     struct page_reader reader = page_begin(view, arena, page, sizeof(*row));
 *     struct db_rows rows = db_query(...);
 *     while ((row = page_row(&reader, &rows)))
 *             *row = ...; page_no_room() if it does not fit
 *     return page_end(&reader, &rows, count);
 */
struct page_reader {
	struct view *view;
	struct arena *arena;
	struct view_page *page;
	size_t row_bytes;
	void *list;
	size_t count;
	size_t cap;
	int64_t last; /* number of the last row */
	bool is_over;
};

struct page_reader page_begin(
    struct view *view, struct arena *arena, struct view_page *page, size_t row_bytes);
void *page_row(struct page_reader *reader, struct db_rows *rows); /* NULL: that was all */
void page_no_room(struct page_reader *reader);                    /* without the row in hand */
void *page_end(struct page_reader *reader, struct db_rows *rows, size_t *count);

/* For lists that begin with the highest number. */
static inline int64_t view_page_below(const struct view_page *page)
{
	return page->after ? page->after : INT64_MAX;
}

/* The ids that begin with some digits of hex. False unless there are 1 to 32 of 0-9a-f. */
struct view_range {
	struct id first;
	struct id last;
};

bool view_range_of(struct slice hex, struct view_range *out);

/* What is sent next, as far as it is printed. */
struct outgoing {
	struct view *view;
	struct arena *arena;
	const struct report_style *style;
	uint64_t epoch;
	struct view_outbox_row *rows;
	size_t count;
	size_t max;
	bool is_full; /* the arena; what follows waits */
};

/* A row that tells what was evicted; its reason is 0 in other rows. */
#define GONE_COLUMNS " g.reason, g.first_n, g.last_n, g.revision, x.n "
#define GONE_JOIN " LEFT JOIN gone g ON g.kind = x.kind AND g.key = x.key "
bool view_outbox_gone(struct outgoing *to, unsigned kind, const struct db_rows *rows, int column);

void view_outbox_alerts(struct outgoing *to, uint64_t after);

#endif
