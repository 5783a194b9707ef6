#include "ledger/clocks.h"

#include "care/stream/fold.h"
#include "ledger/box_clock.h"
#include "ledger/days/heard.h"
#include "ledger/downs.h"
#include "ledger/facts.h"
#include "ledger/judging/guards.h"
#include "ledger/judging/history.h"
#include "ledger/judging/session_stream.h"
#include "ledger/seals.h"
#include "ledger/store/names.h"
#include "ledger/store/sessions.h"

#define ROW_BYTES_MAX (4U << 20)

/* A boot that is known better than its readings were dated by. */
struct redating {
	struct redating *next;
	struct id source_id;
	int64_t source;
	uint32_t boot;        /* or, with is_floor, the one before those that it bounds */
	bool is_floor;        /* what was said in it last bounds later boots */
	struct boot_clock by; /* what its readings were dated by */
};

/* --- rows of `boot` ------------------------------------------------------------------ */

static void save(struct ledger *ledger, const struct known_boot *boot)
{
	const struct boot_clock *c = &boot->clock;

	db_run(&ledger->db,
	    "UPDATE boot SET anchor = nullif(?, ?), floor = ?, ts_min = ?, is_ahead = ?,"
	    " offset_min = ?, offset_max = ? WHERE no = ?",
	    "iiiiiiii", (int64_t)c->anchor, TIME_NEVER, (int64_t)c->floor, (int64_t)c->ts_min,
	    (int64_t)c->is_ahead, c->offset_min, c->offset_max, boot->no);
}

static bool load(struct ledger *ledger, int64_t source, uint32_t boot, struct known_boot *out)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT no, ifnull(anchor, ?), floor, ts_min, is_ahead, offset_min, offset_max, "
	    "skew_ms,"
	    " in_doubt FROM boot WHERE source = ? AND boot = ?",
	    "iii", TIME_NEVER, source, (int64_t)boot);

	if (!db_next(&rows))
		return false;
	*out = (struct known_boot){
	    .no = db_int(&rows, 0),
	    .boot = boot,
	    .clock = {.anchor = db_int(&rows, 1),
	        .floor = db_int(&rows, 2),
	        .ts_min = db_int(&rows, 3),
	        .is_ahead = db_int(&rows, 4) != 0,
	        .offset_min = db_int(&rows, 5),
	        .offset_max = db_int(&rows, 6)},
	    .skew = clock_skew_of(db_int(&rows, 7)),
	    .is_in_doubt = db_int(&rows, 8) != 0,
	};
	db_end(&rows);
	out->dated = out->clock;
	for (const struct redating *r = ledger->redatings; r; r = r->next)
		if (!r->is_floor && r->source == source && r->boot == boot)
			out->dated = r->by;
	return true;
}

/* R18: the last event of the boot before bounds what nobody saw live. Events are what
 * is kept for good; the stream is not. */
static event_ms floor_of(struct ledger *ledger, int64_t source, uint32_t boot)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT " JOURNAL_COLUMNS " FROM journal j WHERE source = ? AND boot < ?"
	    " ORDER BY boot DESC, seq DESC LIMIT 1",
	    "ii", source, (int64_t)boot);
	struct reading last;
	struct known_boot before;

	if (!db_next(&rows))
		return CLOCK_OLDEST;
	struct journal_row row = journal_row_of(&rows);
	enum reading_result result = journal_decode(&ledger->work, &row, &last);
	db_end(&rows);
	if (result != READING_OK || !load(ledger, source, row.boot, &before))
		return CLOCK_OLDEST;
	clock_date(&before.clock, &last, box_clock_arrival(ledger, &row));
	return last.ts > CLOCK_OLDEST ? last.ts : CLOCK_OLDEST;
}

