#include "pki/authority.h"

#include "pki/csr.h"
#include "pki/date.h"
#include "pki/extension.h"
#include "pki/file.h"
#include "pki/x509.h"

#include <arpa/inet.h>
#include <mbedtls/ecp.h>
#include <mbedtls/error.h>
#include <mbedtls/pem.h>
#include <mbedtls/platform_util.h>
#include <stdio.h>
#include <stdlib.h>

#define SERIAL_BYTES 16
#define SPKI_MAX_BYTES 256
#define DN_MAX_BYTES 256
#define PEM_FILE_MAX_BYTES 65536
#define PEM_CERT_BEGIN "-----BEGIN CERTIFICATE-----\n"
#define PEM_CERT_END "-----END CERTIFICATE-----\n"

struct authority {
	mbedtls_x509_crt cert;
	mbedtls_pk_context key;
	char subject[DN_MAX_BYTES]; /* as mbedTLS reads and writes it */
	wall_ms not_after;
};

/* What one certificate consists of, whoever it is for. */
struct blueprint {
	const char *subject;
	const char *issuer;
	mbedtls_pk_context *issuer_key; /* NULL: signed by its own key */
	struct validity validity;
	const struct cert_request *leaf; /* NULL: a certificate authority */
};

static enum cp_err fail(struct pki_error *error, const char *what, int rc)
{
	char reason[128];

	mbedtls_strerror(rc, reason, sizeof(reason));
	return pki_fail(error, CP_TLS, "%s: %s", what, reason);
}

