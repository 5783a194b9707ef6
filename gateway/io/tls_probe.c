#include "io/tls_probe.h"

#include "base/slice.h"
#include "io/tls_compat.h"

#include <sys/socket.h>

struct look {
	int fd;
	const uint8_t *sha256;
	enum tls_probe found;
};

static int put(void *context, const unsigned char *bytes, size_t len)
{
	const struct look *look = context;
	ssize_t sent = send(look->fd, bytes, len, MSG_NOSIGNAL);

	return sent < 0 ? MBEDTLS_ERR_SSL_INTERNAL_ERROR : (int)sent;
}

/* Silence for as long as the socket waits is an end, too. */
static int take(void *context, unsigned char *out, size_t len)
{
	const struct look *look = context;
	ssize_t got = recv(look->fd, out, len, 0);

	return got <= 0 ? MBEDTLS_ERR_SSL_CONN_EOF : (int)got;
}

static int see(void *context, mbedtls_x509_crt *cert, int depth, uint32_t *flags)
{
	struct look *look = context;
	struct slice raw = slice_of(cert->raw.p, cert->raw.len);
	uint8_t sha256[HASH_BYTES];

	if (depth == 0) {
		hash_sha256(&raw, 1, sha256);
		look->found = memcmp(sha256, look->sha256, HASH_BYTES) == 0 ? TLS_PROBE_SAME
		                                                            : TLS_PROBE_OTHER;
	}
	*flags = 0;
	return 0;
}

static void shake(mbedtls_ssl_context *ssl, const mbedtls_ssl_config *config, struct look *look)
{
	if (mbedtls_ssl_setup(ssl, config))
		return;
	mbedtls_ssl_set_bio(ssl, look, put, take, NULL);
	mbedtls_ssl_set_verify(ssl, see, look);
	while (look->found == TLS_PROBE_NONE && !compat_is_over(ssl))
		if (mbedtls_ssl_handshake_step(ssl))
			return;
	/* So that the gateway does not take us for a device in trouble (RFC 5246 7.2.2). */
	(void)mbedtls_ssl_send_alert_message(
	    ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL, MBEDTLS_SSL_ALERT_MSG_USER_CANCELED);
}

enum tls_probe tls_probe(int fd, const uint8_t sha256[HASH_BYTES])
{
	struct look look = {.fd = fd, .sha256 = sha256, .found = TLS_PROBE_NONE};
	mbedtls_ssl_config config;
	mbedtls_ssl_context ssl;

	mbedtls_ssl_config_init(&config);
	mbedtls_ssl_init(&ssl);
	if (mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT,
	        MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT) == 0 &&
	    compat_start()) {
		compat_restrict(&config);
		mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_OPTIONAL);
		mbedtls_ssl_conf_rng(&config, rng_mbedtls, NULL);
		shake(&ssl, &config, &look);
	}
	mbedtls_ssl_free(&ssl);
	mbedtls_ssl_config_free(&config);
	return look.found;
}
