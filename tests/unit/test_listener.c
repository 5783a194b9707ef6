/* What the listener lets in, and how it treats it. */
#include "listener_bench.h"

#include <fcntl.h>
#include <mbedtls/version.h>
#include <signal.h>
#include <unistd.h>

static void test_echo(void **state)
{
	struct bench *bench = *state;

	bench->does_echo = true;
	bench_listen(bench, (struct listener_limits)LISTENER_LIMITS_DEFAULT);
	struct device *device = device_start(bench, WITH_CERT "-tls1_2");
	bench_wait_for(bench, bench->story, "opened ");
	uint64_t before = bench_counters(bench)->sent_bytes;
	device_say(device, "good day\n");
	bench_wait_for(bench, device->output, "good day\n");
	/* Nine sends of a byte in one turn: one record (RFC 5288: 5 + 8 + 16 bytes). */
	assert_int_equal(bench_counters(bench)->sent_bytes - before, 9 + 29);
	device_end(device);
	bench_wait_for(bench, bench->story, "closed");
	assert_string_equal(bench->story, "opened received(good day\n) closed(peer) ");
	assert_int_equal(bench_counters(bench)->closed[CLOSE_PEER], 1);
	assert_int_equal(bench_counters(bench)->opened, 0);
	assert_int_equal(listener_send(bench->listener, bench->conn, slice_str("x")), CP_NOTFOUND);
	assert_string_equal(listener_remote(bench->listener, bench->conn), "-");
}

static void test_each_suite(void **state)
{
	static const char *const options[] = {WITH_CERT
	    "-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256 -curves P-256",
	    WITH_CERT "-tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384 -curves P-384:P-256",
	    WITH_CERT "-tls1_2 -cipher ECDHE-ECDSA-CHACHA20-POLY1305 -curves X25519:P-256"};
	struct bench *bench = *state;
	uint64_t last = 0;

	bench_listen(bench, (struct listener_limits)LISTENER_LIMITS_DEFAULT);
	for (size_t i = 0; i < CP_COUNT(options); i++) {
		struct device *device = device_start(bench, options[i]);
		bench->story[0] = '\0';
		bench_wait_for(bench, bench->story, "opened ");
		assert_int_not_equal(bench->conn, last); /* never the same name again */
		last = bench->conn;
		device_end(device);
		bench_wait_for(bench, bench->story, "closed(peer) ");
	}
	assert_int_equal(bench_counters(bench)->handshakes_ok, 3);
}

static void test_tls13_where_the_library_has_it(void **state)
{
	struct bench *bench = *state;

	bench->does_echo = true;
	bench_listen(bench, (struct listener_limits)LISTENER_LIMITS_DEFAULT);
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
	struct device *device = device_start(bench, WITH_CERT "-tls1_3 -msg");
	device_say(device, "good day\n");
	bench_wait_for(bench, device->output, "good day\n"); /* after it no ticket would come */
	assert_non_null(strstr(device->output, "EncryptedExtensions"));
	assert_null(strstr(device->output, "NewSessionTicket"));
	device_end(device);
	bench_wait_for(bench, bench->story, "closed(peer) ");
#else
	assert_refused(bench, WITH_CERT "-tls1_3", TLS_NO_COMMON_CIPHER, "alert handshake failure");
#endif
}

static void test_pause_stops_delivery(void **state)
{
	struct bench *bench = *state;

	bench->does_pause = true;
	bench_listen(bench, (struct listener_limits)LISTENER_LIMITS_DEFAULT);
	struct device *device = device_start(bench, WITH_CERT);
	device_say(device, "early\n");
	bench_wait_for(bench, bench->story, "opened ");
	bench_run(bench, NULL, NULL, 200);
	assert_string_equal(bench->story, "opened ");
	MUST(listener_send(bench->listener, bench->conn, slice_str("down\n")));
	bench_wait_for(bench, device->output, "down\n"); /* the other way goes on */
	listener_resume(bench->listener, bench->conn);
	assert_string_equal(bench->story, "opened "); /* from the loop only */
	bench_wait_for(bench, bench->story, "received(early\n) ");
	listener_pause(bench->listener, bench->conn);
	device_say(device, "late\n");
	bench_run(bench, NULL, NULL, 200);
	assert_null(strstr(bench->story, "late"));
	listener_resume(bench->listener, bench->conn);
	bench_wait_for(bench, bench->story, "received(late\n) ");
	device_end(device);
}

