#include "ledger/judging/subjects.h"

#include "care/judge.h"
#include "care/service.h"
#include "ledger/cases.h"
#include "ledger/days/aggregates.h"
#include "ledger/downs.h"
#include "ledger/forgets.h"
#include "ledger/judging/alerts.h"
#include "ledger/judging/guards.h"
#include "ledger/judging/history.h"
#include "ledger/judging/next_allowed.h"
#include "ledger/judging/presence.h"
#include "ledger/judging/unjudged.h"
#include "ledger/judging/verdicts.h"
#include "ledger/office/courses.h"
#include "ledger/office/device_states.h"
#include "ledger/office/summaries.h"
#include "ledger/store/cart_rows.h"
#include "ledger/store/names.h"
#include "ledger/store/sessions.h"
#include "ledger/store/store.h"
#include "ledger/watch.h"

/* Deadlines judged in one batch: a storm of them must not hold up acknowledgements. */
#define DUE_MAX 500

/* A recount judges everybody at the moment at which the store did (P3). */
static wall_ms moment_of(struct ledger *ledger, enum subject_kind kind, int64_t no)
{
	if (!ledger->config.is_recount)
		return ledger->now;
	return db_value(&ledger->db, ledger->now,
	    "SELECT judged_at FROM subject WHERE kind = ? AND subject = ?", "ii", (int64_t)kind,
	    no);
}

static void save_judged(struct ledger *ledger, enum subject_kind kind, int64_t no,
    wall_ms judged_at, event_ms next_change)
{
	/* A judge that asks to be called again at once would be called for ever. */
	CP_CHECK(next_change > judged_at);
	db_run(&ledger->db,
	    "INSERT INTO subject(kind, subject, judged_at, next_change) VALUES(?, ?, ?, nullif(?, "
	    "?))"
	    " ON CONFLICT(kind, subject) DO UPDATE SET judged_at = excluded.judged_at,"
	    " next_change = excluded.next_change",
	    "iiiii", (int64_t)kind, no, (int64_t)judged_at, (int64_t)next_change, TIME_NEVER);
	if (next_change < ledger->next_change)
		ledger->next_change = next_change;
}

static void touch_carts_of(struct ledger *ledger, int64_t session, bool is_loud)
{
	struct db_rows rows =
	    db_query(&ledger->db, "SELECT cart FROM cart_use WHERE session = ?", "i", session);

	while (db_next(&rows))
		touched_add(
		    &ledger->touched[SUBJECT_CART], &ledger->scratch, db_int(&rows, 0), is_loud);
}

/* --- session ------------------------------------------------------------------------ */

static event_ms last_attach(const struct session_history *history)
{
	event_ms last = INT64_MIN;

	for (size_t i = 0; i < history->use_count; i++)
		if (history->uses[i].from > last)
			last = history->uses[i].from;
	return last;
}

/* What the policy has switched off is no finding. */
static void settle(struct ledger *ledger, enum subject_kind kind, struct touch touch,
    struct timeline *timeline, wall_ms at)
{
	policy_filter(&ledger->config.policy, timeline);
	alerts_reconcile(ledger, kind, touch.no, timeline, touch.is_loud);
	save_judged(ledger, kind, touch.no, at, timeline->next_change);
}

static void judge_scene(
    struct ledger *ledger, struct session_history *history, struct touch touch, wall_ms at)
{
	struct timeline timeline;

	timeline_init(&timeline, &ledger->work);
	timeline_wake_at(&timeline, history->next_change);
	judge_session(history, &ledger->config.policy, at, &timeline);
	settle(ledger, SUBJECT_SESSION, touch, &timeline, at);
}

/* Between it and the next one on its device something may be missing now. */
static bool is_another_treatment(const struct session *before, const struct session *after)
{
	if (!before->is_exposing && !after->is_exposing)
		return false;
	return before->is_exposing != after->is_exposing || before->client != after->client ||
	       before->start != after->start || before->end != after->end ||
	       before->is_test != after->is_test || before->boot != after->boot ||
	       before->seq != after->seq;
}

/* Without an END the row tells the last message (session_of_row); whoever came after was
 * judged by an earlier one. Nobody comes after one that runs (R23). */
static event_ms judged_end(
    struct ledger *ledger, const struct session *before, const struct session *after)
{
	if (before->has_end || session_is_open(after))
		return before->end;
	return db_value(
	    &ledger->db, before->end, "SELECT end_at FROM session WHERE no = ?", "i", before->no);
}

