#include "ledger/history.h"

#include "ledger/journal.h"
#include "ledger/sessions.h"

#include <stdio.h>

/* One more element behind items[count]; NULL with db.err set when out of room. */
static void *push(struct ledger *ledger, void *items, size_t count, size_t *cap, size_t size)
{
	void *grown = arena_push(&ledger->work, items, count, cap, size);

	if (!grown)
		db_fail(&ledger->db, CP_NOMEM, "a history is larger than a judge call may be");
	return grown;
}

/* Rows that this version does not understand are left out here as they were
 * when they came: parked kinds have no facts. */
static bool decode(struct ledger *ledger, const struct journal_row *row, struct reading *out)
{
	bool is_order = row->kind >= READING_ORDER;

	switch (reading_from_journal(&ledger->work, row->payload, is_order, out)) {
	case READING_OK:
		return true;
	case READING_NOMEM:
		db_fail(&ledger->db, CP_NOMEM, "a history is larger than a judge call may be");
		return false;
	default:
		return false;
	}
}

/* --- session -------------------------------------------------------------------- */

bool history_of_session(struct ledger *ledger, struct session_history *history)
{
	const struct session *session = history->session;
	struct session_input *inputs = NULL;
	size_t cap = 0;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT " JOURNAL_COLUMNS " FROM fact f JOIN journal j USING(source, boot, seq)"
	    " WHERE f.kind = 1 AND f.subject = ? ORDER BY f.ts, j.boot, j.seq",
	    "i", session->no);

	while (db_next(&rows)) {
		struct journal_row row = journal_row_of(&rows);
		struct session_input input = {.client = row.client, .operator_no = row.operator_no};
		if (!decode(ledger, &row, &input.reading))
			continue;
		inputs = push(ledger, inputs, history->input_count, &cap, sizeof(*inputs));
		if (!inputs)
			break;
		inputs[history->input_count++] = input;
	}
	db_end(&rows);

	event_ms from = session->fold.start_from != TIME_NEVER ? session->fold.start_from
	                                                       : session->fold.first_at;
	history->inputs = inputs;
	history->next_start_on_device = db_value(&ledger->db, TIME_NEVER,
	    "SELECT min(start_from) FROM session WHERE source = ? AND start_from > ?", "ii",
	    session->device, (int64_t)from);
	history->uses = arena_alloc(&ledger->work, SESSION_USES_MAX * sizeof(*history->uses));
	if (!history->uses)
		db_fail(&ledger->db, CP_NOMEM, "a history is larger than a judge call may be");
	return !ledger->db.err;
}

/* --- client ---------------------------------------------------------------------- */

static void load_sessions(struct ledger *ledger, struct client_history *history)
{
	size_t cap = 0;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT " SESSION_COLUMNS SESSION_FROM
	    "WHERE s.client = ? AND s.client != 0 ORDER BY s.start_at, r.id, s.boot, s.seq",
	    "i", history->client);

	while (db_next(&rows)) {
		struct session *sessions = push(ledger, history->sessions, history->session_count,
		    &cap, sizeof(*history->sessions));
		if (!sessions)
			break;
		history->sessions = sessions;
		sessions[history->session_count++] = session_of_row(&rows, 0);
	}
	db_end(&rows);
}

struct plan history_plan_of(const struct reading *reading, int64_t client)
{
	const Carepace__V1__Plan *plan = reading->order->plan;

	return (struct plan){
	    .course = (int64_t)plan->course,
	    .client = client,
	    .from = reading->ts,
	    .revision = reading->order->revision,
	    .state = (enum plan_state)plan->state,
	    .band = (int32_t)plan->band,
	    .planned = (int32_t)plan->planned,
	    .min_days = (int32_t)plan->min_days,
	    .max_days = (int32_t)plan->max_days,
	};
}

static void load_plans(struct ledger *ledger, struct client_history *history)
{
	struct plan *plans = NULL;
	size_t cap = 0;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT " JOURNAL_COLUMNS
	    " FROM course c CROSS JOIN fact f ON f.kind = 4 AND f.subject = c.course"
	    " JOIN journal j ON j.source = f.source AND j.boot = f.boot AND j.seq = f.seq"
	    " WHERE c.client = ? ORDER BY c.course, f.ts, j.boot, j.seq",
	    "i", history->client);

	while (db_next(&rows)) {
		struct journal_row row = journal_row_of(&rows);
		struct reading reading;
		if (!decode(ledger, &row, &reading) || reading.kind != READING_PLAN)
			continue;
		plans = push(ledger, plans, history->plan_count, &cap, sizeof(*plans));
		if (!plans)
			break;
		plans[history->plan_count++] = history_plan_of(&reading, row.client);
	}
	db_end(&rows);
	history->plans = plans;
}

bool history_of_client(struct ledger *ledger, int64_t client, struct client_history *history)
{
	*history = (struct client_history){.client = client};
	load_sessions(ledger, history);
	load_plans(ledger, history);
	return !ledger->db.err;
}

/* --- cartridge -------------------------------------------------------------------- */

static struct cartridge_use use_of_row(const struct db_rows *rows, int64_t cart)
{
	const int c = SESSION_COLUMN_COUNT;
	struct cartridge_use use = {
	    .session = session_of_row(rows, 0),
	    .use = {.cart = cart,
	        .boot = (uint32_t)db_int(rows, c),
	        .seq = (uint32_t)db_int(rows, c + 1),
	        .slot = (uint32_t)db_int(rows, c + 2),
	        .tip_used = (uint32_t)db_int(rows, c + 3),
	        .from = db_int(rows, c + 4),
	        .until = db_int(rows, c + 5),
	        .is_replaced = db_int(rows, c + 6) != 0},
	};

	use.use.session = use.session.no;
	use.use.source = use.session.source;
	snprintf(use.use.gtin, sizeof(use.use.gtin), "%s", db_text(rows, c + 7));
	snprintf(use.use.serial, sizeof(use.use.serial), "%s", db_text(rows, c + 8));
	return use;
}

bool history_of_cartridge(struct ledger *ledger, int64_t cart, struct cartridge_history *history)
{
	struct cartridge_use *uses = NULL;
	size_t cap = 0;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT " SESSION_COLUMNS ", u.boot, u.seq, u.slot, u.tip_used, u.from_at, u.until_at, "
	    "u.is_replaced, k.gtin, k.serial"
	    " FROM cart_use u JOIN session s ON s.no = u.session JOIN source r ON r.no = s.source"
	    " JOIN cartridge k ON k.no = u.cart"
	    " WHERE u.cart = ? ORDER BY u.from_at, r.id, u.boot, u.seq",
	    "i", cart);

	*history = (struct cartridge_history){.cart = cart};
	while (db_next(&rows)) {
		uses = push(ledger, uses, history->use_count, &cap, sizeof(*uses));
		if (!uses)
			break;
		uses[history->use_count++] = use_of_row(&rows, cart);
	}
	db_end(&rows);
	history->uses = uses;
	return !ledger->db.err;
}
