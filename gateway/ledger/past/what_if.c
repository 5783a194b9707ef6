#include "ledger/past/what_if.h"

#include "care/advice.h"
#include "care/judge.h"
#include "ledger/forgets.h"
#include "ledger/judging/subjects.h"
#include "ledger/judging/unjudged.h"
#include "ledger/merges.h"
#include "ledger/policies.h"
#include "ledger/store/alert_rows.h"
#include "ledger/store/sessions.h"

#include <stdio.h>
#include <stdlib.h>

#define JUDGED_AT_ONCE 500 /* subjects whose touches are gathered before they are noted */

struct what_if {
	struct db store;       /* read only, one transaction */
	struct ledger *ledger; /* in memory */
	struct batch *batch;
	char site[40];
	wall_ms now;
	wall_ms since;
	what_if_progress_fn *on_progress;
	void *ctx;
	int64_t done;
	int64_t total;
};

/* --- the copy ---------------------------------------------------------------------------- */

/* All that a judge reads; the stream stays where it is. What others are told, and what was
 * given to devices, is nobody's business here. */
static const char *const tables[] = {"meta", "source", "boot", "clock", "doubt", "client",
    "operator", "journal", "conflict", "gap", "fact", "revision", "name", "merged", "course",
    "blamed", "answer", "cartridge", "session", "guard", "cart_use", "clustered", "watched",
    "subject", "alert", "pending", "unjudged"};

static void copy(struct what_if *w)
{
	struct db *db = &w->ledger->db;

	db_exec(db, "DELETE FROM meta; DELETE FROM source");
	for (size_t i = 0; i < CP_COUNT(tables); i++)
		db_copy_table(db, &w->store, tables[i]);
	/* What is set aside stays so: it is not for us to try again. */
	db_exec(db, "UPDATE unjudged SET version = ''");
	unjudged_load(w->ledger);
	merges_open(w->ledger);
	forgets_open(w->ledger);
}

static void read_site(struct what_if *w)
{
	struct db_rows rows = db_query(&w->store, "SELECT value FROM meta WHERE name = 'site'", "");

	if (db_next(&rows))
		snprintf(w->site, sizeof(w->site), "%s", db_text(&rows, 0));
	db_end(&rows);
}

static void open_copy(struct what_if *w)
{
	struct ledger *ledger = w->ledger;

	db_exec(&ledger->db, "BEGIN");
	ledger->batch = w->batch;
	ledger->stream_db = &w->store;
	copy(w);
	stream_names_read(ledger);
	policies_read_again(ledger);
	if (!w->now)
		w->now = db_value(&ledger->db, 0, "SELECT max(judged_at) FROM subject", "");
	ledger->now = w->now;
	db_run(&ledger->db, "UPDATE subject SET judged_at = ?", "i", w->now);
}

/* --- judged again ------------------------------------------------------------------------- */

/* What time alone, or a row of its own, makes due is due in the copy, too. States for head
 * office are not composed, and presence hangs on arrival. */
static void forget_other_deadlines(struct what_if *w)
{
	db_run(&w->ledger->db,
	    "UPDATE subject SET next_change = CASE WHEN next_change <= ?1 AND kind < ?2 AND kind "
	    "!= ?3 THEN ?4 END WHERE next_change IS NOT NULL",
	    "iiii", w->now, (int64_t)SUBJECT_SUMMARY, (int64_t)SUBJECT_PRESENCE,
	    SUBJECTS_JUDGE_AGAIN);
}

/* Whom those just judged have touched. */
static void note_touched(struct what_if *w)
{
	struct ledger *ledger = w->ledger;

	for (enum subject_kind kind = SUBJECT_SESSION; kind < SUBJECT_SUMMARY; kind++) {
		struct touched *set = &ledger->touched[kind];
		touched_settle(set);
		if (kind == SUBJECT_VERDICT || kind == SUBJECT_PRESENCE)
			set->count = 0;
		for (size_t i = 0; i < set->count; i++)
			db_run(&ledger->db,
			    "INSERT INTO subject(kind, subject, judged_at, next_change)"
			    " VALUES(?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
			    " next_change = excluded.next_change",
			    "iiii", (int64_t)kind, set->items[i].no, w->now, SUBJECTS_JUDGE_AGAIN);
	}
	memset(ledger->touched, 0, sizeof(ledger->touched));
	arena_reset(&ledger->scratch);
}

static size_t next_due(
    struct what_if *w, enum subject_kind kind, int64_t after, int64_t out[JUDGED_AT_ONCE])
{
	size_t count = 0;
	struct db_rows rows = db_query(&w->ledger->db,
	    "SELECT subject FROM subject WHERE kind = ? AND subject > ? AND +next_change = ?"
	    " ORDER BY subject LIMIT ?",
	    "iiii", (int64_t)kind, after, SUBJECTS_JUDGE_AGAIN, (int64_t)JUDGED_AT_ONCE);

	while (db_next(&rows))
		out[count++] = db_int(&rows, 0);
	return count;
}

