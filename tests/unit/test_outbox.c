/* What head office does not have yet: by key, until it is acknowledged, within bounds (P5, P8). */
#include "states_bench.h"

#include "ledger/office/folds.h"
#include "ledger/office/outbox.h"

#define ALERTS_WAITING "SELECT count(*) FROM outbox WHERE kind = 1"

static void done(struct clinic *clinic, uint64_t n)
{
	batch_reset(clinic->batch);
	assert_true(batch_add_done(clinic->batch, OUTBOX_ALERT, n));
	assert_int_equal(ledger_apply(clinic->ledger, clinic->batch, clinic->now), CP_OK);
}

/* Head office's own receipt: cumulative, and only of this store's epoch. */
static void a_receipt_takes_everything_up_to_its_n(void **state)
{
	struct clinic *clinic = open_store(state, "1");
	uint64_t epoch = (uint64_t)count(clinic, "SELECT value FROM meta WHERE name = 'epoch'");

	only_first_checks(clinic);
	say(clinic, "2026-04-01 10:00 P1 session A c5");
	say(clinic, "2026-04-02 10:00 P1 session B c5");
	say(clinic, "2026-04-03 10:00 P1 session C c5");
	int64_t last = count(clinic, "SELECT max(n) FROM outbox WHERE kind = 1");
	int64_t rows = count(clinic, ALERTS_WAITING);
	assert_int_equal(rows, 2);

	batch_reset(clinic->batch);
	assert_true(batch_add_receipt(clinic->batch, epoch + 1, OUTBOX_ALERT, (uint64_t)last));
	assert_int_equal(ledger_apply(clinic->ledger, clinic->batch, clinic->now), CP_OK);
	assert_int_equal(count(clinic, ALERTS_WAITING), rows);

	batch_reset(clinic->batch);
	assert_true(batch_add_receipt(clinic->batch, epoch, OUTBOX_ALERT, (uint64_t)last - 1));
	assert_int_equal(ledger_apply(clinic->ledger, clinic->batch, clinic->now), CP_OK);
	assert_int_equal(count(clinic, ALERTS_WAITING), 1);
}

/* It cannot be true: nothing is deleted, it is counted, and whoever logs hears why. */
static void refuses(struct clinic *clinic, uint64_t epoch, uint32_t kind, uint64_t n,
    enum receipt_fault fault, int64_t refused)
{
	int64_t rows = count(clinic, ALERTS_WAITING);

	batch_reset(clinic->batch);
	assert_true(batch_add_receipt(clinic->batch, epoch, kind, n));
	assert_int_equal(ledger_apply(clinic->ledger, clinic->batch, clinic->now), CP_OK);
	assert_int_equal(count(clinic, ALERTS_WAITING), rows);
	assert_int_equal(clinic->batch->fault, fault);
	assert_int_equal(clinic->batch->refused.n, n);
	assert_int_equal(
	    count(clinic, "SELECT value FROM meta WHERE name = 'receipts_refused'"), refused);
}

static void a_receipt_that_cannot_be_true_deletes_nothing(void **state)
{
	struct clinic *clinic = open_store(state, "1");
	uint64_t epoch = (uint64_t)count(clinic, "SELECT value FROM meta WHERE name = 'epoch'");

	only_first_checks(clinic);
	say(clinic, "2026-04-01 10:00 P1 session A c5");
	say(clinic, "2026-04-02 10:00 P1 session B c5");
	uint64_t last = (uint64_t)count(clinic, "SELECT max(n) FROM outbox WHERE kind = 1");
	assert_true(count(clinic, ALERTS_WAITING) > 0);
	refuses(clinic, epoch ^ 1, OUTBOX_ALERT, last, RECEIPT_OF_OTHER_EPOCH, 1);
	refuses(clinic, epoch, OUTBOX_ALERT, last + 1, RECEIPT_OF_FUTURE, 2);
	refuses(clinic, epoch, OUTBOX_ALERT, UINT64_MAX, RECEIPT_OF_FUTURE, 3);
	refuses(clinic, epoch, 0, last, RECEIPT_OF_NO_KIND, 4);
	refuses(clinic, epoch, OUTBOX_KINDS, last, RECEIPT_OF_NO_KIND, 5);

	batch_reset(clinic->batch);
	assert_true(batch_add_receipt(clinic->batch, epoch, OUTBOX_ALERT, last));
	assert_int_equal(ledger_apply(clinic->ledger, clinic->batch, clinic->now), CP_OK);
	assert_int_equal(clinic->batch->fault, RECEIPT_GOOD);
	assert_int_equal(count(clinic, ALERTS_WAITING), 0);
}

