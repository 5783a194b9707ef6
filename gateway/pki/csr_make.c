#include "pki/csr.h"

#include "pki/file.h"
#include "pki/x509.h"

#include <mbedtls/platform_util.h>
#include <mbedtls/x509_csr.h>
#include <stdio.h>

#define KEY_FILE_MAX_BYTES 16384
#define PEM_BYTES 2048

static enum cp_err load_key(const char *path, mbedtls_pk_context *out, struct pki_error *error)
{
	struct buf pem;
	enum cp_err err = file_read(path, KEY_FILE_MAX_BYTES, &pem, error);

	if (err)
		return err;
	if (compat_parse_key(out, pem.p, buf_bytes(&pem).len + 1))
		err = pki_fail(error, CP_CONFIG,
		    "%s must hold a private key in PEM form, without a password", path);
	mbedtls_platform_zeroize(pem.p, pem.cap);
	buf_deinit(&pem);
	return err;
}

static enum cp_err make_key(const char *path, mbedtls_pk_context *out, struct pki_error *error)
{
	unsigned char pem[PEM_BYTES];
	enum cp_err err = CP_OK;

	if (x509_make_key(out) || mbedtls_pk_write_key_pem(out, pem, sizeof(pem)))
		err = pki_fail(error, CP_NOMEM, "cannot make a key");
	if (!err)
		err = file_replace(path, 0600, slice_str((const char *)pem), error);
	mbedtls_platform_zeroize(pem, sizeof(pem));
	return err;
}

static enum cp_err write_request(
    const char *common_name, mbedtls_pk_context *key, const char *csr_path, struct pki_error *error)
{
	mbedtls_x509write_csr request;
	unsigned char pem[PEM_BYTES];
	char subject[128];

	snprintf(subject, sizeof(subject), "CN=%s", common_name);
	mbedtls_x509write_csr_init(&request);
	mbedtls_x509write_csr_set_md_alg(&request, MBEDTLS_MD_SHA256);
	mbedtls_x509write_csr_set_key(&request, key);
	int rc = mbedtls_x509write_csr_set_subject_name(&request, subject);
	if (rc == 0)
		rc = mbedtls_x509write_csr_pem(&request, pem, sizeof(pem), rng_mbedtls, NULL);
	mbedtls_x509write_csr_free(&request);
	if (rc)
		return pki_fail(error, CP_CONFIG, "cannot make a certificate request");
	return file_replace(csr_path, 0644, slice_str((const char *)pem), error);
}

enum cp_err csr_make(
    const char *common_name, const char *key_path, const char *csr_path, struct pki_error *error)
{
	mbedtls_pk_context key;

	mbedtls_pk_init(&key);
	enum cp_err err = load_key(key_path, &key, error);
	if (err == CP_NOTFOUND)
		err = make_key(key_path, &key, error);
	if (!err)
		err = write_request(common_name, &key, csr_path, error);
	mbedtls_pk_free(&key);
	return err;
}

enum cp_err csr_check_pair(const char *cert_path, const char *key_path, struct pki_error *error)
{
	mbedtls_x509_crt cert;
	mbedtls_pk_context key;

	mbedtls_x509_crt_init(&cert);
	mbedtls_pk_init(&key);
	enum cp_err err = x509_load_certs(cert_path, &cert, error);
	if (!err)
		err = load_key(key_path, &key, error);
	if (!err && compat_check_pair(&cert.pk, &key))
		err = pki_fail(error, CP_CONFIG, "%s is not the key of the certificate %s",
		    key_path, cert_path);
	mbedtls_pk_free(&key);
	mbedtls_x509_crt_free(&cert);
	return err;
}
