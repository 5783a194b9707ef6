/* The listener on a real port, with openssl s_client as the device. */
#include "clinic.h"

#include "io/listener.h"
#include "io/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 5000

static const struct id pen = {{0xaa, 1}};

/* What the shell would be: it writes down what it hears and does what is asked. */
struct bench {
	struct clinic *clinic;
	uv_loop_t loop;
	struct listener *listener;
	char story[4096];
	uint64_t conn; /* the last one that opened */
	size_t received;
	bool is_done;
	bool does_echo;
	bool does_pause;
	bool does_refuse;
	mono_ms wake_at;
	mono_ms woken_at;
};

/* openssl s_client, its input and all its output. */
struct device {
	struct bench *bench;
	uv_process_t process;
	uv_pipe_t in;
	uv_pipe_t out[2];
	char output[65536];
	size_t len;
	bool has_exited;
	int open_handles;
};

/* --- the shell ------------------------------------------------------------ */

static void tell(struct bench *bench, const char *format, ...) CP_PRINTF(2, 3);
static void tell(struct bench *bench, const char *format, ...)
{
	size_t len = strlen(bench->story);
	va_list args;

	va_start(args, format);
	vsnprintf(bench->story + len, sizeof(bench->story) - len, format, args);
	va_end(args);
}

static void on_opened(void *ctx, uint64_t conn, const struct tls_peer *peer)
{
	struct bench *bench = ctx;

	assert_true(id_eq(&peer->device, &pen));
	assert_string_equal(peer->name, "Stamp 1");
	assert_int_not_equal(conn, 0);
	bench->conn = conn;
	tell(bench, "opened ");
	if (bench->does_pause)
		listener_pause(bench->listener, conn);
	if (bench->wake_at)
		listener_wake_at(bench->listener, conn, bench->wake_at);
}

static void on_received(void *ctx, uint64_t conn, struct slice plain)
{
	struct bench *bench = ctx;

	assert_int_equal(conn, bench->conn);
	bench->received += plain.len;
	if (plain.len < 100)
		tell(bench, "received(%.*s) ", (int)plain.len, (const char *)plain.p);
	if (bench->does_echo)
		for (size_t i = 0; i < plain.len; i++)
			MUST(listener_send(bench->listener, conn, slice_of(plain.p + i, 1)));
	if (bench->does_refuse) {
		MUST(listener_send(bench->listener, conn, slice_str("go away\n")));
		listener_disconnect(bench->listener, conn, CLOSE_REFUSED);
		assert_int_equal(listener_send(bench->listener, conn, slice_str("x")), CP_NOTFOUND);
	}
}

static void on_woken(void *ctx, uint64_t conn)
{
	struct bench *bench = ctx;

	assert_int_equal(conn, bench->conn);
	bench->woken_at = clock_mono();
	tell(bench, "woken ");
}

static void on_closed(void *ctx, uint64_t conn, enum close_reason reason)
{
	struct bench *bench = ctx;

	assert_int_equal(listener_send(bench->listener, conn, slice_str("x")), CP_NOTFOUND);
	assert_string_not_equal(listener_remote(bench->listener, conn), "-");
	tell(bench, "closed(%s) ", close_reason_name(reason));
}

static void on_done(void *ctx)
{
	struct bench *bench = ctx;

	bench->is_done = true;
}

/* --- the bench ------------------------------------------------------------ */

static void open_listener(struct bench *bench, struct listener_limits limits)
{
	static const struct listener_ops ops = {on_opened, on_received, on_woken, on_closed};

	MUST(listener_open(&bench->loop, "127.0.0.1", 0, bench->clinic->config, &limits, &ops,
	    bench, &bench->listener));
	assert_int_not_equal(listener_port(bench->listener), 0);
}