static void an_amended_key_is_one_row_with_a_newer_n(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-03-31 12:00 HQ plan 5 c5 MILD 4");
	say(clinic, "2026-04-01 10:00 P1 session A c5 course 5");
	say(clinic, "2026-05-14 06:00 P1 hello");
	assert_int_equal(count(clinic, ALERTS_WAITING), 1);
	int64_t first = count(clinic, "SELECT n FROM outbox WHERE kind = 1");

	say(clinic, "2026-05-28 06:00 P1 hello"); /* MEDIUM now */
	assert_int_equal(count(clinic, ALERTS_WAITING), 1);
	int64_t second = count(clinic, "SELECT n FROM outbox WHERE kind = 1");
	assert_true(second > first);

	done(clinic, (uint64_t)first); /* the answer to what is out of date */
	assert_int_equal(count(clinic, ALERTS_WAITING), 1);
	done(clinic, (uint64_t)second);
	assert_int_equal(count(clinic, ALERTS_WAITING), 0);
	done(clinic, (uint64_t)second);

	clinic = reopen_store(state, "1");
	say(clinic, "2026-06-08 10:00 P1 session B c5 course 5"); /* cleared */
	assert_int_equal(count(clinic, ALERTS_WAITING), 1);
	assert_true(count(clinic, "SELECT n FROM outbox WHERE kind = 1") > second);
}

/* Who treated is told with the alert, and stands in the session's row: of two STARTs the first
 * by its name counts, whichever came first. */
static void an_alert_goes_up_again_when_another_is_the_operator(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-04-01 10:00 P1 session A c5");
	say(clinic, "2026-04-02 10:00 P1 start B c5 operator o1 seq 20");
	assert_int_equal(count(clinic, "SELECT max(revision) FROM alert"), 1);
	int64_t last = count(clinic, "SELECT max(n) FROM outbox WHERE kind = 1");
	done(clinic, (uint64_t)last);
	assert_int_equal(count(clinic, ALERTS_WAITING), 0);

	say(clinic, "+0s P1 start B c5 operator o2 seq 10");
	assert_int_equal(count(clinic, "SELECT count(*) FROM session s JOIN operator o ON o.no = "
	                               "s.operator WHERE s.seq = 10"),
	    1);
	assert_int_equal(count(clinic, "SELECT max(revision) FROM alert"), 2);
	assert_int_equal(count(clinic, ALERTS_WAITING), 1);
}

/* R22, late: the START of a session that was judged without it says that it is a test. */
static void what_turns_out_to_be_of_a_test_is_taken_back(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	say(clinic, "2020-01-01 00:00 HQ policy only EMERGENCY_STOP");
	say(clinic, "2026-04-01 10:00 P1 estop A seq 20");
	assert_int_equal(count(clinic, ALERTS_WAITING), 1);
	done(clinic, (uint64_t)count(clinic, "SELECT max(n) FROM outbox WHERE kind = 1"));

	say(clinic, "+1s P1 start A c5 test ts 2026-04-01T09:59 seq 10");
	assert_int_equal(
	    count(clinic, "SELECT count(*) FROM alert WHERE is_test AND state = 1"), 1);
	struct sent sent = look(clinic, &in_bytes, OUTBOX_ALERT);
	assert_int_equal(sent.count, 1);
	assert_true(sent.reports[0]->revision > 1);
	assert_int_equal(sent.reports[0]->alert->state, ALERT_RETRACTED);
	look_away(&sent);
}

static void a_test_is_told_to_nobody(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	say(clinic, "2020-01-01 00:00 HQ policy only EMERGENCY_STOP");
	say(clinic, "2026-04-01 10:00 P1 start A c5 test");
	say(clinic, "+1m P1 tell estop sid=A test");
	assert_int_equal(count(clinic, "SELECT count(*) FROM alert WHERE is_test"), 1);
	assert_int_equal(count(clinic, ALERTS_WAITING), 0);
}

/* --- P6, P8: limits ------------------------------------------------------------------- */

