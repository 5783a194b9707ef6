#include "ledger/past/verify.h"

#include "ledger/box_clock.h"
#include "ledger/clocks.h"
#include "ledger/facts.h"
#include "ledger/judging/subjects.h"
#include "ledger/judging/unjudged.h"
#include "ledger/policies.h"
#include "ledger/seals.h"
#include "ledger/store/names.h"
#include "ledger/store/sessions.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* --- the recount ----------------------------------------------------------------------- */

struct recount {
	struct db store;       /* read only, one transaction */
	struct ledger *ledger; /* in memory */
	struct batch *batch;
	char site[40];
	struct verify_result *result;
	verify_fn *on_difference;
	void *ctx;
};

/* Local numbers are taken over, so that subjects are the same in both. */
static void copy_rows(struct recount *r, const char *select, const char *insert, const char *types)
{
	struct db_rows rows = db_query(&r->store, select, "");

	while (db_next(&rows)) {
		if (types[2] == 't')
			db_run(&r->ledger->db, insert, types, db_int(&rows, 0), db_text(&rows, 1),
			    db_text(&rows, 2));
		else
			db_run(&r->ledger->db, insert, types, db_int(&rows, 0), db_blob(&rows, 1));
	}
}

/* Which days wait to be composed (20: SUBJECT_AGGREGATE) is taken over: see truth.c. The others
 * a recount finds where anything happened: of a quiet day there is nothing to compare. */
static void copy_moments(struct recount *r)
{
	struct db_rows rows = db_query(&r->store,
	    "SELECT kind, subject, judged_at, coalesce(CASE kind WHEN 20 THEN next_change END, 0)"
	    " FROM subject WHERE kind != 20 OR next_change IS NOT NULL",
	    "");

	while (db_next(&rows))
		db_run(&r->ledger->db,
		    "INSERT INTO subject(kind, subject, judged_at, next_change)"
		    " VALUES(?, ?, ?, nullif(?, 0))",
		    "iiii", db_int(&rows, 0), db_int(&rows, 1), db_int(&rows, 2), db_int(&rows, 3));
	rows = db_query(&r->store, "SELECT kind, subject, boot, seq FROM unjudged", "");
	while (db_next(&rows))
		db_run(&r->ledger->db,
		    "INSERT INTO unjudged(kind, subject, boot, seq, at, version) VALUES(?, ?, ?, "
		    "?, 0, '')",
		    "iiii", db_int(&rows, 0), db_int(&rows, 1), db_int(&rows, 2), db_int(&rows, 3));
}