static void make(struct ledger *ledger, int64_t source, uint32_t boot, struct known_boot *out)
{
	*out = (struct known_boot){.boot = boot, .clock = BOOT_CLOCK_EMPTY};
	out->clock.floor = floor_of(ledger, source, boot);
	out->dated = out->clock;
	db_run(&ledger->db,
	    "INSERT INTO boot(source, boot, floor, ts_min, is_ahead, offset_min, offset_max)"
	    " VALUES(?, ?, 0, 0, 0, 0, 0)",
	    "ii", source, (int64_t)boot);
	out->no = db_last_rowid(&ledger->db);
	save(ledger, out);
}

static struct known_boot *boot_of(struct ledger *ledger, struct source_state *source, uint32_t boot)
{
	struct known_boot *known = &source->known_boot;

	if ((known->no == 0 || known->boot != boot) && !load(ledger, source->no, boot, known))
		make(ledger, source->no, boot, known);
	return known;
}

static struct known_boot *known_boot(
    struct ledger *ledger, const struct id *source_id, uint32_t boot)
{
	struct source_state *source = names_source(ledger, source_id);

	return source ? boot_of(ledger, source, boot) : NULL;
}

/* --- date ------------------------------------------------------------------------------ */

static struct redating *add_redating(
    struct ledger *ledger, const struct id *source_id, int64_t source, uint32_t boot, bool is_floor)
{
	for (struct redating *r = ledger->redatings; r; r = r->next)
		if (r->source == source && r->boot == boot && r->is_floor == is_floor)
			return NULL;
	struct redating *redating = arena_zalloc(&ledger->scratch, sizeof(*redating));
	if (!redating) {
		db_fail(&ledger->db, CP_NOMEM, "out of memory for the clocks of a batch");
		return NULL;
	}
	*redating = (struct redating){.next = ledger->redatings,
	    .source_id = *source_id,
	    .source = source,
	    .boot = boot,
	    .is_floor = is_floor};
	ledger->redatings = redating;
	return redating;
}

static void learn(struct ledger *ledger, struct known_boot *boot, const struct reading *reading,
    const struct journal_row *row)
{
	bool is_first = boot->clock.ts_min == TIME_NEVER;

	if (!clock_learn(&boot->clock, reading, box_clock_arrival(ledger, row)))
		return;
	save(ledger, boot);
	if (is_first || clock_dates_alike(&boot->dated, &boot->clock)) {
		boot->dated = boot->clock;
		return;
	}
	struct redating *redating =
	    add_redating(ledger, &reading->source, row->source, row->boot, false);
	if (redating)
		redating->by = boot->dated;
}

/* Once the box knows the time again, the boot is dated again. */
static void note_doubt(struct ledger *ledger, struct known_boot *boot)
{
	if (boot->is_in_doubt)
		return;
	boot->is_in_doubt = true;
	db_run(&ledger->db, "UPDATE boot SET in_doubt = 1 WHERE no = ?", "i", boot->no);
}

/* CLOCK_SKEW: an observation of what the device says live, its newest word. In doubt this
 * box tells nobody what time it is. */
static void note_skew(struct ledger *ledger, struct known_boot *boot,
    const struct source_state *source, const struct reading *reading, const struct journal_row *row)
{
	if (boot->clock.anchor == TIME_NEVER || !clock_is_live(reading) || row->doubt ||
	    reading->boot != source->boot || reading->seq != source->seq)
		return;
	int64_t skew_ms = clock_skew_ms(&boot->clock, reading);
	enum clock_skew skew = clock_skew_of(skew_ms);
	bool is_changed = skew != boot->skew;

	if (skew != CLOCK_IS_GOOD && (is_changed || reading->kind == READING_HELLO))
		downs_set_time(ledger, &reading->source);
	if (!is_changed && !(reading->seq == 1 && reading->boot > 1))
		return;
	boot->skew = skew;
	db_run(&ledger->db,
	    "UPDATE boot SET skew_since = CASE WHEN skew_ms = 0 THEN ?1 ELSE skew_since END,"
	    " skew_ms = ?2 WHERE no = ?3",
	    "iii", (int64_t)(reading->claimed - skew_ms),
	    skew == CLOCK_IS_GOOD ? INT64_C(0) : skew_ms, boot->no);
	touched_add(&ledger->touched[SUBJECT_PRESENCE], &ledger->scratch, source->no, true);
}

