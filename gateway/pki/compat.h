/* compat.h - one spelling for mbedTLS 2.28 (Debian 12) and 3.6 (Debian 13).
 *
 * What:    the calls of its crypto and X.509 parts whose signature changed. The
 *          part about TLS stands in io/tls_compat.h.
 */
#ifndef PKI_COMPAT_H
#define PKI_COMPAT_H

#include "pki/rng.h"

#include <mbedtls/ecp.h>
#include <mbedtls/oid.h>
#include <mbedtls/pk.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>
#include <stdbool.h>

#if MBEDTLS_VERSION_NUMBER >= 0x03000000

/* A member that 3.6 renames to say that it may go away. */
#define COMPAT_PRIVATE(member) MBEDTLS_PRIVATE(member)

/* `pem` ends with a NUL that `len_bytes` counts. */
static inline int compat_parse_key(
    mbedtls_pk_context *key, const unsigned char *pem, size_t len_bytes)
{
	return mbedtls_pk_parse_key(key, pem, len_bytes, NULL, 0, rng_mbedtls, NULL);
}

static inline int compat_check_pair(const mbedtls_pk_context *public, const mbedtls_pk_context *key)
{
	return mbedtls_pk_check_pair(public, key, rng_mbedtls, NULL);
}

static inline int compat_set_serial(mbedtls_x509write_cert *cert, unsigned char *serial, size_t len)
{
	return mbedtls_x509write_crt_set_serial_raw(cert, serial, len);
}

static inline mbedtls_ecp_group_id compat_curve(const mbedtls_pk_context *ec_key)
{
	return mbedtls_ecp_keypair_get_group_id(mbedtls_pk_ec(*ec_key));
}

static inline bool compat_is_ca(const mbedtls_x509_crt *cert)
{
	return mbedtls_x509_crt_get_ca_istrue(cert) == 1;
}

#else

#define COMPAT_PRIVATE(member) member

static inline int compat_parse_key(
    mbedtls_pk_context *key, const unsigned char *pem, size_t len_bytes)
{
	return mbedtls_pk_parse_key(key, pem, len_bytes, NULL, 0);
}

static inline int compat_check_pair(const mbedtls_pk_context *public, const mbedtls_pk_context *key)
{
	return mbedtls_pk_check_pair(public, key);
}

static inline int compat_set_serial(mbedtls_x509write_cert *cert, unsigned char *serial, size_t len)
{
	mbedtls_mpi number;

	mbedtls_mpi_init(&number);
	int rc = mbedtls_mpi_read_binary(&number, serial, len);
	if (rc == 0)
		rc = mbedtls_x509write_crt_set_serial(cert, &number);
	mbedtls_mpi_free(&number);
	return rc;
}

static inline mbedtls_ecp_group_id compat_curve(const mbedtls_pk_context *ec_key)
{
	return mbedtls_pk_ec(*ec_key)->grp.id;
}

static inline bool compat_is_ca(const mbedtls_x509_crt *cert)
{
	return cert->ca_istrue != 0;
}

#endif

#endif
