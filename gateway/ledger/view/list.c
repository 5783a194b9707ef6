#include "ledger/view/list.h"

#include "ledger/view/state.h"

#include <errno.h>
#include <stdlib.h>

/* Adds the numbers of a query's first column, each once. */
static size_t take_numbers(struct db_rows rows, int64_t nos[2], size_t count)
{
	while (count < 2 && db_next(&rows)) {
		int64_t no = db_int(&rows, 0);
		if (count == 0 || nos[0] != no)
			nos[count++] = no;
	}
	db_end(&rows);
	return count;
}

size_t view_find_device(struct view *view, const char *word, int64_t nos[2])
{
	struct db *db = &view->ledger.db;
	struct view_range range;

	view_begin(view);
	size_t count = take_numbers(
	    db_query(db, "SELECT no FROM source WHERE serial = ? LIMIT 2", "t", word), nos, 0);
	if (count == 0 && view_range_of(slice_str(word), &range))
		count = take_numbers(
		    db_query(db, "SELECT no FROM source WHERE id BETWEEN ? AND ? LIMIT 2", "bb",
		        slice_of(range.first.b, ID_BYTES), slice_of(range.last.b, ID_BYTES)),
		    nos, 0);
	view_end(view);
	return db->err ? 0 : count;
}

size_t view_find_client(struct view *view, const char *word, int64_t nos[2])
{
	struct db *db = &view->ledger.db;
	struct view_range range;
	size_t count = 0;
	char *end;

	errno = 0;
	long long no = strtoll(word, &end, 10);
	view_begin(view);
	if (no > 0 && !*end && !errno)
		count = take_numbers(
		    db_query(db, "SELECT no FROM client WHERE no = ?", "i", (int64_t)no), nos, 0);
	if (view_range_of(slice_str(word), &range))
		count = take_numbers(
		    db_query(db, "SELECT no FROM client WHERE token BETWEEN ? AND ? LIMIT 3", "bb",
		        slice_of(range.first.b, ID_BYTES), slice_of(range.last.b, ID_BYTES)),
		    nos, count);
	view_end(view);
	return db->err ? 0 : count;
}

size_t view_find_operator(struct view *view, const char *word, struct id *token)
{
	struct db *db = &view->ledger.db;
	struct view_range range;
	size_t count = 0;

	if (!view_range_of(slice_str(word), &range))
		return 0;
	view_begin(view);
	struct db_rows rows =
	    db_query(db, "SELECT token FROM operator WHERE token BETWEEN ? AND ? LIMIT 2", "bb",
	        slice_of(range.first.b, ID_BYTES), slice_of(range.last.b, ID_BYTES));
	while (db_next(&rows) && count++ == 0)
		id_from_bytes(token, db_blob(&rows, 0));
	db_end(&rows);
	view_end(view);
	return db->err ? 0 : count;
}

void view_device_words(struct view *view, view_word_fn *offer, void *ctx)
{
	view_begin(view);
	struct db_rows rows = db_query(&view->ledger.db,
	    "SELECT lower(substr(hex(id), 1, 8)) FROM source WHERE no > ?1"
	    " UNION ALL SELECT serial FROM source WHERE no > ?1 AND serial IS NOT NULL",
	    "i", (int64_t)SOURCE_BOX);
	while (db_next(&rows))
		offer(ctx, db_text(&rows, 0));
	view_end(view);
}

/* --- pages ---------------------------------------------------------------------------------- */

struct page_reader page_begin(
    struct view *view, struct arena *arena, struct view_page *page, size_t row_bytes)
{
	page->next = 0;
	view_begin(view);
	return (struct page_reader){
	    .view = view, .arena = arena, .page = page, .row_bytes = row_bytes};
}

/* Is there no room for another number? Then the next page goes on behind the last one. */
static bool is_full(struct page_reader *reader, int64_t no)
{
	if (reader->count < reader->page->max || no == reader->last)
		return false;
	reader->page->next = reader->last;
	return true;
}

void *page_row(struct page_reader *reader, struct db_rows *rows)
{
	if (reader->is_over || !db_next(rows) || is_full(reader, db_int(rows, 0)))
		return NULL;
	void *grown =
	    arena_push(reader->arena, reader->list, reader->count, &reader->cap, reader->row_bytes);
	if (!grown) {
		view_no_room(reader->view);
		return NULL;
	}
	reader->list = grown;
	reader->last = db_int(rows, 0);
	return (char *)grown + reader->count++ * reader->row_bytes;
}

void page_no_room(struct page_reader *reader)
{
	view_no_room(reader->view);
	reader->count--;
	reader->is_over = true;
}

void *page_end(struct page_reader *reader, struct db_rows *rows, size_t *count)
{
	db_end(rows);
	view_end(reader->view);
	*count = reader->count;
	return reader->list;
}