/* Does a boot after this one hang on what was said in it? */
static bool is_floor_of_another(struct ledger *ledger, const struct journal_row *row)
{
	return db_value(&ledger->db, 0,
	    "SELECT 1 FROM boot WHERE source = ? AND boot > ? AND anchor IS NULL LIMIT 1", "ii",
	    row->source, (int64_t)row->boot);
}

void clocks_date(struct ledger *ledger, struct reading *reading, const struct journal_row *row)
{
	struct source_state *source = reading->up ? names_source(ledger, &reading->source) : NULL;

	if (!source)
		return;
	struct known_boot *boot = boot_of(ledger, source, row->boot);
	if (!ledger->config.is_recount) {
		if (row->doubt)
			note_doubt(ledger, boot);
		learn(ledger, boot, reading, row);
		if (row->boot < source->boot && !reading_is_stream(row->kind) &&
		    is_floor_of_another(ledger, row))
			add_redating(ledger, &reading->source, row->source, row->boot, true);
	}
	clock_date(&boot->dated, reading, box_clock_arrival(ledger, row));
	if (!ledger->config.is_recount)
		note_skew(ledger, boot, source, reading, row);
}

void clocks_date_again(
    struct ledger *ledger, struct reading *reading, const struct journal_row *row)
{
	struct known_boot *boot = known_boot(ledger, &reading->source, row->boot);

	if (boot)
		clock_date(&boot->dated, reading, box_clock_arrival(ledger, row));
}

void clocks_settle_floors(struct ledger *ledger)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT r.id, b.source, b.boot FROM boot b JOIN source r ON r.no = b.source"
	    " WHERE b.anchor IS NULL ORDER BY b.source, b.boot",
	    "");

	while (db_next(&rows) && !ledger->db.err) {
		struct id id;
		id_from_bytes(&id, db_blob(&rows, 0));
		struct known_boot *boot = known_boot(ledger, &id, (uint32_t)db_int(&rows, 2));
		if (!boot)
			continue;
		boot->clock.floor = floor_of(ledger, db_int(&rows, 1), boot->boot);
		boot->dated = boot->clock;
		save(ledger, boot);
	}
	db_end(&rows);
}

void clocks_learn(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	struct known_boot *boot =
	    row->kind < READING_ORDER ? known_boot(ledger, &reading->source, row->boot) : NULL;

	if (!boot || !clock_learn(&boot->clock, reading, box_clock_arrival(ledger, row)))
		return;
	save(ledger, boot);
	boot->dated = boot->clock;
}

bool clocks_known(
    struct ledger *ledger, const struct id *source_id, uint32_t boot_no, struct boot_clock *out)
{
	const struct known_boot *boot = known_boot(ledger, source_id, boot_no);

	if (boot)
		*out = boot->clock;
	return boot != NULL;
}

void clocks_join(struct ledger *ledger, const struct id *source_id, uint32_t boot_no,
    const struct boot_clock *more)
{
	struct known_boot *boot = known_boot(ledger, source_id, boot_no);

	if (!boot)
		return;
	clock_join(&boot->clock, more);
	save(ledger, boot);
	boot->dated = boot->clock;
}

enum ts_source clocks_source(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	if (reading->up && box_clock_arrival(ledger, row).kind == ARRIVED_IN_DOUBT)
		return TS_IN_DOUBT;
	if (!reading->up || reading->ts == reading->claimed)
		return TS_DEVICE;
	return db_value(&ledger->db, 1,
	           "SELECT anchor IS NULL FROM boot WHERE source = ? AND boot = ?", "ii",
	           row->source, (int64_t)row->boot)
	           ? TS_UNKNOWN
	           : TS_GATEWAY;
}