static void touch_client(struct ledger *ledger, const struct session *session, bool is_loud)
{
	if (session_has_client(session))
		touched_add(
		    &ledger->touched[SUBJECT_CLIENT], &ledger->scratch, session->client, is_loud);
}

/* What it is, but for what its stream tells of dose and safety. */
static bool derive(struct ledger *ledger, struct session_history *history, wall_ms at)
{
	int64_t visit = history->session->visit; /* judge_client's */

	if (!history_of_session(ledger, history))
		return false;
	derive_session(history, &ledger->config.policy, at);
	history->session->visit = visit;
	cart_rows_name(ledger, history);
	if (!history_of_scene(ledger, history))
		return false;
	derive_from_scene(history);
	return true;
}

/* The same without those around it, and what its limits hang on. */
static bool derive_alone(struct ledger *ledger, struct session_history *history)
{
	int64_t no = history->session->no;

	if (unjudged_has(ledger, SUBJECT_SESSION, no) || !history_of_session(ledger, history))
		return false;
	derive_session(history, &ledger->config.policy, moment_of(ledger, SUBJECT_SESSION, no));
	if (!history_of_limits(ledger, history))
		return false;
	derive_from_scene(history);
	return true;
}

/* An alert is told with who treated, and whose clock said when. */
static void save(
    struct ledger *ledger, const struct session *before, const struct session_history *history)
{
	const struct session *session = history->session;

	sessions_save(ledger, session, last_attach(history));
	if (before->ts_source != session->ts_source || before->operator_no != session->operator_no)
		alerts_tell_again(ledger, session->no);
}

void subjects_derive_session(struct ledger *ledger, int64_t no)
{
	struct session session;
	struct session_history history = {.session = &session};

	if (sessions_load(ledger, no, &session)) {
		struct session before = session;
		if (derive_alone(ledger, &history))
			save(ledger, &before, &history);
	}
	arena_reset(&ledger->work);
	decoded_trim(&ledger->decoded);
}

void subjects_begin_guard(struct ledger *ledger, struct open_session *open)
{
	struct session session = open->session;
	struct session_history history = {.session = &session};

	/* Without a START only the stream says when it began. */
	if (session.fold.start_from != TIME_NEVER && derive_alone(ledger, &history))
		guards_begin(ledger, &history, open);
}

bool subjects_guard(struct ledger *ledger, int64_t no, struct session *session, struct guard *guard,
    struct limits *limits)
{
	struct session_history history = {.session = session};

	if (!sessions_load(ledger, no, session) || !derive_alone(ledger, &history))
		return false;
	guards_complete(ledger, &history, moment_of(ledger, SUBJECT_SESSION, no));
	if (!ledger->db.err) {
		*guard = *history.guard;
		*limits = *history.limits;
	}
	arena_reset(&ledger->work);
	decoded_trim(&ledger->decoded);
	return !ledger->db.err;
}

static void judge_one_session(struct ledger *ledger, struct touch touch)
{
	struct session session;
	struct session_history history = {.session = &session};

	if (!sessions_load(ledger, touch.no, &session))
		return;
	const struct session stored = session; /* its fold may be ahead of its judge */
	struct session before = session;
	wall_ms at = moment_of(ledger, SUBJECT_SESSION, touch.no);
	if (!derive(ledger, &history, at))
		return;
	before.end = judged_end(ledger, &before, &session);
	guards_complete(ledger, &history, at);
	derive_tips(&history);

	touch_carts_of(ledger, session.no, touch.is_loud);
	cart_rows_save(ledger, &history);
	touch_carts_of(ledger, session.no, touch.is_loud);
	save(ledger, &before, &history);
	judge_scene(ledger, &history, touch, at);

	if (before.start != session.start)
		sessions_touch_twins(ledger, &session, touch.is_loud);
	if (is_another_treatment(&before, &session)) {
		if (before.state) /* else it stood nowhere yet */
			sessions_touch_followers(ledger, &session, before.start, touch.is_loud);
		sessions_touch_followers(ledger, &session, session.start, touch.is_loud);
	}
	touch_client(ledger, &before, touch.is_loud);
	touch_client(ledger, &session, touch.is_loud);
	touched_add(&ledger->touched[SUBJECT_VERDICT], &ledger->scratch, session.no, touch.is_loud);
	cases_touch(ledger, &session.sid, touch.is_loud);
	aggregates_touch_session(ledger, &before);
	if (stored.end != before.end) /* a day was added up between the two */
		aggregates_touch_session(ledger, &stored);
	aggregates_touch_session(ledger, &session);
	/* Its own visit until judge_client says more. */
	bool is_alone = !session_has_client(&session) || session.is_void;
	if (session.visit == 0 || (is_alone && session.visit != session.no))
		sessions_save_visit(ledger, session.no, session.no);
}

