#include "io/tls_state.h"

#include "io/clock.h"
#include "pki/x509.h"

#define SAN_TYPE_MASK 0x1f
#define SAN_TYPE_URI 6    /* RFC 5280 4.2.1.6 */
#define CHAIN_DEPTH_MAX 2 /* device, one intermediate, root */

enum tls_reason tls_device_of(const mbedtls_x509_crt *cert, struct id *out)
{
	static const size_t prefix_len = sizeof(DEVICE_URI_PREFIX) - 1;
	size_t found = 0;

	*out = (struct id){0};
	for (const mbedtls_x509_sequence *san = &cert->subject_alt_names; san; san = san->next) {
		if ((san->buf.tag & SAN_TYPE_MASK) != SAN_TYPE_URI)
			continue;
		struct slice uri = slice_of(san->buf.p, san->buf.len);
		if (uri.len < prefix_len || memcmp(uri.p, DEVICE_URI_PREFIX, prefix_len) != 0)
			continue;
		if (!id_from_hex(out, slice_from(uri, prefix_len)))
			return TLS_NO_IDENTITY;
		found++;
	}
	if (found > 1)
		return TLS_AMBIGUOUS_IDENTITY;
	return found == 1 && !id_is_zero(out) ? TLS_OK : TLS_NO_IDENTITY;
}

static uint32_t time_flags(const mbedtls_x509_crt *cert, wall_ms now)
{
	if (now > x509_time(&cert->valid_to))
		return MBEDTLS_X509_BADCERT_EXPIRED;
	/* In doubt it may be later than `now`: nobody is locked out, and so can confirm the time.
	 */
	if (now < x509_time(&cert->valid_from) && !clock_in_doubt())
		return MBEDTLS_X509_BADCERT_FUTURE;
	return 0;
}

int tls_verify(void *context, mbedtls_x509_crt *cert, int depth, uint32_t *flags)
{
	struct tls_conn *conn = context;

	*flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
	*flags |= time_flags(cert, conn->now);
	if (depth > CHAIN_DEPTH_MAX)
		*flags |= MBEDTLS_X509_BADCERT_OTHER;
	if (depth == 0)
		(void)tls_device_of(cert, &conn->claim); /* the gate asks again */
	return 0;
}

/* Our own look: the library says yes without the extension, and to anyExtendedKeyUsage. */
static bool is_for_clients(const mbedtls_x509_crt *cert)
{
	static const char oid[] = MBEDTLS_OID_CLIENT_AUTH;

	for (const mbedtls_x509_sequence *at = &cert->ext_key_usage; at; at = at->next)
		if (at->buf.len == sizeof(oid) - 1 && memcmp(at->buf.p, oid, at->buf.len) == 0)
			return true;
	return false;
}

static enum tls_reason check_purpose(const mbedtls_x509_crt *cert)
{
	return is_for_clients(cert) && !compat_is_ca(cert) ? TLS_OK : TLS_WRONG_PURPOSE;
}

static enum tls_reason look_up(const mbedtls_x509_crt *cert, const struct registry *registry,
    const struct id *device, const struct registry_entry **out)
{
	uint8_t key_sha256[HASH_BYTES];
	struct slice key = slice_of(cert->pk_raw.p, cert->pk_raw.len);
	struct slice serial = slice_of(cert->serial.p, cert->serial.len);

	hash_sha256(&key, 1, key_sha256);
	*out = registry_find(registry, serial, key_sha256);
	if (!*out || !id_eq(&(*out)->device, device))
		return TLS_NOT_REGISTERED;
	return (*out)->is_revoked ? TLS_REVOKED : TLS_OK;
}

enum tls_reason tls_identity(
    const struct tls_conn *conn, const struct tls_config *config, wall_ms now, struct tls_peer *out)
{
	const mbedtls_x509_crt *cert = mbedtls_ssl_get_peer_cert(&conn->ssl);
	const struct registry_entry *entry;
	struct id device;

	*out = (struct tls_peer){0};
	if (!conn->is_open || !cert)
		return TLS_NO_CERTIFICATE;

	enum tls_reason reason = check_purpose(cert);
	uint32_t flags = time_flags(cert, now);
	if (reason == TLS_OK && flags)
		reason = flags == MBEDTLS_X509_BADCERT_EXPIRED ? TLS_EXPIRED : TLS_NOT_YET_VALID;
	if (reason == TLS_OK)
		reason = tls_device_of(cert, &device);
	if (reason == TLS_OK)
		reason = look_up(cert, config->registry, &device, &entry);
	if (reason != TLS_OK)
		return reason;

	out->device = device;
	out->kind = entry->kind;
	memcpy(out->name, entry->name, sizeof(out->name));
	out->expires_at = x509_time(&cert->valid_to);
	return TLS_OK;
}