static void issue_pen(struct bench *bench)
{
	struct clinic *clinic = bench->clinic;
	struct issued issued;
	char cert[PATH_MAX];
	char key[PATH_MAX];

	MUST(
	    authority_issue_device(clinic->authority, &pen, clinic->year, &issued, &clinic->error));
	MUST(file_join(cert, clinic->dir, "pen.pem", &clinic->error));
	MUST(file_join(key, clinic->dir, "pen.key", &clinic->error));
	MUST(issued_save(&issued, cert, key, &clinic->error));
	clinic_register(clinic, &pen, &issued, false);
}

static int setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	bench->clinic = clinic_new();
	issue_pen(bench);
	MUST(uv_loop_init(&bench->loop));
	*state = bench;
	return 0;
}

static void timed_out(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

/* Runs the loop until `condition`, or for that long; true when it became true. */
static bool run_until(struct bench *bench, bool (*condition)(void *), void *about, uint64_t ms)
{
	uv_timer_t timer;
	bool is_late = false;

	MUST(uv_timer_init(&bench->loop, &timer));
	timer.data = &is_late;
	MUST(uv_timer_start(&timer, timed_out, ms, 0));
	while (!is_late && !(condition && condition(about)))
		uv_run(&bench->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&bench->loop, UV_RUN_NOWAIT);
	return condition && condition(about);
}

static bool is_done(void *about)
{
	return ((struct bench *)about)->is_done;
}

static void close_listener(struct bench *bench)
{
	listener_close(bench->listener, on_done);
	assert_true(run_until(bench, is_done, bench, PATIENCE_MS));
	bench->listener = NULL;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	if (bench->listener)
		close_listener(bench);
	uv_run(&bench->loop, UV_RUN_DEFAULT);
	MUST(uv_loop_close(&bench->loop));
	clinic_free(bench->clinic);
	free(bench);
	return 0;
}

static const struct listener_counters *counters(const struct bench *bench)
{
	return listener_counters(bench->listener);
}

/* --- the device ----------------------------------------------------------- */

static void device_handle_closed(uv_handle_t *handle)
{
	((struct device *)handle->data)->open_handles--;
}

static void device_exited(uv_process_t *process, int64_t status, int signal_number)
{
	struct device *device = process->data;

	(void)status;
	(void)signal_number;
	device->has_exited = true;
}

static void device_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct device *device = handle->data;

	(void)suggested;
	*buf = uv_buf_init(
	    device->output + device->len, (unsigned)(sizeof(device->output) - 1 - device->len));
}

static void device_said(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct device *device = stream->data;

	(void)buf;
	if (n > 0)
		device->len += (size_t)n;
}

static void device_pipe(struct device *device, uv_pipe_t *pipe)
{
	MUST(uv_pipe_init(&device->bench->loop, pipe, 0));
	pipe->data = device;
	device->open_handles++;
}

/* `options` are words for s_client, separated by blanks. */
static struct device *device_start(struct bench *bench, const char *options)
{
	struct device *device = calloc(1, sizeof(*device));
	char command[1024];

	assert_non_null(device);
	device->bench = bench;
	device_pipe(device, &device->in);
	device_pipe(device, &device->out[0]);
	device_pipe(device, &device->out[1]);
	snprintf(command, sizeof(command),
	    "exec openssl s_client -connect 127.0.0.1:%u -CAfile ca.pem -verify_return_error "
	    "-verify_ip 127.0.0.1 -quiet -no_ign_eof %s",
	    listener_port(bench->listener), options);
	char *words[] = {(char *)"/bin/sh", (char *)"-c", command, NULL};
	uv_stdio_container_t stdio[3] = {
	    {.flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&device->in},
	    {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
	        .data.stream = (uv_stream_t *)&device->out[0]},
	    {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
	        .data.stream = (uv_stream_t *)&device->out[1]},
	};
	uv_process_options_t how = {
	    .file = words[0],
	    .args = words,
	    .cwd = bench->clinic->dir,
	    .exit_cb = device_exited,
	    .stdio = stdio,
	    .stdio_count = 3,
	};
	device->process.data = device;
	MUST(uv_spawn(&bench->loop, &device->process, &how));
	device->open_handles++;
	for (size_t i = 0; i < 2; i++)
		MUST(uv_read_start((uv_stream_t *)&device->out[i], device_room, device_said));
	return device;
}

