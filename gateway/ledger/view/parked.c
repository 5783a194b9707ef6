#include "ledger/view/parked.h"

#include "ledger/view/state.h"

static bool fill(struct arena *arena, const struct db_rows *rows, struct view_parked *out)
{
	struct slice why = db_blob(rows, 3);
	char *text = arena_zalloc(arena, why.len + 1);

	*out = (struct view_parked){
	    .recv = db_int(rows, 2), .why = text, .size_bytes = (size_t)db_int(rows, 4)};
	if (!text)
		return false;
	if (why.len)
		memcpy(text, why.p, why.len);
	return id_from_bytes(&out->device, db_blob(rows, 0)) &&
	       id_from_bytes(&out->hash, db_blob(rows, 1));
}

struct view_parked *view_parked(
    struct view *view, struct arena *arena, const char *hex, size_t *count)
{
	struct view_parked *list = NULL;
	size_t cap = 0;

	*count = 0;
	view_begin(view);
	struct db_rows rows = db_query(&view->ledger.db,
	    "SELECT s.id, p.hash, p.recv, p.why, length(p.payload)"
	    " FROM parked p JOIN source s ON s.no = p.source"
	    " WHERE lower(hex(p.hash)) LIKE ? || '%' ORDER BY p.recv, s.id, p.hash",
	    "t", hex);
	while (db_next(&rows)) {
		struct view_parked *grown = arena_push(arena, list, *count, &cap, sizeof(*list));
		if (!grown || !fill(arena, &rows, &grown[*count])) {
			view_no_room(view);
			break;
		}
		list = grown;
		(*count)++;
	}
	db_end(&rows);
	view_end(view);
	return list;
}

enum wire_bad view_parked_outline(struct view *view, struct arena *arena,
    const struct view_parked *parked, wire_outline_fn *on_field, void *ctx)
{
	bool is_order = id_eq(&parked->device, &reading_head_office);
	struct slice bytes = {0};

	view_begin(view);
	struct db_rows rows = db_query(&view->ledger.db,
	    "SELECT p.payload FROM parked p JOIN source s ON s.no = p.source"
	    " WHERE s.id = ? AND p.hash = ?",
	    "bb", slice_of(parked->device.b, ID_BYTES), slice_of(parked->hash.b, ID_BYTES));
	if (db_next(&rows)) {
		bytes = arena_copy(arena, db_blob(&rows, 0));
		db_end(&rows);
	}
	view_end(view);
	return wire_outline(
	    is_order ? &carepace__v1__order__descriptor : &carepace__v1__up__descriptor, bytes,
	    on_field, ctx);
}