/* What nobody can judge stays as the store has it: others were judged beside it. */
static void copy_unjudged(struct recount *r)
{
	struct db *to = &r->ledger->db;
	struct db_rows rows = db_query(&r->store,
	    "SELECT " SESSION_COLUMNS ", s.last_attach" SESSION_FROM
	    "WHERE s.no IN (SELECT subject FROM unjudged WHERE kind = 1)",
	    "");

	while (db_next(&rows)) {
		struct session session = session_of_row(&rows, 0);
		sessions_save(r->ledger, &session, db_int(&rows, SESSION_COLUMN_COUNT));
	}
	rows = db_query(&r->store,
	    "SELECT session, source, boot, seq, cart, slot, gtin, lot, expiry, tip_used,"
	    " tip_count, tip_limit, low_at, exhausted_at, needle_um, from_at, until_at, is_replaced"
	    " FROM cart_use WHERE session IN (SELECT subject FROM unjudged WHERE kind = 1)",
	    "");
	while (db_next(&rows))
		db_run(to,
		    "INSERT INTO cart_use(session, source, boot, seq, cart, slot, gtin, lot, "
		    "expiry,"
		    " tip_used, tip_count, tip_limit, low_at, exhausted_at, needle_um, from_at,"
		    " until_at, is_replaced)"
		    " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		    "iiiiiittiiiiiiiiii", db_int(&rows, 0), db_int(&rows, 1), db_int(&rows, 2),
		    db_int(&rows, 3), db_int(&rows, 4), db_int(&rows, 5), db_text(&rows, 6),
		    db_text(&rows, 7), db_int(&rows, 8), db_int(&rows, 9), db_int(&rows, 10),
		    db_int(&rows, 11), db_int(&rows, 12), db_int(&rows, 13), db_int(&rows, 14),
		    db_int(&rows, 15), db_int(&rows, 16), db_int(&rows, 17));
	rows = db_query(&r->store,
	    "SELECT cluster, ae_case, reported_at, onset, sid FROM clustered"
	    " WHERE ae_case IN (SELECT subject FROM unjudged WHERE kind = 8)",
	    "");
	while (db_next(&rows))
		db_run(to,
		    "INSERT INTO clustered(cluster, ae_case, reported_at, onset, sid)"
		    " VALUES(?, ?, ?, ?, ?)",
		    "iiitb", db_int(&rows, 0), db_int(&rows, 1), db_int(&rows, 2),
		    db_text(&rows, 3), db_blob(&rows, 4));
	/* Visits are the client's judge's. */
	rows = db_query(&r->store,
	    "SELECT visit, no FROM session WHERE client IN (SELECT subject FROM unjudged WHERE"
	    " kind = 2) OR no IN (SELECT subject FROM unjudged WHERE kind = 1)",
	    "");
	while (db_next(&rows))
		sessions_save_visit(r->ledger, db_int(&rows, 1), db_int(&rows, 0));
}

static void copy_names(struct recount *r)
{
	copy_rows(r, "SELECT no, id FROM source",
	    "INSERT INTO source(no, id) VALUES(?, ?) ON CONFLICT DO NOTHING", "ib");
	copy_rows(r, "SELECT no, token FROM client WHERE token IS NOT NULL",
	    "INSERT INTO client(no, token) VALUES(?, ?)", "ib");
	copy_rows(r, "SELECT no, token FROM operator",
	    "INSERT INTO operator(no, token) VALUES(?, ?)", "ib");
	copy_rows(r, "SELECT no, gtin, serial FROM cartridge",
	    "INSERT INTO cartridge(no, gtin, serial) VALUES(?, ?, ?)", "itt");

	struct db_rows rows = db_query(&r->store, "SELECT no, kind, key FROM name", "");
	while (db_next(&rows))
		db_run(&r->ledger->db, "INSERT INTO name(no, kind, key) VALUES(?, ?, ?)", "iib",
		    db_int(&rows, 0), db_int(&rows, 1), db_blob(&rows, 2));
	rows = db_query(&r->store, "SELECT no, source, sid FROM session", "");
	while (db_next(&rows))
		db_run(&r->ledger->db,
		    "INSERT INTO session(no, source, sid, first_at, last_at, start_from, "
		    "stream_from,"
		    " exposed_first, exposed_last, active_ms, pulses)"
		    " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)",
		    "iibiiiiii", db_int(&rows, 0), db_int(&rows, 1), db_blob(&rows, 2), TIME_NEVER,
		    INT64_MIN, TIME_NEVER, TIME_NEVER, TIME_NEVER, INT64_MIN);
	copy_moments(r);
	copy_unjudged(r);
	unjudged_load(r->ledger);
}

static const char insert_journal[] =
    "INSERT INTO journal(source, boot, seq, recv, kind, client, operator, hash, payload, client2,"
    " doubt) VALUES(?, ?, ?, ?, ?, nullif(?, 0), nullif(?, 0), x'', ?, nullif(?, 0), nullif(?, 0))";

/* Everybody is judged in the end: what was touched meanwhile need not be kept. */
static void settle(struct recount *r)
{
	struct ledger *ledger = r->ledger;

	sessions_flush(ledger);
	decoded_trim(&ledger->decoded);
	memset(ledger->touched, 0, sizeof(ledger->touched));
	arena_reset(&ledger->scratch);
}