/* One that has sent much does not keep the loop from the others: libuv alone would read
 * all of it in one turn. */
static void test_a_turn_takes_one_read_of_each(void **state)
{
	static char much[60001];
	const size_t all = 8 * (sizeof(much) - 1);
	struct bench *bench = *state;
	size_t most = 0;

	memset(much, 'x', sizeof(much) - 1);
	bench->does_pause = true;
	bench_listen(bench, (struct listener_limits)LISTENER_LIMITS_DEFAULT);
	struct device *device = device_start(bench, WITH_CERT);
	bench_wait_for(bench, bench->story, "opened ");
	for (size_t said = 0; said < all; said += sizeof(much) - 1) {
		device_say(device, much);
		bench_run(bench, NULL, NULL, 50); /* it goes into the socket */
	}
	assert_int_equal(bench->received, 0);
	bench->does_pause = false;
	listener_resume(bench->listener, bench->conn);
	mono_ms until = clock_mono() + PATIENCE_MS;
	while (bench->received < all && clock_mono() < until) {
		size_t before = bench->received;
		uv_run(&bench->loop, UV_RUN_NOWAIT);
		if (bench->received - before > most)
			most = bench->received - before;
	}
	assert_int_equal(bench->received, all);
	assert_in_range(most, 1, 2 * TLS_FEED_MAX);
	device_end(device);
}

static void test_wake(void **state)
{
	struct bench *bench = *state;
	mono_ms began = clock_mono();

	bench->wake_at = began + 10 * MS_PER_MINUTE;
	bench_listen(bench, (struct listener_limits)LISTENER_LIMITS_DEFAULT);
	struct device *device = device_start(bench, WITH_CERT);
	bench_wait_for(bench, bench->story, "opened ");
	mono_ms at = clock_mono() + 150;
	listener_wake_at(bench->listener, bench->conn, at - 100); /* earlier */
	listener_wake_at(bench->listener, bench->conn, at);       /* and later again */
	bench_wait_for(bench, bench->story, "woken ");
	assert_in_range(bench->woken_at, at, at + PATIENCE_MS);
	listener_wake_at(bench->listener, bench->conn, clock_mono() + 50);
	listener_wake_at(bench->listener, bench->conn, TIME_NEVER);
	bench_run(bench, NULL, NULL, 200);
	assert_string_equal(bench->story, "opened woken ");
	device_end(device);
}

static void test_last_words_arrive(void **state)
{
	static char much[40000];
	struct bench *bench = *state;

	memset(much, 'x', sizeof(much) - 1);
	bench->does_refuse = true;
	bench_listen(bench, (struct listener_limits)LISTENER_LIMITS_DEFAULT);
	struct device *device = device_start(bench, WITH_CERT);
	bench_wait_for(bench, bench->story, "opened ");
	device_say(device, much); /* more than was read when the answer is given */
	bench_wait_for(bench, device->output, "go away\n");
	device_end(device);
	bench_wait_for(bench, bench->story, "closed(refused) ");
	assert_int_equal(bench_counters(bench)->closed[CLOSE_REFUSED], 1);
}

static void test_stalled_writer_is_closed(void **state)
{
	static uint8_t block[16384];
	struct bench *bench = *state;
	struct listener_limits limits = LISTENER_LIMITS_DEFAULT;
	size_t sent = 0;
	enum cp_err err = CP_OK;

	limits.write_stall_ms = 300;
	bench_listen(bench, limits);
	struct device *device = device_start(bench, WITH_CERT);
	bench_wait_for(bench, bench->story, "opened ");
	uv_process_kill(&device->process, SIGSTOP);
	for (; !err && sent < 100u << 20; sent += sizeof(block)) {
		err = listener_send(bench->listener, bench->conn, slice_of(block, sizeof(block)));
		uv_run(&bench->loop, UV_RUN_NOWAIT);
	}
	assert_int_equal(err, CP_FULL);
	assert_int_equal(
	    listener_send(bench->listener, bench->conn, slice_of(block, sizeof(block))), CP_FULL);
	bench_wait_for(bench, bench->story, "closed(stalled) ");
	assert_int_equal(bench_counters(bench)->closed[CLOSE_STALLED], 1);
	uv_process_kill(&device->process, SIGKILL);
	device_end(device);
}

