/* authority.h - the clinic's own certificate authority.
 *
 * What:    makes it, and issues listener, device and head-office certificates:
 *          ECDSA P-256, random positive serials, subject and authority key ids,
 *          key usage, EKU and basicConstraints as RFC 5280 wants them.
 * Not:     revocation. mbedTLS writes no CRL; the registry is the authority.
 * Memory:  struct authority is opaque and holds the CA key; struct issued is the
 *          caller's, carries a private key and ends with issued_wipe().
 * Threads: none of its own; an authority is not shared between threads.
 * Time:    validity is an argument.
 */
#ifndef PKI_AUTHORITY_H
#define PKI_AUTHORITY_H

#include "base/hash.h"
#include "base/id.h"
#include "base/time.h"
#include "pki/error.h"

#define DEVICE_URI_PREFIX "urn:carepace:device:"
#define SERIAL_MAX_BYTES 20 /* RFC 5280 4.1.2.2 */
#define CERT_SUBJECT_MAX 64 /* RFC 5280 ub-common-name */
#define CERT_SANS_MAX 32

struct authority;

struct validity {
	wall_ms not_before;
	wall_ms not_after;
};

enum san_type {
	SAN_DNS,
	SAN_URI,
	SAN_IP, /* text form, v4 or v6 */
};

struct san {
	enum san_type type;
	const char *text;
};

enum cert_use {
	CERT_SERVER, /* EKU serverAuth */
	CERT_CLIENT, /* EKU clientAuth */
};

struct cert_request {
	const char *common_name; /* [A-Za-z0-9 ._:-], 1 to CERT_SUBJECT_MAX */
	enum cert_use use;
	struct validity validity;
	const struct san *sans;
	size_t san_count;
	const char *csr_path; /* the key comes from this request; NULL: one is made */
};

struct issued {
	char cert_pem[4096];
	char key_pem[512]; /* empty when the key came from a request */
	uint8_t serial[SERIAL_MAX_BYTES];
	size_t serial_len;
	uint8_t key_sha256[HASH_BYTES]; /* of the SubjectPublicKeyInfo */
};

enum cp_err authority_new(const char *common_name, struct validity validity, struct authority **out,
    struct pki_error *error) CP_MUST_CHECK;
/* The two must belong together and the certificate must be a CA's. */
enum cp_err authority_load(const char *cert_path, const char *key_path, struct authority **out,
    struct pki_error *error) CP_MUST_CHECK;
/* The certificate first, the key (0600) last: a key without one is never left. */
enum cp_err authority_save(const struct authority *authority, const char *cert_path,
    const char *key_path, struct pki_error *error) CP_MUST_CHECK;
void authority_free(struct authority *authority);

/* What the request says and nothing else: the three below are what is meant for
 * use, tests ask here for certificates that the gate must refuse. */
enum cp_err authority_issue(const struct authority *authority, const struct cert_request *request,
    struct issued *out, struct pki_error *error) CP_MUST_CHECK;

/* Each host is a DNS name or an IP address; at least one. */
enum cp_err authority_issue_listener(const struct authority *authority, const char *const *hosts,
    size_t count, struct validity validity, struct issued *out,
    struct pki_error *error) CP_MUST_CHECK;
/* SAN: the one URI that is the device's identity (P7). */
enum cp_err authority_issue_device(const struct authority *authority, const struct id *device,
    struct validity validity, struct issued *out, struct pki_error *error) CP_MUST_CHECK;
/* The same for the key of a certificate request, which never leaves the device. */
enum cp_err authority_sign_device(const struct authority *authority, const struct id *device,
    const char *csr_path, struct validity validity, struct issued *out,
    struct pki_error *error) CP_MUST_CHECK;
/* For the way up to head office: no device identity, so no entry here. */
enum cp_err authority_issue_client(const struct authority *authority, const char *common_name,
    struct validity validity, struct issued *out, struct pki_error *error) CP_MUST_CHECK;

/* The certificate readable by all, the key (if there is one) 0600. */
enum cp_err issued_save(const struct issued *issued, const char *cert_path, const char *key_path,
    struct pki_error *error) CP_MUST_CHECK;
void issued_wipe(struct issued *issued);

#endif
