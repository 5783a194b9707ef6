/* crl.h - a revocation list (RFC 5280 5), merged into the registry.
 *
 * What:    verifies the list against the clinic's authority and revokes what it
 *          names in the registry. What the registry does not know is not let in
 *          anyway, and what is revoked stays so, whatever a later list says.
 * Not:     given to TLS: there an expired list, or a clock that is behind, would
 *          lock out every device. The registry remembers when the next list is
 *          due; its age is an alert and nothing more.
 * Errors:  CP_CONFIG with "FILE: what is wrong"; the registry is unchanged then.
 */
#ifndef PKI_CRL_H
#define PKI_CRL_H

#include "pki/registry.h"

#include <mbedtls/x509_crt.h>

struct crl_result {
	size_t listed;
	size_t revoked; /* by this import */
	size_t known;   /* were revoked before */
};

/* `ca_path` may hold several authorities; the list is of one of them. Refused: a
 * list of another one, forged, broken, expired, of the future, or older than the
 * one before. */
enum cp_err crl_import(const char *path, const char *ca_path, wall_ms now,
    struct registry *registry, struct crl_result *out, struct pki_error *error) CP_MUST_CHECK;

/* The same for a file in memory, as file_read() gives it; `path` is what errors call it. */
enum cp_err crl_merge(const char *path, struct slice file, mbedtls_x509_crt *ca, wall_ms now,
    struct registry *registry, struct crl_result *out, struct pki_error *error) CP_MUST_CHECK;

#endif
