#include "ledger/box_clock.h"

#include "ledger/clocks.h"
#include "ledger/watch.h"

/* How much of what was known may be lost in a crash. */
#define SAVED_EVERY_MS MS_PER_MINUTE

/* --- over restarts ----------------------------------------------------------------------- */

static bool load(struct ledger *ledger, struct clock_known *known)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT boot, counts_from, ifnull(confirmed, ?), last, synced_at FROM clock"
	    " WHERE no = 1",
	    "i", TIME_NEVER);

	if (!db_next(&rows))
		return false;
	id_from_bytes(&known->boot, db_blob(&rows, 0));
	known->offset = db_int(&rows, 1);
	known->confirmed = db_int(&rows, 2);
	known->last = db_int(&rows, 3);
	ledger->synced_at = db_int(&rows, 4);
	db_end(&rows);
	return true;
}

static void save(struct ledger *ledger)
{
	const struct gateway_clock *clock = &ledger->clock;

	db_run(&ledger->db,
	    "INSERT INTO clock(no, boot, counts_from, confirmed, last, synced_at)"
	    " VALUES(1, ?, ?, nullif(?, ?), ?, ?) ON CONFLICT(no) DO UPDATE SET"
	    " boot = excluded.boot, counts_from = excluded.counts_from,"
	    " confirmed = excluded.confirmed, last = excluded.last,"
	    " synced_at = excluded.synced_at",
	    "biiiii", slice_of(clock->boot.b, ID_BYTES), clock->offset, clock->confirmed,
	    TIME_NEVER, (int64_t)ledger->now, (int64_t)ledger->synced_at);
	ledger->clock_saved_at = ledger->now;
}

static wall_ms now_of(struct ledger *ledger, const struct clock_reading *reading)
{
	wall_ms now = ledger->clock.offset + reading->since_boot;

	if (reading->is_synced || ledger->synced_at == 0)
		ledger->synced_at = now;
	return now;
}

wall_ms box_clock_open(struct ledger *ledger, wall_ms now)
{
	const struct clock_start *start = &ledger->config.clock;
	struct clock_known stored = {0};

	if (!start->reading.is_taken)
		return now;
	const struct clock_known *known = load(ledger, &stored) ? &stored : NULL;
	gateway_clock_open(&ledger->clock, known, start);
	ledger->has_clock = true;
	ledger->clock_saved_at = INT64_MIN;
	ledger->unsettled =
	    db_value(&ledger->db, 0, "SELECT min(no) FROM doubt WHERE known IS NULL", "");
	int64_t open = db_value(
	    &ledger->db, 0, "SELECT max(no) FROM doubt WHERE known IS NULL AND NOT is_lost", "");
	if (clock_is_same_boot(known, start))
		ledger->doubt = open;
	else
		ledger->cut_doubt = open;
	return now_of(ledger, &start->reading);
}

wall_ms box_clock_look(struct ledger *ledger, const struct clock_reading *reading, wall_ms now)
{
	ledger->counts_from = reading->is_taken ? now - reading->since_boot : 0;
	if (!ledger->has_clock || !reading->is_taken)
		return now;
	/* The end dates rows again: those that may end the program are tried first. */
	if (!ledger->doubt || !ledger->is_careful || ledger_pending(ledger) == 0)
		gateway_clock_look(&ledger->clock, reading);
	ledger->counts_from = ledger->clock.offset;
	return now_of(ledger, reading);
}

/* --- begin and end ------------------------------------------------------------------------ */

static void record(struct ledger *ledger, Carepace__V1__BoxClock *body)
{
	Carepace__V1__Box box = CAREPACE__V1__BOX__INIT;

	box.body_case = CAREPACE__V1__BOX__BODY_CLOCK;
	box.clock = body;
	watch_record(ledger, &box);
}

/* The box has restarted in doubt: that one is over, what came in it stays undated. */
static void record_cut(struct ledger *ledger)
{
	Carepace__V1__BoxClock body = CAREPACE__V1__BOX_CLOCK__INIT;

	body.has_began_seq = body.has_restarted = body.restarted = true;
	body.began_seq = (uint32_t)ledger->cut_doubt;
	record(ledger, &body);
	ledger->cut_doubt = 0;
}

static void begin(struct ledger *ledger)
{
	Carepace__V1__BoxClock body = CAREPACE__V1__BOX_CLOCK__INIT;

	body.in_doubt = body.has_offset_ms = body.has_reason = true;
	body.offset_ms = ledger->clock.offset;
	body.reason = (uint32_t)ledger->clock.doubt;
	record(ledger, &body);
	ledger->doubt = db_value(
	    &ledger->db, 0, "SELECT max(no) FROM doubt WHERE known IS NULL AND NOT is_lost", "");
	if (!ledger->unsettled)
		ledger->unsettled = ledger->doubt;
	save(ledger);
}

