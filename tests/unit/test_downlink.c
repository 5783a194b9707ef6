/* What waits for devices, and what they left to be said: order, limits, time. */
#include "base/arena.h"
#include "shell/downlink.h"
#include "shell/wills.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#define NEVER INT64_C(1000000)

static struct downlink downlink;
static struct downlink_queue queue, quiet, loud;
static struct wills wills;
static const struct id pen = {{1}};
static const struct id stamp = {{2}};

static int tear_down(void **state)
{
	(void)state;
	downlink_deinit(&downlink);
	downlink = (struct downlink){0};
	queue = quiet = loud = (struct downlink_queue){0};
	wills_deinit(&wills);
	wills = (struct wills){0};
	return 0;
}

static void put(
    struct downlink_queue *into, const struct id *device, uint64_t n, const char *text, wall_ms at)
{
	struct batch_down down = {
	    .device = *device,
	    .n = n,
	    .payload = slice_str(text),
	    .expires_at = at,
	};

	downlink_put(&downlink, into, &down);
}

static struct downlink_message *next(struct downlink_queue *of, wall_ms now)
{
	return downlink_next(&downlink, of, now);
}

static void is_next(struct downlink_queue *of, const char *text)
{
	struct downlink_message *message = next(of, 0);

	assert_non_null(message);
	assert_true(slice_eq(slice_of(message->bytes, message->len), slice_str(text)));
}

static void over_is(const struct id *device, uint64_t n)
{
	struct batch_over over;

	assert_true(downlink_next_over(&downlink, &over));
	assert_true(id_eq(&over.device, device));
	assert_int_equal(over.n, n);
}

static void nothing_is_over(void)
{
	struct batch_over over;

	assert_false(downlink_next_over(&downlink, &over));
}

/* --- messages --------------------------------------------------------------------------- */

static void a_queue_keeps_its_order(void **state)
{
	(void)state;
	put(&queue, &pen, 1, "row 1", NEVER);
	put(&queue, &pen, 0, "verdict", NEVER);
	put(&queue, &pen, 2, "row 2", NEVER);
	is_next(&queue, "row 1");
	next(&queue, 0)->is_under_way = true;
	is_next(&queue, "verdict");
	downlink_over(&downlink, next(&queue, 0));
	is_next(&queue, "row 2");
	next(&queue, 0)->is_under_way = true;
	assert_null(next(&queue, 0));
	nothing_is_over();

	assert_null(downlink_find(&queue, 0x8003));
	downlink_over(&downlink, downlink_find(&queue, 0x8002));
	over_is(&pen, 2);
	nothing_is_over();
	assert_int_equal(queue.count, 1);
}

static void identifiers_stay_above_those_of_the_link(void **state)
{
	struct downlink_message message = {.n = 0};

	(void)state;
	assert_int_equal(downlink_packet_id(&message), 0);
	message.n = 0x7fff;
	assert_int_equal(downlink_packet_id(&message), 0xffff);
	message.n = 0x8000;
	assert_int_equal(downlink_packet_id(&message), 0x8000);
	message.n = 0x8001;
	assert_int_equal(downlink_packet_id(&message), 0x8001);
}

static void a_cut_makes_repeats_and_a_new_session_none(void **state)
{
	(void)state;
	put(&queue, &pen, 1, "sent", NEVER);
	put(&queue, &pen, 2, "not sent", NEVER);
	queue.first->is_under_way = true;
	downlink_cut(&queue);
	assert_true(queue.first->is_repeated && !queue.first->is_under_way);
	assert_false(queue.first->next->is_repeated);
	downlink_forget(&queue);
	assert_false(queue.first->is_repeated);
}

static void what_is_taken_back_is_not_sent(void **state)
{
	(void)state;
	put(&queue, &pen, 1, "under way", NEVER);
	put(&queue, &pen, 2, "waits", NEVER);
	put(&queue, &pen, 3, "stays", NEVER);
	queue.first->is_under_way = true;
	downlink_take_back(&downlink, &queue, 1);
	over_is(&pen, 1);
	downlink_take_back(&downlink, &queue, 2);
	over_is(&pen, 2);
	downlink_take_back(&downlink, &queue, 2); /* it is gone */
	nothing_is_over();
	is_next(&queue, "stays");
	assert_int_equal(queue.count, 1);
}

static void what_is_late_is_not_sent(void **state)
{
	(void)state;
	put(&queue, &pen, 1, "late", 10);
	put(&queue, &pen, 2, "under way and late", 10);
	put(&queue, &pen, 3, "not late", 11);
	queue.first->next->is_under_way = true;
	assert_int_equal(next(&queue, 10)->n, 3);
	assert_int_equal(downlink.counters.expired, 1);
	over_is(&pen, 1);
	downlink_expire(&downlink, 10);
	over_is(&pen, 2);
	assert_int_equal(downlink.counters.expired, 2);
	assert_int_equal(queue.count, 1);
}

