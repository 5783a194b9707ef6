#include "pki/rng.h"

#include <errno.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>

static int from_kernel(void *unused, unsigned char *out, size_t len_bytes)
{
	(void)unused;
	while (len_bytes > 0) {
		ssize_t n = getrandom(out, len_bytes, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;
		out += n;
		len_bytes -= (size_t)n;
	}
	return 0;
}

int rng_mbedtls(void *unused, unsigned char *out, size_t len_bytes)
{
	/* It owns no heap memory, so a thread may end without giving it back. */
	static _Thread_local mbedtls_ctr_drbg_context drbg;
	static _Thread_local bool is_seeded;

	(void)unused;
	if (!is_seeded) {
		mbedtls_ctr_drbg_init(&drbg);
		int rc = mbedtls_ctr_drbg_seed(&drbg, from_kernel, NULL, NULL, 0);
		if (rc)
			return rc;
		is_seeded = true;
	}
	while (len_bytes > 0) {
		size_t n = len_bytes < MBEDTLS_CTR_DRBG_MAX_REQUEST ? len_bytes
		                                                    : MBEDTLS_CTR_DRBG_MAX_REQUEST;
		int rc = mbedtls_ctr_drbg_random(&drbg, out, n);
		if (rc)
			return rc;
		out += n;
		len_bytes -= n;
	}
	return 0;
}

enum cp_err rng_bytes(void *out, size_t len_bytes)
{
	return rng_mbedtls(NULL, out, len_bytes) ? CP_IO : CP_OK;
}