#define WAITING "SELECT count(*) FROM outbox"
#define SUMMARIES_WAITING "SELECT count(*) FROM outbox WHERE kind = 2"
#define BY_LIMIT "SELECT value FROM meta WHERE name = 'evicted_by_limit'"
#define BY_AGE "SELECT value FROM meta WHERE name = 'evicted_by_age'"

/* The one of a kind that tells what is gone; NULL: none. It lies in *sent. */
static const Carepace__V1__Report *gone_of(const struct sent *sent, unsigned kind)
{
	const Carepace__V1__Report *found = NULL;

	for (size_t i = 0; i < sent->count; i++) {
		if (sent->reports[i]->body_case != CAREPACE__V1__REPORT__BODY_GONE ||
		    sent->reports[i]->kind != kind)
			continue;
		assert_null(found);
		found = sent->reports[i];
		assert_int_equal(found->gone->kind, kind);
	}
	return found;
}

static void limit_rows(struct clinic *clinic, int64_t rows)
{
	clinic->ledger->config.outbox_max_bytes = rows * OUTBOX_ROW_BYTES;
}

/* Six sessions, five of them too soon: five alerts, six summaries, and nothing else. */
static struct clinic *full_outbox(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-04-01 10:00 P1 session A c5");
	say(clinic, "2026-04-02 10:00 P1 session B c5");
	say(clinic, "2026-04-03 10:00 P1 session C c5");
	say(clinic, "2026-04-04 10:00 P1 session D c5");
	say(clinic, "2026-04-05 10:00 P1 session E c5");
	say(clinic, "2026-04-06 10:00 P1 session F c5");
	say(clinic, "2026-04-06 12:00 P1 hello");
	db_run(&clinic->ledger->db, "DELETE FROM outbox WHERE kind > 2", "");
	outbox_open(clinic->ledger);
	assert_int_equal(count(clinic, ALERTS_WAITING), 5);
	assert_int_equal(count(clinic, SUMMARIES_WAITING), 6);
	assert_int_equal(clinic->ledger->outbox_rows, 11);
	return clinic;
}

/* No time passes: nothing else is put in. */
static void settle(struct clinic *clinic)
{
	for (int i = 0; i < 6; i++) {
		batch_reset(clinic->batch);
		assert_int_equal(ledger_apply(clinic->ledger, clinic->batch, clinic->now), CP_OK);
	}
	assert_true(clinic->batch->next_wake > clinic->now);
}

/* Of five the first four: whoever asks here is told so. */
static void an_alert_that_was_given_up_is_not_said_to_be_sent(void **state)
{
	struct clinic *clinic = full_outbox(state);
	const struct view_filter all = {.with_closed = true};
	struct arena arena;
	struct view *view;
	char why[256];
	size_t alerts;
	size_t given_up = 0;

	limit_rows(clinic, 3);
	settle(clinic);
	assert_int_equal(view_open(&view, clinic->path, why), CP_OK);
	arena_init(&arena, 4096, 1U << 20);
	const struct view_alert *rows = view_alerts(view, &arena, &all, &alerts);
	assert_int_equal(alerts, 5);
	for (size_t i = 0; i < alerts; i++) {
		assert_true(!rows[i].is_given_up == (rows[i].outbox_n != 0));
		given_up += rows[i].is_given_up;
	}
	assert_int_equal(given_up, 4);
	arena_deinit(&arena);
	view_close(view);

	/* What is news of it goes up again. */
	limit_rows(clinic, 100);
	say(clinic, "+1m T1 override INTERVAL_TOO_SOON B");
	assert_int_equal(count(clinic, "SELECT count(*) FROM alert WHERE given_up = revision"), 3);
}

