#include "pki/x509.h"

#include "pki/date.h"
#include "pki/file.h"

#include <mbedtls/md.h>

#define CERTS_FILE_MAX_BYTES 262144

size_t x509_len(struct slice file)
{
	static const char begin[] = "-----BEGIN ";
	bool is_pem = file.len > 0 && memmem(file.p, file.len, begin, sizeof(begin) - 1);

	return is_pem ? file.len + 1 : file.len;
}

enum cp_err x509_load_certs(const char *path, mbedtls_x509_crt *out, struct pki_error *error)
{
	struct buf file;
	enum cp_err err = file_read(path, CERTS_FILE_MAX_BYTES, &file, error);

	if (err)
		return err;
	/* A positive answer is the number of certificates that it could not read. */
	if (mbedtls_x509_crt_parse(out, file.p, x509_len(buf_bytes(&file))))
		err = pki_fail(error, CP_CONFIG, "%s must hold certificates in PEM form", path);
	buf_deinit(&file);
	return err;
}

int x509_make_key(mbedtls_pk_context *key)
{
	int rc = mbedtls_pk_setup(key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));

	if (rc)
		return rc;
	return mbedtls_ecp_gen_key(
	    MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(*key), rng_mbedtls, NULL);
}

wall_ms x509_time(const mbedtls_x509_time *time)
{
	return date_from_parts(time->year, time->mon, time->day, time->hour, time->min, time->sec);
}

bool x509_is_signed_by(mbedtls_pk_context *key, mbedtls_pk_type_t type, mbedtls_md_type_t hash,
    const mbedtls_x509_buf *body, const mbedtls_x509_buf *signature)
{
	unsigned char digest[MBEDTLS_MD_MAX_SIZE];
	const mbedtls_md_info_t *info = mbedtls_md_info_from_type(hash);
	bool is_good_hash =
	    hash == MBEDTLS_MD_SHA256 || hash == MBEDTLS_MD_SHA384 || hash == MBEDTLS_MD_SHA512;

	return is_good_hash && type == MBEDTLS_PK_ECDSA &&
	       mbedtls_md(info, body->p, body->len, digest) == 0 &&
	       mbedtls_pk_verify_ext(type, NULL, key, hash, digest, mbedtls_md_get_size(info),
	           signature->p, signature->len) == 0;
}
