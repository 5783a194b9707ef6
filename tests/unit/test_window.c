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
	window_connected(&window, window_connect(&window, now), receive_maximum, now);
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

static void test_only_an_acknowledgement_or_a_long_stay_ends_the_series(void **state)
{
	(void)state;
	struct window window;
	struct window_row row;
	uint32_t token;

	window_init(&window, 0);
	for (unsigned i = 1; i <= 3; i++) {
		window_connected(&window, window_connect(&window, 0), 100, 0);
		window_lost(&window, 0, 0);
		assert_int_equal(window.failures, i);
	}
	uint32_t generation = window_connect(&window, 0);
	window_connected(&window, generation, 100, 0);
	struct window stayed = window;
	window_lost(&stayed, WINDOW_BACKOFF_MAX_MS, 0);
	assert_int_equal(stayed.failures, 1);
	assert_int_equal(
	    window_offer(&window, (struct window_row){1, 1}, 10, 0, &token), WINDOW_ADMITTED);
	assert_true(window_done(&window, generation, token, 0, &row));
	window_lost(&window, 1, 0);
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
	window_drained(&window);
	assert_int_equal(window_next_wake(&window), TIME_NEVER); /* idle is not silent */
	assert_int_equal(
	    window_offer(&window, (struct window_row){1, 1}, 10, 500, &token), WINDOW_ADMITTED);
	assert_int_equal(window_next(&window, 500 + WINDOW_STALL_LIMIT_MS - 1), WINDOW_WAIT);
	assert_int_equal(window_next(&window, 500 + WINDOW_STALL_LIMIT_MS), WINDOW_GIVE_UP);
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
	assert_true(window_done(&window, window.generation, first, 1, &row));
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
	window_drained(&window);
	assert_true(window_refused(&window, window.generation, refused, 10, &row));
	assert_int_equal(row.n, 1);
	const mono_ms ends_at = 10 + WINDOW_PAUSE_MS;
	assert_int_equal(window_next(&window, ends_at - 1), WINDOW_WAIT);
	assert_int_equal(offer(&window, 2, 3, 11, &refused), WINDOW_KNOWN);
	assert_int_equal(offer(&window, 1, 1, 11, &refused), WINDOW_ADMITTED);
	window.progress_at = ends_at; /* keep the silence limit out of this */
	assert_int_equal(window_next_wake(&window), ends_at);
	assert_int_equal(window_next(&window, ends_at), WINDOW_FILL);
	assert_int_equal(window_fill(&window, ends_at), 98);
	assert_int_equal(offer(&window, 2, 1, ends_at, &refused), WINDOW_ADMITTED);
	assert_int_equal(offer(&window, 2, 2, ends_at, &other), WINDOW_KNOWN); /* in flight */
	window_drained(&window);
	assert_int_equal(window_next(&window, ends_at), WINDOW_WAIT); /* once, not for ever */
}

/* Mosquitto 2.0.11 refuses a row and then hangs up. */
static void test_a_pause_outlives_a_loss(void **state)
{
	(void)state;
	struct window window = up_at(0, 100);
	struct window_row row;
	uint32_t token;

	assert_int_equal(offer(&window, 2, 1, 0, &token), WINDOW_ADMITTED);
	assert_true(window_refused(&window, window.generation, token, 0, &row));
	window_lost(&window, 0, 0);
	window_connected(&window, window_connect(&window, 1000), 100, 1000);
	assert_int_equal(window_fill(&window, 1000), 100);
	assert_int_equal(offer(&window, 2, 1, 1000, &token), WINDOW_KNOWN);
	assert_int_equal(offer(&window, 1, 1, 1000, &token), WINDOW_ADMITTED);
	assert_int_equal(window_fill(&window, WINDOW_PAUSE_MS), 99);
	assert_int_equal(offer(&window, 2, 1, WINDOW_PAUSE_MS, &token), WINDOW_ADMITTED);
}

/* --- random sequences ------------------------------------------------------ */

enum at_head_office {
	NOT_THERE,
	IN_FLIGHT,
	CONFIRMED
};

