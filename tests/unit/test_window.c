/* The window against a model of head office and an outbox, in random order. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "shell/window.h"

#define KINDS 4
#define PER_KIND 60
#define SEEDS 400
#define STEPS 3000

static uint32_t next_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*seed >> 33);
}

/* --- back-off and waiting -------------------------------------------------- */

static struct window up_at(mono_ms now, unsigned receive_maximum)
{
	struct window window;

	window_init(&window, now);
	window_connect(&window, now);
	window_connected(&window, receive_maximum, now);
	assert_int_equal(window.state, WINDOW_UP);
	return window;
}

static void test_first_connect_is_at_once(void **state)
{
	(void)state;
	struct window window;

	window_init(&window, 5000);
	assert_int_equal(window_next(&window, 5000), WINDOW_CONNECT);
}

static void test_backoff_doubles_to_its_limit(void **state)
{
	(void)state;
	const mono_ms expected_ms[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
	struct window window;
	mono_ms now = 0;

	window_init(&window, now);
	for (size_t i = 0; i < CP_COUNT(expected_ms); i++) {
		window_connect(&window, now);
		struct window shortest = window;
		window_lost(&shortest, now, (uint32_t)(expected_ms[i] / 2));
		assert_int_equal(window_next_wake(&shortest), now + expected_ms[i] / 2);
		window_lost(&window, now, 0);
		assert_int_equal(window_next_wake(&window), now + expected_ms[i]);
		assert_int_equal(window_next(&window, now + expected_ms[i] - 1), WINDOW_WAIT);
		now += expected_ms[i];
		assert_int_equal(window_next(&window, now), WINDOW_CONNECT);
	}
}

static void test_only_a_connection_that_lasts_ends_the_series(void **state)
{
	(void)state;
	struct window window;
	struct window_row row;
	uint32_t token;

	window_init(&window, 0);
	for (unsigned i = 1; i <= 3; i++) {
		window_connect(&window, 0);
		window_connected(&window, 100, 0);
		assert_int_equal(window_offer(&window, (struct window_row){1, i}, 10, 0, &token),
		    WINDOW_ADMITTED);
		assert_true(window_done(&window, token, 0, &row));
		window_lost(&window, WINDOW_GOOD_STAY_MS - 1, 0);
		assert_int_equal(window.failures, i);
	}
	window_connect(&window, 0);
	window_connected(&window, 100, 0);
	window_lost(&window, WINDOW_GOOD_STAY_MS, 0);
	assert_int_equal(window.failures, 1);
}

static void test_a_silent_other_side_is_given_up(void **state)
{
	(void)state;
	struct window window;
	uint32_t token;

	window_init(&window, 0);
	window_connect(&window, 0);
	assert_int_equal(window_next_wake(&window), WINDOW_CONNECT_LIMIT_MS);
	assert_int_equal(window_next(&window, WINDOW_CONNECT_LIMIT_MS), WINDOW_GIVE_UP);

	window = up_at(0, 100);
	window_drained(&window, 0);
	assert_int_equal(window_next_wake(&window), WINDOW_LOOK_MS); /* idle is not silent */
	assert_int_equal(window_next(&window, WINDOW_LOOK_MS), WINDOW_FILL);
	assert_int_equal(
	    window_offer(&window, (struct window_row){1, 1}, 10, 500, &token), WINDOW_ADMITTED);
	window_drained(&window, 1000);
	assert_int_equal(window_next(&window, 500 + WINDOW_STALL_LIMIT_MS - 1), WINDOW_WAIT);
	assert_int_equal(window_next(&window, 500 + WINDOW_STALL_LIMIT_MS), WINDOW_GIVE_UP);
}

static void test_an_outbox_that_could_not_be_read_is_asked_again_soon(void **state)
{
	(void)state;
	struct window window = up_at(0, 100);

	window_unread(&window, 500);
	assert_int_equal(window_next(&window, 500), WINDOW_WAIT);
	assert_int_equal(window_next_wake(&window), 500 + WINDOW_RETRY_MS);
	assert_int_equal(window_next(&window, 500 + WINDOW_RETRY_MS), WINDOW_FILL);
}

/* --- limits ---------------------------------------------------------------- */

static void test_rows_are_bounded_by_us_and_by_the_broker(void **state)
{
	(void)state;
	const unsigned receive_maximum[] = {1, 20, 100, 65535};
	const unsigned expected[] = {1, 20, WINDOW_ROWS, WINDOW_ROWS};

	for (size_t i = 0; i < CP_COUNT(expected); i++) {
		struct window window = up_at(0, receive_maximum[i]);
		uint32_t token;
		uint64_t n = 1;
		while (window_offer(&window, (struct window_row){1, n}, 1, 0, &token) ==
		       WINDOW_ADMITTED)
			n++;
		assert_int_equal(n - 1, expected[i]);
		assert_int_equal(window_next(&window, 1), WINDOW_WAIT);
	}
}

static void test_bytes_are_bounded_and_the_order_is_kept(void **state)
{
	(void)state;
	struct window window = up_at(0, 100);
	struct window_row row;
	uint32_t first, token;

	assert_int_equal(
	    window_offer(&window, (struct window_row){1, 1}, WINDOW_BYTES - 10, 0, &first),
	    WINDOW_ADMITTED);
	assert_int_equal(
	    window_offer(&window, (struct window_row){1, 2}, 11, 0, &token), WINDOW_FULL);
	/* Row 2 is the more urgent: a small row 3 must not overtake it, and the
	 * thread must not be told to try again before something has changed. */
	assert_int_equal(
	    window_offer(&window, (struct window_row){1, 3}, 1, 0, &token), WINDOW_FULL);
	assert_int_equal(window_next(&window, 1), WINDOW_WAIT);
	assert_true(window_done(&window, first, 1, &row));
	assert_int_equal(window_next(&window, 1), WINDOW_FILL);
	assert_int_equal(
	    window_offer(&window, (struct window_row){1, 2}, 11, 0, &token), WINDOW_ADMITTED);
}

static enum window_answer offer(
    struct window *window, unsigned kind, uint64_t n, mono_ms now, uint32_t *token)
{
	return window_offer(window, (struct window_row){kind, n}, 1, now, token);
}

static void test_a_refusal_pauses_its_kind_and_no_other(void **state)
{
	(void)state;
	struct window window = up_at(0, 100);
	struct window_row row;
	uint32_t refused, other;

	assert_int_equal(offer(&window, 2, 1, 0, &refused), WINDOW_ADMITTED);
	assert_int_equal(offer(&window, 2, 2, 0, &other), WINDOW_ADMITTED);
	assert_true(window_refused(&window, refused, 10, &row));
	assert_int_equal(row.n, 1);
	const mono_ms ends_at = 10 + WINDOW_PAUSE_MS;
	window_drained(&window, 20);
	assert_int_equal(window_next(&window, ends_at - 1), WINDOW_WAIT);
	assert_int_equal(offer(&window, 2, 3, 11, &refused), WINDOW_KNOWN);
	assert_int_equal(offer(&window, 1, 1, 11, &refused), WINDOW_ADMITTED);
	window.progress_at = ends_at; /* keep the silence limit out of this */
	assert_int_equal(window_next_wake(&window), ends_at);
	assert_int_equal(window_next(&window, ends_at), WINDOW_FILL);
	assert_int_equal(window_fill(&window, ends_at), 98);
	assert_int_equal(offer(&window, 2, 1, ends_at, &refused), WINDOW_ADMITTED);
	assert_int_equal(offer(&window, 2, 2, ends_at, &other), WINDOW_KNOWN); /* in flight */
	window_drained(&window, ends_at);
	assert_int_equal(window_next(&window, ends_at), WINDOW_WAIT); /* once, not for ever */
}

static void connect_again(struct window *window, mono_ms now)
{
	window_lost(window, now, 0);
	window_connect(window, now);
	window_connected(window, 100, now);
}

/* Mosquitto 2.0.11 refuses a row and then hangs up. */
static void test_a_pause_outlives_a_loss(void **state)
{
	(void)state;
	struct window window = up_at(0, 100);
	struct window_row row;
	uint32_t token;

	assert_int_equal(offer(&window, 2, 1, 0, &token), WINDOW_ADMITTED);
	assert_true(window_refused(&window, token, 0, &row));
	connect_again(&window, 1000);
	assert_int_equal(window_fill(&window, 1000), 100);
	assert_int_equal(offer(&window, 2, 1, 1000, &token), WINDOW_KNOWN);
	assert_int_equal(offer(&window, 1, 1, 1000, &token), WINDOW_ADMITTED);
	assert_int_equal(window_fill(&window, WINDOW_PAUSE_MS), 99);
	assert_int_equal(offer(&window, 2, 1, WINDOW_PAUSE_MS, &token), WINDOW_ADMITTED);
}

static void test_what_paho_keeps_over_a_loss_stays_in_flight(void **state)
{
	(void)state;
	struct window window = up_at(0, 100);
	struct window_row row;
	uint32_t returned, kept, token;

	assert_int_equal(offer(&window, 1, 1, 0, &returned), WINDOW_ADMITTED);
	assert_int_equal(offer(&window, 1, 2, 0, &kept), WINDOW_ADMITTED);
	assert_true(window_returned(&window, returned));
	assert_false(window_returned(&window, returned));
	assert_false(window_done(&window, returned, 0, &row));
	connect_again(&window, 1000);
	assert_int_equal(window_fill(&window, 1000), 99);
	assert_int_equal(offer(&window, 1, 1, 1000, &token), WINDOW_ADMITTED);
	assert_int_not_equal(token, kept);
	assert_int_equal(offer(&window, 1, 2, 1000, &token), WINDOW_KNOWN);
	assert_true(window_done(&window, kept, 1000, &row));
	assert_int_equal(row.n, 2);
	/* A broker that takes less than what is still in flight gets nothing new. */
	assert_int_equal(offer(&window, 1, 3, 1000, &token), WINDOW_ADMITTED);
	window_lost(&window, 2000, 0);
	window_connect(&window, 2000);
	window_connected(&window, 1, 2000);
	assert_int_equal(window_fill(&window, 2000), 0);
	window_forget(&window);
	assert_int_equal(window_fill(&window, 2000), 1);
}

/* --- a broker that forgets ------------------------------------------------------ */

/* An outbox of which head office has receipted nothing, and a broker that acknowledges
 * each row half a minute after it was sent. */
struct forgetful {
	struct window window;
	uint64_t rows;
	mono_ms sent_at[PER_KIND * 4 + 1]; /* by n, the last time; 0: never */
	unsigned sent[PER_KIND * 4 + 1];
	uint32_t token[PER_KIND * 4 + 1];
	mono_ms shortest; /* between two offers of one row */
};

static void send_what_is_due(struct forgetful *f, mono_ms now)
{
	while (window_next(&f->window, now) == WINDOW_FILL) {
		unsigned room = window_fill(&f->window, now);
		unsigned found = 0;
		for (uint64_t n = f->window.after[1] + 1; n <= f->rows && found < room; n++) {
			found++;
			if (offer(&f->window, 1, n, now, &f->token[n]) != WINDOW_ADMITTED)
				continue;
			if (f->sent[n]++ > 0 && now - f->sent_at[n] < f->shortest)
				f->shortest = now - f->sent_at[n];
			f->sent_at[n] = now;
		}
		if (found == 0)
			window_drained(&f->window, now);
	}
}

static void acknowledge_old(struct forgetful *f, mono_ms now)
{
	struct window_row row;

	for (uint64_t n = 1; n <= f->rows; n++)
		if (f->sent[n] && now == f->sent_at[n] + 30 * MS_PER_SECOND)
			assert_true(window_done(&f->window, f->token[n], now, &row));
}

static void pass(struct forgetful *f, mono_ms from, mono_ms until)
{
	for (mono_ms now = from; now < until; now += MS_PER_SECOND) {
		acknowledge_old(f, now);
		send_what_is_due(f, now);
		assert_true(f->window.rows <= WINDOW_ROWS);
		if (now % MS_PER_MINUTE == 0 && f->rows < PER_KIND * 4) {
			f->rows++; /* while others wait for their receipts */
			window_poke(&f->window);
		}
	}
}

static void test_what_head_office_has_not_receipted_is_offered_again(void **state)
{
	(void)state;
	struct forgetful f = {.window = up_at(0, 100), .rows = 150, .shortest = TIME_NEVER};

	f.window.has_receipts = true;
	pass(&f, 0, WINDOW_RECEIPT_WAIT_MS);
	for (uint64_t n = 1; n <= f.rows; n++)
		assert_true(f.sent[n] <= 1);
	pass(&f, WINDOW_RECEIPT_WAIT_MS, 6 * WINDOW_RECEIPT_WAIT_MS);
	assert_in_range(f.shortest, WINDOW_RECEIPT_WAIT_MS, WINDOW_RECEIPT_WAIT_MS * 2);
	for (uint64_t n = 1; n <= 150; n++)
		assert_in_range(f.sent[n], 5, 6);
	assert_true(f.sent[f.rows - 1] >= 1); /* nothing new was passed over */
}

static void test_without_receipts_a_row_is_offered_once(void **state)
{
	(void)state;
	struct forgetful f = {.window = up_at(0, 100), .rows = 150, .shortest = TIME_NEVER};

	pass(&f, 0, 3 * WINDOW_RECEIPT_WAIT_MS);
	for (uint64_t n = 1; n < f.rows; n++)
		assert_int_equal(f.sent[n], 1);
}

/* --- random sequences ------------------------------------------------------ */

enum at_head_office {
	NOT_THERE,
	IN_FLIGHT,
	CONFIRMED
};

/* Paho: what it holds, and whether it was sent (then a loss gives it back). */
struct held {
	struct window_row row;
	uint32_t token;
	size_t len_bytes;
	bool is_sent;
};

struct model {
	struct window window;
	uint64_t seed;
	mono_ms now;
	uint64_t added[KINDS + 1];
	bool is_in_outbox[KINDS + 1][PER_KIND + 1];
	bool is_confirmed[KINDS + 1][PER_KIND + 1];
	struct held held[WINDOW_ROWS];
	size_t held_count;
	unsigned receive_maximum;
	bool is_well; /* at the end: nothing is lost or refused any more */
};

static size_t row_bytes(struct window_row row)
{
	return 1 + (size_t)(row.n * 7919 + row.kind * 104729) % 60000;
}

static struct window_row next_in_outbox(const struct model *model)
{
	for (unsigned kind = 1; kind <= KINDS; kind++)
		for (uint64_t n = model->window.after[kind] + 1; n <= PER_KIND; n++)
			if (model->is_in_outbox[kind][n])
				return (struct window_row){kind, n};
	return (struct window_row){0, 0};
}

/* Counted from what Paho holds, not by the window's own sums. */
static void check_limits(const struct model *model)
{
	size_t bytes = 0;

	for (size_t i = 0; i < model->held_count; i++)
		bytes += model->held[i].len_bytes;
	assert_true(model->held_count <= WINDOW_ROWS);
	assert_true(bytes <= WINDOW_BYTES);
	assert_int_equal(model->held_count, model->window.rows);
	assert_int_equal(bytes, model->window.bytes);
}

static void hold(struct model *model, struct held held)
{
	for (size_t i = 0; i < model->held_count; i++) {
		const struct held *other = &model->held[i];
		assert_int_not_equal(other->token, held.token);
		assert_true(other->row.kind != held.row.kind || other->row.n != held.row.n);
	}
	assert_true(model->held_count < WINDOW_ROWS && model->held_count < model->receive_maximum);
	model->held[model->held_count++] = held;
}

static struct held let_go(struct model *model, size_t i)
{
	struct held held = model->held[i];

	model->held[i] = model->held[--model->held_count];
	return held;
}

static void fill(struct model *model)
{
	unsigned max = window_fill(&model->window, model->now);
	struct window_row last = {0, 0};

	for (unsigned i = 0; i < max; i++) {
		struct held held = {.row = next_in_outbox(model)};
		if (held.row.kind == 0) {
			window_drained(&model->window, model->now);
			return;
		}
		assert_true(held.row.kind > last.kind ||
		            (held.row.kind == last.kind && held.row.n > last.n));
		last = held.row;
		held.len_bytes = row_bytes(held.row);
		switch (window_offer(
		    &model->window, held.row, held.len_bytes, model->now, &held.token)) {
		case WINDOW_ADMITTED:
			hold(model, held);
			break;
		case WINDOW_KNOWN:
			break;
		case WINDOW_FULL:
			return;
		}
	}
}

/* The broker answers one message. */
static void answer_one(struct model *model)
{
	struct window_row row;

	if (model->held_count == 0 || model->window.state != WINDOW_UP)
		return;
	struct held held = let_go(model, next_random(&model->seed) % model->held_count);
	if (next_random(&model->seed) % 8 == 0 && !model->is_well) {
		assert_true(window_refused(&model->window, held.token, model->now, &row));
	} else {
		assert_true(window_done(&model->window, held.token, model->now, &row));
		model->is_confirmed[row.kind][row.n] = true;
		model->is_in_outbox[row.kind][row.n] = false;
	}
	/* The very row that was answered, and it is answered once. */
	assert_int_equal(row.kind, held.row.kind);
	assert_int_equal(row.n, held.row.n);
	assert_false(window_done(&model->window, held.token, model->now, &row));
}

static void send_some(struct model *model)
{
	for (size_t i = 0; i < model->held_count; i++)
		if (next_random(&model->seed) % 2 == 0)
			model->held[i].is_sent = true;
}

static void lose(struct model *model, bool is_by_force)
{
	if (model->window.state == WINDOW_DOWN)
		return;
	for (size_t i = model->held_count; i-- > 0;) {
		if (!is_by_force && !model->held[i].is_sent)
			continue;
		struct held held = let_go(model, i);
		if (!is_by_force)
			assert_true(window_returned(&model->window, held.token));
	}
	if (is_by_force)
		window_forget(&model->window);
	window_lost(&model->window, model->now, next_random(&model->seed));
}

static void act(struct model *model)
{
	switch (window_next(&model->window, model->now)) {
	case WINDOW_WAIT:
		assert_true(window_next_wake(&model->window) > model->now);
		break;
	case WINDOW_CONNECT:
		window_connect(&model->window, model->now);
		break;
	case WINDOW_FILL:
		fill(model);
		break;
	case WINDOW_GIVE_UP:
		lose(model, true);
		break;
	}
}

static void add_row(struct model *model)
{
	unsigned kind = 1 + next_random(&model->seed) % KINDS;

	if (model->added[kind] < PER_KIND) {
		model->is_in_outbox[kind][++model->added[kind]] = true;
		window_poke(&model->window);
	}
}

static void connect_answers(struct model *model)
{
	if (model->window.state != WINDOW_CONNECTING)
		return;
	model->receive_maximum = model->is_well ? 100 : 1 + next_random(&model->seed) % 120;
	window_connected(&model->window, model->receive_maximum, model->now);
}

static void step(struct model *model)
{
	switch (next_random(&model->seed) % 16) {
	case 0:
	case 1:
		add_row(model);
		break;
	case 2:
		connect_answers(model);
		break;
	case 3:
		send_some(model);
		if (next_random(&model->seed) % 8 == 0)
			lose(model, next_random(&model->seed) % 4 == 0);
		break;
	case 4:
		model->now += next_random(&model->seed) % 20000;
		break;
	case 5:
	case 6:
	case 7:
	case 8:
		answer_one(model);
		break;
	default:
		act(model);
		break;
	}
	check_limits(model);
}

static bool is_all_confirmed(const struct model *model)
{
	for (unsigned kind = 1; kind <= KINDS; kind++)
		for (uint64_t n = 1; n <= model->added[kind]; n++)
			if (!model->is_confirmed[kind][n])
				return false;
	return true;
}

static void test_random_sequences_lose_nothing(void **state)
{
	(void)state;
	static struct model model;

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		memset(&model, 0, sizeof(model));
		model.seed = seed;
		window_init(&model.window, 0);
		for (int i = 0; i < STEPS / 2; i++)
			step(&model);
		/* Head office is well from here on: everything must arrive. */
		model.is_well = true;
		for (int i = 0; i < 100000 && !is_all_confirmed(&model); i++) {
			act(&model);
			connect_answers(&model);
			answer_one(&model);
			if (i % 50 == 0)
				model.now += 1000;
		}
		if (!is_all_confirmed(&model))
			fail_msg("seed %llu: something never arrived", (unsigned long long)seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_first_connect_is_at_once),
	    cmocka_unit_test(test_backoff_doubles_to_its_limit),
	    cmocka_unit_test(test_only_a_connection_that_lasts_ends_the_series),
	    cmocka_unit_test(test_a_silent_other_side_is_given_up),
	    cmocka_unit_test(test_an_outbox_that_could_not_be_read_is_asked_again_soon),
	    cmocka_unit_test(test_rows_are_bounded_by_us_and_by_the_broker),
	    cmocka_unit_test(test_bytes_are_bounded_and_the_order_is_kept),
	    cmocka_unit_test(test_a_refusal_pauses_its_kind_and_no_other),
	    cmocka_unit_test(test_a_pause_outlives_a_loss),
	    cmocka_unit_test(test_what_paho_keeps_over_a_loss_stays_in_flight),
	    cmocka_unit_test(test_what_head_office_has_not_receipted_is_offered_again),
	    cmocka_unit_test(test_without_receipts_a_row_is_offered_once),
	    cmocka_unit_test(test_random_sequences_lose_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
