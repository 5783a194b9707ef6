#include "io/listener_state.h"

#include "io/clock.h"
#include "io/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What listener_send() took fits whatever came before it: it counts plaintext and
 * ciphertext together, and a record adds 29 bytes to at most 16 kB. */
#define OUT_MAX_BYTES(write_max_bytes) ((size_t)(write_max_bytes) + (write_max_bytes) / 8 + 4096)

/* --- the end -------------------------------------------------------------- */

static void handle_closed(uv_handle_t *handle)
{
	struct conn *conn = handle->data;
	struct listener *listener = conn->listener;

	if (--conn->handles > 0)
		return;
	if (conn->was_opened) {
		listener->counters.closed[conn->reason]++;
		listener->counters.opened--;
		listener->ops.closed(listener->ctx, conn->id, conn->reason);
	}
	tls_conn_free(conn->tls);
	buf_deinit(&conn->plain);
	buf_deinit(&conn->sending);
	listener_forget(conn);
	free(conn);
}

void conn_close(struct conn *conn, enum close_reason reason)
{
	if (conn->state == CONN_CLOSING)
		return;
	if (conn->state < CONN_LEAVING)
		conn->reason = reason; /* otherwise the first one stands */
	conn->state = CONN_CLOSING;
	ring_remove(&conn->dirty);
	ring_remove(&conn->stranger);
	uv_close((uv_handle_t *)&conn->tcp, handle_closed);
	uv_close((uv_handle_t *)&conn->timer, handle_closed);
}

/* --- the one timer -------------------------------------------------------- */

static void timer_fired(uv_timer_t *timer);

/* A later time only lets the timer fire early once: a keep-alive that moves with
 * every packet costs no heap operation. */
static void arm(struct conn *conn)
{
	mono_ms at = conn->deadline_at;

	if (conn->state == CONN_OPEN && conn->wake_at < at)
		at = conn->wake_at;
	if (conn->state == CONN_CLOSING || at >= conn->armed_at)
		return;
	mono_ms now = clock_mono();
	conn->armed_at = at;
	uv_timer_start(&conn->timer, timer_fired, at > now ? (uint64_t)(at - now) : 0, 0);
}

static void deadline_passed(struct conn *conn)
{
	struct listener *listener = conn->listener;

	if (conn->state == CONN_HANDSHAKE) {
		listener->counters.handshakes_timed_out++;
		log_warning("refused %s: no TLS handshake within %u s: check the device and its "
		            "network",
		    conn->remote, listener->limits.handshake_ms / 1000);
	}
	conn_close(conn, CLOSE_STALLED);
}

static void timer_fired(uv_timer_t *timer)
{
	struct conn *conn = timer->data;
	mono_ms now = clock_mono();

	conn->armed_at = TIME_NEVER;
	if (now >= conn->deadline_at) {
		deadline_passed(conn);
		return;
	}
	if (conn->state == CONN_OPEN && now >= conn->wake_at) {
		conn->wake_at = TIME_NEVER;
		conn->listener->ops.woken(conn->listener->ctx, conn->id);
	}
	arm(conn);
}

static void set_deadline(struct conn *conn, uint32_t in_ms)
{
	conn->deadline_at = clock_mono() + in_ms;
	arm(conn);
}

void conn_wake_at(struct conn *conn, mono_ms at)
{
	conn->wake_at = at;
	arm(conn);
}

/* --- out ------------------------------------------------------------------ */

static void start_reading(struct conn *conn);
static void flush(struct conn *conn);

size_t conn_held_bytes(const struct conn *conn)
{
	return conn->plain.len + conn->sending.len + tls_output(conn->tls).len;
}

/* It will be looked at before this turn of the loop waits for anything. */
void conn_touch(struct conn *conn)
{
	if (conn->state != CONN_CLOSING && ring_is_empty(&conn->dirty))
		ring_add_last(&conn->listener->dirty, &conn->dirty);
}