struct model {
	struct window window;
	uint64_t seed;
	mono_ms now;
	bool is_in_outbox[KINDS + 1][PER_KIND + 1];
	bool is_confirmed[KINDS + 1][PER_KIND + 1];
	uint64_t added[KINDS + 1];
	struct sent {
		struct window_row row;
		uint32_t generation, token;
		size_t len_bytes;
	} sent[STEPS];
	size_t sent_count;
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

/* Counted from what was sent and not answered, not by the window's own sums. */
static void check_limits(const struct model *model)
{
	size_t bytes = 0, rows = 0;

	for (size_t i = 0; i < model->sent_count; i++) {
		if (model->window.state == WINDOW_UP &&
		    model->sent[i].generation == model->window.generation) {
			bytes += model->sent[i].len_bytes;
			rows++;
		}
	}
	assert_true(rows <= WINDOW_ROWS && rows <= model->receive_maximum);
	assert_true(bytes <= WINDOW_BYTES);
	assert_int_equal(rows, model->window.rows);
	assert_int_equal(bytes, model->window.bytes);
}

static void fill(struct model *model)
{
	unsigned max = window_fill(&model->window, model->now);
	struct window_row last = {0, 0};

	for (unsigned i = 0; i < max; i++) {
		struct window_row row = next_in_outbox(model);
		if (row.kind == 0) {
			window_drained(&model->window);
			return;
		}
		assert_true(row.kind > last.kind || (row.kind == last.kind && row.n > last.n));
		last = row;
		struct sent *sent = &model->sent[model->sent_count];
		*sent = (struct sent){row, model->window.generation, 0, row_bytes(row)};
		switch (
		    window_offer(&model->window, row, sent->len_bytes, model->now, &sent->token)) {
		case WINDOW_ADMITTED:
			for (size_t other = 0; other < model->sent_count; other++)
				if (model->sent[other].generation == sent->generation)
					assert_true(model->sent[other].token != sent->token);
			model->sent_count++;
			assert_true(model->sent_count < STEPS);
			break;
		case WINDOW_KNOWN:
			break;
		case WINDOW_FULL:
			return;
		}
	}
}

/* Paho says something about one message, of this generation or an older one. */
static void answer_one(struct model *model)
{
	if (model->sent_count == 0)
		return;
	size_t i = next_random(&model->seed) % model->sent_count;
	struct sent sent = model->sent[i];
	model->sent[i] = model->sent[--model->sent_count];
	bool is_present =
	    model->window.state == WINDOW_UP && sent.generation == model->window.generation;
	struct window_row row;

	if (next_random(&model->seed) % 8 == 0 && !model->is_well) {
		assert_int_equal(
		    window_refused(&model->window, sent.generation, sent.token, model->now, &row),
		    is_present);
		return;
	}
	bool is_done = window_done(&model->window, sent.generation, sent.token, model->now, &row);
	assert_int_equal(is_done, is_present);
	if (!is_done)
		return;
	/* The very row that was confirmed, and no other. */
	assert_int_equal(row.kind, sent.row.kind);
	assert_int_equal(row.n, sent.row.n);
	model->is_confirmed[row.kind][row.n] = true;
	model->is_in_outbox[row.kind][row.n] = false;
	assert_false(window_done(&model->window, sent.generation, sent.token, model->now, &row));
}

static void lose(struct model *model)
{
	if (model->window.state == WINDOW_DOWN)
		return;
	window_lost(&model->window, model->now, next_random(&model->seed));
	assert_int_equal(model->window.rows, 0);
	assert_int_equal(model->window.bytes, 0);
}

static void act(struct model *model)
{
	switch (window_next(&model->window, model->now)) {
	case WINDOW_WAIT:
		if (window_next_wake(&model->window) != TIME_NEVER)
			assert_true(window_next_wake(&model->window) > model->now ||
			            model->window.state == WINDOW_UP);
		break;
	case WINDOW_CONNECT:
		window_connect(&model->window, model->now);
		break;
	case WINDOW_FILL:
		fill(model);
		break;
	case WINDOW_GIVE_UP:
		lose(model);
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
	uint32_t generation = model->window.generation;

	if (next_random(&model->seed) % 4 == 0)
		generation--; /* a late answer of the attempt before */
	enum window_state before = model->window.state;
	unsigned receive_maximum = 1 + next_random(&model->seed) % 120;

	window_connected(&model->window, generation, receive_maximum, model->now);
	if (before == WINDOW_CONNECTING && model->window.state == WINDOW_UP)
		model->receive_maximum = receive_maximum;
	if (before != WINDOW_CONNECTING || generation != model->window.generation)
		assert_int_equal(model->window.state, before);
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
		if (next_random(&model->seed) % 8 == 0)
			lose(model);
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
			if (model.window.state == WINDOW_CONNECTING)
				window_connected(
				    &model.window, model.window.generation, 100, model.now);
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
	    cmocka_unit_test(test_only_an_acknowledgement_or_a_long_stay_ends_the_series),
	    cmocka_unit_test(test_a_silent_other_side_is_given_up),
	    cmocka_unit_test(test_rows_are_bounded_by_us_and_by_the_broker),
	    cmocka_unit_test(test_bytes_are_bounded_and_the_order_is_kept),
	    cmocka_unit_test(test_a_refusal_pauses_its_kind_and_no_other),
	    cmocka_unit_test(test_a_pause_outlives_a_loss),
	    cmocka_unit_test(test_random_sequences_lose_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
