/* What head office does not have yet: by key, until it is acknowledged, within bounds (P5, P8). */
#include "ledger_bench.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LEDGER_TEST(a_receipt_takes_everything_up_to_its_n),
	    LEDGER_TEST(a_receipt_that_cannot_be_true_deletes_nothing),
	    LEDGER_TEST(an_amended_key_is_one_row_with_a_newer_n),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