static void written(uv_write_t *write, int status)
{
	struct conn *conn = write->data;

	conn->is_writing = false;
	if (conn->state == CONN_CLOSING)
		return; /* the buffer goes with the connection */
	conn->listener->counters.sent_bytes += conn->sending.len;
	buf_consume(&conn->sending, conn->sending.len);
	if (status < 0) {
		conn_close(conn, CLOSE_NETWORK);
		return;
	}
	if (conn->state == CONN_OPEN)
		conn->deadline_at = TIME_NEVER;
	flush(conn);
}

/* What the socket takes now, then the rest by libuv, which owns it meanwhile. */
static void write_out(struct conn *conn)
{
	struct slice out = tls_output(conn->tls);

	if (conn->is_writing || out.len == 0)
		return;
	uv_buf_t part = uv_buf_init((char *)(uintptr_t)out.p, (unsigned)out.len);
	int n = uv_try_write((uv_stream_t *)&conn->tcp, &part, 1);
	if (n > 0) {
		conn->listener->counters.sent_bytes += (uint64_t)n;
		tls_output_sent(conn->tls, (size_t)n);
	} else if (n < 0 && n != UV_EAGAIN) {
		conn_close(conn, CLOSE_NETWORK);
		return;
	}
	if (tls_output(conn->tls).len == 0)
		return;

	buf_deinit(&conn->sending);
	tls_output_take(conn->tls, &conn->sending);
	out = buf_bytes(&conn->sending);
	part = uv_buf_init((char *)(uintptr_t)out.p, (unsigned)out.len);
	conn->is_writing = true;
	if (uv_write(&conn->write, (uv_stream_t *)&conn->tcp, &part, 1, written)) {
		conn->is_writing = false;
		conn_close(conn, CLOSE_NETWORK);
		return;
	}
	if (conn->state == CONN_OPEN)
		set_deadline(conn, conn->listener->limits.write_stall_ms);
}

static void shut_down(uv_shutdown_t *request, int status)
{
	(void)request;
	(void)status; /* the peer's FIN or the deadline follows */
}

static void linger(struct conn *conn)
{
	conn->state = CONN_LINGERING;
	if (uv_shutdown(&conn->shutdown, (uv_stream_t *)&conn->tcp, shut_down)) {
		conn_close(conn, conn->reason);
		return;
	}
	set_deadline(conn, LINGER_MS);
	start_reading(conn);
}

static void flush(struct conn *conn)
{
	bool is_broken = tls_failure(conn->tls) != TLS_OK; /* only an alert may go */

	if (!is_broken && conn->plain.len > 0 && tls_write(conn->tls, buf_bytes(&conn->plain))) {
		conn_close(conn, CLOSE_TLS);
		return;
	}
	buf_consume(&conn->plain, conn->plain.len);
	if (conn->state == CONN_LEAVING && !conn->has_said_goodbye) {
		conn->has_said_goodbye = true;
		tls_close_notify(conn->tls);
	}
	write_out(conn);
	if (conn->state == CONN_LEAVING && !conn->is_writing && tls_output(conn->tls).len == 0)
		linger(conn);
}

static void stop_reading(struct conn *conn)
{
	uv_read_stop((uv_stream_t *)&conn->tcp);
	conn->is_reading = false;
}

void conn_leave(struct conn *conn, enum close_reason reason, uint32_t leave_ms)
{
	if (conn->state >= CONN_LEAVING)
		return;
	conn->state = CONN_LEAVING;
	conn->reason = reason;
	stop_reading(conn);
	set_deadline(conn, leave_ms);
	conn_touch(conn);
}

/* --- in ------------------------------------------------------------------- */

void conn_pause(struct conn *conn)
{
	conn->is_paused = true;
	stop_reading(conn);
}

/* All that lies in the TLS buffers, as long as the shell wants it. */
static void drain(struct conn *conn)
{
	struct listener *listener = conn->listener;
	size_t len;

	while (conn->state == CONN_OPEN && !conn->is_paused) {
		switch (tls_read(conn->tls, listener->plain, sizeof(listener->plain), &len)) {
		case TLS_DATA:
			listener->ops.received(
			    listener->ctx, conn->id, slice_of(listener->plain, len));
			break;
		case TLS_CLOSED:
			conn_leave(conn, CLOSE_PEER, LEAVE_MS);
			break;
		case TLS_FAILED:
			log_warning(
			    "closed %s: %s", conn->remote, tls_reason_text(tls_failure(conn->tls)));
			conn_leave(conn, CLOSE_TLS, LEAVE_MS);
			break;
		default:
			if (!conn->is_reading)
				start_reading(conn);
			return;
		}
	}
}