/* What needs no escape in a distinguished name (RFC 4514 2.4). */
static bool is_common_name(const char *name)
{
	static const char allowed[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ._:-";
	size_t len = strnlen(name, CERT_SUBJECT_MAX + 1);

	return len > 0 && len <= CERT_SUBJECT_MAX && strspn(name, allowed) == len &&
	       name[0] != ' ' && name[len - 1] != ' ';
}

static enum cp_err subject_of(
    const char *common_name, char out[DN_MAX_BYTES], struct pki_error *error)
{
	if (!is_common_name(common_name))
		return pki_fail(error, CP_INVALID,
		    "the name \"%.70s\" must have 1 to %d of A-Z a-z 0-9 . _ : - and blanks "
		    "between",
		    common_name, CERT_SUBJECT_MAX);
	snprintf(out, DN_MAX_BYTES, "CN=%s,O=Carepace", common_name);
	return CP_OK;
}

/* --- one certificate ------------------------------------------------------ */

/* Positive and of one length: the first byte is 0x40 to 0x7f. */
static int make_serial(struct issued *out)
{
	int rc = rng_mbedtls(NULL, out->serial, SERIAL_BYTES);

	out->serial[0] = (uint8_t)((out->serial[0] & 0x3f) | 0x40);
	out->serial_len = SERIAL_BYTES;
	return rc;
}

static int hash_key(mbedtls_pk_context *key, uint8_t out[HASH_BYTES])
{
	unsigned char spki[SPKI_MAX_BYTES];
	int len = mbedtls_pk_write_pubkey_der(key, spki, sizeof(spki)); /* at its end */

	if (len < 0)
		return len;
	struct slice der = slice_of(spki + sizeof(spki) - (size_t)len, (size_t)len);
	hash_sha256(&der, 1, out);
	return 0;
}

static int write_names(mbedtls_x509write_cert *cert, const struct blueprint *plan)
{
	char from[DATE_X509_LEN + 1];
	char to[DATE_X509_LEN + 1];
	int rc = mbedtls_x509write_crt_set_subject_name(cert, plan->subject);

	if (rc == 0)
		rc = mbedtls_x509write_crt_set_issuer_name(cert, plan->issuer);
	if (rc == 0)
		rc = mbedtls_x509write_crt_set_validity(cert,
		    date_x509(plan->validity.not_before, from),
		    date_x509(plan->validity.not_after, to));
	return rc;
}

/* After the keys: the key identifiers are their hashes. */
static int write_basics(mbedtls_x509write_cert *cert, bool is_ca)
{
	unsigned usage = is_ca ? MBEDTLS_X509_KU_KEY_CERT_SIGN | MBEDTLS_X509_KU_CRL_SIGN
	                       : MBEDTLS_X509_KU_DIGITAL_SIGNATURE;
	int rc = mbedtls_x509write_crt_set_basic_constraints(cert, is_ca, is_ca ? 0 : -1);

	if (rc == 0)
		rc = mbedtls_x509write_crt_set_key_usage(cert, (unsigned char)usage);
	if (rc == 0)
		rc = mbedtls_x509write_crt_set_subject_key_identifier(cert);
	if (rc == 0)
		rc = mbedtls_x509write_crt_set_authority_key_identifier(cert);
	return rc;
}

static enum cp_err write_extensions(
    mbedtls_x509write_cert *cert, const struct cert_request *leaf, struct pki_error *error)
{
	int rc = write_basics(cert, !leaf);

	if (rc)
		return fail(error, "cannot write the certificate", rc);
	if (!leaf)
		return CP_OK;
	enum cp_err err = extension_add_use(cert, leaf->use, error);
	if (!err)
		err = extension_add_sans(cert, leaf->sans, leaf->san_count, error);
	return err;
}

static enum cp_err write_cert(mbedtls_x509write_cert *cert, mbedtls_pk_context *key,
    const struct blueprint *plan, struct issued *out, struct pki_error *error)
{
	mbedtls_x509write_crt_set_version(cert, MBEDTLS_X509_CRT_VERSION_3);
	mbedtls_x509write_crt_set_md_alg(cert, MBEDTLS_MD_SHA256);
	mbedtls_x509write_crt_set_subject_key(cert, key);
	mbedtls_x509write_crt_set_issuer_key(cert, plan->issuer_key ? plan->issuer_key : key);

	int rc = make_serial(out);
	if (rc == 0)
		rc = compat_set_serial(cert, out->serial, out->serial_len);
	if (rc == 0)
		rc = write_names(cert, plan);
	if (rc)
		return fail(error, "cannot write the certificate", rc);

	enum cp_err err = write_extensions(cert, plan->leaf, error);
	if (err)
		return err;
	rc = mbedtls_x509write_crt_pem(
	    cert, (unsigned char *)out->cert_pem, sizeof(out->cert_pem), rng_mbedtls, NULL);
	return rc ? fail(error, "cannot sign the certificate", rc) : CP_OK;
}

/* Of the request, or a new one. */
static enum cp_err get_key(const struct blueprint *plan, mbedtls_pk_context *key,
    struct issued *out, struct pki_error *error)
{
	int rc = 0;

	if (plan->leaf && plan->leaf->csr_path) {
		enum cp_err err = csr_load(plan->leaf->csr_path, key, error);
		if (err)
			return err;
	} else {
		rc = x509_make_key(key);
		if (rc == 0)
			rc = mbedtls_pk_write_key_pem(
			    key, (unsigned char *)out->key_pem, sizeof(out->key_pem));
	}
	if (rc == 0)
		rc = hash_key(key, out->key_sha256);
	return rc ? fail(error, "cannot make a key", rc) : CP_OK;
}

static enum cp_err issue(const struct blueprint *plan, struct issued *out, struct pki_error *error)
{
	mbedtls_x509write_cert cert;
	mbedtls_pk_context key;

	if (plan->validity.not_before >= plan->validity.not_after)
		return pki_fail(error, CP_INVALID, "the certificate would end before it begins");

	*out = (struct issued){0};
	mbedtls_x509write_crt_init(&cert);
	mbedtls_pk_init(&key);
	enum cp_err err = get_key(plan, &key, out, error);
	if (!err)
		err = write_cert(&cert, &key, plan, out, error);
	mbedtls_pk_free(&key);
	mbedtls_x509write_crt_free(&cert);
	if (err)
		issued_wipe(out);
	return err;
}

void issued_wipe(struct issued *issued)
{
	mbedtls_platform_zeroize(issued, sizeof(*issued));
}

enum cp_err issued_save(const struct issued *issued, const char *cert_path, const char *key_path,
    struct pki_error *error)
{
	enum cp_err err = file_replace(cert_path, 0644, slice_str(issued->cert_pem), error);

	if (!err && issued->key_pem[0])
		err = file_replace(key_path, 0600, slice_str(issued->key_pem), error);
	return err;
}

/* --- the authority -------------------------------------------------------- */

static enum cp_err authority_check(struct authority *authority, struct pki_error *error)
{
	if (!compat_is_ca(&authority->cert))
		return pki_fail(error, CP_CONFIG, "this is not the certificate of an authority");
	if (compat_check_pair(&authority->cert.pk, &authority->key))
		return pki_fail(error, CP_CONFIG, "certificate and key do not belong together");

	authority->not_after = x509_time(&authority->cert.valid_to);
	int len = mbedtls_x509_dn_gets(
	    authority->subject, sizeof(authority->subject), &authority->cert.subject);
	return len < 0 ? fail(error, "cannot read the authority's name", len) : CP_OK;
}

/* Both end with a NUL behind their length: mbedTLS wants that for PEM. */
static enum cp_err authority_parse(
    struct slice cert_pem, struct slice key_pem, struct authority **out, struct pki_error *error)
{
	struct authority *authority = calloc(1, sizeof(*authority));

	*out = NULL;
	if (!authority)
		return pki_fail(error, CP_NOMEM, "no memory for the authority");
	mbedtls_x509_crt_init(&authority->cert);
	mbedtls_pk_init(&authority->key);

	enum cp_err err;
	int rc = mbedtls_x509_crt_parse(&authority->cert, cert_pem.p, cert_pem.len + 1);
	if (rc)
		err = pki_fail(error, CP_CONFIG, "this is not one certificate in PEM form");
	else if (compat_parse_key(&authority->key, key_pem.p, key_pem.len + 1))
		err = pki_fail(error, CP_CONFIG, "this is not a private key in PEM form");
	else
		err = authority_check(authority, error);
	if (err)
		authority_free(authority);
	else
		*out = authority;
	return err;
}

enum cp_err authority_new(const char *common_name, struct validity validity, struct authority **out,
    struct pki_error *error)
{
	char subject[DN_MAX_BYTES];
	struct issued issued;

	*out = NULL;
	enum cp_err err = subject_of(common_name, subject, error);
	if (err)
		return err;
	struct blueprint plan = {.subject = subject, .issuer = subject, .validity = validity};
	err = issue(&plan, &issued, error);
	if (!err)
		err = authority_parse(
		    slice_str(issued.cert_pem), slice_str(issued.key_pem), out, error);
	issued_wipe(&issued);
	return err;
}

static void wipe_file(struct buf *buf)
{
	if (buf->p)
		mbedtls_platform_zeroize(buf->p, buf->cap);
	buf_deinit(buf);
}

enum cp_err authority_load(
    const char *cert_path, const char *key_path, struct authority **out, struct pki_error *error)
{
	struct buf cert = {0};
	struct buf key = {0};
	struct pki_error reason;

	*out = NULL;
	enum cp_err err = file_check_secret(key_path, error);
	if (!err)
		err = file_read(cert_path, PEM_FILE_MAX_BYTES, &cert, error);
	if (!err)
		err = file_read(key_path, PEM_FILE_MAX_BYTES, &key, error);
	if (!err) {
		err = authority_parse(buf_bytes(&cert), buf_bytes(&key), out, &reason);
		if (err)
			pki_fail(error, err, "%.100s with %.100s: %.100s", cert_path, key_path,
			    reason.text);
	}
	wipe_file(&key);
	buf_deinit(&cert);
	return err;
}

enum cp_err authority_save(const struct authority *authority, const char *cert_path,
    const char *key_path, struct pki_error *error)
{
	/* The library's writer takes the key without const and does not change it. */
	mbedtls_pk_context key = authority->key;
	struct issued files = {0};
	size_t len = 0;

	int rc = mbedtls_pem_write_buffer(PEM_CERT_BEGIN, PEM_CERT_END, authority->cert.raw.p,
	    authority->cert.raw.len, (unsigned char *)files.cert_pem, sizeof(files.cert_pem), &len);
	if (rc == 0)
		rc = mbedtls_pk_write_key_pem(
		    &key, (unsigned char *)files.key_pem, sizeof(files.key_pem));
	enum cp_err err = rc ? fail(error, "cannot write the authority", rc)
	                     : issued_save(&files, cert_path, key_path, error);
	issued_wipe(&files);
	return err;
}

void authority_free(struct authority *authority)
{
	if (!authority)
		return;
	mbedtls_pk_free(&authority->key);
	mbedtls_x509_crt_free(&authority->cert);
	free(authority);
}

/* --- what it issues ------------------------------------------------------- */

enum cp_err authority_issue(const struct authority *authority, const struct cert_request *request,
    struct issued *out, struct pki_error *error)
{
	char subject[DN_MAX_BYTES];
	mbedtls_pk_context key = authority->key; /* see authority_save() */

	*out = (struct issued){0};
	enum cp_err err = subject_of(request->common_name, subject, error);
	if (err)
		return err;
	if (request->validity.not_after / MS_PER_SECOND > authority->not_after / MS_PER_SECOND)
		return pki_fail(error, CP_INVALID,
		    "the certificate would outlive its authority: ask for fewer days");
	struct blueprint plan = {
	    .subject = subject,
	    .issuer = authority->subject,
	    .issuer_key = &key,
	    .validity = request->validity,
	    .leaf = request,
	};
	return issue(&plan, out, error);
}

enum cp_err authority_issue_listener(const struct authority *authority, const char *const *hosts,
    size_t count, struct validity validity, struct issued *out, struct pki_error *error)
{
	struct san sans[CERT_SANS_MAX];
	unsigned char ip[16];

	*out = (struct issued){0};
	if (count == 0 || count > CERT_SANS_MAX)
		return pki_fail(
		    error, CP_INVALID, "a listener has 1 to %d host names", CERT_SANS_MAX);
	for (size_t i = 0; i < count; i++) {
		bool is_ip =
		    inet_pton(AF_INET, hosts[i], ip) == 1 || inet_pton(AF_INET6, hosts[i], ip) == 1;
		sans[i] = (struct san){is_ip ? SAN_IP : SAN_DNS, hosts[i]};
	}
	struct cert_request request = {
	    .common_name = "Carepace gateway",
	    .use = CERT_SERVER,
	    .validity = validity,
	    .sans = sans,
	    .san_count = count,
	};
	return authority_issue(authority, &request, out, error);
}

enum cp_err authority_issue_device(const struct authority *authority, const struct id *device,
    struct validity validity, struct issued *out, struct pki_error *error)
{
	return authority_sign_device(authority, device, NULL, validity, out, error);
}

enum cp_err authority_sign_device(const struct authority *authority, const struct id *device,
    const char *csr_path, struct validity validity, struct issued *out, struct pki_error *error)
{
	char hex[ID_HEX_LEN + 1];
	char uri[sizeof(DEVICE_URI_PREFIX) + ID_HEX_LEN];

	*out = (struct issued){0};
	if (id_is_zero(device))
		return pki_fail(error, CP_INVALID, "the device id is zero");
	snprintf(uri, sizeof(uri), DEVICE_URI_PREFIX "%s", id_hex(device, hex));
	struct san identity = {SAN_URI, uri};
	struct cert_request request = {
	    .common_name = hex,
	    .use = CERT_CLIENT,
	    .validity = validity,
	    .sans = &identity,
	    .san_count = 1,
	    .csr_path = csr_path,
	};
	return authority_issue(authority, &request, out, error);
}

enum cp_err authority_issue_client(const struct authority *authority, const char *common_name,
    struct validity validity, struct issued *out, struct pki_error *error)
{
	struct cert_request request = {
	    .common_name = common_name,
	    .use = CERT_CLIENT,
	    .validity = validity,
	};
	return authority_issue(authority, &request, out, error);
}
