/* certificate.h - what a certificate says, for people and for checks.
 *
 * What:    the first certificate of a file: for whom, until when, by which names, and
 *          the digest by which it is known again. Nothing is verified here.
 * Errors:  those of x509_load_certs(): one sentence with the file's name.
 */
#ifndef PKI_CERTIFICATE_H
#define PKI_CERTIFICATE_H

#include "base/hash.h"
#include "base/time.h"
#include "pki/error.h"

#define CERTIFICATE_NAMES_MAX 32
#define CERTIFICATE_NAME_BYTES 64 /* longer names are cut */

struct certificate {
	char subject[128];
	char issuer[128];
	wall_ms not_before;
	wall_ms not_after;
	uint8_t sha256[HASH_BYTES]; /* of the whole certificate */

	/* DNS names and IP addresses as text; other kinds are left out. */
	char names[CERTIFICATE_NAMES_MAX][CERTIFICATE_NAME_BYTES];
	size_t name_count;
};

enum cp_err certificate_load(
    const char *path, struct certificate *out, struct pki_error *error) CP_MUST_CHECK;

/* "a, b, c"; "-" without names. Cut at out_bytes; returns `out`. */
const char *certificate_names_text(
    const struct certificate *certificate, char *out, size_t out_bytes);

#endif