/* R18: what the box knew of the time, before anything is dated by it. */
static void learn_doubts(struct recount *r)
{
	struct ledger *ledger = r->ledger;
	struct db_rows rows = db_query(&r->store,
	    "SELECT " JOURNAL_COLUMNS " FROM journal j WHERE source = ? AND kind = ?", "ii",
	    (int64_t)SOURCE_BOX, (int64_t)READING_BOX_CLOCK);

	while (db_next(&rows) && !ledger->db.err) {
		struct journal_row row = journal_row_of(&rows);
		struct reading reading;
		if (journal_decode(&ledger->work, &row, &reading) == READING_OK)
			box_clock_take(ledger, &reading, &row);
		arena_reset(&ledger->work);
	}
	db_end(&rows);
}

/* What is left of the rows of the stream that have gone. */
static void count_seals(struct recount *r)
{
	struct ledger *ledger = r->ledger;
	struct db_rows rows = db_query(&r->store,
	    "SELECT " JOURNAL_COLUMNS " FROM journal j WHERE source = ? AND kind IN (?, ?)"
	    " ORDER BY boot DESC, seq DESC",
	    "iii", (int64_t)SOURCE_BOX, (int64_t)READING_SESSION_SEAL, (int64_t)READING_BOOT_SEAL);

	while (db_next(&rows) && !ledger->db.err) {
		struct journal_row row = journal_row_of(&rows);
		struct reading reading;
		if (journal_decode(&ledger->work, &row, &reading) == READING_OK)
			seals_count(ledger, &reading, &row);
		arena_reset(&ledger->work);
	}
	db_end(&rows);
	settle(r);
}

static enum reading_result read_dates(
    struct ledger *ledger, const struct journal_row *row, struct reading *out)
{
	return reading_is_stream(row->kind)
	           ? reading_dates_from_journal(&ledger->work, row->payload, row->kind, out)
	           : journal_decode(&ledger->work, row, out);
}

/* R18: a date may hang on a message that came much later. Rows of the journal enter as
 * they were stored: with local numbers instead of tokens. */
static void learn_clocks(struct recount *r, const char *select)
{
	struct ledger *ledger = r->ledger;
	struct db_rows rows = db_query(&r->store, select, "");

	while (db_next(&rows) && !ledger->db.err) {
		struct journal_row row = journal_row_of(&rows);
		struct reading reading;
		if (!reading_is_stream(row.kind)) /* no judge reads the stream itself */
			db_run(&ledger->db, insert_journal, "iiiiiiibii", row.source,
			    (int64_t)row.boot, (int64_t)row.seq, (int64_t)row.recv,
			    (int64_t)row.kind, row.client, row.operator_no, row.payload,
			    row.client2, row.doubt);
		if (read_dates(ledger, &row, &reading) == READING_OK)
			clocks_learn(ledger, &reading, &row);
		arena_reset(&ledger->work);
	}
	db_end(&rows);
}

static void count_rows(struct recount *r, const char *select)
{
	struct ledger *ledger = r->ledger;
	struct db_rows rows = db_query(&r->store, select, "");

	while (db_next(&rows) && !ledger->db.err) {
		struct journal_row row = journal_row_of(&rows);
		struct reading reading;
		r->result->inputs++;
		if (journal_decode(&ledger->work, &row, &reading) == READING_OK)
			facts_apply(ledger, &reading, &row);
		arena_reset(&ledger->work);
		if (r->result->inputs % 256)
			continue;
		settle(r);
	}
	db_end(&rows);
	settle(r);
}

static void judge_all(struct recount *r, enum subject_kind kind)
{
	struct db_rows rows = db_query(&r->ledger->db,
	    "SELECT no FROM session WHERE ?1 = 1 UNION ALL SELECT subject FROM subject"
	    " WHERE kind = ?1 AND kind != 1 ORDER BY 1",
	    "i", (int64_t)kind);

	while (db_next(&rows))
		subjects_judge_one(r->ledger, kind, (struct touch){.no = db_int(&rows, 0)});
	arena_reset(&r->ledger->scratch);
	memset(r->ledger->touched, 0, sizeof(r->ledger->touched));
}