static void what_is_over_the_limit_goes_least_urgent_first(void **state)
{
	struct clinic *clinic = full_outbox(state);
	struct sent sent;

	limit_rows(clinic, 9);
	settle(clinic); /* two too many, and the row that says so */
	assert_int_equal(count(clinic, WAITING), 9);
	assert_int_equal(clinic->ledger->outbox_rows, 9);
	assert_int_equal(count(clinic, ALERTS_WAITING), 5);
	assert_int_equal(count(clinic, BY_LIMIT), 3);
	assert_false(outbox_is_over(clinic->ledger));
	sent = look(clinic, &in_bytes, EVERY_KIND);
	const Carepace__V1__Report *gone = gone_of(&sent, OUTBOX_SUMMARY);
	assert_int_equal(gone->gone->n, 1);
	assert_int_equal(gone->gone->last_n, 3);
	assert_int_equal(gone->gone->reason, CAREPACE__V1__GONE_REASON__GONE_LIMIT);
	assert_string_equal(gone->key, "gone-limit");
	uint64_t revision = gone->revision;
	look_away(&sent);

	limit_rows(clinic, 3); /* now alerts, too; what is told is told in one row a kind */
	settle(clinic);
	sent = look(clinic, &in_bytes, EVERY_KIND);
	assert_int_equal(sent.count, 3);
	assert_int_equal(gone_of(&sent, OUTBOX_SUMMARY)->gone->n, 1);
	assert_int_equal(gone_of(&sent, OUTBOX_SUMMARY)->gone->last_n, 6);
	assert_true(gone_of(&sent, OUTBOX_SUMMARY)->revision > revision);
	assert_int_equal(gone_of(&sent, OUTBOX_ALERT)->gone->n, 1);
	assert_int_equal(gone_of(&sent, OUTBOX_ALERT)->gone->last_n, 4);
	assert_int_equal(count(clinic, BY_LIMIT), 6 + 4);
	look_away(&sent);
}

/* Head office waits for a number until somebody explains it: also those that the evicted
 * report had replaced. */
static void what_an_evicted_report_had_replaced_is_gone_with_it(void **state)
{
	struct clinic *clinic = open_store(state, "1");
	struct sent sent;

	only_first_checks(clinic);
	say(clinic, "2026-03-31 12:00 HQ plan 5 c5 MILD 4");
	say(clinic, "2026-04-01 10:00 P1 session A c5 course 5");
	say(clinic, "2026-05-14 06:00 P1 hello");
	say(clinic, "2026-05-28 06:00 P1 hello"); /* MEDIUM now */
	db_run(&clinic->ledger->db, "DELETE FROM outbox WHERE kind > 1", "");
	outbox_open(clinic->ledger);
	assert_int_equal(count(clinic, "SELECT n - first_n FROM outbox"), 1);

	clinic->ledger->config.outbox_max_bytes = 1;
	batch_reset(clinic->batch);
	assert_int_equal(ledger_apply(clinic->ledger, clinic->batch, clinic->now), CP_OK);
	sent = look(clinic, &in_bytes, EVERY_KIND);
	const Carepace__V1__Report *gone = gone_of(&sent, OUTBOX_ALERT);
	assert_non_null(gone);
	assert_int_equal(gone->gone->n, 1);
	assert_int_equal(gone->gone->last_n, 2);
	look_away(&sent);
}

static void what_is_gone_is_told_until_it_is_acknowledged(void **state)
{
	struct clinic *clinic = full_outbox(state);
	struct sent sent;

	limit_rows(clinic, 8);
	settle(clinic);
	sent = look(clinic, &in_bytes, EVERY_KIND);
	const Carepace__V1__Report *gone = gone_of(&sent, OUTBOX_SUMMARY);
	assert_int_equal(gone->gone->last_n, 4);
	batch_reset(clinic->batch);
	assert_true(batch_add_done(clinic->batch, OUTBOX_SUMMARY, gone->n));
	assert_int_equal(ledger_apply(clinic->ledger, clinic->batch, clinic->now), CP_OK);
	look_away(&sent);
	sent = look(clinic, &in_bytes, EVERY_KIND);
	assert_null(gone_of(&sent, OUTBOX_SUMMARY));
	look_away(&sent);

	limit_rows(clinic, 6); /* more: what was told is not told again */
	settle(clinic);
	sent = look(clinic, &in_bytes, EVERY_KIND);
	assert_int_equal(gone_of(&sent, OUTBOX_SUMMARY)->gone->n, 5);
	assert_int_equal(gone_of(&sent, OUTBOX_SUMMARY)->gone->last_n, 6);
	look_away(&sent);
}

static void what_waits_for_too_long_is_given_up(void **state)
{
	struct clinic *clinic = full_outbox(state);
	struct sent sent;

	clinic->ledger->config.outbox_days = 10;
	say(clinic, "2026-04-13 09:00 P1 hello"); /* of the second is one alert 11 days old */
	assert_int_equal(count(clinic, BY_AGE), 3);
	assert_int_equal(count(clinic, ALERTS_WAITING), 5);
	sent = look(clinic, &in_bytes, EVERY_KIND);
	assert_int_equal(gone_of(&sent, OUTBOX_ALERT)->gone->last_n, 1);
	assert_int_equal(
	    gone_of(&sent, OUTBOX_ALERT)->gone->reason, CAREPACE__V1__GONE_REASON__GONE_RETENTION);
	assert_string_equal(gone_of(&sent, OUTBOX_ALERT)->key, "gone-retention");
	look_away(&sent);
}

