/* The link under pressure: any split, too much at once, silence, any bytes at all. */
#include "talk.h"

#include <stdio.h>
#include <stdlib.h>

/* --- splits --------------------------------------------------------------------- */

/* One line an event, so that two runs can be compared. */
static void trace(struct buf *out, const struct link_event *event)
{
	char line[64];
	int len = snprintf(line, sizeof(line), "%d ", (int)event->type);

	if (event->type == LINK_PUBLISH)
		len = snprintf(line, sizeof(line), "publish %u %u ", event->publish.packet_id,
		    (unsigned)event->publish.dup);
	assert_int_equal(buf_append(out, line, (size_t)len), CP_OK);
	if (event->type == LINK_PUBLISH)
		assert_int_equal(
		    buf_append(out, event->publish.payload.p, event->publish.payload.len), CP_OK);
}

/* Events and answers, with acknowledgements at the end of each piece. */
static struct buf run_in_two(struct slice bytes, size_t split)
{
	const struct slice pieces[] = {slice_of(bytes.p, split), slice_from(bytes, split)};
	struct link_event event;
	uint16_t owed[64];
	struct link link;
	struct buf seen;

	buf_init(&seen, 100000);
	begin_with(&link, &talk_config);
	for (size_t i = 0; i < 2 && link_wants_read(&link); i++) {
		/* Exactly as large as needed, and gone once link_next() has said false. */
		uint8_t *copy = malloc(pieces[i].len ? pieces[i].len : 1);
		size_t owed_count = 0;
		if (pieces[i].len)
			memcpy(copy, pieces[i].p, pieces[i].len);
		link_feed(&link, slice_of(copy, pieces[i].len));
		while (link_next(&link, 0, &event)) {
			trace(&seen, &event);
			give(&link, &event, 0);
			if (event.type == LINK_PUBLISH && event.publish.packet_id)
				owed[owed_count++] = event.publish.packet_id;
		}
		free(copy);
		for (size_t k = 0; k < owed_count; k++)
			link_ack(&link, owed[k], 0, 0);
		no_event(&link, 0);
	}
	/* Acknowledgements come at other places; count them by their number. */
	size_t answer_bytes = link_out(&link).len;
	assert_int_equal(buf_append(&seen, &answer_bytes, sizeof(answer_bytes)), CP_OK);
	link_deinit(&link);
	return seen;
}

static void any_split_gives_the_same_events(void **state)
{
	struct buf bytes = bytes_of(CONNECT_5 "32 [ " UP "0001 [ 23 0001 ] 'one' ]"
	                                      "82 [ 0002 [] " DOWN "01 ]"
	                                      "30 [ " UP "[ 26 \"k\" \"v\" ] 41*400 ]"
	                                      "c0 00"
	                                      "34 [ \"\" 0003 [ 23 0001 ] 'two' ]"
	                                      "a2 [ 0004 [] " DOWN "]");
	struct buf whole = run_in_two(buf_bytes(&bytes), bytes.len);

	(void)state;
	assert_true(whole.len > 400);
	for (size_t split = 0; split < bytes.len; split++) {
		struct buf seen = run_in_two(buf_bytes(&bytes), split);
		if (!slice_eq(buf_bytes(&seen), buf_bytes(&whole)))
			fail_msg("split at %zu", split);
		buf_deinit(&seen);
	}
	buf_deinit(&whole);
	buf_deinit(&bytes);
}

/* --- back-pressure and time --------------------------------------------------------------- */

static void a_311_device_waits_when_too_much_is_unacknowledged(void **state)
{
	struct buf bytes = bytes_of("1..10 32 [ " UP "%n 'x' ]");
	struct link_event event;
	uint16_t expected = 1;
	uint16_t acked = 1;
	struct link link;

	(void)state;
	begin(&link, CONNECT_311);
	link_feed(&link, buf_bytes(&bytes));
	while (acked <= 10) {
		while (link_next(&link, 0, &event)) {
			assert_int_equal(event.type, LINK_PUBLISH);
			assert_int_equal(event.publish.packet_id, expected++);
		}
		buf_deinit(&bytes); /* the link has what it needs */
		assert_int_equal(expected - acked, expected <= 10 ? 4 : 11 - acked);
		assert_int_equal(link_wants_read(&link), expected - acked < 4);
		link_ack(&link, acked++, 0, 0);
	}
	assert_int_equal(expected, 11);
	hear(&link, "1..10 40 02 %n");
	link_deinit(&link);
}