static void test_new_config_closes_the_revoked(void **state)
{
	struct bench *bench = *state;

	bench->does_echo = true;
	bench_listen(bench, (struct listener_limits)LISTENER_LIMITS_DEFAULT);
	struct device *device = device_start(bench, WITH_CERT);
	bench_wait_for(bench, bench->story, "opened ");
	clinic_load(bench->clinic); /* the same again: nobody notices */
	listener_set_config(bench->listener, bench->clinic->config);
	device_say(device, "still here\n");
	bench_wait_for(bench, device->output, "still here\n");

	struct registry_entry entry = *registry_at(bench->clinic->registry, 0);
	entry.is_revoked = true;
	clinic_clear_registry(bench->clinic);
	MUST(registry_add(bench->clinic->registry, &entry, &bench->clinic->error));
	clinic_load(bench->clinic);
	listener_set_config(bench->listener, bench->clinic->config);
	bench_wait_for(bench, bench->story, "expelled closed(not_allowed) ");
	bench_wait_for(bench, device->output, "good bye\n");
	bench_wait_for(bench, device->output, "alert certificate revoked");
	device_end(device);
	bench->story[0] = '\0';
	assert_refused(bench, WITH_CERT, TLS_REVOKED, "alert certificate revoked");
}

static void test_close_ends_everybody(void **state)
{
	struct bench *bench = *state;

	bench_listen(bench, (struct listener_limits)LISTENER_LIMITS_DEFAULT);
	struct device *device = device_start(bench, WITH_CERT);
	int stranger = bench_connect(bench);
	bench_wait_for(bench, bench->story, "opened ");
	MUST(listener_send(bench->listener, bench->conn, slice_str("bye\n")));
	bench_stop_listening(bench);
	assert_string_equal(bench->story, "opened closed(stopping) ");
	bench_wait_for(bench, device->output, "bye\n");
	assert_true(is_cut(&stranger));
	close(stranger);
	device_end(device);
}

static void test_open_says_why_not(void **state)
{
	struct listener_limits limits = LISTENER_LIMITS_DEFAULT;
	struct bench *bench = *state;
	struct listener *other;

	bench_listen(bench, limits);
	struct listener_place place = {
	    .address = "127.0.0.1", .port = listener_port(bench->listener), .fd = LISTENER_BINDS};
	assert_int_equal(listener_open(&bench->loop, &place, bench->clinic->config, &limits,
	                     &bench_ops, bench, &other),
	    CP_BUSY);
	assert_null(other);
	place.address = "localhost";
	assert_int_equal(listener_open(&bench->loop, &place, bench->clinic->config, &limits,
	                     &bench_ops, bench, &other),
	    CP_CONFIG);
}

/* As from carepace.socket: it listens before we do, and on a port of its own choice. */
static int open_socket(uint16_t *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static void test_a_port_that_is_handed_over(void **state)
{
	struct listener_limits limits = LISTENER_LIMITS_DEFAULT;
	struct bench *bench = *state;
	struct listener_place place = {.address = "127.0.0.1"};

	place.fd = open_socket(&place.port);
	int fd = place.fd;
	place.port ^= 1;
	assert_int_equal(listener_open(&bench->loop, &place, bench->clinic->config, &limits,
	                     &bench_ops, bench, &bench->listener),
	    CP_CONFIG);
	assert_int_equal(fcntl(fd, F_GETFD), -1); /* closed: the port is systemd's again */
	place.fd = open_socket(&place.port);
	MUST(listener_open(&bench->loop, &place, bench->clinic->config, &limits, &bench_ops, bench,
	    &bench->listener));
	assert_int_equal(listener_port(bench->listener), place.port);
	bench->does_echo = true;
	struct device *device = device_start(bench, WITH_CERT "-tls1_2");
	device_say(device, "good day\n");
	bench_wait_for(bench, device->output, "good day\n");
	device_end(device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_echo, bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(test_each_suite, bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(
	        test_tls13_where_the_library_has_it, bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(test_pause_stops_delivery, bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(
	        test_a_turn_takes_one_read_of_each, bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(test_wake, bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(test_last_words_arrive, bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(
	        test_stalled_writer_is_closed, bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(
	        test_new_config_closes_the_revoked, bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(test_close_ends_everybody, bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(test_open_says_why_not, bench_setup, bench_teardown),
	    cmocka_unit_test_setup_teardown(
	        test_a_port_that_is_handed_over, bench_setup, bench_teardown),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
