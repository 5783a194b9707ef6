/* csr.h - a certificate request (PKCS #10), of which only the key is taken.
 *
 * What:    the public key of a request that is signed by that key and is EC on
 *          P-256 or P-384. Names and extensions that it asks for are not read:
 *          who a device is, is for the registry to say (P7).
 * Errors:  CP_CONFIG with "FILE: what is wrong", and what file_read() says.
 */
#ifndef PKI_CSR_H
#define PKI_CSR_H

#include "base/slice.h"
#include "pki/error.h"

#include <mbedtls/pk.h>

/* Fills *out, which is initialised; the caller frees it in any case. */
enum cp_err csr_load(
    const char *path, mbedtls_pk_context *out, struct pki_error *error) CP_MUST_CHECK;

/* The same for a file in memory, as file_read() gives it; `path` is what errors call it. */
enum cp_err csr_parse(const char *path, struct slice file, mbedtls_pk_context *out,
    struct pki_error *error) CP_MUST_CHECK;

/* Our own, for somebody else to sign: on the key in `key_path`, which is made (EC on P-256, 0600)
 * when there is none. common_name: [A-Za-z0-9 ._:-]. */
enum cp_err csr_make(const char *common_name, const char *key_path, const char *csr_path,
    struct pki_error *error) CP_MUST_CHECK;

/* CP_CONFIG unless the file's first certificate is for that key. Any kind of key. */
enum cp_err csr_check_pair(
    const char *cert_path, const char *key_path, struct pki_error *error) CP_MUST_CHECK;

#endif
