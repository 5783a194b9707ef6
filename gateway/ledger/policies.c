#include "ledger/policies.h"

#define POLICIES_MAX 256 /* more changes than a clinic makes; the oldest are joined */

static struct policy_numbers configured(const struct ledger *ledger)
{
	const struct policy *policy = &ledger->config.policy;

	return (struct policy_numbers){
	    .min_days = policy->min_days,
	    .max_days = policy->max_days,
	    .overdue_medium_after_days = policy->overdue_medium_after_days,
	};
}

static struct policy_numbers numbers_of_row(const struct db_rows *rows)
{
	return (struct policy_numbers){
	    .min_days = (int32_t)db_int(rows, 1),
	    .max_days = (int32_t)db_int(rows, 2),
	    .overdue_medium_after_days = (int32_t)db_int(rows, 3),
	};
}

static bool is_same(const struct policy_numbers *a, const struct policy_numbers *b)
{
	return a->min_days == b->min_days && a->max_days == b->max_days &&
	       a->overdue_medium_after_days == b->overdue_medium_after_days;
}

/* Each row's numbers end where the next row begins; the last one's are today's. */
static void load(struct ledger *ledger, struct db *db)
{
	struct policy *policy = &ledger->config.policy;
	struct policy_past *past = arena_alloc(&ledger->lasting, POLICIES_MAX * sizeof(*past));
	struct policy_numbers numbers = configured(ledger);
	size_t count = 0;
	bool is_first = true;
	struct db_rows rows = db_query(db,
	    "SELECT from_at, min_days, max_days, overdue_medium_after_days FROM policy"
	    " ORDER BY from_at DESC LIMIT ?",
	    "i", (int64_t)POLICIES_MAX);

	if (!past)
		db_fail(&ledger->db, CP_NOMEM, "out of memory for the policies");
	/* Newest first: fill from the end. */
	for (event_ms until = 0; past && db_next(&rows); until = db_int(&rows, 0)) {
		struct policy_numbers row = numbers_of_row(&rows);
		if (is_first)
			numbers = row;
		else
			past[POLICIES_MAX - ++count] =
			    (struct policy_past){.until = until, .numbers = row};
		is_first = false;
	}
	db_end(&rows);
	policy->min_days = numbers.min_days;
	policy->max_days = numbers.max_days;
	policy->overdue_medium_after_days = numbers.overdue_medium_after_days;
	policy->past = past ? past + POLICIES_MAX - count : NULL;
	policy->past_count = count;
}

void policies_activate(struct ledger *ledger, wall_ms now)
{
	struct policy_numbers wanted = configured(ledger);
	bool is_new = true;
	event_ms from = INT64_MIN; /* the first ones have always been in force */
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT from_at, min_days, max_days, overdue_medium_after_days FROM policy"
	    " ORDER BY from_at DESC LIMIT 1",
	    "");

	if (db_next(&rows)) {
		struct policy_numbers last = numbers_of_row(&rows);
		is_new = !is_same(&last, &wanted);
		from = now > db_int(&rows, 0) ? now : db_int(&rows, 0) + 1; /* a clock set back */
		db_end(&rows);
	}
	if (is_new)
		db_run(&ledger->db,
		    "INSERT INTO policy(from_at, min_days, max_days, overdue_medium_after_days)"
		    " VALUES(?, ?, ?, ?)",
		    "iiii", (int64_t)from, (int64_t)wanted.min_days, (int64_t)wanted.max_days,
		    (int64_t)wanted.overdue_medium_after_days);
	load(ledger, &ledger->db);
}

void policies_copy(struct ledger *ledger, struct db *store)
{
	load(ledger, store);
}
