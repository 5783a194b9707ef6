#include "pki/extension.h"

#include <arpa/inet.h>
#include <mbedtls/asn1write.h>
#include <mbedtls/oid.h>

#define DER_MAX_BYTES 2048
#define DNS_NAME_MAX 253 /* RFC 1035 2.3.4, as text */

/* GeneralName is a CHOICE of context tags (RFC 5280 4.2.1.6). */
#define TAG_DNS (MBEDTLS_ASN1_CONTEXT_SPECIFIC | 2)
#define TAG_URI (MBEDTLS_ASN1_CONTEXT_SPECIFIC | 6)
#define TAG_IP (MBEDTLS_ASN1_CONTEXT_SPECIFIC | 7)
#define TAG_SEQUENCE (MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE)

/* DER is written backwards: the end is fixed, `at` moves to the front. */
struct der {
	unsigned char bytes[DER_MAX_BYTES];
	unsigned char *at;
	size_t len;
};

static void der_init(struct der *der)
{
	der->at = der->bytes + sizeof(der->bytes);
	der->len = 0;
}

static bool der_count(struct der *der, int written)
{
	if (written < 0)
		return false;
	der->len += (size_t)written;
	return true;
}

static bool der_header(struct der *der, size_t content_len, unsigned char tag)
{
	return der_count(der, mbedtls_asn1_write_len(&der->at, der->bytes, content_len)) &&
	       der_count(der, mbedtls_asn1_write_tag(&der->at, der->bytes, tag));
}

static bool der_value(struct der *der, unsigned char tag, const void *value, size_t len_bytes)
{
	return der_count(
	           der, mbedtls_asn1_write_raw_buffer(&der->at, der->bytes, value, len_bytes)) &&
	       der_header(der, len_bytes, tag);
}

static bool is_dns_name(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > DNS_NAME_MAX || text[0] == '.' || text[0] == '-')
		return false;
	return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") ==
	       len;
}

static bool is_uri(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > CERT_SUBJECT_MAX * 4 || !strchr(text, ':'))
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return true;
}

static enum cp_err add_san(struct der *der, const struct san *san, struct pki_error *error)
{
	unsigned char ip[16];
	bool has_room = false;

	switch (san->type) {
	case SAN_DNS:
		if (!is_dns_name(san->text))
			return pki_fail(
			    error, CP_INVALID, "\"%.100s\" is not a host name", san->text);
		has_room = der_value(der, TAG_DNS, san->text, strlen(san->text));
		break;
	case SAN_URI:
		if (!is_uri(san->text))
			return pki_fail(error, CP_INVALID, "\"%.100s\" is not a URI", san->text);
		has_room = der_value(der, TAG_URI, san->text, strlen(san->text));
		break;
	case SAN_IP:
		if (inet_pton(AF_INET, san->text, ip) == 1)
			has_room = der_value(der, TAG_IP, ip, 4);
		else if (inet_pton(AF_INET6, san->text, ip) == 1)
			has_room = der_value(der, TAG_IP, ip, 16);
		else
			return pki_fail(
			    error, CP_INVALID, "\"%.100s\" is not an IP address", san->text);
		break;
	}
	if (!has_room)
		return pki_fail(error, CP_INVALID, "too many names for one certificate");
	return CP_OK;
}

static enum cp_err add_extension(mbedtls_x509write_cert *cert, const char *oid, size_t oid_len,
    const struct der *der, struct pki_error *error)
{
	if (mbedtls_x509write_crt_set_extension(cert, oid, oid_len, 0, der->at, der->len))
		return pki_fail(error, CP_NOMEM, "no memory for a certificate");
	return CP_OK;
}

enum cp_err extension_add_sans(
    mbedtls_x509write_cert *cert, const struct san *sans, size_t count, struct pki_error *error)
{
	struct der der;

	if (count == 0)
		return CP_OK; /* an empty GeneralNames is forbidden */
	if (count > CERT_SANS_MAX)
		return pki_fail(
		    error, CP_INVALID, "at most %d names for one certificate", CERT_SANS_MAX);

	der_init(&der);
	for (size_t i = count; i > 0; i--) {
		enum cp_err err = add_san(&der, &sans[i - 1], error);
		if (err)
			return err;
	}
	if (!der_header(&der, der.len, TAG_SEQUENCE))
		return pki_fail(error, CP_INVALID, "too many names for one certificate");
	return add_extension(cert, MBEDTLS_OID_SUBJECT_ALT_NAME,
	    MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME), &der, error);
}

enum cp_err extension_add_use(
    mbedtls_x509write_cert *cert, enum cert_use use, struct pki_error *error)
{
	const char *oid = use == CERT_SERVER ? MBEDTLS_OID_SERVER_AUTH : MBEDTLS_OID_CLIENT_AUTH;
	size_t oid_len = MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH); /* of both */
	struct der der;

	der_init(&der);
	bool has_room = der_count(&der, mbedtls_asn1_write_oid(&der.at, der.bytes, oid, oid_len)) &&
	                der_header(&der, der.len, TAG_SEQUENCE);
	CP_CHECK(has_room);
	return add_extension(cert, MBEDTLS_OID_EXTENDED_KEY_USAGE,
	    MBEDTLS_OID_SIZE(MBEDTLS_OID_EXTENDED_KEY_USAGE), &der, error);
}
