#include "io/listener_state.h"

#include "io/clock.h"
#include "io/log.h"

/* What listener_send() took fits whatever came before it: it counts plaintext and
 * ciphertext together, and a record adds 29 bytes to at most 16 kB. */
#define OUT_MAX_BYTES(write_max_bytes) ((size_t)(write_max_bytes) + (write_max_bytes) / 8 + 4096)

/* --- no ------------------------------------------------------------------- */

static void log_refusal(const struct conn *conn, enum tls_reason reason)
{
	char hex[ID_HEX_LEN + 1];
	const struct id *claim = conn->tls ? tls_claim(conn->tls) : &(struct id){0};

	if (reason == TLS_PEER_LOOKED || (reason == TLS_PEER_LEFT && !conn->tls))
		log_debug("%s: %s", conn->remote, tls_reason_text(reason)); /* no device */
	else if (reason == TLS_PEER_LEFT)
		log_info("%s: %s", conn->remote, tls_reason_text(reason));
	else if (id_is_zero(claim))
		log_event(DEVICE_REFUSED, "refused %s: %s", conn->remote, tls_reason_text(reason));
	else
		log_event(DEVICE_REFUSED, "refused %s as device %s: %s", conn->remote,
		    id_hex(claim, hex), tls_reason_text(reason));
}

void conn_tell_refusal(const struct conn *conn, enum tls_reason reason)
{
	conn->listener->counters.refused[reason]++;
	log_refusal(conn, reason);
}

static void refuse(struct conn *conn, enum tls_reason reason)
{
	conn_tell_refusal(conn, reason);
	if (conn->tls)
		conn_leave(conn, CLOSE_TLS, LEAVE_MS);
	else
		conn_close(conn, CLOSE_TLS);
}

void conn_expel(struct conn *conn)
{
	char hex[ID_HEX_LEN + 1];

	log_event(DEVICE_REFUSED, "closed %s as device %s: %s", conn->remote,
	    id_hex(tls_claim(conn->tls), hex), tls_reason_text(conn->refusal));
	conn->listener->ops.expelled(conn->listener->ctx, conn->id);
	conn_leave(conn, CLOSE_NOT_ALLOWED, LEAVE_EXPELLED_MS);
}

/* --- the gate ------------------------------------------------------------- */

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
		conn_set_deadline(conn, listener->limits.write_stall_ms);
	listener->counters.handshakes_ok++;
	listener->counters.handshakes_resumed += tls_was_resumed(conn->tls);
	listener->counters.opened++;
	listener->ops.opened(listener->ctx, conn->id, &peer);
	conn_drain(conn); /* the first bytes may have come with the handshake's last */
}

/* --- the handshake -------------------------------------------------------- */

/* The time that we need is not the peer's: its deadline rests. */
static void hand_over(struct conn *conn)
{
	conn_stop_reading(conn);
	conn->left_ms = conn->deadline_at - clock_mono();
	conn->deadline_at = TIME_NEVER;
	conn->owed++;
	handshakes_put(conn->listener->handshakes, &conn->shaking, conn->tls, conn->was_at_worker);
	conn->was_at_worker = true;
}

static void go_on(struct conn *conn, enum tls_event event)
{
	switch (event) {
	case TLS_HEAVY:
		hand_over(conn);
		break;
	case TLS_MORE:
		conn_flush(conn);
		if (conn->state == CONN_HANDSHAKE && !conn->is_reading)
			conn_start_reading(conn);
		break;
	case TLS_DONE:
		conn_flush(conn);
		if (conn->state == CONN_HANDSHAKE)
			authenticate(conn);
		break;
	default:
		refuse(conn, tls_failure(conn->tls));
		break;
	}
}

void conn_shaken(struct handshake *handshake)
{
	struct conn *conn = RING_OWNER(handshake, struct conn, shaking);

	if (conn->state == CONN_CLOSING) {
		conn_given_back(conn);
		return;
	}
	conn->owed--;
	conn_set_deadline(conn, conn->left_ms);
	go_on(conn, handshake->event);
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

void conn_shake(struct conn *conn, struct slice ciphertext)
{
	if (!has_tls(conn) || tls_feed(conn->tls, ciphertext))
		refuse(conn, TLS_NO_MEMORY);
	else
		go_on(conn, tls_handshake_step(conn->tls, clock_wall()));
}