/* --- client -------------------------------------------------------------------------- */

static void save_visits(struct ledger *ledger, const struct client_history *history,
    const int64_t *visits_before, bool is_loud)
{
	for (size_t i = 0; i < history->session_count; i++) {
		const struct session *session = &history->sessions[i];
		if (session->visit == visits_before[i])
			continue;
		sessions_save_visit(ledger, session->no, session->visit);
		touch_carts_of(ledger, session->no, is_loud);
	}
}

static void judge_one_client(struct ledger *ledger, struct touch touch)
{
	struct client_history history;
	struct timeline timeline;

	if (!history_of_client(ledger, touch.no, &history))
		return;
	int64_t *visits = arena_alloc(&ledger->work, history.session_count * sizeof(*visits));
	if (!visits) {
		db_fail(&ledger->db, CP_NOMEM, "a history is larger than a judge call may be");
		return;
	}
	for (size_t i = 0; i < history.session_count; i++)
		visits[i] = history.sessions[i].visit;

	wall_ms at = moment_of(ledger, SUBJECT_CLIENT, touch.no);
	event_ms last = forgets_since(ledger, touch.no);
	timeline_init(&timeline, &ledger->work);
	judge_client(&history, &ledger->config.policy, at < last ? at : last, &timeline);
	if (last != TIME_NEVER)
		timeline_stop(&timeline, last, at);
	save_visits(ledger, &history, visits, touch.is_loud);
	settle(ledger, SUBJECT_CLIENT, touch, &timeline, at);
	next_allowed_settle(ledger, &history, touch.is_loud);
	courses_touch(ledger, &history);
}

/* --- cartridge ------------------------------------------------------------------------ */

static void judge_one_cartridge(struct ledger *ledger, struct touch touch)
{
	struct cartridge_history history;
	struct timeline timeline;

	if (!history_of_cartridge(ledger, touch.no, &history))
		return;
	wall_ms at = moment_of(ledger, SUBJECT_CART, touch.no);
	timeline_init(&timeline, &ledger->work);
	judge_cartridge(&history, &ledger->config.policy, at, &timeline);
	settle(ledger, SUBJECT_CART, touch, &timeline, at);
}

/* --- operator ------------------------------------------------------------------------- */

static void judge_one_operator(struct ledger *ledger, struct touch touch)
{
	static const int64_t topic = FACT_TOPIC(READING_CERT, 0);
	struct subject_history history = {
	    .no = touch.no,
	    .facts = history_facts(ledger, SUBJECT_OPERATOR, touch.no, &topic, 1),
	};
	struct timeline timeline;

	wall_ms at = moment_of(ledger, SUBJECT_OPERATOR, touch.no);
	timeline_init(&timeline, &ledger->work);
	judge_operator(&history, &ledger->config.policy, at, &timeline);
	settle(ledger, SUBJECT_OPERATOR, touch, &timeline, at);
}

/* --- case ----------------------------------------------------------------------------- */

static void judge_one_case(struct ledger *ledger, struct touch touch)
{
	struct case_history history;
	struct cluster_case entry;
	const struct session *blamed;
	struct timeline timeline;

	if (!cases_history(ledger, touch.no, &history))
		return;
	wall_ms at = moment_of(ledger, SUBJECT_CASE, touch.no);
	timeline_init(&timeline, &ledger->work);
	judge_case(&history, &ledger->config.policy, at, &timeline);
	bool is_counted = case_clusters(&history, &ledger->config.policy, &entry, &blamed);
	cases_save(ledger, touch.no, is_counted ? &entry : NULL, blamed, touch.is_loud);
	settle(ledger, SUBJECT_CASE, touch, &timeline, at);
	cases_tell(ledger, &history);
}

static void judge_one_cluster(struct ledger *ledger, struct touch touch)
{
	struct cluster_history history;
	struct timeline timeline;

	if (!cases_cluster_history(ledger, touch.no, &history))
		return;
	timeline_init(&timeline, &ledger->work);
	judge_cluster(&history, &ledger->config.policy, &timeline);
	settle(ledger, SUBJECT_CLUSTER, touch, &timeline,
	    moment_of(ledger, SUBJECT_CLUSTER, touch.no));
}

/* --- device -------------------------------------------------------------------------- */

