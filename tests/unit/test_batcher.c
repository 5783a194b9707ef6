/* When a batch leaves (DESIGN section 2). */
#include "shell/batcher.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

static struct batch *a;
static struct batch *b;
static struct batcher batcher;

static int setup(void **state)
{
	(void)state;
	a = batch_new();
	b = batch_new();
	batcher_init(&batcher, a, b, 0);
	return a && b ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	batch_free(a);
	batch_free(b);
	return 0;
}

static void an_empty_batch_stays(void **state)
{
	(void)state;
	assert_null(batcher_take(&batcher, 1000));
	assert_int_equal(batcher_next_wake(&batcher), TIME_NEVER);
	assert_true(batcher_is_empty(&batcher));
}

static void ordinary_content_waits_five_milliseconds(void **state)
{
	(void)state;
	batcher_added(&batcher, false, 100);
	batcher_added(&batcher, false, 103);
	assert_null(batcher_take(&batcher, 104));
	assert_int_equal(batcher_next_wake(&batcher), 105);
	assert_ptr_equal(batcher_take(&batcher, 105), a);
	assert_ptr_equal(batcher.open, b);
	assert_false(batcher_is_empty(&batcher));
}

static void what_is_urgent_leaves_at_once_fifty_times_a_second(void **state)
{
	(void)state;
	for (int i = 0; i < BATCHER_URGENT_PER_S; i++) {
		batcher_added(&batcher, true, 10);
		struct batch *leaving = batcher_take(&batcher, 10);
		assert_non_null(leaving);
		batcher_returned(&batcher, leaving);
	}
	batcher_added(&batcher, true, 10);
	assert_null(batcher_take(&batcher, 10));
	assert_non_null(batcher_take(&batcher, 15)); /* it waits like the others */
}

static void a_new_second_brings_new_hurry(void **state)
{
	(void)state;
	batcher.urgent_in_second = BATCHER_URGENT_PER_S;
	batcher_added(&batcher, true, 999);
	assert_null(batcher_take(&batcher, 999));
	assert_non_null(batcher_take(&batcher, 1000));
}

static void a_full_batch_leaves_and_only_one_is_at_the_ledger(void **state)
{
	(void)state;
	for (int i = 0; i < BATCH_ENTRIES_MAX; i++)
		assert_non_null(batch_add(batcher.open));
	batcher_added(&batcher, false, 7);
	assert_ptr_equal(batcher_take(&batcher, 7), a);

	batcher_added(&batcher, true, 8);
	assert_null(batcher_take(&batcher, 5000));
	assert_int_equal(batcher_next_wake(&batcher), TIME_NEVER);
	batcher_returned(&batcher, a);
	assert_int_equal(a->entry_count, 0);
	assert_ptr_equal(batcher_take(&batcher, 5000), b);
}

static void a_deadline_takes_an_empty_batch_along(void **state)
{
	(void)state;
	batcher_due(&batcher);
	assert_ptr_equal(batcher_take(&batcher, 1), a);
	batcher_due(&batcher); /* while it is away */
	assert_null(batcher_take(&batcher, 2));
	batcher_returned(&batcher, a);
	assert_ptr_equal(batcher_take(&batcher, 2), b);
}

static void a_batch_has_room_for_one_record_beyond_full(void **state)
{
	(void)state;
	for (int i = 0; i < BATCH_ENTRIES_MAX; i++)
		assert_non_null(batch_add(a));
	assert_true(batch_is_full(a));
	for (int i = 0; i < BATCH_ENTRIES_SLACK; i++)
		assert_non_null(batch_add(a));
	assert_null(batch_add(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(an_empty_batch_stays, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        ordinary_content_waits_five_milliseconds, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        what_is_urgent_leaves_at_once_fifty_times_a_second, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_new_second_brings_new_hurry, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_full_batch_leaves_and_only_one_is_at_the_ledger, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_deadline_takes_an_empty_batch_along, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_batch_has_room_for_one_record_beyond_full, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