static void a_device_that_reads_no_answers_is_not_read(void **state)
{
	struct buf pings = bytes_of("1..100 c0 00");
	size_t fed = 0;
	struct link link;

	(void)state;
	begin(&link, CONNECT_5);
	while (link_wants_read(&link)) {
		assert_true(fed < 100);
		link_feed(&link, buf_bytes(&pings));
		no_event(&link, 0);
		fed++;
	}
	assert_true(link_out(&link).len <= link.out.max_bytes);

	/* Every one of them is answered in the end. */
	size_t answers = 0;
	while (link_out(&link).len > 0) {
		answers += link_out(&link).len / 2;
		swallow(&link);
		no_event(&link, 0);
	}
	assert_int_equal(answers, fed * 100);
	assert_true(link_wants_read(&link));
	buf_deinit(&pings);
	link_deinit(&link);
}

static void a_paused_link_says_nothing_and_counts_no_silence(void **state)
{
	struct buf bytes = bytes_of("32 [ " UP "0001 'a' ] 32 [ " UP "0002 'b' ]");
	struct link link;

	(void)state;
	begin(&link, "10 [ \"MQTT\" 04 02 000a \"%id\" ]");
	assert_int_equal(link_next_wake(&link), 15000);
	link_feed(&link, buf_bytes(&bytes));
	assert_int_equal(next_event(&link, 1000).publish.packet_id, 1);
	assert_int_equal(link_next_wake(&link), 16000);
	link_pause(&link);
	no_event(&link, 1000);
	buf_deinit(&bytes);
	assert_false(link_wants_read(&link));
	assert_true(link_next_wake(&link) == TIME_NEVER);
	link_tick(&link, 1000000);
	assert_int_equal(link.state, LINK_OPEN);

	link_ack(&link, 1, 0, 1500000); /* a pause is not over because a commit is */
	assert_true(link_next_wake(&link) == TIME_NEVER);
	link_resume(&link, 2000000);
	assert_int_equal(link_next_wake(&link), 2015000);
	assert_int_equal(next_event(&link, 2000000).publish.packet_id, 2);
	link_tick(&link, 2014999);
	no_event(&link, 2014999);
	link_tick(&link, 2015000);
	struct link_event event = next_event(&link, 2015000);
	assert_int_equal(event.type, LINK_CLOSED);
	assert_int_equal(event.reason, MQTT_KEEP_ALIVE_TIMEOUT);
	link_deinit(&link);
}

static void waiting_for_the_ledger_counts_no_silence(void **state)
{
	struct link link;

	(void)state;
	begin(&link, "10 [ \"MQTT\" 04 02 000a \"%id\" ]");
	feed(&link, "1..4 32 [ " UP "%n 'x' ]");
	assert_true(link_next_wake(&link) == TIME_NEVER);
	link_ack(&link, 1, 0, 100000);
	assert_int_equal(link_next_wake(&link), 115000);
	link_ack(&link, 2, 0, 110000); /* it could be heard all the time */
	assert_int_equal(link_next_wake(&link), 115000);
	link_deinit(&link);
}

static void the_deadline_for_connect_is_kept(void **state)
{
	struct link link;

	(void)state;
	begin_with(&link, &talk_config);
	assert_int_equal(link_next_wake(&link), 5000);
	link_tick(&link, 4999);
	no_event(&link, 4999);
	link_tick(&link, 5000);
	assert_int_equal(next_event(&link, 5000).reason, MQTT_CONNECT_TIMEOUT);
	assert_true(link_next_wake(&link) == TIME_NEVER);
	link_deinit(&link);
}

/* --- anything at all ----------------------------------------------------------------------------
 */

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* A good conversation with up to four bytes changed, in pieces of any size: the
 * link ends or goes on, but stays within its bounds and keeps its promises. */