static void judge_some(
    struct what_if *w, enum subject_kind kind, const int64_t *numbers, size_t count)
{
	for (size_t i = 0; i < count && !w->ledger->db.err; i++) {
		/* Else who has nothing to judge any more would stay due for ever. */
		db_run(&w->ledger->db,
		    "UPDATE subject SET next_change = NULL WHERE kind = ? AND subject = ?", "ii",
		    (int64_t)kind, numbers[i]);
		subjects_judge_one(w->ledger, kind, (struct touch){.no = numbers[i]});
	}
	note_touched(w);
	w->done += (int64_t)count;
	if (w->on_progress)
		w->on_progress(w->ctx, w->done < w->total ? w->done : w->total, w->total);
}

static bool judge_kind(struct what_if *w, enum subject_kind kind)
{
	int64_t numbers[JUDGED_AT_ONCE];
	int64_t after = INT64_MIN;
	size_t count;
	bool is_any = false;

	while ((count = next_due(w, kind, after, numbers)) > 0) {
		judge_some(w, kind, numbers, count);
		after = numbers[count - 1];
		is_any = true;
	}
	return is_any;
}

/* In the order in which they need one another, until nobody is due. */
static void judge_due(struct what_if *w)
{
	bool is_any;

	do {
		is_any = false;
		for (enum subject_kind kind = SUBJECT_SESSION; kind < SUBJECT_SUMMARY; kind++)
			is_any |= judge_kind(w, kind);
	} while (is_any && !w->ledger->db.err);
}

void what_if_judge(struct what_if *w, const struct ledger_own *orders, size_t count, wall_ms since,
    what_if_progress_fn *on_progress, void *ctx)
{
	struct ledger *ledger = w->ledger;
	struct own_policy own = {.orders = orders, .count = count};

	forget_other_deadlines(w);
	judge_due(w);
	db_exec(&ledger->db, "CREATE TEMP TABLE before AS SELECT * FROM alert;"
	                     "CREATE UNIQUE INDEX temp.before_by_id ON before(id);"
	                     "CREATE INDEX temp.before_by_session ON before(session)");
	event_ms reach_ms = aftercare_longest_ms(&ledger->config.policy);
	policies_suppose(ledger, &own, since);
	if (aftercare_longest_ms(&ledger->config.policy) > reach_ms)
		reach_ms = aftercare_longest_ms(&ledger->config.policy);
	subjects_judge_again(ledger, since - reach_ms);
	db_run(&ledger->db, "UPDATE subject SET next_change = NULL WHERE kind = ?", "i",
	    (int64_t)SUBJECT_PRESENCE);
	w->since = since;
	w->on_progress = on_progress;
	w->ctx = ctx;
	w->done = 0;
	w->total = db_value(&ledger->db, 0, "SELECT count(*) FROM subject WHERE next_change = ?",
	    "i", SUBJECTS_JUDGE_AGAIN);
	judge_due(w);
}

/* --- what is different ---------------------------------------------------------------------- */

/* ?1: since when. An alert's row is never deleted: all that were are also among those that
 * are. Numbers as in enum what_if_change; NULL: true on neither side. */
#define COMPARED                                                                                   \
	"(SELECT n.id, n.check_id, n.session, n.from_at, o.severity AS former, CASE"               \
	" WHEN n.state != 5 AND n.until_at >= ?1 THEN CASE"                                        \
	" WHEN o.id IS NULL THEN 1 WHEN n.severity > o.severity THEN 3"                            \
	" WHEN n.severity < o.severity THEN 4"                                                     \
	" WHEN (n.from_at, n.until_at, n.value, n.lim, n.effective_day)"                           \
	" IS NOT (o.from_at, o.until_at, o.value, o.lim, o.effective_day) THEN 5 ELSE 0 END"       \
	" WHEN o.id IS NOT NULL THEN 2 END AS change"                                              \
	" FROM alert n LEFT JOIN temp.before o"                                                    \
	" ON o.id = n.id AND o.state != 5 AND o.until_at >= ?1 WHERE n.is_test = 0)"

static bool is_compared(const struct check_row *check)
{
	return check && !check->is_liveness;
}

void what_if_each_check(struct what_if *w, what_if_check_fn *take, void *ctx)
{
	struct db_rows rows = db_query(&w->ledger->db,
	    "SELECT check_id, change, count(*) FROM " COMPARED
	    " WHERE change IS NOT NULL GROUP BY check_id, change ORDER BY check_id",
	    "i", w->since);
	struct what_if_check check = {0};

	while (db_next(&rows)) {
		const struct check_row *row = catalogue_find((enum check)db_int(&rows, 0));
		enum what_if_change change = (enum what_if_change)db_int(&rows, 1);
		int64_t count = db_int(&rows, 2);
		if (row != check.check && is_compared(check.check))
			take(ctx, &check);
		if (row != check.check)
			check = (struct what_if_check){.check = row};
		check.changes[change] = count;
		check.before += change == WHAT_IF_NEW ? 0 : count;
		check.after += change == WHAT_IF_GONE ? 0 : count;
	}
	if (is_compared(check.check))
		take(ctx, &check);
}

