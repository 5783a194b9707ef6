/* ending.c - what must be so when nothing is lost any more: what was acknowledged is on the
 * disk, once; the truth is that of a recount, and that of the same inputs without a fault; head
 * office knows what the ledger would tell it. */
#include "hq.h"
#include "sim.h"
#include "story.h"

#include "../property/lines.h"
#include "../property/sealed_limits.h"

#include "base/buf.h"
#include "io/clock.h"
#include "ledger/days/aggregates.h"
#include "ledger/office/outbox.h"
#include "ledger/office/report.h"
#include "ledger/office/states.h"
#include "ledger/past/verify.h"
#include "ledger/state.h"
#include "ledger/store/sessions.h"
#include "ledger/store/store.h"
#include "ledger/view/view.h"

#include <stdlib.h>

#define TRUTH_BYTES_MAX (1U << 20)
#define PRINT_BYTES_MAX (4U << 20)
#define ROWS_AT_ONCE 64
#define TICKS_MAX 200

/* --- P1, P2: every input once ------------------------------------------------------------------
 */

static struct slice source_of(const struct input *input)
{
	return input_is_order(input) ? slice_of(reading_head_office.b, ID_BYTES)
	                             : slice_of(input->source.b, ID_BYTES);
}

static int64_t rows_of(struct db *db, const struct input *input)
{
	return db_value(db, 0,
	    "SELECT (SELECT count(*) FROM journal j WHERE j.source = s.no AND j.boot = ?2 AND "
	    "j.seq = ?3) + (SELECT count(*) FROM stream t WHERE t.source = s.no AND t.boot = ?2 "
	    "AND "
	    "t.seq = ?3) FROM source s WHERE s.id = ?1",
	    "bii", source_of(input), (int64_t)input->boot, (int64_t)input->seq);
}

/* Its row has gone, its name is left. */
static bool has_gone(struct db *db, const struct input *input)
{
	return db_value(db, 0,
	           "SELECT n.gone >> (?3 & 63) & 1 FROM stream_name n JOIN source s ON"
	           " s.no = n.source WHERE s.id = ?1 AND n.boot = ?2 AND n.page = ?3 >> 6",
	           "bii", source_of(input), (int64_t)input->boot, (int64_t)input->seq) == 1;
}

static void check_input(struct db *db, const struct input *input, const struct stored *stored)
{
	int64_t rows = rows_of(db, input);
	bool is_gone = has_gone(db, input);

	MODEL_CHECK(rows + is_gone == 1,
	    "input boot %u seq %u of %s was stored, and is there %d times", input->boot, input->seq,
	    input_is_order(input) ? "head office" : "a device", (int)rows + is_gone);
	MODEL_CHECK(
	    !is_gone || (sim.is_swept &&
	                    stored->recv + model_store_config()->stream_kept_ms < clock_wall()),
	    "input boot %u seq %u has gone too early", input->boot, input->seq);
	sim_counts.gone += is_gone;
}

static void check_inputs(struct db *db)
{
	const struct stored *stored;
	const struct input *input;

	for (size_t next = 0; (input = story_next_stored(&next, &stored));)
		check_input(db, input, stored);
}

/* --- P3, P4: the truth ---------------------------------------------------------------------------
 */

static void add_line(void *ctx, const char *line)
{
	CP_CHECK(buf_append(ctx, line, strlen(line)) == CP_OK);
	CP_CHECK(buf_append(ctx, "\n", 1) == CP_OK);
}

static void say_difference(void *ctx, const char *difference)
{
	(void)ctx;
	model_fail("the recount differs: %s", difference);
}

static void check_recount(void)
{
	const struct ledger_config *config = model_store_config();
	struct verify_result result;
	char why[256];

	if (verify_store(SIM_STORE, &config->policy, say_difference, NULL, &result, why) != CP_OK)
		model_fail("the store cannot be counted again: %s", why);
}

static void tick(struct ledger *ledger, struct batch *batch, wall_ms now)
{
	batch->next_wake = now;
	for (int i = 0; batch->next_wake <= now; i++) {
		CP_CHECK(i < TICKS_MAX);
		batch_reset(batch);
		CP_CHECK(ledger_apply(ledger, batch, now) == CP_OK);
	}
}

/* The same inputs at once, by the time of what they tell, in a ledger in memory. It has the
 * store's epoch, and so its grid of moments at which days are added up (ledger/office/states.h). */