/* It is told when it goes out of use and when it is free again, once each. */
static void tell_quarantine(struct ledger *ledger, const struct device_history *history, wall_ms at)
{
	const struct policy *policy = &ledger->config.policy;
	struct fact_list list = {0};
	event_ms free_from;

	if (policy_is_off(policy, CHECK_DEVICE_QUARANTINED_USE, at))
		return;
	history_add_quarantine(ledger, &list, history->device, at);
	unsigned reasons = quarantine_at(history_sorted(&list), policy, at, &free_from);
	int64_t reason = reasons ? quarantine_reason(reasons) : 0;
	int64_t told = db_value(
	    &ledger->db, 0, "SELECT quarantine FROM source WHERE no = ?", "i", history->device);
	if (reason == told)
		return;
	db_run(&ledger->db, "UPDATE source SET quarantine = ? WHERE no = ?", "ii", reason,
	    history->device);
	downs_quarantine(ledger, &history->id, reason != 0, reason ? reason : told);
}

static void judge_one_device(struct ledger *ledger, struct touch touch)
{
	struct device_history history;
	struct timeline timeline;

	if (!history_of_device(ledger, touch.no, &history))
		return;
	wall_ms at = moment_of(ledger, SUBJECT_DEVICE, touch.no);
	timeline_init(&timeline, &ledger->work);
	judge_device(&history, &ledger->config.policy, at, &timeline);
	settle(ledger, SUBJECT_DEVICE, touch, &timeline, at);
	if (touch.is_loud && !ledger->config.is_recount)
		tell_quarantine(ledger, &history, at);
	device_states_touch(ledger, touch.no);
}

static void judge_one_day(struct ledger *ledger, struct touch touch)
{
	struct device_day history;
	struct timeline timeline;

	if (!history_of_day(ledger, touch.no, &history))
		return;
	timeline_init(&timeline, &ledger->work);
	judge_device_day(&history, &ledger->config.policy, &timeline);
	settle(ledger, SUBJECT_DAY, touch, &timeline, moment_of(ledger, SUBJECT_DAY, touch.no));
}

static void judge_one_presence(struct ledger *ledger, struct touch touch)
{
	struct presence presence;
	struct timeline timeline;

	if (!presence_history(ledger, touch.no, &presence))
		return;
	timeline_init(&timeline, &ledger->work);
	judge_presence(&presence, &ledger->config.policy, ledger->now, &timeline);
	settle(ledger, SUBJECT_PRESENCE, touch, &timeline, ledger->now);
	device_states_touch(ledger, touch.no);
}

/* --- gateway --------------------------------------------------------------------------- */

static void judge_one_episode(struct ledger *ledger, struct touch touch)
{
	struct gateway_history history;
	struct timeline timeline;

	if (!watch_history(ledger, touch.no, &history))
		return;
	timeline_init(&timeline, &ledger->work);
	judge_gateway(&history, &ledger->config.policy, &timeline);
	settle(ledger, SUBJECT_GATEWAY, touch, &timeline,
	    moment_of(ledger, SUBJECT_GATEWAY, touch.no));
}

/* --- all -------------------------------------------------------------------------------- */

/* The kinds that are judged, in the order in which they need one another. */
typedef void judge_one_fn(struct ledger *ledger, struct touch touch);

static judge_one_fn *const judges[SUBJECT_KINDS] = {
    [SUBJECT_SESSION] = judge_one_session,
    [SUBJECT_CLIENT] = judge_one_client,
    [SUBJECT_CART] = judge_one_cartridge,
    [SUBJECT_OPERATOR] = judge_one_operator,
    [SUBJECT_CASE] = judge_one_case,
    [SUBJECT_CLUSTER] = judge_one_cluster,
    [SUBJECT_DEVICE] = judge_one_device,
    [SUBJECT_DAY] = judge_one_day,
    [SUBJECT_PRESENCE] = judge_one_presence,
    [SUBJECT_GATEWAY] = judge_one_episode,
    [SUBJECT_SUMMARY] = summaries_compose,
    [SUBJECT_COURSE_STATE] = courses_compose,
    [SUBJECT_DEVICE_STATE] = device_states_compose,
    [SUBJECT_AGGREGATE] = aggregates_compose,
};

void subjects_judge_one(struct ledger *ledger, enum subject_kind kind, struct touch touch)
{
	if (!judges[kind] || unjudged_has(ledger, kind, touch.no))
		return;
	judges[kind](ledger, touch);
	if (ledger->has_passed_over)
		store_set_meta(ledger, "facts_passed_over", 1);
	ledger->has_passed_over = false;
	arena_reset(&ledger->work);
	decoded_trim(&ledger->decoded);
}