/* One step is small: a batch never waits for a long one. */
static void much_is_given_up_in_steps(void **state)
{
	struct clinic *clinic = full_outbox(state);

	db_run(&clinic->ledger->db,
	    "WITH RECURSIVE i(n) AS (SELECT 1001 UNION ALL SELECT n + 1 FROM i WHERE n < 2000)"
	    " INSERT INTO outbox(kind, key, n, first_n, queued_at) SELECT 2, n, n, n, 0 FROM i",
	    "");
	outbox_open(clinic->ledger);
	assert_int_equal(clinic->ledger->outbox_rows, 1011);
	limit_rows(clinic, 8);
	batch_reset(clinic->batch);
	assert_int_equal(ledger_apply(clinic->ledger, clinic->batch, clinic->now), CP_OK);
	assert_int_equal(count(clinic, BY_LIMIT), 256);
	assert_int_equal(clinic->batch->evicted[EVICTED_BY_LIMIT], 256);
	assert_int_equal(clinic->batch->next_wake, clinic->now); /* and goes on at once */
	for (int i = 0; i < 5; i++) {
		batch_reset(clinic->batch);
		assert_int_equal(ledger_apply(clinic->ledger, clinic->batch, clinic->now), CP_OK);
	}
	assert_int_equal(count(clinic, WAITING), 8);
	assert_int_equal(clinic->ledger->outbox_rows, 8);
	assert_int_equal(count(clinic, ALERTS_WAITING), 5);
	clinic = reopen_store(state, "1");
	assert_int_equal(clinic->ledger->outbox_rows, 8);
}

/* --- folds ------------------------------------------------------------------------------ */

#define ALONE "SELECT count(*) FROM alert WHERE fold = 0"
#define FOLDED "SELECT count(*) FROM alert WHERE fold > 0"

/* Clients who come a day too soon, all to one device. */
static void treat_many(struct clinic *clinic, const char *first, const char *device, int count)
{
	char line[80];

	for (int i = 0; i < count; i++) {
		snprintf(line, sizeof(line), "%s %s session %s%d c%d", i ? "+1m" : first, device,
		    device, i, i);
		say(clinic, line);
	}
}

static const Carepace__V1__Report *last_alert(const struct sent *sent)
{
	const Carepace__V1__Report *last = NULL;

	for (size_t i = 0; i < sent->count; i++)
		if (sent->reports[i]->kind == OUTBOX_ALERT)
			last = sent->reports[i];
	return last;
}

static void a_storm_of_alerts_goes_up_as_one(void **state)
{
	struct clinic *clinic = open_store(state, "1");
	struct sent sent;

	say(clinic, "2020-01-01 00:00 HQ policy only INTERVAL_TOO_SOON");
	treat_many(clinic, "2026-03-31 03:00", "P2", FOLD_ALONE_MAX + 5);
	treat_many(clinic, "2026-04-01 03:00", "P1", FOLD_ALONE_MAX + 5);
	assert_int_equal(count(clinic, ALONE), FOLD_ALONE_MAX);
	assert_int_equal(count(clinic, FOLDED), 5);
	assert_int_equal(count(clinic, ALERTS_WAITING), FOLD_ALONE_MAX + 1);
	assert_int_equal(clinic->ledger->db.err, CP_OK);
	sent = look(clinic, &in_bytes, EVERY_KIND);
	const Carepace__V1__Report *last = last_alert(&sent);
	assert_non_null(last);
	const Carepace__V1__Alert *fold = last->alert;
	assert_int_equal(fold->count, 5);
	assert_int_equal(fold->state, ALERT_RAISED);
	assert_int_equal(fold->subject, CAREPACE__V1__SUBJECT__SUBJECT_DEVICE);
	assert_int_equal(strncmp(fold->alert_key, "INTERVAL_TOO_SOON|", 18), 0);
	assert_string_equal(fold->alert_key + 18 + ID_HEX_LEN, "|20260401");
	assert_true(fold->has_device && fold->device.len == ID_BYTES);
	assert_int_equal(strlen(last->key), ID_HEX_LEN);
	assert_int_equal(last->revision, 5);
	look_away(&sent);

	/* One of them was never true: the fold is told again. */
	say(clinic, "2026-04-01 22:00 HQ tell correction sid=P124 kind=VOID by=o1");
	assert_int_equal(count(clinic, ALERTS_WAITING), FOLD_ALONE_MAX + 1);
	sent = look(clinic, &in_bytes, EVERY_KIND);
	last = last_alert(&sent);
	assert_int_equal(last->alert->count, 4);
	assert_int_equal(last->revision, 6);
	look_away(&sent);

	/* And when none of them was, head office takes all back. */
	for (int i = FOLD_ALONE_MAX; i < FOLD_ALONE_MAX + 4; i++) {
		char line[80];
		snprintf(line, sizeof(line), "+1m HQ tell correction sid=P1%d kind=VOID by=o1", i);
		say(clinic, line);
	}
	sent = look(clinic, &in_bytes, EVERY_KIND);
	last = last_alert(&sent);
	assert_int_equal(last->alert->count, 0);
	assert_int_equal(last->alert->state, ALERT_RETRACTED);
	assert_int_equal(last->revision, 10);
	look_away(&sent);
}

