/* Answers by a thread of its own, and says no by the book; run under TSan too. What a whole
 * daemon says over HTTP stands in tests/e2e/test_http.py. */
#include "io/http.h"
#include "shell/web.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>
#include <cmocka.h>

#define ANSWER_BYTES (128 * 1024)

static char loopback[] = "127.0.0.1";

/* --- Host ------------------------------------------------------------------------------- */

static void test_whose_name(void **state)
{
	static const char *const ours[] = {"127.0.0.1", "127.0.0.1:9883", "10.1.2.3", "localhost",
	    "LOCALHOST:1", "[::1]", "[::1]:9883", "[fe80::1]:80", "north", "North:80"};
	static const char *const others[] = {"", ":80", "evil.example", "localhost.evil.example",
	    "127.0.0.1.evil.example", "127.0.0.1:x", "127.0.0.1:", "north.example", "[::1",
	    "[::1]x", "[127.0.0.1]", "[]", "::1", "0x7f.1", "localhost ", "1.2.3"};

	(void)state;
	for (size_t i = 0; i < CP_COUNT(ours); i++)
		if (!http_host_is_ours(ours[i], "north"))
			fail_msg("%s is ours", ours[i]);
	for (size_t i = 0; i < CP_COUNT(others); i++)
		if (http_host_is_ours(others[i], "north"))
			fail_msg("%s is not ours", others[i]);
	assert_false(http_host_is_ours("north", "")); /* a box without a name */
}

/* --- a thread beside a loop ---------------------------------------------------------------- */

static char *ask(uint16_t port, const char *path)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
	char *answer = calloc(1, ANSWER_BYTES);
	size_t len = 0;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_non_null(answer);
	inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	dprintf(fd, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
	for (ssize_t n = 1; n > 0 && len < ANSWER_BYTES - 1; len += (size_t)n)
		if ((n = read(fd, answer + len, ANSWER_BYTES - 1 - len)) < 0)
			break;
	close(fd);
	return answer;
}

static void assert_says(uint16_t port, const char *path, const char *status, const char *text)
{
	char *answer = ask(port, path);

	if (strncmp(answer, "HTTP/1.1 ", 9) != 0 || strncmp(answer + 9, status, 3) != 0 ||
	    !strstr(answer, text))
		fail_msg("%s: %s %s expected, found %s", path, status, text, answer);
	free(answer);
}

/* Counts for itself, so that TSan sees a look that is not handed over. */
struct told {
	uint64_t takes;
	const char *why_not;
	int64_t busy_ms;
};

static void take(void *ctx, struct numbers *out)
{
	struct told *told = ctx;

	out->devices.messages = ++told->takes;
	out->busy_ms = told->busy_ms;
	snprintf(out->why_not, sizeof(out->why_not), "%s", told->why_not);
	out->is_ready = told->why_not[0] == '\0';
}

struct visitor {
	uv_thread_t thread;
	uint16_t port;
	atomic_bool is_done;
	const char *path;
	const char *status;
	const char *text;
};

static void visit(void *arg)
{
	struct visitor *visitor = arg;

	assert_says(visitor->port, visitor->path, visitor->status, visitor->text);
	atomic_store(&visitor->is_done, true);
}

static void loop_answers(
    uv_loop_t *loop, uint16_t port, const char *path, const char *status, const char *text)
{
	struct visitor visitor = {.port = port, .path = path, .status = status, .text = text};

	assert_int_equal(uv_thread_create(&visitor.thread, visit, &visitor), 0);
	while (!atomic_load(&visitor.is_done)) {
		uv_run(loop, UV_RUN_NOWAIT);
		usleep(200);
	}
	uv_thread_join(&visitor.thread);
}

/* A port that was free a moment ago. */
static uint16_t free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	close(fd);
	return ntohs(at.sin_port);
}

static void test_a_loop_that_works_and_one_that_is_stuck(void **state)
{
	struct config_http config = {.address = loopback, .port = free_port()};
	uint16_t port = (uint16_t)config.port;
	struct told told = {.why_not = ""};
	struct web *web;
	uv_loop_t loop;

	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(web_open(&loop, &config, "/nowhere", take, &told, &web), CP_OK);
	loop_answers(&loop, port, "/healthz", "200", "\r\n\r\nok\n");
	loop_answers(&loop, port, "/readyz", "200", "\r\n\r\nready\n");
	/* The loop does not turn. */
	assert_says(port, "/healthz", "503", "main thread does not answer");
	assert_says(port, "/readyz", "503", "main thread does not answer");
	/* It turns again: what was asked long ago is not taken for an answer. */
	told.why_not = "The disk is full.";
	loop_answers(&loop, port, "/readyz", "503", "\r\n\r\nThe disk is full.\n");
	loop_answers(&loop, port, "/healthz", "200", "ok");
	told.busy_ms = WEB_STUCK_MS + 1;
	loop_answers(&loop, port, "/healthz", "503", "at one batch for 60 seconds");
	loop_answers(&loop, port, "/metrics", "200", "carepace_messages_total ");
	web_close(web);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

/* Closing while somebody waits for the loop takes no second. */
static void test_close_while_asked(void **state)
{
	struct config_http config = {.address = loopback, .port = free_port()};
	struct visitor visitor = {.port = (uint16_t)config.port,
	    .path = "/readyz",
	    .status = "503",
	    .text = "main thread does not answer"};
	struct told told = {.why_not = ""};
	struct web *web;
	uv_loop_t loop;

	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(web_open(&loop, &config, "/nowhere", take, &told, &web), CP_OK);
	assert_int_equal(uv_thread_create(&visitor.thread, visit, &visitor), 0);
	usleep(100000);
	uint64_t began = uv_hrtime();
	web_close(web);
	assert_true(uv_hrtime() - began < 500000000);
	uv_thread_join(&visitor.thread);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void test_off(void **state)
{
	struct config_http config = {.address = loopback, .port = 0};
	struct web *web;
	uv_loop_t loop;

	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(web_open(&loop, &config, "/nowhere", take, NULL, &web), CP_OK);
	assert_null(web);
	web_close(web);
	assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_whose_name),
	    cmocka_unit_test(test_a_loop_that_works_and_one_that_is_stuck),
	    cmocka_unit_test(test_close_while_asked),
	    cmocka_unit_test(test_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