size_t what_if_examples(struct what_if *w, struct arena *arena, enum check check,
    enum what_if_change change, struct what_if_example *out, size_t max)
{
	size_t count = 0;
	struct db_rows rows = db_query(&w->ledger->db,
	    "SELECT " ALERT_COLUMNS ", ifnull(x.former, 0) FROM " COMPARED
	    " x JOIN alert a ON a.id = x.id WHERE x.check_id = ?2 AND x.change = ?3"
	    " ORDER BY x.from_at DESC, x.id LIMIT ?4",
	    "iiii", w->since, (int64_t)check, (int64_t)change, (int64_t)max);

	while (db_next(&rows)) {
		struct alert alert;
		if (!alert_of_row(arena, &rows, &alert)) {
			db_fail(&w->ledger->db, CP_NOMEM, "out of memory for the examples");
			break;
		}
		out[count++] = (struct what_if_example){
		    .finding = alert.finding,
		    .before = change == WHAT_IF_NEW
		                  ? SEVERITY_NONE
		                  : (enum severity)db_int(&rows, ALERT_COLUMN_COUNT),
		};
	}
	db_end(&rows);
	return count;
}

/* --- verdicts ------------------------------------------------------------------------------- */

/* What its own findings said at its start; what people answered counts for nothing. */
static enum decision decide(struct what_if *w, const struct session *session, struct db_rows rows)
{
	struct alert *alerts = NULL;
	size_t count = 0;
	size_t cap = 0;

	while (db_next(&rows)) {
		struct alert *grown =
		    arena_push(&w->ledger->work, alerts, count, &cap, sizeof(*grown));
		if (!grown || !alert_of_row(&w->ledger->work, &rows, &grown[count])) {
			db_fail(&w->ledger->db, CP_NOMEM, "out of memory for a session's alerts");
			break;
		}
		alerts = grown;
		alerts[count].override = (struct alert_answer){0};
		count += !finding_is_during(&alerts[count].finding, session->start);
	}
	db_end(&rows);
	return verdict_of(alerts, count).decision;
}

static void compare_verdicts(struct what_if *w, int64_t no, what_if_verdict_fn *take, void *ctx)
{
	struct db *db = &w->ledger->db;
	struct session session;

	if (!sessions_load(w->ledger, no, &session))
		return;
	struct what_if_verdict verdict = {
	    .client = session.client,
	    .start = session.start,
	    .before = decide(w, &session,
	        db_query(db, "SELECT " ALERT_COLUMNS " FROM temp.before a WHERE a.session = ?", "i",
	            no)),
	    .after = decide(w, &session,
	        db_query(db,
	            "SELECT " ALERT_COLUMNS " FROM alert a WHERE a.session = ?1 AND"
	            " a.session != 0",
	            "i", no)),
	};
	if (verdict.before != verdict.after)
		take(ctx, &verdict);
	arena_reset(&w->ledger->work);
}

/* Only who was answered: a START that came late or was buffered is not (R19). */
void what_if_each_verdict(struct what_if *w, what_if_verdict_fn *take, void *ctx)
{
	struct db_rows rows = db_query(&w->ledger->db,
	    "SELECT s.no FROM session s WHERE s.start_at >= ?1 AND s.verdict_rev > 0 AND s.no IN"
	    " (SELECT session FROM " COMPARED " WHERE change > 0) ORDER BY s.start_at DESC, s.no",
	    "i", w->since);

	while (db_next(&rows))
		compare_verdicts(w, db_int(&rows, 0), take, ctx);
}

/* --- life ------------------------------------------------------------------------------------ */

enum cp_err what_if_open(
    struct what_if **out, const char *path, const struct policy *policy, wall_ms now, char why[256])
{
	struct what_if *w = calloc(1, sizeof(*w));

	*out = w;
	if (!w || !(w->batch = batch_new())) {
		snprintf(why, 256, "out of memory");
		return CP_NOMEM;
	}
	w->now = now;
	const struct ledger_config config = {
	    .site = w->site, .version = "", .policy = *policy, .is_recount = true};
	enum cp_err err = db_open(&w->store, path, DB_READ_ONLY);
	db_exec(&w->store, "BEGIN");
	read_site(w);
	if (!err)
		err = ledger_open(&config, 0, &w->ledger, why);
	if (w->ledger) {
		open_copy(w);
		err = w->ledger->db.err;
	}
	const char *text = w->store.err ? w->store.err_text
	                   : w->ledger  ? w->ledger->db.err_text
	                                : "";
	if (w->store.err || err)
		snprintf(why, 256, "%s: %s", path, *text ? text : cp_err_text(err));
	return w->store.err ? w->store.err : err;
}

void what_if_close(struct what_if *w)
{
	if (!w)
		return;
	ledger_close(w->ledger);
	batch_free(w->batch);
	db_close(&w->store);
	free(w);
}

enum cp_err what_if_error(const struct what_if *w, const char **text)
{
	const struct db *db = w->store.err ? &w->store : &w->ledger->db;

	*text = db->err_text;
	return db->err;
}

void what_if_truth(struct what_if *w, truth_fn *on_line, void *ctx)
{
	truth_lines(&w->ledger->db, on_line, ctx);
}

wall_ms what_if_now(const struct what_if *w)
{
	return w->now;
}