/* --- date again -------------------------------------------------------------------------- */

/* One boot, from one knowledge of its clock to another. */
struct move {
	struct ledger *ledger;
	const struct boot_clock *from;
	const struct boot_clock *to;
	struct touched sessions; /* whose folds are counted again */
};

static bool dates_differ(const struct move *move, const struct reading *reading,
    const struct journal_row *row, struct reading *from, struct reading *to)
{
	*from = *to = *reading;
	clock_date(move->from, from, box_clock_arrival_before(move->ledger, row));
	clock_date(move->to, to, box_clock_arrival(move->ledger, row));
	return from->ts != to->ts || from->ts_source != to->ts_source;
}

static void note_session(struct move *move, const struct id *sid, const struct journal_row *row)
{
	struct ledger *ledger = move->ledger;

	if (!id_is_zero(sid))
		touched_add(&move->sessions, &ledger->scratch,
		    db_value(&ledger->db, 0, "SELECT no FROM session WHERE source = ? AND sid = ?",
		        "ib", row->source, slice_of(sid->b, ID_BYTES)),
		    false);
}

static void move_row(void *ctx, const struct reading *reading, const struct journal_row *row)
{
	struct move *move = ctx;
	struct reading from;
	struct reading to;

	bool is_moved = dates_differ(move, reading, row, &from, &to);
	if (!row_is_applied(move->ledger, row))
		return;
	if (row->kind == READING_HEARTBEAT)
		heard_again(move->ledger, &from, &to);
	if (!is_moved)
		return;
	facts_move(move->ledger, &from, &to, row);
	note_session(move, &reading->sid, row);
}

static void boot_journal(
    struct ledger *ledger, int64_t source, uint32_t boot, stream_row_fn *on_row, void *ctx)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT " JOURNAL_COLUMNS " FROM journal j WHERE source = ? AND boot = ?", "ii", source,
	    (int64_t)boot);
	struct arena arena; /* routes may reset the ledger's */

	arena_init(&arena, 64 * 1024, ROW_BYTES_MAX);
	while (db_next(&rows) && !ledger->db.err) {
		struct journal_row row = journal_row_of(&rows);
		struct reading reading;
		if (journal_decode(&arena, &row, &reading) == READING_OK)
			on_row(ctx, &reading, &row);
		arena_reset(&arena);
	}
	db_end(&rows);
	arena_deinit(&arena);
}

static void add_to_fold(void *ctx, const struct reading *reading, const struct journal_row *row)
{
	struct session_fold more = fold_of(reading);

	(void)row;
	if (!reading->is_test || !reading_is_stream(reading->kind)) /* R22 */
		session_fold_add(ctx, &more);
}

/* Its fold from nothing; those before and after it on the device are judged again. */
static void fold_again(struct ledger *ledger, int64_t no)
{
	struct session session;
	struct session_fold fold = SESSION_FOLD_EMPTY;

	if (!sessions_load(ledger, no, &session))
		return;
	struct open_session *open =
	    sessions_open(ledger, session.device, &session.source, &session.sid);
	if (!open)
		return;
	seals_fold(ledger, &open->session, &fold);
	struct facts facts = history_all_facts(ledger, SUBJECT_SESSION, no);
	for (size_t i = 0; i < facts.count; i++)
		if (facts.items[i].source == session.device)
			add_to_fold(&fold, &facts.items[i].reading, NULL);
	session_stream(ledger, &open->session, add_to_fold, &fold);
	sessions_replace_fold(ledger, open, &fold);
	guards_forget(ledger, open);
	touched_add(&ledger->touched[SUBJECT_SESSION], &ledger->scratch, no, false);
	arena_reset(&ledger->work);
}

