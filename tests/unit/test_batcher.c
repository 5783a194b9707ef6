/* When a batch leaves (DESIGN section 2), and what waits for devices. */
#include "shell/batcher.h"
#include "shell/downlink.h"
#include "shell/receipt.h"

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

/* --- downlink ---------------------------------------------------------------- */

static const struct id pen = {.b = {1}};
static const struct id tablet = {.b = {2}};

static void a_message_waits_for_its_device_until_it_is_worthless(void **state)
{
	struct downlink downlink = {0};

	(void)state;
	downlink_keep(&downlink, &pen, slice_str("one"), 2000);
	downlink_keep(&downlink, &tablet, slice_str("two"), 9000);
	downlink_keep(&downlink, &pen, slice_str("three"), 9000);

	assert_null(downlink_next(&downlink, &(struct id){.b = {3}}, 1000));
	const struct downlink_message *message = downlink_next(&downlink, &pen, 1000);
	assert_true(slice_eq_str(slice_of(message->bytes, message->len), "one"));
	message = downlink_next(&downlink, &pen, 2000);
	assert_true(slice_eq_str(slice_of(message->bytes, message->len), "three"));
	assert_int_equal(downlink.counters.expired, 1);
	downlink_drop(&downlink, message);
	assert_null(downlink_next(&downlink, &pen, 2000));
	assert_int_equal(downlink.count, 1);
	downlink_deinit(&downlink);
}

static void a_full_downlink_gives_up_what_expires_first(void **state)
{
	struct downlink downlink = {0};

	(void)state;
	downlink_keep(&downlink, &tablet, slice_str("soon gone"), 10);
	for (int i = 0; i < DOWNLINK_MAX; i++)
		downlink_keep(&downlink, &(struct id){.b = {7, (uint8_t)i, (uint8_t)(i >> 8)}},
		    slice_str("x"), 1000 + i);
	assert_int_equal(downlink.count, DOWNLINK_MAX);
	assert_int_equal(downlink.counters.dropped, 1);
	assert_null(downlink_next(&downlink, &tablet, 0));
	downlink_deinit(&downlink);
}

static void a_device_keeps_its_newest_and_takes_no_other_ones_place(void **state)
{
	struct downlink downlink = {0};

	(void)state;
	downlink_keep(&downlink, &tablet, slice_str("a verdict"), 2000);
	downlink_keep(&downlink, &pen, slice_str("oldest"), 90000);
	for (int i = 0; i < DOWNLINK_MAX; i++)
		downlink_keep(&downlink, &pen, slice_str("newer"), 30000);
	assert_int_equal(downlink.count, 1 + DOWNLINK_DEVICE_MAX);
	assert_int_equal(downlink.counters.dropped, 1 + DOWNLINK_MAX - DOWNLINK_DEVICE_MAX);
	assert_non_null(downlink_next(&downlink, &tablet, 0));
	const struct downlink_message *message = downlink_next(&downlink, &pen, 0);
	assert_true(slice_eq_str(slice_of(message->bytes, message->len), "newer"));
	downlink_deinit(&downlink);
}

static void expiry_is_rounded_up_to_seconds(void **state)
{
	(void)state;
	assert_int_equal(downlink_expiry_s(2000, 0), 2);
	assert_int_equal(downlink_expiry_s(2001, 0), 3);
	assert_int_equal(downlink_expiry_s(1, 0), 1);
	assert_int_equal(downlink_expiry_s(0, 0), 1);
}

/* --- receipts ------------------------------------------------------------------- */

static Carepace__V1__Down *told(struct batch_entry entry)
{
	uint8_t bytes[RECEIPT_BYTES_MAX];

	entry.reading.boot = 3;
	entry.reading.seq = 77;
	struct slice receipt = receipt_of(&entry, 1000, bytes);
	return receipt.len ? carepace__v1__down__unpack(NULL, receipt.len, receipt.p) : NULL;
}

static void assert_nack(struct batch_entry entry, Carepace__V1__AckCode code, bool journalled)
{
	Carepace__V1__Down *down = told(entry);

	assert_non_null(down);
	assert_int_equal(down->body_case, CAREPACE__V1__DOWN__BODY_NACK);
	assert_int_equal(down->nack->seq, 77);
	assert_int_equal(down->nack->code, code);
	assert_int_equal(down->nack->journalled, journalled);
	carepace__v1__down__free_unpacked(down, NULL);
}

static void only_what_a_puback_cannot_say_is_told(void **state)
{
	struct batch_entry stored = {.what = BATCH_READING, .outcome = BATCH_NEW};
	struct batch_entry range = {
	    .what = BATCH_READING, .outcome = BATCH_NEW, .gate = READING_RANGE};
	struct batch_entry privacy = {
	    .what = BATCH_REFUSED, .outcome = BATCH_NOT_KEPT, .gate = READING_PRIVACY};
	struct batch_entry busy = {
	    .what = BATCH_PARK, .outcome = BATCH_NOT_KEPT, .gate = READING_PARKED};
	struct batch_entry parked = {
	    .what = BATCH_PARK, .outcome = BATCH_PARKED, .gate = READING_PARKED};

	(void)state;
	assert_null(told(stored));
	assert_nack(range, CAREPACE__V1__ACK_CODE__ACK_RANGE, true);
	assert_nack(privacy, CAREPACE__V1__ACK_CODE__ACK_PRIVACY, false);
	assert_nack(busy, CAREPACE__V1__ACK_CODE__ACK_BUSY, false);

	Carepace__V1__Down *down = told(parked);
	assert_int_equal(down->body_case, CAREPACE__V1__DOWN__BODY_ACK);
	assert_int_equal(down->ack->code, CAREPACE__V1__ACK_CODE__ACK_PARKED);
	carepace__v1__down__free_unpacked(down, NULL);
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
	    cmocka_unit_test(a_message_waits_for_its_device_until_it_is_worthless),
	    cmocka_unit_test(a_full_downlink_gives_up_what_expires_first),
	    cmocka_unit_test(a_device_keeps_its_newest_and_takes_no_other_ones_place),
	    cmocka_unit_test(expiry_is_rounded_up_to_seconds),
	    cmocka_unit_test(only_what_a_puback_cannot_say_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