static void derive_sessions(struct recount *r)
{
	struct db_rows rows = db_query(&r->ledger->db, "SELECT no FROM session ORDER BY no", "");

	while (db_next(&rows))
		subjects_derive_session(r->ledger, db_int(&rows, 0));
}

/* Whether a device was cleaned between two sessions depends on what both are: they are
 * judged once all are derived. */
static void judge_everybody(struct recount *r)
{
	derive_sessions(r);
	for (enum subject_kind kind = SUBJECT_SESSION; kind < SUBJECT_KINDS; kind++)
		judge_all(r, kind);
}

/* --- the comparison ----------------------------------------------------------------------- */

struct lines {
	char **items;
	size_t count;
	size_t cap;
	bool is_full;
};

static void keep_line(void *ctx, const char *line)
{
	struct lines *lines = ctx;

	if (lines->count == lines->cap) {
		size_t cap = lines->cap ? lines->cap * 2 : 1024;
		char **items = realloc(lines->items, cap * sizeof(*items));
		if (!items) {
			lines->is_full = true;
			return;
		}
		lines->items = items;
		lines->cap = cap;
	}
	lines->items[lines->count] = strdup(line);
	if (!lines->items[lines->count])
		lines->is_full = true;
	else
		lines->count++;
}

static void free_lines(struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		free(lines->items[i]);
	free(lines->items);
}

static void say(struct recount *r, const char *where, const char *line)
{
	char text[640];

	r->result->differences++;
	snprintf(text, sizeof(text), "%s: %s", where, line);
	if (r->on_difference)
		r->on_difference(r->ctx, text);
}

/* Sessions, findings, days: in this order. */
static int group_of(const char *line)
{
	return line[0] == 's' ? 0 : line[0] == 'f' ? 1 : 2;
}

/* Both are sorted: a merge finds what stands on one side only. */
static int side(const struct lines *a, size_t i, const struct lines *b, size_t j)
{
	if (i == a->count)
		return 1;
	if (j == b->count)
		return -1;
	int groups = group_of(a->items[i]) - group_of(b->items[j]);
	return groups ? groups : strcmp(a->items[i], b->items[j]);
}

static void compare(struct recount *r)
{
	struct lines stored = {0};
	struct lines counted = {0};
	size_t i = 0;
	size_t j = 0;

	truth_lines(&r->store, keep_line, &stored);
	truth_lines(&r->ledger->db, keep_line, &counted);
	if (stored.is_full || counted.is_full)
		db_fail(&r->ledger->db, CP_NOMEM, "out of memory for the comparison");
	while (i < stored.count || j < counted.count) {
		int which = side(&stored, i, &counted, j);
		if (which < 0)
			say(r, "only in the store", stored.items[i++]);
		else if (which > 0)
			say(r, "only in the recount", counted.items[j++]);
		else
			i++, j++;
	}
	int64_t *const counts[] = {&r->result->sessions, &r->result->findings, &r->result->days};
	for (size_t k = 0; k < stored.count; k++)
		*counts[group_of(stored.items[k])] += 1;
	r->result->unjudged = db_value(&r->store, 0, "SELECT count(*) FROM unjudged", "");
	if (db_value(&r->store, 0, "SELECT value FROM meta WHERE name = 'stream_gone'", ""))
		r->result->streams_since = db_value(
		    &r->store, TIME_NEVER, "SELECT recv FROM stream ORDER BY no LIMIT 1", "");
	r->result->sealed =
	    db_value(&r->store, 0, "SELECT count(*) FROM session WHERE seal > 0", "");
	r->result->late =
	    db_value(&r->store, 0, "SELECT value FROM meta WHERE name = 'sealed_late'", "");
	free_lines(&stored);
	free_lines(&counted);
}