static void log_refusal(const struct conn *conn, enum tls_reason reason)
{
	char hex[ID_HEX_LEN + 1];
	const struct id *claim = conn->tls ? tls_claim(conn->tls) : &(struct id){0};

	if (reason == TLS_PEER_LEFT)
		log_info("%s: %s", conn->remote, tls_reason_text(reason));
	else if (id_is_zero(claim))
		log_warning("refused %s: %s", conn->remote, tls_reason_text(reason));
	else
		log_warning("refused %s as device %s: %s", conn->remote, id_hex(claim, hex),
		    tls_reason_text(reason));
}

static void refuse(struct conn *conn, enum tls_reason reason)
{
	conn->listener->counters.refused[reason]++;
	log_refusal(conn, reason);
	if (conn->tls)
		conn_leave(conn, CLOSE_TLS, LEAVE_MS);
	else
		conn_close(conn, CLOSE_TLS);
}

void conn_refuse_open(struct conn *conn, enum tls_reason reason)
{
	log_refusal(conn, reason);
	tls_refuse(conn->tls, reason);
	conn_leave(conn, CLOSE_NOT_ALLOWED, LEAVE_MS);
}

/* The gate (P7). */
static void authenticate(struct conn *conn)
{
	struct listener *listener = conn->listener;
	struct tls_peer peer;
	enum tls_reason reason = tls_identity(conn->tls, listener->config, clock_wall(), &peer);

	if (reason != TLS_OK) {
		tls_refuse(conn->tls, reason);
		refuse(conn, reason);
		return;
	}
	ring_remove(&conn->stranger);
	conn->state = CONN_OPEN;
	conn->was_opened = true;
	conn->deadline_at = TIME_NEVER;
	if (conn->is_writing)
		set_deadline(conn, listener->limits.write_stall_ms);
	listener->counters.handshakes_ok++;
	listener->counters.opened++;
	listener->ops.opened(listener->ctx, conn->id, &peer);
	drain(conn); /* the first bytes may have come with the handshake's last */
}

static void shake(struct conn *conn)
{
	switch (tls_handshake(conn->tls, clock_wall())) {
	case TLS_MORE:
		flush(conn);
		break;
	case TLS_DONE:
		flush(conn);
		if (conn->state == CONN_HANDSHAKE)
			authenticate(conn);
		break;
	default:
		refuse(conn, tls_failure(conn->tls));
		break;
	}
}

/* Silent sockets cost a kilobyte, not the forty of TLS. */
static bool has_tls(struct conn *conn)
{
	struct listener *listener = conn->listener;
	if (!conn->tls)
		conn->tls =
		    tls_conn_new(listener->config, OUT_MAX_BYTES(listener->limits.write_max_bytes));
	return conn->tls != NULL;
}

static void got_bytes(struct conn *conn, struct slice bytes)
{
	if (conn->state >= CONN_LEAVING)
		return;
	conn->listener->counters.received_bytes += bytes.len;
	if (!has_tls(conn) || tls_feed(conn->tls, bytes)) {
		if (conn->was_opened)
			conn_close(conn, CLOSE_TLS);
		else
			refuse(conn, TLS_NO_MEMORY);
		return;
	}
	if (conn->state == CONN_HANDSHAKE)
		shake(conn);
	else
		drain(conn);
}

static void read_done(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct conn *conn = stream->data;

	if (n > 0) {
		got_bytes(conn, slice_of(buf->base, (size_t)n));
		return;
	}
	if (n == 0)
		return;
	if (conn->state == CONN_HANDSHAKE) {
		conn->listener->counters.refused[TLS_PEER_LEFT]++;
		log_refusal(conn, TLS_PEER_LEFT);
	}
	conn_close(conn, n == UV_EOF ? CLOSE_PEER : CLOSE_NETWORK);
}

