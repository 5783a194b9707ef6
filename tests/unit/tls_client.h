/* tls_client.h - the device's end of TLS in memory: a plain mbedTLS client. */
#ifndef TESTS_TLS_CLIENT_H
#define TESTS_TLS_CLIENT_H

#include "clinic.h"

#include "io/tls_compat.h"

#define OUT_MAX 65536

static const struct id pen = {{0xaa, 1}};

/* What the clients speak: with mbedTLS 3.6, test_tls runs twice. */
static const char *version = "TLSv1.2";

static inline bool is_tls13(void)
{
	return strcmp(version, "TLSv1.3") == 0;
}

/* A device's end. */
struct client {
	mbedtls_ssl_context ssl;
	mbedtls_ssl_config config;
	mbedtls_x509_crt cert;
	mbedtls_pk_context key;
	struct buf in;
	struct buf out;
	bool is_open;
	int error;
};

static inline int client_take(void *context, unsigned char *out, size_t len)
{
	struct client *client = context;
	size_t n = client->in.len < len ? client->in.len : len;

	if (n == 0)
		return MBEDTLS_ERR_SSL_WANT_READ;
	memcpy(out, buf_bytes(&client->in).p, n);
	buf_consume(&client->in, n);
	return (int)n;
}

static inline int client_put(void *context, const unsigned char *bytes, size_t len)
{
	struct client *client = context;

	MUST(buf_append(&client->out, bytes, len));
	return (int)len;
}

static inline void client_init(struct client *client, const struct issued *issued)
{
	*client = (struct client){0};
	mbedtls_ssl_init(&client->ssl);
	mbedtls_ssl_config_init(&client->config);
	mbedtls_x509_crt_init(&client->cert);
	mbedtls_pk_init(&client->key);
	buf_init(&client->in, 1 << 20);
	buf_init(&client->out, 1 << 20);
	MUST(mbedtls_ssl_config_defaults(&client->config, MBEDTLS_SSL_IS_CLIENT,
	    MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT));
	mbedtls_ssl_conf_rng(&client->config, rng_mbedtls, NULL);
	mbedtls_ssl_conf_authmode(&client->config, MBEDTLS_SSL_VERIFY_NONE);
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
	if (!is_tls13())
		mbedtls_ssl_conf_max_tls_version(&client->config, MBEDTLS_SSL_VERSION_TLS1_2);
#endif
	if (!issued)
		return;
	MUST(mbedtls_x509_crt_parse(
	    &client->cert, (const unsigned char *)issued->cert_pem, strlen(issued->cert_pem) + 1));
	MUST(compat_parse_key(
	    &client->key, (const unsigned char *)issued->key_pem, strlen(issued->key_pem) + 1));
	MUST(mbedtls_ssl_conf_own_cert(&client->config, &client->cert, &client->key));
}

static inline void client_start(struct client *client)
{
	MUST(mbedtls_ssl_setup(&client->ssl, &client->config));
	mbedtls_ssl_set_bio(&client->ssl, client, client_put, client_take, NULL);
}

static inline void client_deinit(struct client *client)
{
	mbedtls_ssl_free(&client->ssl);
	mbedtls_ssl_config_free(&client->config);
	mbedtls_x509_crt_free(&client->cert);
	mbedtls_pk_free(&client->key);
	buf_deinit(&client->in);
	buf_deinit(&client->out);
}

/* In TLS 1.3 the client is done first: a refusal comes to its open connection. */
static inline void client_step(struct client *client)
{
	unsigned char byte;

	if (client->error)
		return;
	int rc = client->is_open ? mbedtls_ssl_read(&client->ssl, &byte, 1)
	                         : mbedtls_ssl_handshake(&client->ssl);
	if (rc == 0)
		client->is_open = true;
	else if (rc != MBEDTLS_ERR_SSL_WANT_READ)
		client->error = rc;
}

/* All that our end has to say goes to the client. */
static inline void deliver(struct tls_conn *conn, struct client *client)
{
	struct slice out = tls_output(conn);

	MUST(buf_append(&client->in, out.p, out.len));
	tls_output_sent(conn, out.len);
}

/* Until our end is done or has failed; the client's bytes come `piece` at a time. */
static inline enum tls_event shake(
    struct tls_conn *conn, struct client *client, wall_ms now, size_t piece)
{
	enum tls_event event = TLS_MORE;

	for (int turn = 0; turn < 20 && event == TLS_MORE; turn++) {
		client_step(client);
		while (client->out.len > 0 && event == TLS_MORE) {
			struct slice out = buf_bytes(&client->out);
			size_t len = out.len < piece ? out.len : piece;
			MUST(tls_feed(conn, slice_of(out.p, len)));
			buf_consume(&client->out, len);
			event = tls_handshake(conn, now);
		}
		deliver(conn, client);
	}
	client_step(client);
	return event;
}

static inline struct issued issue_pen(struct clinic *clinic)
{
	struct issued issued;

	MUST(
	    authority_issue_device(clinic->authority, &pen, clinic->year, &issued, &clinic->error));
	return issued;
}

#endif
