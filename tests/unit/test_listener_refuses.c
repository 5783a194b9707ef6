/* What never gets past the listener. */
#include "listener_bench.h"
#include "tls_client.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

static void test_old_and_weak_tls_is_refused(void **state)
{
	struct bench *bench = *state;

	bench_listen(bench, (struct listener_limits)LISTENER_LIMITS_DEFAULT);
	assert_refused(bench, WITH_CERT "-tls1 -cipher ALL@SECLEVEL=0", TLS_OLD_VERSION,
	    "alert protocol version");
	assert_refused(bench, WITH_CERT "-tls1_1 -cipher ALL@SECLEVEL=0", TLS_OLD_VERSION,
	    "alert protocol version");
	assert_refused(bench, WITH_CERT "-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256",
	    TLS_NO_COMMON_CIPHER, "alert handshake failure");
	assert_refused(bench, WITH_CERT "-tls1_2 -cipher ECDHE-ECDSA-AES256-SHA",
	    TLS_NO_COMMON_CIPHER, "alert handshake failure");
	assert_int_equal(bench_counters(bench)->handshakes_ok, 0);
}

static void test_strangers_are_refused(void **state)
{
	struct bench *bench = *state;
	char command[512];

	/* Of our authority, with an identity, but for any purpose. */
	snprintf(command, sizeof(command),
	    "cd %s && printf 'subjectAltName=URI:" DEVICE_URI_PREFIX
	    "aa010000000000000000000000000000\\n' >ext && openssl req -new -newkey ec -pkeyopt "
	    "ec_paramgen_curve:P-256 -nodes -keyout any.key -subj /CN=any 2>/dev/null | openssl "
	    "x509 -req -CA ca.pem -CAkey ca.key -extfile ext -days 9 -out any.pem 2>/dev/null",
	    bench->clinic->dir);
	assert_int_equal(system(command), 0);

	bench_listen(bench, (struct listener_limits)LISTENER_LIMITS_DEFAULT);
	assert_refused(bench, "-tls1_2", TLS_NO_CERTIFICATE, "alert handshake failure");
	assert_refused(bench, "-cert any.pem -key any.key", TLS_WRONG_PURPOSE,
	    "alert unsupported certificate");
	assert_refused(
	    bench, "-tls1_2 -cert listener.pem -key listener.key", TLS_WRONG_PURPOSE, "alert");
	clinic_clear_registry(bench->clinic);
	clinic_load(bench->clinic);
	listener_set_config(bench->listener, bench->clinic->config);
	assert_refused(bench, WITH_CERT, TLS_NOT_REGISTERED, "alert access denied");
	assert_int_equal(bench_counters(bench)->opened, 0);
}

static void test_plaintext_is_refused(void **state)
{
	struct bench *bench = *state;

	bench_listen(bench, (struct listener_limits)LISTENER_LIMITS_DEFAULT);
	int fd = bench_connect(bench);
	assert_int_equal(write(fd, "\x10\x10\x00\x04MQTT", 8), 8);
	assert_true(bench_run(bench, is_cut, &fd, PATIENCE_MS));
	assert_int_equal(bench_counters(bench)->refused[TLS_NOT_TLS], 1);
	close(fd);
	assert_string_equal(bench->story, "");
}

static void test_limits_before_authentication(void **state)
{
	struct bench *bench = *state;
	struct listener_limits limits = LISTENER_LIMITS_DEFAULT;
	int fd[4];

	limits.handshakes_per_address = 3;
	limits.handshake_ms = 1000;
	bench_listen(bench, limits);
	for (size_t i = 0; i < CP_COUNT(fd); i++)
		fd[i] = bench_connect(bench);
	assert_int_equal(write(fd[0], "\x16\x03", 2), 2);   /* begins, never goes on */
	assert_true(bench_run(bench, is_cut, &fd[3], 900)); /* the fourth, at once */
	assert_int_equal(bench_counters(bench)->over_address, 1);
	assert_int_equal(bench_counters(bench)->connections, 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(bench_run(bench, is_cut, &fd[i], PATIENCE_MS));
	assert_int_equal(bench_counters(bench)->handshakes_timed_out, 3);
	for (size_t i = 0; i < CP_COUNT(fd); i++)
		close(fd[i]);
	bench_stop_listening(bench);

	limits.connections = 1;
	bench_listen(bench, limits);
	fd[0] = bench_connect(bench);
	fd[1] = bench_connect(bench);
	assert_true(bench_run(bench, is_cut, &fd[1], PATIENCE_MS));
	assert_int_equal(bench_counters(bench)->over_connections, 1);
	close(fd[0]);
	close(fd[1]);
}

/* Sockets that said a good hello, so that each is soon at a worker. */
static void say_hello(struct bench *bench, int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct client client;
		client_init(&client, NULL);
		client_start(&client);
		client_step(&client);
		struct slice hello = buf_bytes(&client.out);
		fds[i] = bench_connect(bench);
		assert_int_equal(write(fds[i], hello.p, hello.len), (ssize_t)hello.len);
		client_deinit(&client);
	}
}

