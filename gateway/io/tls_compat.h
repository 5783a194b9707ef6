/* tls_compat.h - one spelling for the TLS part of mbedTLS 2.28 and 3.6.
 *
 * What:    versions, groups, signatures and error codes that were renamed. The
 *          part about keys and certificates stands in pki/compat.h.
 */
#ifndef IO_TLS_COMPAT_H
#define IO_TLS_COMPAT_H

#include "pki/compat.h"

#include <mbedtls/ssl.h>

#if MBEDTLS_VERSION_NUMBER >= 0x03000000

#include <psa/crypto.h>

#define COMPAT_ERR_VERSION MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION
#define COMPAT_ERR_NO_CIPHER MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE
#define COMPAT_ERR_NO_USABLE_CIPHER MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE
#define COMPAT_ERR_CERTIFICATE MBEDTLS_ERR_SSL_BAD_CERTIFICATE

#define COMPAT_TLS13_SUITES                                                                        \
	MBEDTLS_TLS1_3_AES_128_GCM_SHA256, MBEDTLS_TLS1_3_AES_256_GCM_SHA384,                      \
	    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,

/* Before any thread: 3.6.0 failed handshakes without it. */
static inline bool compat_start(void)
{
	return psa_crypto_init() == PSA_SUCCESS;
}

/* TLS 1.3 without tickets: a resumed session has no certificate there, and so no
 * identity (DESIGN section 5). */
static inline void compat_restrict(mbedtls_ssl_config *config)
{
	static const uint16_t groups[] = {MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
	    MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1,
	    MBEDTLS_SSL_IANA_TLS_GROUP_NONE};
	static const uint16_t signatures[] = {MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
	    MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384, MBEDTLS_TLS1_3_SIG_ECDSA_SECP521R1_SHA512,
	    MBEDTLS_TLS1_3_SIG_NONE};

	mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
	mbedtls_ssl_conf_max_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_3);
	mbedtls_ssl_conf_tls13_key_exchange_modes(
	    config, MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL);
	mbedtls_ssl_conf_new_session_tickets(config, 0);
	mbedtls_ssl_conf_groups(config, groups);
	mbedtls_ssl_conf_sig_algs(config, signatures);
}

static inline int compat_state(const mbedtls_ssl_context *ssl)
{
	return ssl->MBEDTLS_PRIVATE(state);
}

/* What the alert says that has ended the handshake. */
static inline uint8_t compat_alert(const mbedtls_ssl_context *ssl)
{
	return ssl->MBEDTLS_PRIVATE(in_msg)[1];
}

static inline bool compat_is_1_3(const mbedtls_ssl_context *ssl)
{
	return mbedtls_ssl_get_version_number(ssl) == MBEDTLS_SSL_VERSION_TLS1_3;
}

#else

#define COMPAT_ERR_VERSION MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION
#define COMPAT_ERR_NO_CIPHER MBEDTLS_ERR_SSL_NO_CIPHER_CHOSEN
#define COMPAT_ERR_NO_USABLE_CIPHER MBEDTLS_ERR_SSL_NO_USABLE_CIPHERSUITE
#define COMPAT_ERR_CERTIFICATE MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE

#define COMPAT_TLS13_SUITES /* 2.28 has no TLS 1.3 */

static inline bool compat_start(void)
{
	return true;
}

/* The default preset of 2.28 takes TLS 1.0 and 1.1 (reliability, finding 4). */
static inline void compat_restrict(mbedtls_ssl_config *config)
{
	static const mbedtls_ecp_group_id curves[] = {MBEDTLS_ECP_DP_CURVE25519,
	    MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_SECP384R1, MBEDTLS_ECP_DP_NONE};
	static const int hashes[] = {
	    MBEDTLS_MD_SHA256, MBEDTLS_MD_SHA384, MBEDTLS_MD_SHA512, MBEDTLS_MD_NONE};

	mbedtls_ssl_conf_min_version(
	    config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
	mbedtls_ssl_conf_max_version(
	    config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
	mbedtls_ssl_conf_curves(config, curves);
	mbedtls_ssl_conf_sig_hashes(config, hashes);
}

static inline int compat_state(const mbedtls_ssl_context *ssl)
{
	return ssl->state;
}

static inline uint8_t compat_alert(const mbedtls_ssl_context *ssl)
{
	return ssl->in_msg[1];
}

static inline bool compat_is_1_3(const mbedtls_ssl_context *ssl)
{
	(void)ssl;
	return false;
}

#endif

static inline bool compat_is_over(const mbedtls_ssl_context *ssl)
{
	return compat_state(ssl) >= MBEDTLS_SSL_HANDSHAKE_OVER;
}

static inline bool compat_is_at_server_hello(const mbedtls_ssl_context *ssl)
{
	return compat_state(ssl) == MBEDTLS_SSL_SERVER_HELLO;
}

/* Key exchange, signature or certificates come next. TLS 1.2 has them between the
 * hellos and ChangeCipherSpec; 1.3 makes its keys with the ServerHello already. */
static inline bool compat_is_heavy(const mbedtls_ssl_context *ssl)
{
	int state = compat_state(ssl);

	if (compat_is_1_3(ssl))
		return state >= MBEDTLS_SSL_SERVER_HELLO;
	return state >= MBEDTLS_SSL_SERVER_CERTIFICATE && state <= MBEDTLS_SSL_CERTIFICATE_VERIFY;
}

#endif
