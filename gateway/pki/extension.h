/* extension.h - the two X.509 extensions that mbedTLS 2.28 cannot write.
 *
 * What:    subjectAltName (RFC 5280 4.2.1.6) and extKeyUsage (4.2.1.12) as DER,
 *          given to the library as raw extensions. The same on 2.28 and 3.6.
 * Errors:  CP_INVALID for a name that is none of its type or too many of them.
 */
#ifndef PKI_EXTENSION_H
#define PKI_EXTENSION_H

#include "pki/authority.h"

#include <mbedtls/x509_crt.h>

enum cp_err extension_add_sans(mbedtls_x509write_cert *cert, const struct san *sans, size_t count,
    struct pki_error *error) CP_MUST_CHECK;
enum cp_err extension_add_use(
    mbedtls_x509write_cert *cert, enum cert_use use, struct pki_error *error) CP_MUST_CHECK;

#endif
