/* Wills: what a device leaves behind goes the way of its messages. */
#include "devices_bench.h"

#include <stdio.h>

/* CONNECT with a heartbeat as will; `flags` of CONNECT, `terms` and `about_will`: MQTT 5. */
static void connect_with_will(
    uint64_t conn, uint32_t seq, const char *level, const char *terms, const char *about_will)
{
	char hex[300];
	char text[900];

	heartbeat(seq, 100, hex);
	snprintf(text, sizeof(text), "10 [ \"MQTT\" %s 0000 %s \"%%id\" %s %s %04x %s ]", level,
	    terms, about_will, UP, (unsigned)strlen(hex) / 2, hex);
	open_conn(conn);
	say(conn, text);
	settle();
	assert_true(port.conns[conn].heard.len > 0);
	deaf(conn);
}

/* How many readings wait in the open batch. */
static size_t readings(void)
{
	size_t count = 0;

	for (size_t i = 0; i < intake.batch->entry_count; i++)
		count += intake.batch->entries[i].what == BATCH_READING;
	return count;
}

static void a_will_goes_up_when_the_connection_is_lost(void **state)
{
	(void)state;
	connect_with_will(1, 7, "04 06", "", "");
	assert_int_equal(readings(), 0);
	lose_conn(1);
	assert_int_equal(readings(), 1);
	assert_int_equal(intake.batch->entries[0].reading.seq, 7);
	assert_int_equal(intake.batch->entries[0].conn, 0);
	settle();
	assert_int_equal(devices_counters(devices)->wills, 1);
	assert_int_equal(devices_counters(devices)->stored, 1);
	assert_int_equal(devices_counters(devices)->acknowledged, 0);
}

static void who_says_goodbye_takes_the_will_back(void **state)
{
	(void)state;
	connect_with_will(1, 7, "04 06", "", "");
	say(1, DISCONNECT);
	lose_conn(1);
	assert_int_equal(readings(), 0);
}

static void goodbye_with_will_leaves_it(void **state)
{
	(void)state;
	connect_with_will(1, 7, "05 06", "[]", "[]");
	say(1, "e0 02 04 00");
	assert_int_equal(readings(), 1);
}

static void a_takeover_lets_the_will_go_up(void **state)
{
	(void)state;
	connect_with_will(1, 7, "04 06", "", "");
	open_conn(2);
	say(2, CONNECT_311);
	assert_int_equal(readings(), 1);
}

static void a_will_waits_for_its_delay(void **state)
{
	(void)state;
	connect_with_will(1, 7, "05 06", "[ 11 00000064 ]", "[ 18 00000001 ]");
	lose_conn(1);
	devices_tick(devices);
	assert_int_equal(readings(), 0);
	usleep(1010000);
	devices_tick(devices);
	assert_int_equal(readings(), 1);
}

static void who_comes_back_in_time_takes_the_will_back(void **state)
{
	(void)state;
	connect_with_will(1, 7, "05 06", "[ 11 00000064 ]", "[ 18 0000000a ]");
	lose_conn(1);
	settle();
	open_conn(2);
	say(2, KEEP_5);
	settle();
	assert_int_equal(devices_wills_counters(devices)->cancelled, 1);
	lose_conn(2);
	assert_int_equal(readings(), 0);
}

/* [MQTT-3.1.3-9]: a takeover is a new connection to the session, too. */
static void a_takeover_in_time_takes_the_will_back(void **state)
{
	(void)state;
	connect_with_will(1, 7, "05 06", "[ 11 00000064 ]", "[ 18 0000000a ]");
	open_conn(2);
	say(2, KEEP_5);
	assert_int_equal(readings(), 0);
	assert_int_equal(devices_wills_counters(devices)->cancelled, 1);
}

static void a_session_that_ends_takes_no_delay(void **state)
{
	(void)state;
	connect_with_will(1, 7, "05 06", "[ 11 00000064 ]", "[ 18 0000000a ]");
	lose_conn(1);
	settle();
	open_conn(2);
	say(2, CLEAN_5);
	assert_int_equal(readings(), 1);
	settle();
	/* And one whose session ends with its connection has none. */
	connect_with_will(3, 8, "05 06", "[]", "[ 18 0000000a ]");
	lose_conn(3);
	assert_int_equal(readings(), 1);
}

static void a_will_waits_for_room(void **state)
{
	(void)state;
	connect_with_will(1, 7, "04 06", "", "");
	while (!batch_is_full(intake.batch))
		assert_non_null(batch_add(intake.batch));
	lose_conn(1);
	assert_int_equal(intake.batch->entry_count, BATCH_ENTRIES_MAX);
	make_room();
	assert_int_equal(intake.batch->entry_count, 1);
	assert_int_equal(intake.batch->entries[0].reading.seq, 7);
}

/* It is the gateway that goes away, not the device. */
static void stopping_lets_no_will_go_up(void **state)
{
	(void)state;
	connect_with_will(1, 7, "04 06", "", "");
	bench_restart();
	assert_int_equal(entries_at_close, 0);
}

#define will_test(f) cmocka_unit_test_setup_teardown(f, bench_set_up_ledger, bench_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    will_test(a_will_goes_up_when_the_connection_is_lost),
	    will_test(who_says_goodbye_takes_the_will_back),
	    will_test(goodbye_with_will_leaves_it),
	    will_test(a_takeover_lets_the_will_go_up),
	    will_test(a_will_waits_for_its_delay),
	    will_test(who_comes_back_in_time_takes_the_will_back),
	    will_test(a_takeover_in_time_takes_the_will_back),
	    will_test(a_session_that_ends_takes_no_delay),
	    will_test(a_will_waits_for_room),
	    will_test(stopping_lets_no_will_go_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