/* In most stores there are none: that is asked once, not for each row. */
#define IS_JUDGED                                                                                  \
	" (NOT EXISTS (SELECT 1 FROM unjudged WHERE kind = 0) OR NOT EXISTS (SELECT 1"             \
	" FROM unjudged u WHERE u.kind = 0 AND u.subject = j.source AND u.boot = j.boot"           \
	" AND u.seq = j.seq))"
#define IS_IN_CONFLICT                                                                             \
	" WHERE EXISTS (SELECT 1 FROM conflict) AND EXISTS (SELECT 1 FROM conflict c"              \
	" WHERE c.source = j.source AND c.boot = j.boot AND c.seq = j.seq)"

/* The first content of a name is in the journal or the stream. */
static void count_conflicts(struct recount *r, const char *select)
{
	struct db_rows rows = db_query(&r->store, select, "");

	while (db_next(&rows)) {
		struct journal_row row = journal_row_of(&rows);
		struct reading first;
		if (journal_decode(&r->ledger->work, &row, &first) == READING_OK)
			facts_conflict(r->ledger, &first, &row);
		arena_reset(&r->ledger->work);
	}
	settle(r);
}

static void recount(struct recount *r)
{
	db_exec(&r->store, "BEGIN");
	db_exec(&r->ledger->db, "BEGIN");
	r->ledger->batch = r->batch;
	r->ledger->stream_db = &r->store;
	stream_names_read(r->ledger);
	r->ledger->stream_last =
	    db_value(&r->store, 0, "SELECT value FROM meta WHERE name = 'stream_folded'", "");
	copy_names(r);
	learn_doubts(r);
	count_seals(r);
	learn_clocks(r, "SELECT " JOURNAL_COLUMNS " FROM journal j WHERE" IS_JUDGED);
	learn_clocks(r, "SELECT " STREAM_COLUMNS " FROM stream j WHERE" IS_JUDGED);
	clocks_settle_floors(r->ledger);
	count_rows(r, "SELECT " JOURNAL_COLUMNS " FROM journal j WHERE" IS_JUDGED);
	/* What came after changes nothing that is stored yet (ledger/store/sessions.h). */
	count_rows(r, "SELECT " STREAM_COLUMNS " FROM stream j WHERE no <= (SELECT value FROM meta"
	              " WHERE name = 'stream_folded') AND" IS_JUDGED);
	count_conflicts(r, "SELECT " JOURNAL_COLUMNS " FROM journal j" IS_IN_CONFLICT);
	count_conflicts(r, "SELECT " STREAM_COLUMNS " FROM stream j" IS_IN_CONFLICT);
	judge_everybody(r);
	compare(r);
}

static void read_site(struct recount *r)
{
	struct db_rows rows = db_query(&r->store, "SELECT value FROM meta WHERE name = 'site'", "");

	if (db_next(&rows))
		snprintf(r->site, sizeof(r->site), "%s", db_text(&rows, 0));
	db_end(&rows);
}

enum cp_err verify_store(const char *path, const struct policy *policy, verify_fn *on_difference,
    void *ctx, struct verify_result *out, char why[256])
{
	struct recount r = {.result = out, .on_difference = on_difference, .ctx = ctx};
	struct ledger_config config = {
	    .site = r.site, .version = "", .policy = *policy, .is_recount = true};

	*out = (struct verify_result){0};
	enum cp_err err = db_open(&r.store, path, DB_READ_ONLY);
	if (err) {
		snprintf(why, 256, "%s: %s", path, r.store.err_text);
		db_close(&r.store);
		return err;
	}
	read_site(&r);
	r.batch = batch_new();
	err = r.batch ? ledger_open(&config, 0, &r.ledger, why) : CP_NOMEM;
	if (!err) {
		recount(&r);
		err = r.store.err ? r.store.err : r.ledger->db.err;
		if (err)
			snprintf(why, 256, "%s: %s", path,
			    r.store.err ? r.store.err_text : r.ledger->db.err_text);
	}
	ledger_close(r.ledger);
	batch_free(r.batch);
	db_close(&r.store);
	return err;
}