void subjects_judge(struct ledger *ledger)
{
	for (enum subject_kind kind = SUBJECT_SESSION; kind < SUBJECT_KINDS; kind++) {
		struct touched *set = &ledger->touched[kind];
		if (!judges[kind])
			continue;
		touched_settle(set);
		for (size_t i = 0; i < set->count && !ledger->db.err; i++)
			subjects_judge_one(ledger, kind, set->items[i]);
	}
	verdicts_settle(ledger);
	for (size_t i = 0; i < SUBJECT_KINDS; i++)
		if (ledger->touched[i].is_full)
			db_fail(&ledger->db, CP_NOMEM, "out of memory for the subjects of a batch");
}

/* A deadline that subjects_judge_later() or _again() made is quiet: nobody on a chair waits for it.
 */
void subjects_touch_due(struct ledger *ledger, wall_ms until)
{
	unjudged_forget_deadlines(ledger);
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT kind, subject, next_change FROM subject WHERE next_change <= ?"
	    " ORDER BY next_change LIMIT ?",
	    "ii", (int64_t)until, (int64_t)DUE_MAX);

	while (db_next(&rows)) {
		int64_t kind = db_int(&rows, 0);
		CP_CHECK(kind >= SUBJECT_SESSION && kind < SUBJECT_KINDS && judges[kind]);
		touched_add(&ledger->touched[kind], &ledger->scratch, db_int(&rows, 1),
		    db_int(&rows, 2) != SUBJECTS_JUDGE_AGAIN);
	}
}

void subjects_judge_later(struct ledger *ledger, enum subject_kind kind, int64_t no)
{
	if (ledger->config.is_recount) /* judges everybody anyway */
		return;
	db_run(&ledger->db, "UPDATE subject SET next_change = ? WHERE kind = ? AND subject = ?",
	    "iii", SUBJECTS_JUDGE_AGAIN, (int64_t)kind, no);
	ledger->next_change = SUBJECTS_JUDGE_AGAIN;
}

#define JUDGE_AGAIN_WHERE "UPDATE subject SET next_change = ?1 WHERE "
#define IS_SESSION_SINCE                                                                           \
	"EXISTS (SELECT 1 FROM session s WHERE s.no = subject"                                     \
	" AND (s.end_at >= ?2 OR s.state BETWEEN 1 AND 3))"

void subjects_judge_again(struct ledger *ledger, event_ms since)
{
	db_run(&ledger->db, JUDGE_AGAIN_WHERE "kind < ?3 AND (kind != 1 OR " IS_SESSION_SINCE ")",
	    "iii", SUBJECTS_JUDGE_AGAIN, (int64_t)since, (int64_t)SUBJECT_SUMMARY);
	ledger->next_change = SUBJECTS_JUDGE_AGAIN;
}

void subjects_judge_sessions_again(struct ledger *ledger, event_ms since)
{
	db_run(&ledger->db, JUDGE_AGAIN_WHERE "kind = 1 AND " IS_SESSION_SINCE, "ii",
	    SUBJECTS_JUDGE_AGAIN, (int64_t)since);
	ledger->next_change = SUBJECTS_JUDGE_AGAIN;
}

void subjects_touch_users(struct ledger *ledger, int64_t cart)
{
	struct db_rows rows =
	    db_query(&ledger->db, "SELECT session FROM cart_use WHERE cart = ?", "i", cart);

	while (db_next(&rows))
		touched_add(
		    &ledger->touched[SUBJECT_SESSION], &ledger->scratch, db_int(&rows, 0), true);
}

void subjects_touch_users_of_lot(struct ledger *ledger, const char *gtin, const char *lot)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT session FROM cart_use WHERE lot = ? AND lot != '' AND gtin = ?"
	    " AND until_at = ?",
	    "tti", lot, gtin, TIME_NEVER);

	while (db_next(&rows))
		touched_add(
		    &ledger->touched[SUBJECT_SESSION], &ledger->scratch, db_int(&rows, 0), true);
	db_run(&ledger->db,
	    JUDGE_AGAIN_WHERE "kind = 1 AND subject IN (SELECT session FROM cart_use"
	                      " WHERE lot = ?2 AND lot != '' AND gtin = ?3)",
	    "itt", SUBJECTS_JUDGE_AGAIN, lot, gtin);
	ledger->next_change = SUBJECTS_JUDGE_AGAIN;
}

wall_ms subjects_next_change(struct ledger *ledger)
{
	return db_value(&ledger->db, TIME_NEVER,
	    "SELECT min(next_change) FROM subject WHERE next_change IS NOT NULL", "");
}
