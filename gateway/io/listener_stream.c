#include "io/listener_state.h"

#include "io/log.h"

#define STRANGER_READ_BYTES 4096

/* --- out ------------------------------------------------------------------ */

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
	if (conn->shaking.place == HANDSHAKE_HERE)
		conn_flush(conn);
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
		conn_set_deadline(conn, conn->listener->limits.write_stall_ms);
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
	conn_set_deadline(conn, LINGER_MS);
	conn_start_reading(conn);
}

void conn_flush(struct conn *conn)
{
	bool is_broken = tls_failure(conn->tls) != TLS_OK; /* only an alert may go */

	if (!is_broken && conn->plain.len > 0 && tls_write(conn->tls, buf_bytes(&conn->plain))) {
		conn_close(conn, CLOSE_TLS);
		return;
	}
	buf_consume(&conn->plain, conn->plain.len);
	if (conn->state == CONN_LEAVING && !conn->has_said_goodbye) {
		conn->has_said_goodbye = true;
		if (conn->refusal != TLS_OK)
			tls_refuse(conn->tls, conn->refusal);
		else
			tls_close_notify(conn->tls);
	}
	write_out(conn);
	if (conn->state == CONN_LEAVING && !conn->is_writing && tls_output(conn->tls).len == 0)
		linger(conn);
}

void conn_stop_reading(struct conn *conn)
{
	uv_read_stop((uv_stream_t *)&conn->tcp);
	conn->is_reading = false;
}

/* --- in ------------------------------------------------------------------- */

/* All that lies in the TLS buffers, as long as the shell wants it. */
void conn_drain(struct conn *conn)
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
				conn_start_reading(conn);
			return;
		}
	}
}

/* libuv reads a socket up to 32 times in a row as long as it fills the buffer: half a
 * megabyte of one device before anybody else has his turn. It goes on with the next. */
static void end_turn(struct conn *conn)
{
	if (conn->state != CONN_OPEN || !conn->is_reading)
		return;
	conn_stop_reading(conn);
	conn_touch(conn);
}

static void got_bytes(struct conn *conn, struct slice bytes)
{
	if (conn->state >= CONN_LEAVING)
		return;
	conn->listener->counters.received_bytes += bytes.len;
	if (conn->state == CONN_HANDSHAKE)
		conn_shake(conn, bytes);
	else if (tls_feed(conn->tls, bytes))
		conn_close(conn, CLOSE_TLS);
	else
		conn_drain(conn);
}

static void read_done(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct conn *conn = stream->data;

	if (n > 0) {
		got_bytes(conn, slice_of(buf->base, (size_t)n));
		if ((size_t)n == buf->len)
			end_turn(conn);
		return;
	}
	if (n == 0)
		return;
	if (conn->state == CONN_HANDSHAKE)
		conn_tell_refusal(conn, TLS_PEER_LEFT);
	conn_close(conn, n == UV_EOF ? CLOSE_PEER : CLOSE_NETWORK);
}

/* One buffer serves all: read_done() is called before the next connection reads.
 * Of a stranger no more is held than a client's messages in a handshake are long. */
static void lend_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct conn *conn = handle->data;

	size_t size =
	    conn->state == CONN_HANDSHAKE ? STRANGER_READ_BYTES : sizeof(conn->listener->cipher);

	(void)suggested;
	*buf = uv_buf_init((char *)conn->listener->cipher, (unsigned)size);
}

void conn_start_reading(struct conn *conn)
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
		if (conn->state == CONN_OPEN && conn->refusal != TLS_OK)
			conn_expel(conn);
		if (conn->state == CONN_OPEN && !conn->is_paused && !conn->is_reading)
			conn_drain(conn); /* resumed */
		if (conn->state == CONN_OPEN || conn->state == CONN_LEAVING)
			conn_flush(conn);
	}
}
