/* A certificate request. */
#include "x509_input.h"

#include "pki/compat.h"
#include "pki/csr.h"

#include <mbedtls/x509_csr.h>

#define KEY_MAX_BYTES 256

int __real_mbedtls_x509_csr_parse(mbedtls_x509_csr *csr, const unsigned char *p, size_t len);
int __wrap_mbedtls_x509_csr_parse(mbedtls_x509_csr *csr, const unsigned char *p, size_t len);

int __wrap_mbedtls_x509_csr_parse(mbedtls_x509_csr *csr, const unsigned char *p, size_t len)
{
	int answer = __real_mbedtls_x509_csr_parse(csr, p, len);

	fuzz_mark_answer(answer);
	return answer;
}

/* It can stand in a certificate: written and read again it is a key on a good curve. */
static void check_key(mbedtls_pk_context *key)
{
	unsigned char der[KEY_MAX_BYTES];
	mbedtls_pk_context again;

	int len = mbedtls_pk_write_pubkey_der(key, der, sizeof(der));
	CP_CHECK(len > 0);
	mbedtls_pk_init(&again);
	CP_CHECK(mbedtls_pk_parse_public_key(&again, der + sizeof(der) - len, (size_t)len) == 0);
	mbedtls_ecp_group_id curve = compat_curve(&again);
	CP_CHECK(curve == MBEDTLS_ECP_DP_SECP256R1 || curve == MBEDTLS_ECP_DP_SECP384R1);
	mbedtls_pk_free(&again);
}

void fuzz_one(struct slice bytes)
{
	uint8_t *file = fuzz_file(bytes);
	struct pki_error error = {0};
	mbedtls_pk_context key;

	mbedtls_pk_init(&key);
	enum cp_err err = csr_parse(FUZZ_PATH, slice_of(file, bytes.len), &key, &error);
	if (err)
		fuzz_check_refused(err, &error);
	else
		check_key(&key);
	mbedtls_pk_free(&key);
	free(file);
}