static void move_boot(struct ledger *ledger, const struct id *source_id, int64_t source,
    uint32_t boot, const struct boot_clock *from)
{
	struct known_boot *known = known_boot(ledger, source_id, boot);

	if (!known)
		return;
	struct boot_clock to = known->clock;
	struct move move = {.ledger = ledger, .from = from, .to = &to};

	known->dated = to;
	heard_forget_boot(ledger, source_id, boot);
	boot_journal(ledger, source, boot, move_row, &move);
	boot_stream(ledger, source, boot, move_row, &move);
	touched_settle(&move.sessions);
	for (size_t i = 0; i < move.sessions.count && !ledger->db.err; i++)
		fold_again(ledger, move.sessions.items[i].no);
	if (move.sessions.is_full)
		db_fail(&ledger->db, CP_NOMEM, "out of memory for the sessions of a boot");
}

/* What was said last before boots that nobody saw live may be something else now. */
static void settle_floors(struct ledger *ledger, const struct redating *redating)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT boot FROM boot WHERE source = ? AND boot > ? AND anchor IS NULL ORDER BY boot",
	    "ii", redating->source, (int64_t)redating->boot);

	while (db_next(&rows) && !ledger->db.err) {
		struct known_boot *boot =
		    known_boot(ledger, &redating->source_id, (uint32_t)db_int(&rows, 0));
		if (!boot)
			continue;
		struct boot_clock from = boot->dated;
		boot->clock.floor = floor_of(ledger, redating->source, boot->boot);
		if (boot->clock.floor == from.floor)
			continue;
		save(ledger, boot);
		if (clock_dates_alike(&from, &boot->clock))
			boot->dated = boot->clock;
		else
			move_boot(
			    ledger, &redating->source_id, redating->source, boot->boot, &from);
	}
	db_end(&rows);
}

/* Moving one boot may move the floor of the next. */
void clocks_settle(struct ledger *ledger)
{
	struct redating *list = ledger->redatings;

	ledger->redatings = NULL;
	for (struct redating *r = list; r; r = r->next)
		if (!r->is_floor)
			move_boot(ledger, &r->source_id, r->source, r->boot, &r->by);
	ledger->settled_from = 0; /* no row is dated as in that doubt any more */
	for (struct redating *r = list; r; r = r->next)
		settle_floors(ledger, r);
}

/* --- the box knows the time again --------------------------------------------------------- */

struct relearning {
	struct ledger *ledger;
	struct boot_clock *clock;
};

static void learn_row(void *ctx, const struct reading *reading, const struct journal_row *row)
{
	const struct relearning *relearning = ctx;
	struct arrival arrival = box_clock_arrival(relearning->ledger, row);

	clock_learn(relearning->clock, reading, arrival);
}

static void learn_boot(
    struct ledger *ledger, const struct id *source_id, int64_t source, uint32_t boot_no)
{
	struct known_boot *boot = known_boot(ledger, source_id, boot_no);

	if (!boot)
		return;
	struct redating *redating = add_redating(ledger, source_id, source, boot_no, false);
	struct relearning relearning = {.ledger = ledger, .clock = &boot->clock};
	if (redating)
		redating->by = boot->dated;
	boot_journal(ledger, source, boot_no, learn_row, &relearning);
	boot_stream(ledger, source, boot_no, learn_row, &relearning);
	boot->is_in_doubt = false;
	save(ledger, boot);
}

void clocks_trust(struct ledger *ledger)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT r.id, b.source, b.boot FROM boot b JOIN source r ON r.no = b.source"
	    " WHERE b.in_doubt ORDER BY b.source, b.boot",
	    "");

	while (db_next(&rows) && !ledger->db.err) {
		struct id id;
		id_from_bytes(&id, db_blob(&rows, 0));
		learn_boot(ledger, &id, db_int(&rows, 1), (uint32_t)db_int(&rows, 2));
	}
	db_end(&rows);
	db_run(&ledger->db, "UPDATE boot SET in_doubt = 0 WHERE in_doubt", "");
}