/* Whoever is on a chair may get another answer now (R19). */
static void touch_running(struct ledger *ledger)
{
	struct db_rows rows =
	    db_query(&ledger->db, "SELECT no FROM session WHERE state BETWEEN 1 AND 3", "");

	while (db_next(&rows))
		touched_add(
		    &ledger->touched[SUBJECT_VERDICT], &ledger->scratch, db_int(&rows, 0), true);
}

static void end(struct ledger *ledger)
{
	Carepace__V1__BoxClock body = CAREPACE__V1__BOX_CLOCK__INIT;
	int64_t began = ledger->doubt ? ledger->doubt
	                              : db_value(&ledger->db, 0,
	                                    "SELECT max(no) FROM doubt WHERE known IS NULL", "");

	body.has_began_seq = body.has_offset_ms = true;
	body.began_seq = (uint32_t)began;
	body.offset_ms = ledger->clock.offset;
	body.has_restarted = body.restarted = ledger->doubt == 0;
	ledger->settled_from = ledger->unsettled;
	record(ledger, &body);
	ledger->doubt = ledger->cut_doubt = ledger->unsettled = 0;
	ledger->opened_at = ledger->now; /* silence was not measured meanwhile */
	clocks_trust(ledger);
	touch_running(ledger);
	save(ledger);
}

void box_clock_settle(struct ledger *ledger)
{
	bool is_trusted = ledger->clock.doubt == CLOCK_TRUSTED;

	ledger->settled_from = 0;
	if (!ledger->has_clock)
		return;
	if (is_trusted && ledger->unsettled)
		end(ledger);
	else if (!is_trusted && ledger->cut_doubt)
		record_cut(ledger);
	if (!is_trusted && !ledger->doubt)
		begin(ledger);
	if (ledger->now < ledger->clock_saved_at ||
	    ledger->now - SAVED_EVERY_MS >= ledger->clock_saved_at)
		save(ledger);
}

int64_t box_clock_take(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	const Carepace__V1__BoxClock *body = reading->box->clock;

	if (body->in_doubt) {
		db_run(&ledger->db,
		    "INSERT INTO doubt(no, assumed) VALUES(?, ?) ON CONFLICT DO NOTHING", "ii",
		    (int64_t)row->seq, body->offset_ms);
		return row->seq;
	}
	if (body->has_offset_ms)
		db_run(&ledger->db,
		    "UPDATE doubt SET known = ?1, is_lost = is_lost OR ?2 OR no != ?3"
		    " WHERE known IS NULL AND no < ?4",
		    "iiii", body->offset_ms, (int64_t)body->restarted, (int64_t)body->began_seq,
		    (int64_t)row->seq);
	else
		db_run(&ledger->db, "UPDATE doubt SET is_lost = 1 WHERE no = ?", "i",
		    (int64_t)body->began_seq);
	return body->began_seq;
}

/* --- stamps ------------------------------------------------------------------------------ */

struct stamp box_clock_stamp(const struct ledger *ledger, int64_t recv)
{
	return (struct stamp){.recv = recv + ledger->counts_from, .doubt = ledger->doubt};
}

struct arrival box_clock_arrival(struct ledger *ledger, const struct journal_row *row)
{
	struct arrival arrival = {.at = row->recv};

	if (!row->doubt)
		return arrival;
	arrival.kind = ARRIVED_IN_DOUBT;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT assumed, known, is_lost FROM doubt WHERE no = ? AND known IS NOT NULL", "i",
	    row->doubt);
	if (!db_next(&rows))
		return arrival;
	if (db_int(&rows, 2))
		arrival = (struct arrival){.at = db_int(&rows, 1), .kind = ARRIVED_BEFORE};
	else
		arrival = (struct arrival){.at = row->recv - db_int(&rows, 0) + db_int(&rows, 1)};
	db_end(&rows);
	return arrival;
}

struct arrival box_clock_arrival_before(struct ledger *ledger, const struct journal_row *row)
{
	if (ledger->settled_from && row->doubt >= ledger->settled_from)
		return (struct arrival){.at = row->recv, .kind = ARRIVED_IN_DOUBT};
	return box_clock_arrival(ledger, row);
}

/* --- evidence ---------------------------------------------------------------------------- */

/* A device that this box has set before is as good as any: in doubt it sets none. */
void box_clock_hear(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	mono_ms heard = row->recv - ledger->clock.offset;

	if (reading->kind == READING_SITE_TIME)
		gateway_clock_hear_office(
		    &ledger->clock, reading->order->site_time->hq_ts_ms, heard);
	else if (reading->up && clock_is_live(reading))
		gateway_clock_hear_device(
		    &ledger->clock, &reading->source, reading->claimed, heard);
}