/* Plans out of range, all of one day: of no device, so they are the site's. */
static void alerts_of_no_device_go_up_as_one_for_the_site(void **state)
{
	struct clinic *clinic = open_store(state, "1");
	struct sent sent;
	char line[80];

	say(clinic, "2020-01-01 00:00 HQ policy only COURSE_PLAN_RANGE");
	say(clinic, "2026-04-01 10:00 P1 hello");
	for (int i = 1; i <= FOLD_ALONE_MAX + 3; i++) {
		snprintf(line, sizeof(line), "+1s HQ plan %d c%d MILD 9", i, i);
		say(clinic, line);
	}
	assert_int_equal(count(clinic, ALONE), FOLD_ALONE_MAX);
	assert_int_equal(count(clinic, FOLDED), 3);
	sent = look(clinic, &in_bytes, EVERY_KIND);
	const Carepace__V1__Alert *fold = last_alert(&sent)->alert;
	assert_int_equal(fold->count, 3);
	assert_string_equal(fold->alert_key, "COURSE_PLAN_RANGE|site|20260401");
	assert_false(fold->has_device);
	assert_false(fold->has_subject);
	look_away(&sent);
}

/* --- what people said before ---------------------------------------------------------------- */

static void an_alert_that_was_answered_before_has_one_revision(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	say(clinic, "2020-01-01 00:00 HQ policy only INTERVAL_TOO_SOON");
	say(clinic, "2026-04-01 10:00 P1 session A c1");
	say(clinic, "2026-04-08 10:00 T1 override-check B INTERVAL_TOO_SOON");
	say(clinic, "2026-04-08 10:01 P1 start B c1");
	assert_int_equal(count(clinic, "SELECT revision FROM alert WHERE state = 4"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LEDGER_TEST(a_receipt_takes_everything_up_to_its_n),
	    LEDGER_TEST(a_receipt_that_cannot_be_true_deletes_nothing),
	    LEDGER_TEST(an_amended_key_is_one_row_with_a_newer_n),
	    LEDGER_TEST(an_alert_goes_up_again_when_another_is_the_operator),
	    LEDGER_TEST(an_alert_that_was_given_up_is_not_said_to_be_sent),
	    LEDGER_TEST(what_turns_out_to_be_of_a_test_is_taken_back),
	    LEDGER_TEST(a_test_is_told_to_nobody),
	    LEDGER_TEST(what_is_over_the_limit_goes_least_urgent_first),
	    LEDGER_TEST(what_an_evicted_report_had_replaced_is_gone_with_it),
	    LEDGER_TEST(what_is_gone_is_told_until_it_is_acknowledged),
	    LEDGER_TEST(what_waits_for_too_long_is_given_up),
	    LEDGER_TEST(much_is_given_up_in_steps),
	    LEDGER_TEST(a_storm_of_alerts_goes_up_as_one),
	    LEDGER_TEST(alerts_of_no_device_go_up_as_one_for_the_site),
	    LEDGER_TEST(an_alert_that_was_answered_before_has_one_revision),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
