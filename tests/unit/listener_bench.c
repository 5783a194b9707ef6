#include "listener_bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

const struct id bench_pen = {{0xaa, 1}};

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

	assert_true(id_eq(&peer->device, &bench_pen));
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

static void on_expelled(void *ctx, uint64_t conn)
{
	struct bench *bench = ctx;

	MUST(listener_send(bench->listener, conn, slice_str("good bye\n")));
	tell(bench, "expelled ");
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

const struct listener_ops bench_ops = {on_opened, on_received, on_woken, on_expelled, on_closed};

/* --- the bench ------------------------------------------------------------ */

void bench_listen(struct bench *bench, struct listener_limits limits)
{
	const struct listener_place place = {.address = "127.0.0.1", .fd = LISTENER_BINDS};

	MUST(listener_open(&bench->loop, &place, bench->clinic->config, &limits, &bench_ops, bench,
	    &bench->listener));
	assert_int_not_equal(listener_port(bench->listener), 0);
}

static void issue_pen(struct bench *bench)
{
	struct clinic *clinic = bench->clinic;
	struct issued issued;
	char cert[PATH_MAX];
	char key[PATH_MAX];

	MUST(authority_issue_device(
	    clinic->authority, &bench_pen, clinic->year, &issued, &clinic->error));
	MUST(file_join(cert, clinic->dir, "pen.pem", &clinic->error));
	MUST(file_join(key, clinic->dir, "pen.key", &clinic->error));
	MUST(issued_save(&issued, cert, key, &clinic->error));
	clinic_register(clinic, &bench_pen, &issued, false);
}

int bench_setup(void **state)
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

bool bench_run(struct bench *bench, bool (*condition)(void *), void *about, uint64_t ms)
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

void bench_stop_listening(struct bench *bench)
{
	listener_close(bench->listener, on_done);
	assert_true(bench_run(bench, is_done, bench, PATIENCE_MS));
	bench->listener = NULL;
}

int bench_teardown(void **state)
{
	struct bench *bench = *state;

	if (bench->listener)
		bench_stop_listening(bench);
	uv_run(&bench->loop, UV_RUN_DEFAULT);
	MUST(uv_loop_close(&bench->loop));
	clinic_free(bench->clinic);
	free(bench);
	return 0;
}

const struct listener_counters *bench_counters(const struct bench *bench)
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

struct device *device_start(struct bench *bench, const char *options)
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

void device_say(struct device *device, const char *text)
{
	uv_buf_t buf = uv_buf_init((char *)(uintptr_t)text, (unsigned)strlen(text));

	assert_int_equal(uv_try_write((uv_stream_t *)&device->in, &buf, 1), (int)strlen(text));
}

bool has_exited(void *about)
{
	return ((struct device *)about)->has_exited;
}

static bool is_closed(void *about)
{
	return ((struct device *)about)->open_handles == 0;
}

void device_end(struct device *device)
{
	struct bench *bench = device->bench;

	if (!uv_is_closing((uv_handle_t *)&device->in))
		uv_close((uv_handle_t *)&device->in, device_handle_closed);
	if (!bench_run(bench, has_exited, device, PATIENCE_MS))
		uv_process_kill(&device->process, SIGKILL);
	assert_true(bench_run(bench, has_exited, device, PATIENCE_MS));
	uv_close((uv_handle_t *)&device->process, device_handle_closed);
	for (size_t i = 0; i < 2; i++)
		uv_close((uv_handle_t *)&device->out[i], device_handle_closed);
	assert_true(bench_run(bench, is_closed, device, PATIENCE_MS));
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

void bench_wait_for(struct bench *bench, const char *in, const char *text)
{
	struct wish wish = {in, text};

	if (!bench_run(bench, has_text, &wish, PATIENCE_MS))
		fail_msg("\"%s\" did not come, only \"%s\"; the story: %s", text, in, bench->story);
}

void assert_refused(
    struct bench *bench, const char *options, enum tls_reason reason, const char *says)
{
	uint64_t before = bench_counters(bench)->refused[reason];
	struct device *device = device_start(bench, options);

	assert_true(bench_run(bench, has_exited, device, PATIENCE_MS));
	bench_wait_for(bench, device->output, says);
	assert_int_equal(bench_counters(bench)->refused[reason], before + 1);
	assert_string_equal(bench->story, "");
	device_end(device);
}

int bench_connect(const struct bench *bench)
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

bool is_cut(void *about)
{
	char byte;
	ssize_t n = recv(*(int *)about, &byte, 1, MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN);
}