static bool have_left(void *about)
{
	return bench_counters(about)->refused[TLS_PEER_LEFT] == 30;
}

static void test_gone_while_a_worker_has_it(void **state)
{
	struct bench *bench = *state;
	int fds[30];

	bench_listen(bench, (struct listener_limits)LISTENER_LIMITS_DEFAULT);
	say_hello(bench, fds, CP_COUNT(fds));
	while (bench_counters(bench)->received_bytes == 0)
		uv_run(&bench->loop, UV_RUN_ONCE);
	for (size_t i = 0; i < CP_COUNT(fds); i++) {
		assert_int_equal(write(fds[i], "\x16", 1), 1); /* not to be read now */
		close(fds[i]);
	}
	struct device *device = device_start(bench, WITH_CERT);
	bench_wait_for(bench, bench->story, "opened ");
	assert_true(bench_run(bench, have_left, bench, PATIENCE_MS));
	device_end(device);
	bench_wait_for(bench, bench->story, "closed(peer) ");
	assert_int_equal(bench_counters(bench)->connections, 0);
}

/* The first is at a worker, the others wait for it. */
static void test_stopped_while_a_worker_has_it(void **state)
{
	struct bench *bench = *state;
	int fds[30];

	bench_listen(bench, (struct listener_limits)LISTENER_LIMITS_DEFAULT);
	say_hello(bench, fds, CP_COUNT(fds));
	while (bench_counters(bench)->received_bytes == 0)
		uv_run(&bench->loop, UV_RUN_ONCE);
	bench_stop_listening(bench);
	for (size_t i = 0; i < CP_COUNT(fds); i++)
		close(fds[i]);
	assert_string_equal(bench->story, "");
}

static bool was_room_made(void *about)
{
	return bench_counters(about)->over_strangers > 0;
}

/* The first is, however busy it looks. */
static void test_the_slowest_stranger_goes(void **state)
{
	struct bench *bench = *state;
	struct listener_limits limits = LISTENER_LIMITS_DEFAULT;
	int fds[3];

	limits.strangers = 3;
	bench_listen(bench, limits);
	for (size_t i = 0; i < CP_COUNT(fds); i++)
		fds[i] = bench_connect(bench);
	assert_int_equal(write(fds[0], "\x16\x03", 2), 2);
	struct device *device = device_start(bench, WITH_CERT);
	bench_wait_for(bench, bench->story, "opened ");
	assert_true(bench_run(bench, was_room_made, bench, PATIENCE_MS));
	assert_true(bench_run(bench, is_cut, &fds[0], PATIENCE_MS));
	assert_false(is_cut(&fds[1]));
	assert_false(is_cut(&fds[2]));
	assert_int_equal(bench_counters(bench)->over_strangers, 1);
	device_end(device);
	for (size_t i = 0; i < CP_COUNT(fds); i++)
		close(fds[i]);
}

static bool has_accept_failure(void *about)
{
	return bench_counters(about)->accept_failures > 0;
}

static bool has_accepted(void *about)
{
	return bench_counters(about)->accepted > 0;
}

static void test_no_descriptor_left(void **state)
{
	struct bench *bench = *state;
	struct rlimit all;
	struct rlimit few;

	bench_listen(bench, (struct listener_limits)LISTENER_LIMITS_DEFAULT);
	int fd = bench_connect(bench);
	MUST(getrlimit(RLIMIT_NOFILE, &all));
	few = all;
	few.rlim_cur = (rlim_t)fd + 16; /* every lower one is in use, 15 are left */
	MUST(setrlimit(RLIMIT_NOFILE, &few));
	assert_true(bench_run(bench, has_accept_failure, bench, PATIENCE_MS));
	bench_run(bench, NULL, NULL, 500);
	assert_in_range(bench_counters(bench)->accept_failures, 1, 2); /* it does not spin */
	MUST(setrlimit(RLIMIT_NOFILE, &all));
	assert_true(bench_run(bench, has_accepted, bench, PATIENCE_MS)); /* and comes again */
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        test_old_and_weak_tls_is_refused, bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(
	        test_strangers_are_refused, bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(test_plaintext_is_refused, bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(
	        test_limits_before_authentication, bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(
	        test_gone_while_a_worker_has_it, bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(
	        test_stopped_while_a_worker_has_it, bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(
	        test_the_slowest_stranger_goes, bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(test_no_descriptor_left, bench_setup, bench_teardown),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