static void a_flood_costs_no_other_device_its_message(void **state)
{
	(void)state;
	put(&quiet, &stamp, 1, "quiet", NEVER);
	for (uint64_t n = 1; n <= DOWNLINK_DEVICE_MAX + 3; n++)
		put(&loud, &pen, n, "loud", NEVER);
	assert_int_equal(quiet.count, 1);
	assert_int_equal(loud.count, DOWNLINK_DEVICE_MAX);
	assert_int_equal(loud.first->n, 4);
	assert_int_equal(downlink.counters.dropped, 3);
	over_is(&pen, 3);
	over_is(&pen, 2);
	over_is(&pen, 1);
	nothing_is_over();
}

static void all_together_have_a_limit_too(void **state)
{
	enum {
		COUNT = 1000,
		BYTES = 30000
	};
	static char text[BYTES + 1];
	static struct downlink_queue queues[COUNT];

	(void)state;
	memset(text, 'x', BYTES);
	for (size_t i = 0; i < COUNT; i++)
		put(&queues[i], &pen, i + 1, text, NEVER);
	assert_true(downlink.bytes <= DOWNLINK_BYTES_MAX);
	assert_true(downlink.bytes > DOWNLINK_BYTES_MAX - 2 * BYTES);
	size_t left = DOWNLINK_BYTES_MAX / (BYTES + sizeof(struct downlink_message));
	assert_int_equal(downlink.counters.dropped, COUNT - left);
	assert_int_equal(queues[COUNT - left - 1].count, 0); /* the oldest went */
	assert_int_equal(queues[COUNT - left].count, 1);
}

static void expiry_is_told_in_seconds_and_is_never_0(void **state)
{
	(void)state;
	assert_int_equal(downlink_expiry_s(5000, 3000), 2);
	assert_int_equal(downlink_expiry_s(5001, 3000), 3);
	assert_int_equal(downlink_expiry_s(3001, 3000), 1);
	assert_int_equal(downlink_expiry_s(2000, 3000), 1);
}

/* --- wills ------------------------------------------------------------------------------- */

static void leave(const struct id *device, const char *text, mono_ms due_at)
{
	wills_keep(&wills, device, false, slice_str(text), due_at);
}

static void wills_go_when_they_are_due(void **state)
{
	(void)state;
	leave(&pen, "later", 20);
	leave(&stamp, "soon", 10);
	assert_null(wills_next(&wills, 9));
	assert_true(id_eq(&wills_next(&wills, 10)->device, &stamp));
	wills_done(&wills, wills_next(&wills, 10));
	assert_null(wills_next(&wills, 19));
	assert_true(id_eq(&wills_next(&wills, 20)->device, &pen));
}

static void only_a_will_with_its_delay_is_taken_back(void **state)
{
	(void)state;
	leave(&pen, "due", 10);
	leave(&pen, "delayed", 30);
	leave(&stamp, "another's", 30);
	wills_cancel(&wills, &pen, 10);
	assert_int_equal(wills.counters.cancelled, 1);
	wills_cancel(&wills, &pen, 10);
	assert_int_equal(wills.counters.cancelled, 1);
	assert_int_equal(wills_next(&wills, 10)->due_at, 10);
	wills_done(&wills, wills_next(&wills, 10));
	assert_true(id_eq(&wills.first->device, &stamp));
}

static void the_end_of_a_session_ends_the_delay(void **state)
{
	(void)state;
	leave(&stamp, "another's", 20);
	leave(&pen, "delayed", 30);
	wills_hurry(&wills, &pen, 5);
	assert_true(id_eq(&wills_next(&wills, 5)->device, &pen));
	wills_done(&wills, wills_next(&wills, 5));
	assert_null(wills_next(&wills, 5));
}

static void wills_have_a_limit(void **state)
{
	char *text = calloc(1, WILLS_BYTES_MAX / 2 + 1);

	(void)state;
	memset(text, 'x', WILLS_BYTES_MAX / 2);
	leave(&pen, text, 10);
	leave(&stamp, text, 5);
	assert_int_equal(wills.counters.dropped, 1);
	assert_true(wills.bytes <= WILLS_BYTES_MAX);
	assert_true(id_eq(&wills_next(&wills, 10)->device, &pen));
	free(text);
}

#define downlink_test(f) cmocka_unit_test_teardown(f, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    downlink_test(a_queue_keeps_its_order),
	    downlink_test(identifiers_stay_above_those_of_the_link),
	    downlink_test(a_cut_makes_repeats_and_a_new_session_none),
	    downlink_test(what_is_taken_back_is_not_sent),
	    downlink_test(what_is_late_is_not_sent),
	    downlink_test(a_flood_costs_no_other_device_its_message),
	    downlink_test(all_together_have_a_limit_too),
	    downlink_test(expiry_is_told_in_seconds_and_is_never_0),
	    downlink_test(wills_go_when_they_are_due),
	    downlink_test(only_a_will_with_its_delay_is_taken_back),
	    downlink_test(the_end_of_a_session_ends_the_delay),
	    downlink_test(wills_have_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