static void device_say(struct device *device, const char *text)
{
	uv_buf_t buf = uv_buf_init((char *)(uintptr_t)text, (unsigned)strlen(text));

	assert_int_equal(uv_try_write((uv_stream_t *)&device->in, &buf, 1), (int)strlen(text));
}

static bool has_exited(void *about)
{
	return ((struct device *)about)->has_exited;
}

static bool is_closed(void *about)
{
	return ((struct device *)about)->open_handles == 0;
}

/* Waits for its end (input closed: it says close_notify and goes) and frees it. */
static void device_end(struct device *device)
{
	struct bench *bench = device->bench;

	if (!uv_is_closing((uv_handle_t *)&device->in))
		uv_close((uv_handle_t *)&device->in, device_handle_closed);
	if (!run_until(bench, has_exited, device, PATIENCE_MS))
		uv_process_kill(&device->process, SIGKILL);
	assert_true(run_until(bench, has_exited, device, PATIENCE_MS));
	uv_close((uv_handle_t *)&device->process, device_handle_closed);
	for (size_t i = 0; i < 2; i++)
		uv_close((uv_handle_t *)&device->out[i], device_handle_closed);
	assert_true(run_until(bench, is_closed, device, PATIENCE_MS));
	free(device);
}

struct wish {
	const char *in;
	const char *text;
};

static bool has_text(void *about)
{
	const struct wish *wish = about;

	return strstr(wish->in, wish->text) != NULL;
}

static void wait_for(struct bench *bench, const char *in, const char *text)
{
	struct wish wish = {in, text};

	if (!run_until(bench, has_text, &wish, PATIENCE_MS))
		fail_msg("\"%s\" did not come, only \"%s\"; the story: %s", text, in, bench->story);
}

#define WITH_CERT "-cert pen.pem -key pen.key "

/* A connection that must be refused; what s_client says about it. */
static void assert_refused(
    struct bench *bench, const char *options, enum tls_reason reason, const char *says)
{
	uint64_t before = counters(bench)->refused[reason];
	struct device *device = device_start(bench, options);

	assert_true(run_until(bench, has_exited, device, PATIENCE_MS));
	wait_for(bench, device->output, says);
	assert_int_equal(counters(bench)->refused[reason], before + 1);
	assert_string_equal(bench->story, "");
	device_end(device);
}

