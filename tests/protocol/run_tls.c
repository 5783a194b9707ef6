/* Runs protocol scripts on the daemon: real sockets, TLS by OpenSSL (so that ours
 * is not tested against itself), real time.
 *
 *     run_tls PORT CA CERTIFICATE KEY DEVICE SCRIPT...
 *
 * "Nothing comes" means that nothing came for a while. Long waits end half a second
 * early and short ones late, so that a busy machine does not blur what lies before
 * and behind a deadline; a case that waits for longer than half a minute is skipped
 * and said.
 */
#include "script.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MAX_MS 30000
#define SILENCE_MS 500
#define ANSWER_MS 20000 /* far more than any answer takes */
#define CLOSE_MS 3000   /* less than the 5 s for CONNECT, which close as well */
#define BLUR_MS 500
#define LATE_MS 1000 /* a close that was waited for */

struct conn {
	int fd; /* -1: not connected yet */
	SSL *tls;
	bool is_closed;
	struct buf got;
};

struct world {
	SSL_CTX *tls;
	struct sockaddr_in gateway;
	bool has_waited; /* in this case: it is about time, and we must not add any */
	struct conn conns[SCRIPT_CONNS];
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void sleep_ms(int64_t ms)
{
	poll(NULL, 0, (int)ms);
}

/* --- one connection ------------------------------------------------------------ */

static struct conn *conn_at(struct world *world, int i)
{
	struct conn *conn = &world->conns[i];

	if (conn->fd >= 0)
		return conn;
	conn->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (conn->fd < 0 ||
	    connect(conn->fd, (const struct sockaddr *)&world->gateway, sizeof(world->gateway)) < 0)
		fail("connect");
	setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	conn->tls = SSL_new(world->tls);
	CP_CHECK(conn->tls && SSL_set_fd(conn->tls, conn->fd) == 1);
	if (SSL_connect(conn->tls) != 1)
		fail("handshake");
	buf_init(&conn->got, 1024 * 1024);
	return conn;
}

static bool is_readable(struct conn *conn, int limit_ms)
{
	struct pollfd fd = {.fd = conn->fd, .events = POLLIN};

	return SSL_pending(conn->tls) > 0 || poll(&fd, 1, limit_ms) > 0;
}

/* One piece of what the gateway says. False: nothing came in time, or the end. */
static bool read_some(struct conn *conn, int limit_ms)
{
	uint8_t bytes[16384];

	if (conn->is_closed || !is_readable(conn, limit_ms))
		return false;
	int n = SSL_read(conn->tls, bytes, sizeof(bytes));
	if (n <= 0) {
		conn->is_closed = true;
		return false;
	}
	CP_CHECK(buf_append(&conn->got, bytes, (size_t)n) == CP_OK);
	return true;
}

/* --- the script's wishes ----------------------------------------------------------- */

static void op_begin(void *ctx)
{
	struct world *world = ctx;

	world->has_waited = false;
}

static void op_send(void *ctx, int i, struct slice bytes)
{
	struct conn *conn = conn_at(ctx, i);

	while (bytes.len > 0 && !conn->is_closed) {
		int n = SSL_write(conn->tls, bytes.p, (int)bytes.len);
		if (n <= 0)
			return; /* closed meanwhile: what it said first is still to be read */
		bytes = slice_from(bytes, (size_t)n);
	}
}

/* No answer is a single byte: who wants one looks whether there is anything. */
static struct slice op_received(void *ctx, int i, size_t want)
{
	struct world *world = ctx;
	struct conn *conn = &world->conns[i];

	if (conn->fd < 0)
		return slice_of(NULL, 0);
	while (conn->got.len < want && read_some(conn, want == 1 ? SILENCE_MS : ANSWER_MS))
		;
	return buf_bytes(&conn->got);
}

static void op_drop(void *ctx, int i, size_t len_bytes)
{
	struct world *world = ctx;

	buf_consume(&world->conns[i].got, len_bytes);
}

/* Whoever expects the close has time; whoever does not has just seen silence. */
static bool op_is_closed(void *ctx, int i, bool is_expected)
{
	struct world *world = ctx;
	struct conn *conn = conn_at(world, i);
	int limit_ms = world->has_waited ? LATE_MS : CLOSE_MS;

	while (read_some(conn, is_expected ? limit_ms : 0))
		;
	return conn->is_closed && conn->got.len == 0;
}

static void op_wait(void *ctx, int64_t wait_ms)
{
	struct world *world = ctx;

	world->has_waited = true;
	(void)conn_at(world, 0); /* its CONNECT deadline begins here at the latest */
	sleep_ms(wait_ms < 2 * BLUR_MS ? wait_ms + 2 * BLUR_MS : wait_ms - BLUR_MS);
}

static void op_end(void *ctx)
{
	struct world *world = ctx;

	for (int i = 0; i < SCRIPT_CONNS; i++) {
		struct conn *conn = &world->conns[i];
		SSL_free(conn->tls);
		if (conn->fd >= 0)
			close(conn->fd);
		buf_deinit(&conn->got);
		*conn = (struct conn){.fd = -1};
	}
}

static const struct script_ops ops = {
    .wait_max_ms = WAIT_MAX_MS,
    .begin = op_begin,
    .send = op_send,
    .received = op_received,
    .drop = op_drop,
    .is_closed = op_is_closed,
    .wait = op_wait,
    .end = op_end,
};

static void open_world(struct world *world, char **argv)
{
	char *end;
	unsigned long port = strtoul(argv[1], &end, 10);

	CP_CHECK(*end == '\0' && port > 0 && port <= UINT16_MAX);
	signal(SIGPIPE, SIG_IGN);
	world->gateway = (struct sockaddr_in){.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	world->tls = SSL_CTX_new(TLS_client_method());
	CP_CHECK(world->tls);
	SSL_CTX_set_verify(world->tls, SSL_VERIFY_PEER, NULL);
	if (SSL_CTX_load_verify_locations(world->tls, argv[2], NULL) != 1 ||
	    SSL_CTX_use_certificate_chain_file(world->tls, argv[3]) != 1 ||
	    SSL_CTX_use_PrivateKey_file(world->tls, argv[4], SSL_FILETYPE_PEM) != 1)
		fail("certificates");
	op_end(world); /* no connection yet */
}

int main(int argc, char **argv)
{
	static struct world world;
	struct script_result result = {0};
	bool is_ok = true;

	if (argc < 7) {
		fprintf(stderr, "usage: run_tls PORT CA CERTIFICATE KEY DEVICE SCRIPT...\n");
		return 2;
	}
	open_world(&world, argv);
	for (int i = 6; i < argc; i++)
		is_ok &= script_run(argv[i], argv[5], &ops, &world, &result);
	SSL_CTX_free(world.tls);
	printf("%d cases, %d failed, %d skipped\n", result.cases, result.failed, result.skipped);
	return is_ok && result.failed == 0 ? 0 : 1;
}