static void tell_again(struct db *db, struct buf *truth, struct buf *limits)
{
	struct ledger_config config = *model_store_config();
	struct batch *batch = batch_new();
	struct ledger *ledger;
	wall_ms now = clock_wall() - 2 * STATES_GRID_MS;
	char why[256];

	config.path = NULL;
	config.stream_kept_ms = 0;
	CP_CHECK(batch && ledger_open(&config, now, &ledger, why) == CP_OK);
	store_set_meta(
	    ledger, "epoch", db_value(db, 0, "SELECT value FROM meta WHERE name = 'epoch'", ""));
	for (size_t next = 0; story_retell(batch, &next);)
		CP_CHECK(ledger_apply(ledger, batch, now) == CP_OK);
	tick(ledger, batch, now);
	tick(ledger, batch, clock_wall());
	truth_lines(&ledger->db, add_line, truth);
	if (sim.is_swept)
		limits_demanded(ledger, limits);
	ledger_close(ledger);
	batch_free(batch);
}

/* What lines may differ for; empty: nothing. */
struct excuses {
	struct slice sealed;
	struct slice demanded;
};

/* Each line that one has and the other has not; true when there was one. */
static bool print_missing(
    const char *sign, struct slice text, struct slice other, const struct excuses *excuses)
{
	bool is_any = false;

	while (text.len > 0) {
		struct slice line = lines_next(&text);
		if (lines_have(other, line) ||
		    limits_excuse(line, excuses->sealed, excuses->demanded))
			continue;
		fprintf(stderr, "  %s %.*s\n", sign, (int)line.len, (const char *)line.p);
		is_any = true;
	}
	return is_any;
}

static void check_same(
    const char *what, struct slice own, struct slice other, const struct excuses *excuses)
{
	bool is_less = print_missing("-", other, own, excuses);
	bool is_more = print_missing("+", own, other, excuses);

	MODEL_CHECK(!is_less && !is_more, "%s", what);
}

void __real_sessions_replace_fold(
    struct ledger *ledger, struct open_session *open, const struct session_fold *fold);
void __wrap_sessions_replace_fold(
    struct ledger *ledger, struct open_session *open, const struct session_fold *fold);

/* Of a session that is dated again. */
void __wrap_sessions_replace_fold(
    struct ledger *ledger, struct open_session *open, const struct session_fold *fold)
{
	sim.has_moved |= open->session.seal > 0;
	__real_sessions_replace_fold(ledger, open, fold);
}

/* What comes before its session's seal and after it was written counts for less, and what is
 * sealed is not dated again (ledger/seals.h). */
static bool has_late(struct db *db)
{
	return sim.has_moved ||
	       db_value(db, 0, "SELECT value FROM meta WHERE name = 'sealed_late'", "") > 0;
}

static void check_truth(struct db *db)
{
	struct buf own;
	struct buf other;

	struct buf sealed;
	struct buf demanded;

	if (has_late(db))
		return;
	buf_init(&own, TRUTH_BYTES_MAX);
	buf_init(&other, TRUTH_BYTES_MAX);
	buf_init(&sealed, TRUTH_BYTES_MAX);
	buf_init(&demanded, TRUTH_BYTES_MAX);
	truth_lines(db, add_line, &own);
	limits_sealed(db, &sealed);
	tell_again(db, &other, &demanded);
	check_same("the truth is not that of the same inputs without a fault (-)", buf_bytes(&own),
	    buf_bytes(&other), &(struct excuses){buf_bytes(&sealed), buf_bytes(&demanded)});
	sim_counts.swept += sealed.len > 0;
	buf_deinit(&own);
	buf_deinit(&other);
	buf_deinit(&sealed);
	buf_deinit(&demanded);
}

/* --- P5: the picture
 * ---------------------------------------------------------------------------------- */