/* One buffer serves all: read_done() is called before the next connection reads. */
static void lend_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct conn *conn = handle->data;

	(void)suggested;
	*buf = uv_buf_init((char *)conn->listener->cipher, sizeof(conn->listener->cipher));
}

static void start_reading(struct conn *conn)
{
	conn->is_reading = uv_read_start((uv_stream_t *)&conn->tcp, lend_buffer, read_done) == 0;
	if (!conn->is_reading)
		conn_close(conn, CLOSE_NETWORK);
}

void conn_run_dirty(struct listener *listener)
{
	while (!ring_is_empty(&listener->dirty)) {
		struct conn *conn = RING_OWNER(listener->dirty.next, struct conn, dirty);
		ring_remove(&conn->dirty);
		if (conn->state == CONN_OPEN && !conn->is_paused && !conn->is_reading)
			drain(conn); /* resumed */
		if (conn->state == CONN_OPEN || conn->state == CONN_LEAVING)
			flush(conn);
	}
}

/* --- the beginning -------------------------------------------------------- */

static void set_remote(struct conn *conn, const struct sockaddr_storage *from)
{
	char ip[INET6_ADDRSTRLEN] = "?";

	if (from->ss_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
		conn->address.s6_addr[10] = conn->address.s6_addr[11] = 0xff;
		memcpy(conn->address.s6_addr + 12, &v4->sin_addr, 4);
		uv_ip4_name(v4, ip, sizeof(ip));
		snprintf(conn->remote, sizeof(conn->remote), "%s:%u", ip, ntohs(v4->sin_port));
		return;
	}
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
	conn->address = v6->sin6_addr;
	uv_ip6_name(v6, ip, sizeof(ip));
	snprintf(conn->remote, sizeof(conn->remote), "[%s]:%u", ip, ntohs(v6->sin6_port));
}

static bool is_within_limits(struct conn *conn)
{
	struct listener *listener = conn->listener;
	uint32_t same = 0;

	if (listener->free_count == 0) {
		listener->counters.over_connections++;
		log_warning("refused %s: there are %u connections, which is the limit: find out "
		            "who opens so many, or raise it",
		    conn->remote, listener->limits.connections);
		return false;
	}
	for (struct ring *at = listener->strangers.next; at != &listener->strangers;
	     at = at->next) {
		const struct conn *other = RING_OWNER(at, struct conn, stranger);
		same += memcmp(&other->address, &conn->address, sizeof(conn->address)) == 0;
	}
	if (same >= listener->limits.handshakes_per_address) {
		listener->counters.over_address++;
		log_warning("refused %s: %u connections of this address are not authenticated yet, "
		            "which is the limit: look at that machine",
		    conn->remote, same);
		return false;
	}
	return true;
}

/* From here on libuv owes two close callbacks. */
static void start(struct conn *conn, int fd)
{
	struct listener *listener = conn->listener;

	conn->id = listener_take_slot(listener, conn);
	conn->handles = 2;
	conn->tcp.data = conn->timer.data = conn->write.data = conn;
	CP_CHECK(uv_tcp_init(listener->loop, &conn->tcp) == 0);
	CP_CHECK(uv_timer_init(listener->loop, &conn->timer) == 0);
	ring_add_last(&listener->strangers, &conn->stranger);
	if (uv_tcp_open(&conn->tcp, fd)) {
		close(fd);
		conn_close(conn, CLOSE_NETWORK);
		return;
	}
	uv_tcp_nodelay(&conn->tcp, 1);
	set_deadline(conn, listener->limits.handshake_ms);
	start_reading(conn);
}

void conn_open(struct listener *listener, int fd, const struct sockaddr_storage *from)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (!conn) {
		listener->counters.accept_failures++;
		log_error("no memory for a connection");
		close(fd);
		return;
	}
	conn->listener = listener;
	conn->wake_at = conn->armed_at = TIME_NEVER;
	buf_init(&conn->plain, listener->limits.write_max_bytes);
	ring_init(&conn->dirty);
	ring_init(&conn->stranger);
	set_remote(conn, from);
	if (!is_within_limits(conn)) {
		free(conn);
		close(fd);
		return;
	}
	start(conn, fd);
}
