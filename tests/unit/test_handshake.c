/* Handshakes at the workers: many at once, in order, taken back, and left alone. */
#include "tls_client.h"

#include "io/handshake.h"

#include <uv.h>

#define PEERS 20

struct peer {
	struct handshake handshake; /* first: a handshake is its peer */
	struct bench *bench;
	struct client client;
	struct tls_conn *tls;
	size_t turns;
	bool is_over;
};

struct bench {
	struct clinic *clinic;
	uv_loop_t loop;
	struct handshakes *handshakes;
	struct issued issued;
	struct peer peers[PEERS];
	struct peer *order[4 * PEERS]; /* as they came back */
	size_t count;
};

/* What the client says now; false: nothing more. */
static bool say(struct peer *peer)
{
	deliver(peer->tls, &peer->client);
	client_step(&peer->client);
	struct slice out = buf_bytes(&peer->client.out);
	if (out.len == 0)
		return false;
	MUST(tls_feed(peer->tls, out));
	buf_consume(&peer->client.out, out.len);
	return true;
}

static void on_done(struct handshake *handshake)
{
	struct peer *peer = (struct peer *)(void *)handshake;
	struct bench *bench = peer->bench;

	assert_int_equal(handshake->place, HANDSHAKE_HERE);
	bench->order[bench->count++] = peer;
	if (handshake->event == TLS_MORE && say(peer)) {
		handshakes_put(bench->handshakes, handshake, peer->tls, true);
		return;
	}
	peer->is_over = true;
}

static int bench_setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	bench->clinic = clinic_new();
	bench->issued = issue_pen(bench->clinic);
	clinic_register(bench->clinic, &pen, &bench->issued, false);
	MUST(uv_loop_init(&bench->loop));
	MUST(handshakes_new(&bench->loop, on_done, &bench->handshakes));
	for (size_t i = 0; i < PEERS; i++) {
		struct peer *peer = &bench->peers[i];
		peer->bench = bench;
		peer->tls = tls_conn_new(bench->clinic->config, OUT_MAX);
		client_init(&peer->client, &bench->issued);
		client_start(&peer->client);
		ring_init(&peer->handshake.queue);
	}
	*state = bench;
	return 0;
}

static int bench_teardown(void **state)
{
	struct bench *bench = *state;

	handshakes_free(bench->handshakes);
	uv_run(&bench->loop, UV_RUN_DEFAULT);
	MUST(uv_loop_close(&bench->loop));
	for (size_t i = 0; i < PEERS; i++) {
		client_deinit(&bench->peers[i].client);
		tls_conn_free(bench->peers[i].tls);
	}
	clinic_free(bench->clinic);
	free(bench);
	return 0;
}

static bool are_all_over(const struct bench *bench)
{
	for (size_t i = 0; i < PEERS; i++)
		if (!bench->peers[i].is_over)
			return false;
	return true;
}

static void run_until_over(struct bench *bench)
{
	while (!are_all_over(bench))
		uv_run(&bench->loop, UV_RUN_ONCE);
}

static void start_all(struct bench *bench)
{
	for (size_t i = 0; i < PEERS; i++) {
		assert_true(say(&bench->peers[i]));
		handshakes_put(
		    bench->handshakes, &bench->peers[i].handshake, bench->peers[i].tls, false);
	}
}

static void test_all_get_through(void **state)
{
	struct bench *bench = *state;

	start_all(bench);
	run_until_over(bench);
	for (size_t i = 0; i < PEERS; i++) {
		struct tls_peer who;
		const struct peer *peer = &bench->peers[i];
		assert_int_equal(peer->handshake.event, TLS_DONE);
		assert_int_equal(
		    tls_identity(peer->tls, bench->clinic->config, bench->clinic->now, &who),
		    TLS_OK);
		assert_true(id_eq(&who.device, &pen));
	}
	assert_int_equal(bench->count, 2 * PEERS);
}

/* When the last one begins, at most those at the workers are half done. */
static void test_what_was_begun_goes_first(void **state)
{
	struct bench *bench = *state;
	const struct peer *last = &bench->peers[PEERS - 1];
	size_t finished = 0;
	unsigned cores = uv_available_parallelism();

	if (cores > 2)
		skip(); /* the order of several workers is not ours to say */
	start_all(bench);
	run_until_over(bench);
	for (size_t i = 0; bench->order[i] != last; i++)
		for (size_t k = 0; k < i; k++)
			finished += bench->order[k] == bench->order[i];
	assert_in_range(finished, PEERS - 4, PEERS - 1);
}

static void test_taken_back(void **state)
{
	struct bench *bench = *state;
	size_t taken = 0;

	start_all(bench);
	for (size_t i = 0; i < PEERS; i++) {
		struct peer *peer = &bench->peers[i];
		bool was_queued = peer->handshake.place == HANDSHAKE_QUEUED;
		assert_int_equal(handshakes_take_back(&peer->handshake), was_queued);
		peer->is_over = was_queued;
		taken += was_queued;
	}
	assert_in_range(taken, 1, PEERS - 1); /* a worker's are a worker's */
	run_until_over(bench);
	for (size_t i = 0; i < PEERS; i++)
		assert_int_equal(bench->peers[i].handshake.place, HANDSHAKE_HERE);
	assert_int_equal(bench->count, 2 * (PEERS - taken));
}

static void test_stopped_while_it_works(void **state)
{
	struct bench *bench = *state;

	start_all(bench);
	for (size_t i = 0; i < PEERS; i++)
		bench->peers[i].is_over = handshakes_take_back(&bench->peers[i].handshake);
	for (size_t i = 0; i < PEERS; i++)
		bench->peers[i].client.error = 1; /* it will never answer */
	run_until_over(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_all_get_through, bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(
	        test_what_was_begun_goes_first, bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(test_taken_back, bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(
	        test_stopped_while_it_works, bench_setup, bench_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
