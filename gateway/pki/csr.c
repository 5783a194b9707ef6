#include "pki/csr.h"

#include "pki/file.h"
#include "pki/x509.h"

#include <mbedtls/x509_csr.h>

#define CSR_FILE_MAX_BYTES 65536

static bool is_good_curve(const mbedtls_pk_context *key)
{
	if (mbedtls_pk_get_type(key) != MBEDTLS_PK_ECKEY)
		return false;
	mbedtls_ecp_group_id curve = compat_curve(key);
	return curve == MBEDTLS_ECP_DP_SECP256R1 || curve == MBEDTLS_ECP_DP_SECP384R1;
}

static enum cp_err check(const char *path, mbedtls_x509_csr *csr, struct pki_error *error)
{
	if (!is_good_curve(&csr->pk))
		return pki_fail(error, CP_CONFIG,
		    "%s: its key is %s of %zu bits: make the device an EC key on P-256 or P-384",
		    path, mbedtls_pk_get_name(&csr->pk), mbedtls_pk_get_bitlen(&csr->pk));
	if (!x509_is_signed_by(&csr->pk, csr->COMPAT_PRIVATE(sig_pk), csr->COMPAT_PRIVATE(sig_md),
	        &csr->cri, &csr->COMPAT_PRIVATE(sig)))
		return pki_fail(error, CP_CONFIG,
		    "%s: it is not signed by its own key with SHA-2: it is broken, or somebody "
		    "changed it; make it again on the device",
		    path);
	return CP_OK;
}

enum cp_err csr_parse(
    const char *path, struct slice file, mbedtls_pk_context *out, struct pki_error *error)
{
	mbedtls_x509_csr csr;
	enum cp_err err;

	mbedtls_x509_csr_init(&csr);
	if (mbedtls_x509_csr_parse(&csr, file.p, x509_len(file)))
		err = pki_fail(error, CP_CONFIG,
		    "%s: this is not a certificate request of an EC key, in PEM or DER form", path);
	else
		err = check(path, &csr, error);
	if (!err) {
		*out = csr.pk; /* moved */
		mbedtls_pk_init(&csr.pk);
	}
	mbedtls_x509_csr_free(&csr);
	return err;
}

enum cp_err csr_load(const char *path, mbedtls_pk_context *out, struct pki_error *error)
{
	struct buf file;
	enum cp_err err = file_read(path, CSR_FILE_MAX_BYTES, &file, error);

	if (!err)
		err = csr_parse(path, buf_bytes(&file), out, error);
	buf_deinit(&file);
	return err;
}
