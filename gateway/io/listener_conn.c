#include "io/listener_state.h"

#include "io/clock.h"
#include "io/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* --- the end -------------------------------------------------------------- */

void conn_given_back(struct conn *conn)
{
	struct listener *listener = conn->listener;

	if (--conn->owed > 0)
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

static void handle_closed(uv_handle_t *handle)
{
	conn_given_back(handle->data);
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
	if (conn->shaking.place == HANDSHAKE_QUEUED && handshakes_take_back(&conn->shaking))
		conn->owed--;
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

void conn_set_deadline(struct conn *conn, mono_ms in_ms)
{
	conn->deadline_at = clock_mono() + in_ms;
	arm(conn);
}

void conn_wake_at(struct conn *conn, mono_ms at)
{
	conn->wake_at = at;
	arm(conn);
}

void conn_leave(struct conn *conn, enum close_reason reason, uint32_t leave_ms)
{
	if (conn->state >= CONN_LEAVING)
		return;
	conn->state = CONN_LEAVING;
	conn->reason = reason;
	conn_stop_reading(conn);
	conn_set_deadline(conn, leave_ms);
	conn_touch(conn);
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

/* An honest peer is through in a second: whoever lets us wait longest is none, or has
 * the worst network. Who waits for a worker waits for us. False: all do. */
static bool make_room_for_stranger(struct listener *listener)
{
	for (struct ring *at = listener->strangers.next; at != &listener->strangers;
	     at = at->next) {
		struct conn *slowest = RING_OWNER(at, struct conn, stranger);
		if (slowest->shaking.place != HANDSHAKE_HERE)
			continue;
		listener->counters.over_strangers++;
		log_warning("closed %s: %u connections are not authenticated yet, which is the "
		            "limit, and it is the slowest: find out who opens so many",
		    slowest->remote, listener->limits.strangers);
		conn_close(slowest, CLOSE_STALLED);
		return true;
	}
	return false;
}

static bool is_within_limits(struct conn *conn)
{
	struct listener *listener = conn->listener;
	uint32_t strangers = 0;
	uint32_t same = 0;

	if (listener->counters.connections >= listener->limits.connections) {
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
		strangers++;
	}
	if (same >= listener->limits.handshakes_per_address) {
		listener->counters.over_address++;
		log_warning("refused %s: %u connections of this address are not authenticated yet, "
		            "which is the limit: look at that machine",
		    conn->remote, same);
		return false;
	}
	return strangers < listener->limits.strangers || make_room_for_stranger(listener);
}

/* From here on libuv owes two close callbacks. */
static void start(struct conn *conn, int fd)
{
	struct listener *listener = conn->listener;

	conn->id = listener_take_slot(listener, conn);
	conn->owed = 2;
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
	conn_set_deadline(conn, listener->limits.handshake_ms);
	conn_start_reading(conn);
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
	ring_init(&conn->shaking.queue);
	set_remote(conn, from);
	if (!is_within_limits(conn)) {
		free(conn);
		close(fd);
		return;
	}
	start(conn, fd);
}
