/* x509.h - what certificates, requests and revocation lists have in common, over
 * mbedTLS's types; for the files of this room and io/tls.
 */
#ifndef PKI_X509_H
#define PKI_X509_H

#include "base/slice.h"
#include "base/time.h"
#include "pki/compat.h"
#include "pki/error.h"

/* What mbedTLS wants as the length of a file from file_read(): it knows PEM by a
 * NUL that is counted, and DER by the exact length. */
size_t x509_len(struct slice file);

/* All of a file, PEM or DER; *out is initialised, and freed by the caller. */
enum cp_err x509_load_certs(
    const char *path, mbedtls_x509_crt *out, struct pki_error *error) CP_MUST_CHECK;

/* A new key on P-256; *key is initialised. mbedTLS's code. */
int x509_make_key(mbedtls_pk_context *key);

wall_ms x509_time(const mbedtls_x509_time *time);

/* ECDSA with SHA-2, as everything that we accept. */
bool x509_is_signed_by(mbedtls_pk_context *key, mbedtls_pk_type_t type, mbedtls_md_type_t hash,
    const mbedtls_x509_buf *body, const mbedtls_x509_buf *signature);

#endif
