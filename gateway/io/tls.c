#include "io/tls_state.h"

#include <stdlib.h>

#define RECORD_ALERT 21
#define RECORD_HANDSHAKE 22  /* RFC 5246 6.2.1: how every TLS connection begins */
#define ALERT_ROOM_BYTES 128 /* kept free by tls_write() for an alert */

/* --- the library's side: never blocks, touches the connection only -------- */

static int take_input(void *context, unsigned char *out, size_t len_bytes)
{
	struct tls_conn *conn = context;
	struct slice have = buf_bytes(&conn->in);
	size_t n = have.len < len_bytes ? have.len : len_bytes;

	if (n == 0)
		return MBEDTLS_ERR_SSL_WANT_READ;
	memcpy(out, have.p, n);
	buf_consume(&conn->in, n);
	return (int)n;
}

static int put_output(void *context, const unsigned char *bytes, size_t len_bytes)
{
	struct tls_conn *conn = context;

	if (buf_append(&conn->out, bytes, len_bytes))
		return MBEDTLS_ERR_SSL_ALLOC_FAILED;
	return (int)len_bytes;
}

/* --- life ----------------------------------------------------------------- */

struct tls_conn *tls_conn_new(struct tls_config *config, size_t out_max_bytes)
{
	struct tls_conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	mbedtls_ssl_init(&conn->ssl);
	if (mbedtls_ssl_setup(&conn->ssl, &config->ssl)) {
		mbedtls_ssl_free(&conn->ssl);
		free(conn);
		return NULL;
	}
	mbedtls_ssl_set_bio(&conn->ssl, conn, put_output, take_input, NULL);
	mbedtls_ssl_set_verify(&conn->ssl, tls_verify, conn);
	buf_init(&conn->in, TLS_FEED_MAX);
	buf_init(&conn->out, out_max_bytes);
	conn->config = tls_config_hold(config);
	return conn;
}

void tls_conn_free(struct tls_conn *conn)
{
	if (!conn)
		return;
	mbedtls_ssl_free(&conn->ssl);
	buf_deinit(&conn->in);
	buf_deinit(&conn->out);
	tls_config_drop(conn->config);
	free(conn);
}

/* --- in ------------------------------------------------------------------- */

enum cp_err tls_feed(struct tls_conn *conn, struct slice ciphertext)
{
	return buf_append(&conn->in, ciphertext.p, ciphertext.len);
}

static enum tls_event failed(struct tls_conn *conn, enum tls_reason reason)
{
	conn->reason = reason;
	return TLS_FAILED;
}

static enum tls_event handshake_failed(struct tls_conn *conn, int rc)
{
	uint32_t flags = mbedtls_ssl_get_verify_result(&conn->ssl);

	if (rc == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE &&
	    compat_alert(&conn->ssl) == MBEDTLS_SSL_ALERT_MSG_USER_CANCELED)
		return failed(conn, TLS_PEER_LOOKED);
	/* The library says every reason to the peer but this one (RFC 5246 7.4.6). */
	if (rc == MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE)
		(void)mbedtls_ssl_send_alert_message(&conn->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
		    MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE);
	return failed(conn, tls_reason_of(rc, flags));
}

/* False: what came first is no handshake. */
static bool has_begun_well(struct tls_conn *conn)
{
	struct slice in = buf_bytes(&conn->in);

	if (conn->has_begun || in.len == 0)
		return true;
	conn->has_begun = true;
	return in.p[0] == RECORD_HANDSHAKE;
}

/* The last that came is a fatal alert in the clear. Who does not trust us may send
 * it so in TLS 1.3, too (OpenSSL does); mbedTLS sees a broken record in it. */
static bool ends_with_alert(struct slice in)
{
	static const uint8_t rest[] = {0, 2, MBEDTLS_SSL_ALERT_LEVEL_FATAL}; /* length, level */

	if (in.len < 7)
		return false;
	const uint8_t *record = in.p + in.len - 7;
	return record[0] == RECORD_ALERT && record[1] == 3 &&
	       memcmp(record + 3, rest, sizeof(rest)) == 0;
}

static enum tls_event shake(struct tls_conn *conn, wall_ms now, bool may_be_heavy)
{
	bool is_alert = ends_with_alert(buf_bytes(&conn->in));

