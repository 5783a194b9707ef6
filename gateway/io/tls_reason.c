#include "io/tls_state.h"

static const struct {
	const char *name;
	const char *text;
} reasons[TLS_REASON_COUNT] = {
    [TLS_OK] = {"ok", "nothing is wrong"},
    [TLS_NOT_TLS] = {"not_tls",
        "it does not speak TLS: set the device to MQTT over TLS on this port"},
    [TLS_OLD_VERSION] = {"old_version",
        "it speaks no version of TLS that is accepted: update it to TLS 1.2"},
    [TLS_NO_COMMON_CIPHER] = {"no_common_cipher",
        "it offers no accepted cipher suite: enable ECDHE-ECDSA with AES-GCM or ChaCha20-Poly1305"},
    [TLS_NO_CERTIFICATE] = {"no_certificate",
        "it shows no certificate: issue one by carepace pki issue and install it on the device"},
    [TLS_UNKNOWN_CA] = {"unknown_ca",
        "its certificate is not from this clinic's authority: issue one by carepace pki issue"},
    [TLS_WEAK_CERTIFICATE] = {"weak_certificate",
        "its certificate uses what is not accepted: use EC P-256 or P-384 with SHA-256 or better"},
    [TLS_LONG_CHAIN] = {"long_chain",
        "its certificate has more than one authority between it and the root: issue it directly"},
    [TLS_WRONG_PURPOSE] = {"wrong_purpose",
        "its certificate is not for clients (clientAuth): issue one by carepace pki issue"},
    [TLS_EXPIRED] = {"expired",
        "its certificate has expired: issue a new one, or set the clock of this box"},
    [TLS_NOT_YET_VALID] = {"not_yet_valid",
        "its certificate is not valid yet: set the clock of this box"},
    [TLS_NO_IDENTITY] = {"no_identity",
        "its certificate names no device (urn:carepace:device:ID): issue one by carepace pki "
        "issue"},
    [TLS_AMBIGUOUS_IDENTITY] = {"ambiguous_identity",
        "its certificate names more than one device: issue one by carepace pki issue"},
    [TLS_NOT_REGISTERED] = {"not_registered",
        "its certificate is not in the registry: issue a new one by carepace pki issue"},
    [TLS_REVOKED] = {"revoked",
        "its certificate was revoked: find out who uses it, or issue a new one"},
    [TLS_PEER_ALERT] = {"peer_alert",
        "it broke off: install the clinic's ca.pem on it and use a host name of the listener's "
        "certificate"},
    [TLS_PEER_LEFT] = {"peer_left", "it left before the handshake was over: check its network"},
    [TLS_PEER_LOOKED] = {"peer_looked", "it only looked at the gateway's certificate"},
    [TLS_MALFORMED] = {"malformed",
        "it sent what is not valid TLS: check the device, its library and what lies between"},
    [TLS_NO_MEMORY] = {"no_memory",
        "this box has no memory left for it: look for what uses the memory"},
};

const char *tls_reason_name(enum tls_reason reason)
{
	CP_CHECK((size_t)reason < TLS_REASON_COUNT);
	return reasons[reason].name;
}

const char *tls_reason_text(enum tls_reason reason)
{
	CP_CHECK((size_t)reason < TLS_REASON_COUNT);
	return reasons[reason].text;
}

/* A certificate may fail in several ways: the first is what to repair first. */
static enum tls_reason reason_of_flags(uint32_t flags)
{
	static const struct {
		uint32_t flags;
		enum tls_reason reason;
	} order[] = {
	    {MBEDTLS_X509_BADCERT_MISSING, TLS_NO_CERTIFICATE},
	    {MBEDTLS_X509_BADCERT_OTHER, TLS_LONG_CHAIN},
	    {MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK |
	            MBEDTLS_X509_BADCERT_BAD_KEY,
	        TLS_WEAK_CERTIFICATE},
	    {MBEDTLS_X509_BADCERT_NOT_TRUSTED, TLS_UNKNOWN_CA},
	    {MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE |
	            MBEDTLS_X509_BADCERT_NS_CERT_TYPE,
	        TLS_WRONG_PURPOSE},
	    {MBEDTLS_X509_BADCERT_EXPIRED, TLS_EXPIRED},
	    {MBEDTLS_X509_BADCERT_FUTURE, TLS_NOT_YET_VALID},
	};

	for (size_t i = 0; i < CP_COUNT(order); i++)
		if (flags & order[i].flags)
			return order[i].reason;
	return TLS_MALFORMED;
}

enum tls_reason tls_reason_of(int rc, uint32_t flags)
{
	static const struct {
		int rc;
		enum tls_reason reason;
	} table[] = {
	    {COMPAT_ERR_VERSION, TLS_OLD_VERSION},
	    {COMPAT_ERR_NO_CIPHER, TLS_NO_COMMON_CIPHER},
	    {COMPAT_ERR_NO_USABLE_CIPHER, TLS_NO_COMMON_CIPHER},
	    {MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE, TLS_NO_CERTIFICATE},
	    {MBEDTLS_ERR_X509_FATAL_ERROR, TLS_LONG_CHAIN}, /* longer than it can follow */
	    {MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE, TLS_PEER_ALERT},
	    {MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY, TLS_PEER_LEFT},
	    {MBEDTLS_ERR_SSL_CONN_EOF, TLS_PEER_LEFT},
	    {MBEDTLS_ERR_SSL_ALLOC_FAILED, TLS_NO_MEMORY},
	    {MBEDTLS_ERR_X509_ALLOC_FAILED, TLS_NO_MEMORY},
	    {MBEDTLS_ERR_MPI_ALLOC_FAILED, TLS_NO_MEMORY},
	    {MBEDTLS_ERR_ECP_ALLOC_FAILED, TLS_NO_MEMORY},
	};

	if (rc == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED || rc == COMPAT_ERR_CERTIFICATE)
		return reason_of_flags(flags);
	for (size_t i = 0; i < CP_COUNT(table); i++)
		if (rc == table[i].rc)
			return table[i].reason;
	return TLS_MALFORMED;
}