static bool survive(struct slice good, uint32_t seed)
{
	uint8_t bytes[2048];
	uint16_t owed[64];
	size_t owed_from = 0;
	size_t owed_count = 0;
	size_t closed = 0;
	struct link_event event;
	struct link link;

	assert_true(good.len <= sizeof(bytes));
	memcpy(bytes, good.p, good.len);
	for (uint32_t i = next_random(&seed) % 5; i > 0; i--)
		bytes[next_random(&seed) % good.len] = (uint8_t)next_random(&seed);

	begin_with(&link, &talk_config);
	struct slice rest = slice_of(bytes, good.len);
	for (unsigned turn = 0; (rest.len > 0 || owed_from < owed_count) && closed == 0; turn++) {
		assert_true(turn < 10000); /* a link that rests for ever */
		while (
		    owed_from < owed_count && (next_random(&seed) % 3 || !link_wants_read(&link)))
			link_ack(&link, owed[owed_from++ % 64], 0, 0);
		swallow(&link);
		size_t len = 1 + next_random(&seed) % 300;
		len = len < rest.len ? len : rest.len;
		if (link_wants_read(&link)) {
			link_feed(&link, slice_of(rest.p, len));
			rest = slice_from(rest, len);
		}
		while (link_next(&link, 0, &event)) {
			give(&link, &event, 0);
			closed += event.type == LINK_CLOSED;
			if (event.type == LINK_PUBLISH && event.publish.packet_id)
				owed[owed_count++ % 64] = event.publish.packet_id;
		}
		assert_true(link_out(&link).len <= link.out.max_bytes);
		assert_true(owed_count - owed_from <= talk_config.receive_maximum);
	}
	no_event(&link, 0);
	assert_int_equal(closed, link.state == LINK_ENDED);
	link_deinit(&link);
	return closed == 0;
}

static void any_bytes_are_survived(void **state)
{
	static const char *const conversations[] = {
	    "10 [ \"MQTT\" 05 06 0000 [ 11 00000001 22 0001 ] \"%id\" "
	    "[ 18 00000002 01 01 ] " UP "\"bye\" ]"
	    "82 [ 0001 [ 26 \"k\" \"v\" ] " DOWN "01 ]"
	    "32 [ " UP "0002 [ 02 00000001 01 01 08 \"r\" ] 'payload' ]"
	    "30 [ " UP "[] 41*200 ] c0 00 62 02 0009 40 02 0001"
	    "a2 [ 0004 [] " DOWN "\"other\" ] 32 [ \"other\" 0005 [] 'x' ]"
	    "34 [ " UP "0006 [ 23 0001 ] 'x' ] 34 [ \"\" 0007 [ 23 0001 ] 'y' ]"
	    "3c [ \"\" 0007 [ 23 0001 ] 'y' ] 62 02 0006"
	    "e0 [ 00 [ 11 00000000 1f \"bye\" ] ]",
	    CONNECT_311 "82 [ 0001 " DOWN "01 \"a/+/#\" 02 ] 32 [ " UP "0002 'payload' ]"
	                "32 [ " UP "0003 'payload' ] 3a [ " UP "0002 'payload' ]"
	                "34 [ " UP "0005 'x' ] 3c [ " UP "0005 'x' ]"
	                "30 [ " UP "41*200 ] c0 00 62 02 0009 40 02 0001 a2 [ 0004 " DOWN
	                "] 62 02 0005",
	};
	size_t ended = 0;
	size_t went_on = 0;

	(void)state;
	for (size_t i = 0; i < CP_COUNT(conversations); i++) {
		struct buf good = bytes_of(conversations[i]);
		for (uint32_t seed = 1; seed <= 5000; seed++) {
			bool is_open = survive(buf_bytes(&good), seed * 2654435761U);
			ended += !is_open;
			went_on += is_open;
		}
		buf_deinit(&good);
	}
	assert_true(ended > 1000 && went_on > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_split_gives_the_same_events),
	    cmocka_unit_test(a_311_device_waits_when_too_much_is_unacknowledged),
	    cmocka_unit_test(a_device_that_reads_no_answers_is_not_read),
	    cmocka_unit_test(a_paused_link_says_nothing_and_counts_no_silence),
	    cmocka_unit_test(waiting_for_the_ledger_counts_no_silence),
	    cmocka_unit_test(the_deadline_for_connect_is_kept),
	    cmocka_unit_test(any_bytes_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