	if (conn->reason != TLS_OK)
		return TLS_FAILED;
	if (!has_begun_well(conn))
		return failed(conn, TLS_NOT_TLS);
	conn->now = now;
	tls_ticket_set_now(now);
	while (!compat_is_over(&conn->ssl)) {
		if (!may_be_heavy && compat_is_heavy(&conn->ssl))
			return TLS_HEAVY;
		bool is_hello = compat_is_at_server_hello(&conn->ssl);
		int rc = mbedtls_ssl_handshake_step(&conn->ssl);
		if (rc == MBEDTLS_ERR_SSL_WANT_READ || rc == MBEDTLS_ERR_SSL_WANT_WRITE)
			return TLS_MORE;
		if (rc)
			return handshake_failed(
			    conn, is_alert ? MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE : rc);
		/* Only a resumption leaves out what is heavy in TLS 1.2. */
		if (is_hello)
			conn->was_resumed = !compat_is_heavy(&conn->ssl);
	}
	conn->is_open = true;
	if (conn->was_resumed) /* tls_verify() was not asked */
		(void)tls_device_of(mbedtls_ssl_get_peer_cert(&conn->ssl), &conn->claim);
	return TLS_DONE;
}

enum tls_event tls_handshake(struct tls_conn *conn, wall_ms now)
{
	return shake(conn, now, true);
}

enum tls_event tls_handshake_step(struct tls_conn *conn, wall_ms now)
{
	return shake(conn, now, false);
}

bool tls_was_resumed(const struct tls_conn *conn)
{
	return conn->was_resumed;
}

enum tls_event tls_read(struct tls_conn *conn, uint8_t *out, size_t cap, size_t *len_bytes)
{
	*len_bytes = 0;
	if (conn->reason != TLS_OK)
		return TLS_FAILED;
	CP_CHECK(conn->is_open && cap > 0);

	int rc = mbedtls_ssl_read(&conn->ssl, out, cap);
	if (rc > 0) {
		*len_bytes = (size_t)rc;
		return TLS_DATA;
	}
	switch (rc) {
	case MBEDTLS_ERR_SSL_WANT_READ:
	case MBEDTLS_ERR_SSL_WANT_WRITE:
		return TLS_MORE;
	case 0:
	case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
		return TLS_CLOSED;
	default:
		return failed(conn, tls_reason_of(rc, 0));
	}
}

enum tls_reason tls_failure(const struct tls_conn *conn)
{
	return conn->reason;
}

const struct id *tls_claim(const struct tls_conn *conn)
{
	return &conn->claim;
}

/* --- out ------------------------------------------------------------------ */

/* Asked before the first record is written: a record that stopped half way could
 * only be gone on with, and the caller could not be told "nothing was taken". */
static enum cp_err check_room(const struct tls_conn *conn, size_t len_bytes, size_t payload)
{
	int expansion = mbedtls_ssl_get_record_expansion(&conn->ssl);

	if (expansion < 0)
		return CP_TLS;
	size_t records = (len_bytes + payload - 1) / payload;
	size_t need = len_bytes + records * (size_t)expansion + ALERT_ROOM_BYTES;
	return need <= buf_room(&conn->out) ? CP_OK : CP_FULL;
}

enum cp_err tls_write(struct tls_conn *conn, struct slice plain)
{
	if (!conn->is_open || conn->reason != TLS_OK)
		return CP_TLS;

	int payload = mbedtls_ssl_get_max_out_record_payload(&conn->ssl);
	if (payload <= 0)
		return CP_TLS;
	enum cp_err err = check_room(conn, plain.len, (size_t)payload);
	if (err)
		return err;
	while (plain.len > 0) {
		size_t len = plain.len < (size_t)payload ? plain.len : (size_t)payload;
		int rc = mbedtls_ssl_write(&conn->ssl, plain.p, len);
		if (rc <= 0) {
			conn->reason = tls_reason_of(rc, 0);
			return CP_TLS;
		}
		plain = slice_from(plain, (size_t)rc);
	}
	return CP_OK;
}

/* Both are a courtesy: when they do not fit, the peer sees the socket close. */
void tls_close_notify(struct tls_conn *conn)
{
	if (conn->is_open && conn->reason == TLS_OK)
		(void)mbedtls_ssl_close_notify(&conn->ssl);
}

void tls_refuse(struct tls_conn *conn, enum tls_reason reason)
{
	unsigned char alert = MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED;

	if (reason == TLS_REVOKED)
		alert = MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED;
	else if (reason == TLS_EXPIRED || reason == TLS_NOT_YET_VALID)
		alert = MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED;
	else if (reason == TLS_WRONG_PURPOSE)
		alert = MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT;
	(void)mbedtls_ssl_send_alert_message(&conn->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL, alert);
	conn->reason = reason;
}

struct slice tls_output(const struct tls_conn *conn)
{
	return buf_bytes(&conn->out);
}

void tls_output_sent(struct tls_conn *conn, size_t len_bytes)
{
	buf_consume(&conn->out, len_bytes);
}

void tls_output_take(struct tls_conn *conn, struct buf *out)
{
	*out = conn->out;
	buf_init(&conn->out, out->max_bytes);
}
