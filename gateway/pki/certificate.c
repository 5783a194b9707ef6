#include "pki/certificate.h"

#include "pki/x509.h"

#include <arpa/inet.h>
#include <stdio.h>

#define SAN_TYPE_MASK 0x1f /* RFC 5280 4.2.1.6 */
#define SAN_TYPE_DNS 2
#define SAN_TYPE_IP 7

static bool name_text(const mbedtls_x509_buf *san, char out[CERTIFICATE_NAME_BYTES])
{
	switch (san->tag & SAN_TYPE_MASK) {
	case SAN_TYPE_DNS:
		snprintf(out, CERTIFICATE_NAME_BYTES, "%.*s", (int)san->len, (const char *)san->p);
		return true;
	case SAN_TYPE_IP:
		if (san->len != sizeof(struct in_addr) && san->len != sizeof(struct in6_addr))
			return false;
		return inet_ntop(san->len == sizeof(struct in_addr) ? AF_INET : AF_INET6, san->p,
		           out, CERTIFICATE_NAME_BYTES) != NULL;
	default:
		return false;
	}
}

static void take(const mbedtls_x509_crt *cert, struct certificate *out)
{
	struct slice raw = slice_of(cert->raw.p, cert->raw.len);

	*out = (struct certificate){0};
	(void)mbedtls_x509_dn_gets(out->subject, sizeof(out->subject), &cert->subject);
	(void)mbedtls_x509_dn_gets(out->issuer, sizeof(out->issuer), &cert->issuer);
	out->not_before = x509_time(&cert->valid_from);
	out->not_after = x509_time(&cert->valid_to);
	hash_sha256(&raw, 1, out->sha256);
	/* Without the extension the list has one entry without bytes. */
	for (const mbedtls_x509_sequence *san = &cert->subject_alt_names;
	     san && san->buf.p && out->name_count < CERTIFICATE_NAMES_MAX; san = san->next)
		out->name_count += name_text(&san->buf, out->names[out->name_count]);
}

enum cp_err certificate_load(const char *path, struct certificate *out, struct pki_error *error)
{
	mbedtls_x509_crt chain;

	mbedtls_x509_crt_init(&chain);
	enum cp_err err = x509_load_certs(path, &chain, error);
	if (!err)
		take(&chain, out);
	mbedtls_x509_crt_free(&chain);
	return err;
}

const char *certificate_names_text(
    const struct certificate *certificate, char *out, size_t out_bytes)
{
	size_t len = 0;

	snprintf(out, out_bytes, "-");
	for (size_t i = 0; i < certificate->name_count && len < out_bytes; i++)
		len += (size_t)snprintf(
		    out + len, out_bytes - len, "%s%s", i ? ", " : "", certificate->names[i]);
	return out;
}