/* A plain socket, connected by the kernel before the loop accepts it. */
static int raw_connect(const struct bench *bench)
{
	struct sockaddr_in at = {
	    .sin_family = AF_INET,
	    .sin_port = htons(listener_port(bench->listener)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	MUST(connect(fd, (struct sockaddr *)&at, sizeof(at)));
	return fd;
}

static bool is_cut(void *about)
{
	char byte;
	ssize_t n = recv(*(int *)about, &byte, 1, MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN);
}

/* --- what is refused ------------------------------------------------------ */

static void test_old_and_weak_tls_is_refused(void **state)
{
	struct bench *bench = *state;

	open_listener(bench, (struct listener_limits)LISTENER_LIMITS_DEFAULT);
	assert_refused(bench, WITH_CERT "-tls1 -cipher ALL@SECLEVEL=0", TLS_OLD_VERSION,
	    "alert protocol version");
	assert_refused(bench, WITH_CERT "-tls1_1 -cipher ALL@SECLEVEL=0", TLS_OLD_VERSION,
	    "alert protocol version");
	assert_refused(bench, WITH_CERT "-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256",
	    TLS_NO_COMMON_CIPHER, "alert handshake failure");
	assert_refused(bench, WITH_CERT "-tls1_2 -cipher ECDHE-ECDSA-AES256-SHA",
	    TLS_NO_COMMON_CIPHER, "alert handshake failure");
	assert_int_equal(counters(bench)->handshakes_ok, 0);
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

	open_listener(bench, (struct listener_limits)LISTENER_LIMITS_DEFAULT);
	assert_refused(bench, "", TLS_NO_CERTIFICATE, "alert handshake failure");
	assert_refused(bench, "-cert any.pem -key any.key", TLS_WRONG_PURPOSE,
	    "alert unsupported certificate");
	assert_refused(bench, "-cert listener.pem -key listener.key", TLS_WRONG_PURPOSE, "alert");
	clinic_clear_registry(bench->clinic);
	clinic_load(bench->clinic);
	listener_set_config(bench->listener, bench->clinic->config);
	assert_refused(bench, WITH_CERT, TLS_NOT_REGISTERED, "alert access denied");
	assert_int_equal(counters(bench)->opened, 0);
}

static void test_plaintext_is_refused(void **state)
{
	struct bench *bench = *state;

	open_listener(bench, (struct listener_limits)LISTENER_LIMITS_DEFAULT);
	int fd = raw_connect(bench);
	assert_int_equal(write(fd, "\x10\x10\x00\x04MQTT", 8), 8);
	assert_true(run_until(bench, is_cut, &fd, PATIENCE_MS));
	assert_int_equal(counters(bench)->refused[TLS_NOT_TLS], 1);
	close(fd);
	assert_string_equal(bench->story, "");
}

static void test_limits_before_authentication(void **state)
{
	struct bench *bench = *state;
	struct listener_limits limits = LISTENER_LIMITS_DEFAULT;
	int fd[4];

	limits.handshakes_per_address = 3;
	limits.handshake_ms = 400;
	open_listener(bench, limits);
	for (size_t i = 0; i < CP_COUNT(fd); i++)
		fd[i] = raw_connect(bench);
	assert_int_equal(write(fd[0], "\x16\x03", 2), 2);   /* begins, never goes on */
	assert_true(run_until(bench, is_cut, &fd[3], 300)); /* the fourth, at once */
	assert_int_equal(counters(bench)->over_address, 1);
	assert_int_equal(counters(bench)->connections, 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(run_until(bench, is_cut, &fd[i], PATIENCE_MS));
	assert_int_equal(counters(bench)->handshakes_timed_out, 3);
	for (size_t i = 0; i < CP_COUNT(fd); i++)
		close(fd[i]);
	close_listener(bench);

	limits.connections = 1;
	open_listener(bench, limits);
	fd[0] = raw_connect(bench);
	fd[1] = raw_connect(bench);
	assert_true(run_until(bench, is_cut, &fd[1], 300));
	assert_int_equal(counters(bench)->over_connections, 1);
	close(fd[0]);
	close(fd[1]);
}

static bool has_accept_failure(void *about)
{
	return counters(about)->accept_failures > 0;
}

static bool has_accepted(void *about)
{
	return counters(about)->accepted > 0;
}

static void test_no_descriptor_left(void **state)
{
	struct bench *bench = *state;
	struct rlimit all;
	struct rlimit few;

	open_listener(bench, (struct listener_limits)LISTENER_LIMITS_DEFAULT);
	int fd = raw_connect(bench);
	MUST(getrlimit(RLIMIT_NOFILE, &all));
	few = all;
	few.rlim_cur = (rlim_t)fd + 1; /* every lower one is in use */
	MUST(setrlimit(RLIMIT_NOFILE, &few));
	assert_true(run_until(bench, has_accept_failure, bench, PATIENCE_MS));
	run_until(bench, NULL, NULL, 500);
	assert_int_equal(counters(bench)->accept_failures, 1); /* it does not spin */
	MUST(setrlimit(RLIMIT_NOFILE, &all));
	assert_true(run_until(bench, has_accepted, bench, 2000)); /* and comes again */
	close(fd);
}

/* --- what is let in ------------------------------------------------------- */

static void test_echo(void **state)
{
	struct bench *bench = *state;

	bench->does_echo = true;
	open_listener(bench, (struct listener_limits)LISTENER_LIMITS_DEFAULT);
	struct device *device = device_start(bench, WITH_CERT);
	wait_for(bench, bench->story, "opened ");
	uint64_t before = counters(bench)->sent_bytes;
	device_say(device, "good day\n");
	wait_for(bench, device->output, "good day\n");
	/* Nine sends of a byte in one turn: one record (RFC 5288: 5 + 8 + 16 bytes). */
	assert_int_equal(counters(bench)->sent_bytes - before, 9 + 29);
	device_end(device);
	wait_for(bench, bench->story, "closed");
	assert_string_equal(bench->story, "opened received(good day\n) closed(peer) ");
	assert_int_equal(counters(bench)->closed[CLOSE_PEER], 1);
	assert_int_equal(counters(bench)->opened, 0);
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

	open_listener(bench, (struct listener_limits)LISTENER_LIMITS_DEFAULT);
	for (size_t i = 0; i < CP_COUNT(options); i++) {
		struct device *device = device_start(bench, options[i]);
		bench->story[0] = '\0';
		wait_for(bench, bench->story, "opened ");
		assert_int_not_equal(bench->conn, last); /* never the same name again */
		last = bench->conn;
		device_end(device);
		wait_for(bench, bench->story, "closed(peer) ");
	}
	assert_int_equal(counters(bench)->handshakes_ok, 3);
}

static void test_pause_stops_delivery(void **state)
{
	struct bench *bench = *state;

	bench->does_pause = true;
	open_listener(bench, (struct listener_limits)LISTENER_LIMITS_DEFAULT);
	struct device *device = device_start(bench, WITH_CERT);
	device_say(device, "early\n");
	wait_for(bench, bench->story, "opened ");
	run_until(bench, NULL, NULL, 200);
	assert_string_equal(bench->story, "opened ");
	MUST(listener_send(bench->listener, bench->conn, slice_str("down\n")));
	wait_for(bench, device->output, "down\n"); /* the other way goes on */
	listener_resume(bench->listener, bench->conn);
	assert_string_equal(bench->story, "opened "); /* from the loop only */
	wait_for(bench, bench->story, "received(early\n) ");
	listener_pause(bench->listener, bench->conn);
	device_say(device, "late\n");
	run_until(bench, NULL, NULL, 200);
	assert_null(strstr(bench->story, "late"));
	listener_resume(bench->listener, bench->conn);
	wait_for(bench, bench->story, "received(late\n) ");
	device_end(device);
}

static void test_wake(void **state)
{
	struct bench *bench = *state;
	mono_ms began = clock_mono();

	bench->wake_at = began + 10 * MS_PER_MINUTE;
	open_listener(bench, (struct listener_limits)LISTENER_LIMITS_DEFAULT);
	struct device *device = device_start(bench, WITH_CERT);
	wait_for(bench, bench->story, "opened ");
	mono_ms at = clock_mono() + 150;
	listener_wake_at(bench->listener, bench->conn, at - 100); /* earlier */
	listener_wake_at(bench->listener, bench->conn, at);       /* and later again */
	wait_for(bench, bench->story, "woken ");
	assert_in_range(bench->woken_at, at, at + 1000);
	listener_wake_at(bench->listener, bench->conn, clock_mono() + 50);
	listener_wake_at(bench->listener, bench->conn, TIME_NEVER);
	run_until(bench, NULL, NULL, 200);
	assert_string_equal(bench->story, "opened woken ");
	device_end(device);
}

static void test_last_words_arrive(void **state)
{
	static char much[40000];
	struct bench *bench = *state;

	memset(much, 'x', sizeof(much) - 1);
	bench->does_refuse = true;
	open_listener(bench, (struct listener_limits)LISTENER_LIMITS_DEFAULT);
	struct device *device = device_start(bench, WITH_CERT);
	wait_for(bench, bench->story, "opened ");
	device_say(device, much); /* more than was read when the answer is given */
	wait_for(bench, device->output, "go away\n");
	device_end(device);
	wait_for(bench, bench->story, "closed(refused) ");
	assert_int_equal(counters(bench)->closed[CLOSE_REFUSED], 1);
}

static void test_stalled_writer_is_closed(void **state)
{
	static uint8_t block[16384];
	struct bench *bench = *state;
	struct listener_limits limits = LISTENER_LIMITS_DEFAULT;
	size_t sent = 0;
	enum cp_err err = CP_OK;

	limits.write_stall_ms = 300;
	open_listener(bench, limits);
	struct device *device = device_start(bench, WITH_CERT);
	wait_for(bench, bench->story, "opened ");
	uv_process_kill(&device->process, SIGSTOP);
	for (; !err && sent < 100u << 20; sent += sizeof(block)) {
		err = listener_send(bench->listener, bench->conn, slice_of(block, sizeof(block)));
		uv_run(&bench->loop, UV_RUN_NOWAIT);
	}
	assert_int_equal(err, CP_FULL);
	assert_int_equal(
	    listener_send(bench->listener, bench->conn, slice_of(block, sizeof(block))), CP_FULL);
	wait_for(bench, bench->story, "closed(stalled) ");
	uv_process_kill(&device->process, SIGKILL);
	device_end(device);
}

static void test_new_config_closes_the_revoked(void **state)
{
	struct bench *bench = *state;

	bench->does_echo = true;
	open_listener(bench, (struct listener_limits)LISTENER_LIMITS_DEFAULT);
	struct device *device = device_start(bench, WITH_CERT);
	wait_for(bench, bench->story, "opened ");
	clinic_load(bench->clinic); /* the same again: nobody notices */
	listener_set_config(bench->listener, bench->clinic->config);
	device_say(device, "still here\n");
	wait_for(bench, device->output, "still here\n");

	struct registry_entry entry = *registry_at(bench->clinic->registry, 0);
	entry.is_revoked = true;
	clinic_clear_registry(bench->clinic);
	MUST(registry_add(bench->clinic->registry, &entry, &bench->clinic->error));
	clinic_load(bench->clinic);
	listener_set_config(bench->listener, bench->clinic->config);
	wait_for(bench, bench->story, "closed(not_allowed) ");
	wait_for(bench, device->output, "alert certificate revoked");
	device_end(device);
	bench->story[0] = '\0';
	assert_refused(bench, WITH_CERT, TLS_REVOKED, "alert certificate revoked");
}

static void test_close_ends_everybody(void **state)
{
	struct bench *bench = *state;

	open_listener(bench, (struct listener_limits)LISTENER_LIMITS_DEFAULT);
	struct device *device = device_start(bench, WITH_CERT);
	int stranger = raw_connect(bench);
	wait_for(bench, bench->story, "opened ");
	MUST(listener_send(bench->listener, bench->conn, slice_str("bye\n")));
	close_listener(bench);
	assert_string_equal(bench->story, "opened closed(stopping) ");
	wait_for(bench, device->output, "bye\n");
	assert_true(is_cut(&stranger));
	close(stranger);
	device_end(device);
}

static void test_open_says_why_not(void **state)
{
	static const struct listener_ops ops = {on_opened, on_received, on_woken, on_closed};
	struct listener_limits limits = LISTENER_LIMITS_DEFAULT;
	struct bench *bench = *state;
	struct listener *other;

	open_listener(bench, limits);
	assert_int_equal(listener_open(&bench->loop, "127.0.0.1", listener_port(bench->listener),
	                     bench->clinic->config, &limits, &ops, bench, &other),
	    CP_BUSY);
	assert_null(other);
	assert_int_equal(listener_open(&bench->loop, "localhost", 0, bench->clinic->config, &limits,
	                     &ops, bench, &other),
	    CP_CONFIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_old_and_weak_tls_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_strangers_are_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_plaintext_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_limits_before_authentication, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_no_descriptor_left, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_echo, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_each_suite, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_pause_stops_delivery, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_wake, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_last_words_arrive, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_stalled_writer_is_closed, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_new_config_closes_the_revoked, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_close_ends_everybody, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_open_says_why_not, setup, teardown),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