/* Everything that is told at all waits for head office again. */
static void offer_everything(void)
{
	static const struct {
		enum subject_kind subject;
		int kind;
	} states[] = {
	    {SUBJECT_SUMMARY, OUTBOX_SUMMARY},
	    {SUBJECT_COURSE_STATE, OUTBOX_COURSE},
	    {SUBJECT_DEVICE_STATE, OUTBOX_DEVICE},
	    {SUBJECT_CASE_STATE, OUTBOX_CASE},
	    {SUBJECT_AGGREGATE, OUTBOX_DAY},
	    {SUBJECT_HEALTH, OUTBOX_HEALTH},
	    {SUBJECT_AUDIT, OUTBOX_AUDIT},
	};
	struct db db;

	CP_CHECK(db_open(&db, SIM_STORE, DB_WRITE) == CP_OK);
	db_exec(&db, "BEGIN IMMEDIATE; DELETE FROM outbox;"
	             "INSERT INTO outbox(kind, key, n, first_n, queued_at) SELECT 1, k, "
	             "row_number() OVER (), 1, 0"
	             " FROM (SELECT id AS k FROM alert WHERE fold = 0"
	             " UNION ALL SELECT no FROM fold WHERE revision > 0)");
	for (size_t i = 0; i < CP_COUNT(states); i++)
		db_run(&db,
		    "INSERT INTO outbox(kind, key, n, first_n, queued_at)"
		    " SELECT ?, subject, row_number() OVER (), 1, 0 FROM state WHERE kind = ?",
		    "ii", (int64_t)states[i].kind, (int64_t)states[i].subject);
	db_exec(&db, "COMMIT");
	MODEL_CHECK(!db.err, "the outbox cannot be filled: %s", db.err_text);
	db_close(&db);
}

static void read_everything(struct view *view, struct picture *picture)
{
	const struct report_style style = {
	    .site = SIM_SITE, .tz = SIM_TIMEZONE, .is_json = sim.is_json};
	struct view_outbox_row rows[ROWS_AT_ONCE];
	uint64_t after[OUTBOX_KINDS] = {0};
	struct arena arena;
	size_t count;

	arena_init(&arena, 64 * 1024, PRINT_BYTES_MAX);
	while ((count = view_outbox(
	            view, &arena, &style, after, OUTBOX_KINDS, rows, ROWS_AT_ONCE)) > 0) {
		for (size_t i = 0; i < count; i++) {
			hq_read_into(picture, rows[i].payload);
			after[rows[i].kind] = rows[i].n;
		}
		arena_reset(&arena);
	}
	arena_deinit(&arena);
}

/* Of a picture: its lines that tell a state. */
static void add_states(struct buf *out, char *lines)
{
	char *rest = lines;

	for (char *line; (line = strsep(&rest, "\n"));)
		if (strncmp(line, "state ", 6) == 0)
			add_line(out, line);
	free(lines);
}

static void check_picture(void)
{
	struct picture *picture = hq_new_picture();
	struct view *view;
	struct buf own;
	struct buf other;
	char why[256];

	buf_init(&own, TRUTH_BYTES_MAX);
	buf_init(&other, TRUTH_BYTES_MAX);
	offer_everything();
	CP_CHECK(view_open(&view, SIM_STORE, why) == CP_OK);
	read_everything(view, picture);
	view_close(view);
	add_states(&own, hq_picture());
	add_states(&other, hq_lines_of(picture));
	check_same("what head office knows (+) is not what the ledger would tell it (-)",
	    buf_bytes(&own), buf_bytes(&other), &(struct excuses){0});
	buf_deinit(&own);
	buf_deinit(&other);
	picture_free(picture);
}

static void check_outbox(struct db *db)
{
	int64_t left = db_value(db, 0, "SELECT count(*) FROM outbox", "");

	MODEL_CHECK(left == 0, "%d reports are never acknowledged", (int)left);
	MODEL_CHECK(!hq_has_holes(), "head office misses a number that nothing explains");
}

static bool has_rows(const char *sql, int64_t until)
{
	struct db db;

	CP_CHECK(db_open(&db, SIM_STORE, DB_READ_ONLY) == CP_OK);
	bool has_any = db_value(&db, 0, sql, "i", until) > 0;
	MODEL_CHECK(!db.err, "the store cannot be read: %s", db.err_text);
	db_close(&db);
	return has_any;
}

bool ending_has_unjudged(void)
{
	return has_rows("SELECT count(*) FROM unjudged WHERE ?1 = 0", 0);
}

bool ending_has_days_due(void)
{
	return has_rows("SELECT count(*) FROM subject WHERE kind = 20 AND next_change <= ?1",
	    clock_wall() + STATES_GRID_MS);
}

void ending_check(void)
{
	struct db db;

	commits_end();
	CP_CHECK(db_open(&db, SIM_STORE, DB_READ_ONLY) == CP_OK);
	check_inputs(&db);
	check_outbox(&db);
	if (sim.is_counted)
		check_truth(&db);
	MODEL_CHECK(!db.err, "the store cannot be read: %s", db.err_text);
	db_close(&db);
	if (sim.is_counted)
		check_recount();
	if (!sim.is_bounded)
		check_picture();
}
