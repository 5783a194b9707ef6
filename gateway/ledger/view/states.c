#include "ledger/view/states.h"

#include "ledger/days/aggregates.h"
#include "ledger/office/report.h"
#include "ledger/view/state.h"
#include "wire/unpack.h"

#include "report.pb-c.h"

static const ProtobufCMessageDescriptor *type_of(enum subject_kind kind)
{
	switch (kind) {
	case SUBJECT_SUMMARY:
		return &carepace__v1__session_summary__descriptor;
	case SUBJECT_COURSE_STATE:
		return &carepace__v1__course_state__descriptor;
	case SUBJECT_DEVICE_STATE:
		return &carepace__v1__device_status__descriptor;
	default:
		CP_CHECK(kind == SUBJECT_AGGREGATE);
		return &carepace__v1__agg_day__descriptor;
	}
}

/* A civil day lies within these two, in any time zone: for the index. */
static int64_t clients_of(struct view *view, int64_t subject)
{
	struct aggregate_key key = aggregates_key(subject);
	int64_t from = (key.day - 1) * MS_PER_DAY;

	return db_value(&view->ledger.db, 0,
	    "SELECT count(DISTINCT client) FROM session WHERE start_at >= ?1 AND start_at < ?2"
	    " AND day = ?3 AND client != 0 AND CASE ?4 WHEN 1 THEN source WHEN 2 THEN operator"
	    " ELSE ?5 END = ?5",
	    "iiiii", from, from + 3 * MS_PER_DAY, (int64_t)key.day, (int64_t)key.of, key.who);
}

/* False when the arena is full. */
static bool read_row(struct view *view, struct arena *arena, enum subject_kind kind,
    const struct db_rows *rows, struct view_state_row *out)
{
	ProtobufCMessage *body;
	enum wire_result result = wire_unpack_again(arena, type_of(kind), db_blob(rows, 1), &body);

	if (result == WIRE_BAD)
		db_fail(&view->ledger.db, CP_CORRUPT,
		    "what was composed for head office cannot be read");
	if (result != WIRE_OK)
		return false;
	*out = (struct view_state_row){
	    .body = body,
	    .client = db_int(rows, 2),
	    .operator_no = db_int(rows, 3),
	    .is_of_few =
	        kind == SUBJECT_AGGREGATE && clients_of(view, db_int(rows, 0)) < VIEW_FEW_CLIENTS,
	};
	return true;
}

struct view_state_row *view_states(struct view *view, struct arena *arena, enum subject_kind kind,
    struct view_page *page, size_t *count)
{
	struct page_reader reader = page_begin(view, arena, page, sizeof(struct view_state_row));
	/* Its two parts, one after the other, are one message. */
	struct db_rows rows = db_query(&view->ledger.db,
	    "SELECT subject, CAST(observed || body AS BLOB), client, operator FROM state"
	    " WHERE kind = ? AND subject > ? ORDER BY subject LIMIT ?",
	    "iii", (int64_t)kind, page->after, (int64_t)page->max + 1);
	struct view_state_row *state;

	while ((state = page_row(&reader, &rows)))
		if (!read_row(view, arena, kind, &rows, state))
			page_no_room(&reader);
	return page_end(&reader, &rows, count);
}

const ProtobufCMessage *view_alert_message(struct arena *arena, const struct view_alert *row)
{
	struct view_alert nameless = *row;

	nameless.client = nameless.operator=(struct id){0};
	return report_alert_message(arena, &nameless);
}
